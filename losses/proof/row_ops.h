// Differentiable operations on the rows of plain matrices, for formulas composed on the tape (see
// losses/proof/elementwise.h). x is (B, C); an index of -1 stands for "none in this row".
#pragma once

#include <cstdint>
#include <vector>

#include "losses/proof/elementwise.h"

namespace facet {

using Indices = std::vector<int64_t>;

Expr matmul_transposed(const Expr& a, const Expr& b);  // a (B, D), b (C, D) -> a b^T (B, C)
// Rows over their lengths; those shorter than 1e-12 over that, and without gradient.
Expr unit_rows(const Expr& x);

Expr sum(const Expr& x);                             // all elements, (1)
Expr row_sums(const Expr& x);                        // (B, C) -> (B)
Expr columns(const Expr& v, int64_t C);              // (B) -> (B, C), v in every column
Expr repeated(const Expr& one, const Shape& shape);  // (1) -> every element of `shape`
Expr add_to_rows(const Expr& x, const Expr& b);      // x (B, C) + b (C) in every row

// x[i, index_i], (B); 0 where the index is -1. Throws Error for an index outside [-1, C).
Expr pick(const Expr& x, const Indices& index);
// x with x[i, index_i] replaced by v_i, v (B); rows with index -1 stay.
Expr put(const Expr& x, const Indices& index, const Expr& v);
// Row index_i of w (C, D) for every i, (B, D); zeros where the index is -1.
Expr take_rows(const Expr& w, const Indices& index);

// The same elements in the same order.
Expr reshape(const Expr& x, const Shape& shape);
// The elements at these positions of x in row-major order, (size of at).
Expr elements(const Expr& x, const Indices& at);
Expr transposed(const Expr& x);                    // (B, C) -> (C, B)
Expr beside(const Expr& left, const Expr& right);  // (B, C), (B, P) -> (B, C + P)

// log sum_j e^{x_ij} over the j where mask (B, C) is not 0, (B), without overflow; -inf of nothing.
// The mask is read as a constant.
Expr log_sum_exp(const Expr& x, const Expr& mask);

// --- constants ---
// 1 everywhere but at (i, index_i), where it is 0; (B, C).
Expr all_but(const Expr& x, const Indices& index);
// 1 at the k largest of the x_ij with mask_ij != 0, in every row; ties to the lower column. All of
// them where there are fewer than k.
Expr largest(const Expr& x, const Expr& mask, int64_t k);

}  // namespace facet
