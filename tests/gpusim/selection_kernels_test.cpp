// The largest of every row, chosen rows and fingerprints on the simulated GPU.
#include <algorithm>
#include <numeric>

#include "engine/hash.h"
#include "losses/head/cuda/head_kernels.h"
#include "tests/gpusim/kernel_fixtures.h"

namespace facet::test {
namespace {

struct Selection {
    std::vector<float> values;
    std::vector<int64_t> columns;
};

// A row sorted whole, by the order that head_kernels.h states.
Selection best_of(const float* row, int64_t n, int64_t skip, int64_t k) {
    std::vector<int64_t> order;
    for (int64_t i = 0; i < n; ++i)
        if (i != skip) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        return row[a] > row[b] || (std::isnan(row[b]) && !std::isnan(row[a]));
    });
    Selection best{std::vector<float>(k, -INFINITY), std::vector<int64_t>(k, -1)};
    for (int64_t i = 0; i < std::min<int64_t>(k, std::ssize(order)); ++i) {
        best.columns[i] = order[i];
        best.values[i] = row[order[i]];
    }
    return best;
}

bool same_or_both_nan(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

void check_top_k(const DeviceArray<float>& x, int64_t B, int64_t n, int64_t ld,
                 const std::vector<int64_t>& skip, int64_t k) {
    SCOPED_TRACE(fmt::format("B {}, n {}, ld {}, k {}", B, n, ld, k));
    const DeviceArray<int64_t> device_skip(skip);
    in_every_order([&] {
        const DeviceArray<float> values(B * k);
        const DeviceArray<int64_t> columns(B * k);
        cuda::top_k(x.data(), B, n, ld, skip.empty() ? nullptr : device_skip.data(), k,
                    values.data(), columns.data(), nullptr);
        for (int64_t b = 0; b < B; ++b) {
            const Selection expected =
                best_of(x.data() + b * ld, n, skip.empty() ? -1 : skip[b], k);
            for (int64_t i = 0; i < k; ++i) {
                EXPECT_EQ(columns[b * k + i], expected.columns[i])
                    << "row " << b << ", place " << i;
                EXPECT_TRUE(same_or_both_nan(values[b * k + i], expected.values[i]));
            }
        }
    });
}

}  // namespace

TEST(TopK, FindsTheLargestBestFirst) {
    const struct {
        int64_t B, n, ld, k;
    } cases[] = {{1, 1, 1, 1}, {3, 5, 5, 2}, {2, 33, 40, 3}, {2, 257, 260, 4}, {1, 1031, 1031, 5}};
    for (const auto& [B, n, ld, k] : cases) {
        const DeviceArray<float> x(stored<float>(random_values(B * ld, 1)));
        std::vector<int64_t> skip(B);
        for (int64_t b = 0; b < B; ++b)
            skip[b] = b == 0 ? -1 : best_of(&x[b * ld], n, -1, 1).columns[0];
        check_top_k(x, B, n, ld, {}, k);
        check_top_k(x, B, n, ld, skip, k);
    }
}

TEST(TopK, EqualValuesGoByTheirColumn) {
    std::vector<float> values(600);
    for (int i = 0; i < 600; ++i) values[i] = static_cast<float>(i % 3);
    values[300] = -0.0f;  // equal to 0, like every third
    check_top_k(DeviceArray<float>(values), 1, 600, 600, {5}, 7);
    check_top_k(DeviceArray<float>(std::vector<float>{0, -0.0f, 0, -0.0f}), 1, 4, 4, {}, 4);
}

TEST(TopK, RowsThatHaveFewerEndWithNone) {
    const DeviceArray<float> x(std::vector<float>{-INFINITY, 2, NAN, INFINITY, 1, NAN});
    check_top_k(x, 2, 3, 3, {1, -1}, 5);
    check_top_k(x, 1, 1, 6, {0}, 2);
}

TEST(RowCopies, GatherTakesAndScatterPutsTheRowsNamed) {
    const struct {
        int64_t rows, n, D;
    } cases[] = {{1, 1, 1}, {7, 3, 5}, {40, 17, 12}, {9, 9, 131}, {300, 270, 4}};
    for (const auto& z : cases) {
        const int64_t rows = z.rows, n = z.n, D = z.D;
        SCOPED_TRACE(fmt::format("{} of {} rows, D {}", n, rows, D));
        std::vector<int64_t> chosen(rows);
        std::iota(chosen.begin(), chosen.end(), 0);
        Random random(3, Purpose::Test);
        random.shuffle(std::span(chosen));
        chosen.resize(n);
        const TestArray large({rows, D}, 1), small({n, D}, 2);
        const DeviceArray<int64_t> device_chosen(chosen);
        in_every_order([&] {
            const DeviceArray<float> gathered(n * D), scattered(large.device.values());
            cuda::gather_rows(large.device.data(), device_chosen.data(), n, D, gathered.data(),
                              nullptr);
            cuda::scatter_rows(small.device.data(), device_chosen.data(), n, D, scattered.data(),
                               nullptr);
            std::vector<float> expected = large.device.values();
            for (int64_t i = 0; i < n; ++i) {
                for (int64_t d = 0; d < D; ++d) {
                    ASSERT_EQ(gathered[i * D + d], large.device[chosen[i] * D + d]);
                    expected[chosen[i] * D + d] = small.device[i * D + d];
                }
            }
            EXPECT_EQ(scattered.values(), expected);
        });
    }
}

// Whole chunks, a short one at the end, one byte.
TEST(HashKernels, ChunksAreTheHosts) {
    for (const size_t bytes : {size_t{1}, size_t{37}, Hash::chunk, 2 * Hash::chunk + 13}) {
        const DeviceArray<float> data(stored<float>(random_values(bytes / 4 + 1, 1)));
        const auto* begin = reinterpret_cast<const std::byte*>(data.data());
        in_every_order([&] {
            const DeviceArray<uint64_t> hashes(cuda::hash_chunk_count(bytes));
            cuda::hash_chunks(data.data(), bytes, hashes.data(), nullptr);
            for (size_t i = 0; i < hashes.size(); ++i) {
                const size_t first = i * Hash::chunk;
                EXPECT_EQ(hashes[i],
                          hash_chunk(begin + first, std::min(Hash::chunk, bytes - first)));
            }
        });
    }
}

}  // namespace facet::test
