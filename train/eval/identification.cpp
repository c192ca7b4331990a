#include "train/eval/identification.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <unordered_map>

#include "engine/error.h"
#include "train/eval/eigen.h"

namespace facet {
namespace {

using Matrix = EigenMatrix<float>;

constexpr int64_t kBlock = 64;  // probes compared at once with the whole gallery

int64_t rows_of(std::span<const float> embeddings, int64_t D) {
    FACET_CHECK(D > 0 && embeddings.size() % static_cast<size_t>(D) == 0,
                "embeddings: {} numbers are no rows of {}", embeddings.size(), D);
    return static_cast<int64_t>(embeddings.size()) / D;
}

double norm(std::span<const float> row) {
    double sum = 0;
    for (const float x : row) sum += static_cast<double>(x) * x;
    return std::sqrt(sum);
}

void check_norm(double norm, int64_t row, const std::string& file) {
    FACET_CHECK(std::isfinite(norm), "embedding {}{}: it holds NaN or infinity", row, file);
    FACET_CHECK(norm > 0, "embedding {}{}: it is zero and has no direction", row, file);
}

// The most similar image of the probe's own person and of anybody else.
struct Nearest {
    float same = -std::numeric_limits<float>::infinity();
    float other = -std::numeric_limits<float>::infinity();
};

Nearest nearest(const float* similarities, std::span<const int> labels, int64_t probe) {
    Nearest result;
    for (int64_t j = 0; j < static_cast<int64_t>(labels.size()); ++j) {
        if (j == probe) continue;
        const bool same = labels[static_cast<size_t>(j)] == labels[static_cast<size_t>(probe)];
        float& best = same ? result.same : result.other;
        best = std::max(best, similarities[j]);
    }
    return result;
}

}  // namespace

std::vector<double> pair_similarities(std::span<const float> embeddings, int64_t D,
                                      const PairList& list) {
    const int64_t N = rows_of(embeddings, D);
    const auto row = [&](int i) {
        return embeddings.subspan(static_cast<size_t>(i * D), static_cast<size_t>(D));
    };
    const auto checked_norm = [&](int i) {
        FACET_CHECK(i >= 0 && i < N, "pair: image {} of {} embeddings", i, N);
        const auto k = static_cast<size_t>(i);
        const double length = norm(row(i));
        check_norm(length, i, k < list.files.size() ? " (" + list.files[k] + ")" : "");
        return length;
    };
    std::vector<double> similarities;
    similarities.reserve(list.pairs.size());
    for (const Pair& pair : list.pairs) {
        const double lengths = checked_norm(pair.a) * checked_norm(pair.b);
        const auto a = row(pair.a), b = row(pair.b);
        double dot = 0;
        for (size_t d = 0; d < a.size(); ++d) dot += static_cast<double>(a[d]) * b[d];
        similarities.push_back(dot / lengths);
    }
    return similarities;
}

Identification identify_leave_one_out(std::span<const float> embeddings, int64_t D,
                                      std::span<const int> labels) {
    const int64_t N = rows_of(embeddings, D);
    FACET_CHECK(static_cast<int64_t>(labels.size()) == N,
                "identification: {} labels, {} embeddings", labels.size(), N);
    std::unordered_map<int, int64_t> images_of;
    for (const int label : labels) ++images_of[label];

    Matrix unit = Eigen::Map<const Matrix>(embeddings.data(), N, D);
    for (int64_t i = 0; i < N; ++i) {
        const double length = norm({unit.row(i).data(), static_cast<size_t>(D)});
        check_norm(length, i, "");
        unit.row(i) /= static_cast<float>(length);
    }

    // Inside a parallel loop each product runs on one thread, so its sums have one fixed order.
    std::vector<char> right(static_cast<size_t>(N), 0);
    const int64_t blocks = (N + kBlock - 1) / kBlock;
#pragma omp parallel for schedule(dynamic, 1)
    for (int64_t block = 0; block < blocks; ++block) {
        const int64_t first = block * kBlock;
        const int64_t count = std::min(kBlock, N - first);
        const Matrix similarities = unit.middleRows(first, count) * unit.transpose();
        for (int64_t i = 0; i < count; ++i) {
            const Nearest best = nearest(similarities.row(i).data(), labels, first + i);
            right[static_cast<size_t>(first + i)] = best.same > best.other;
        }
    }

    Identification result;
    result.gallery = N - 1;
    int64_t correct = 0;
    for (int64_t i = 0; i < N; ++i) {
        if (images_of[labels[static_cast<size_t>(i)]] < 2) continue;
        ++result.probes;
        correct += right[static_cast<size_t>(i)];
    }
    FACET_CHECK(result.probes > 0, "identification: nobody among {} images has two", N);
    result.rank1 = static_cast<double>(correct) / static_cast<double>(result.probes);
    return result;
}

}  // namespace facet
