// The kernels of flat arrays on the simulated GPU where the arrays begin anywhere: they then go
// element by element, to the same numbers.
#include <algorithm>
#include <deque>

#include "tests/gpusim/kernel_fixtures.h"
#include "train/optimiser/cuda/update_kernel.h"
#include "train/optimiser/update_rule.h"

namespace facet::test {
namespace {

constexpr int64_t kCount = 1029;

// An array of kCount numbers that begins at a multiple of 16 bytes, or one element after it.
template <class T>
class Placed {
public:
    Placed(int64_t offset, uint64_t seed, double low = -1)
        : offset_(offset), array_(stored<T>(exact_values<T>(kCount + 1, seed, low))) {
        const auto values = stored<T>(exact_values<T>(kCount, seed, low));
        std::copy(values.begin(), values.end(), data());
    }
    T* data() const { return array_.data() + offset_; }
    std::vector<double> doubles() const {
        std::vector<double> values;
        for (int64_t i = 0; i < kCount; ++i) values.push_back(cuda::to_float(data()[i]));
        return values;
    }

private:
    int64_t offset_;
    DeviceArray<T> array_;
};

using Outputs = std::vector<std::vector<double>>;

// work(offset) must give the same wherever its arrays begin.
template <class Work>
void expect_same_anywhere(Work work) {
    in_every_order([&] { EXPECT_EQ(work(1), work(0)); });
}

template <class T>
Outputs sums_and_fills(int64_t offset) {
    const Placed<T> x(offset, 1), y(offset, 2), z(offset, 3);
    cuda::axpby(0.5f, x.data(), -2.0f, y.data(), kCount, nullptr);
    cuda::fill(z.data(), kCount, 1.5f, nullptr);
    return {y.doubles(), z.doubles()};
}

}  // namespace

TEST(Alignment, SumsAndFills) {
    expect_same_anywhere(sums_and_fills<float>);
    expect_same_anywhere(sums_and_fills<bfloat16>);
}

TEST(Alignment, Dropout) {
    expect_same_anywhere([](int64_t offset) {
        const Placed<float> x(offset, 1), y(offset, 2);
        cuda::dropout(x.data(), kCount, 0.4, 5, {6}, y.data(), true, nullptr);
        return Outputs{y.doubles()};
    });
}

TEST(Alignment, OptimiserSteps) {
    expect_same_anywhere([](int64_t offset) {
        Outputs outputs;
        for (const OptimiserInfo* info : all_optimisers()) {
            const Placed<float> dw(offset, 1), w(offset, 2);
            std::deque<Placed<float>> moments;
            std::vector<float*> addresses;
            for (size_t k = 0; k < info->moments.size(); ++k) {
                moments.emplace_back(offset, 3 + k, 0.1);
                addresses.push_back(moments.back().data());
            }
            make_update_rule(info->name)
                ->kernel()
                ->launch({0.01, 0.1, 0.5, 3}, {}, dw.data(), addresses, w.data(), kCount, nullptr);
            outputs.push_back(w.doubles());
            for (const auto& moment : moments) outputs.push_back(moment.doubles());
        }
        return outputs;
    });
}

TEST(Alignment, SumsOverAnArray) {
    const auto work = [](int64_t offset) {
        const Placed<float> x(offset, 1);
        const DeviceArray<char> workspace(cuda::sum_of_squares_workspace(kCount));
        const DeviceArray<double> sum(1);
        cuda::sum_of_squares(x.data(), kCount, sum.data(), workspace.data(), nullptr);
        return sum[0];
    };
    // Other threads take other elements: the order of the sum is another.
    in_every_order([&] { EXPECT_NEAR(work(1), work(0), 1e-13 * work(0)); });
}

}  // namespace facet::test
