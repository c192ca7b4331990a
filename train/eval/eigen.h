// Eigen, for the linear algebra of evaluation.
#pragma once

// GCC 12 takes the deliberately undefined registers of its own AVX-512 intrinsics for mistakes; it
// says so where they are inlined, so the pragma must stay in force to the end of the file.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

namespace facet {

template <class T>
using EigenMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace facet
