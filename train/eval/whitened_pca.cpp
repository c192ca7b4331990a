#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "train/eval/eigen.h"
#include "train/eval/floors.h"

namespace facet {
namespace {

using Matrix = EigenMatrix<double>;
using Rows = Eigen::Map<const EigenMatrix<float>>;

constexpr int64_t kBlock = 64;                 // columns or rows computed at once
constexpr double kNegligibleVariance = 1e-10;  // of the first component's

// X^T X / N, a block of columns at a time. Inside a parallel loop each product runs on one thread,
// so that its sums have one fixed order.
Matrix covariance(const Matrix& centred) {
    const int64_t features = centred.cols();
    Matrix result(features, features);
    const int64_t blocks = (features + kBlock - 1) / kBlock;
#pragma omp parallel for schedule(dynamic, 1)
    for (int64_t block = 0; block < blocks; ++block) {
        const int64_t first = block * kBlock;
        const int64_t count = std::min(kBlock, features - first);
        result.middleRows(first, count).noalias() =
            centred.middleCols(first, count).transpose() * centred;
    }
    return result / static_cast<double>(centred.rows());
}

}  // namespace

WhitenedPca::WhitenedPca(std::span<const float> values, int64_t features, int dimensions)
    : features_(features) {
    FACET_USAGE(dimensions >= 1, "PCA with {} dimensions; expected at least 1", dimensions);
    FACET_CHECK(features >= 1 && values.size() % static_cast<size_t>(features) == 0,
                "PCA: {} numbers are no rows of {}", values.size(), features);
    const auto N = static_cast<int64_t>(values.size()) / features;
    FACET_CHECK(N >= 2, "PCA: {} rows to compute components from; expected at least 2", N);

    Matrix centred = Rows(values.data(), N, features).cast<double>();
    const Eigen::RowVectorXd mean = centred.colwise().mean();
    FACET_CHECK(mean.allFinite(), "PCA: the rows hold NaN or infinity");
    centred.rowwise() -= mean;
    mean_.assign(mean.data(), mean.data() + features);

    const Eigen::SelfAdjointEigenSolver<Matrix> solver(covariance(centred));
    FACET_CHECK(solver.info() == Eigen::Success, "PCA: the eigenvalues did not converge");
    const auto& variances = solver.eigenvalues();  // ascending
    const double largest = variances[features - 1];
    FACET_CHECK(largest > 0, "PCA: all {} rows are the same", N);

    // N centred rows span at most N - 1 directions.
    const auto most = std::min({static_cast<int64_t>(dimensions), features, N - 1});
    while (dimensions_ < most &&
           variances[features - 1 - dimensions_] > kNegligibleVariance * largest) {
        ++dimensions_;
    }
    Matrix components(features, dimensions_);
    for (int64_t k = 0; k < dimensions_; ++k) {
        const int64_t from = features - 1 - k;
        components.col(k) = solver.eigenvectors().col(from) / std::sqrt(variances[from]);
    }
    components_.assign(components.data(), components.data() + components.size());
}

std::vector<float> WhitenedPca::project(std::span<const float> values) const {
    FACET_CHECK(values.size() % static_cast<size_t>(features_) == 0,
                "PCA: {} numbers are no rows of {}", values.size(), features_);
    const auto N = static_cast<int64_t>(values.size()) / features_;
    const Eigen::Map<const Matrix> components(components_.data(), features_, dimensions_);
    const Eigen::Map<const Eigen::RowVectorXd> mean(mean_.data(), features_);
    std::vector<float> result(static_cast<size_t>(N * dimensions_));
    const int64_t blocks = (N + kBlock - 1) / kBlock;
#pragma omp parallel for schedule(dynamic, 1)
    for (int64_t block = 0; block < blocks; ++block) {
        const int64_t first = block * kBlock;
        const int64_t count = std::min(kBlock, N - first);
        Matrix rows = Rows(values.data() + first * features_, count, features_).cast<double>();
        rows.rowwise() -= mean;
        const EigenMatrix<float> projected = (rows * components).cast<float>();
        std::copy_n(projected.data(), projected.size(), result.data() + first * dimensions_);
    }
    return result;
}

}  // namespace facet
