// What losses remember: two calls of every loss on the CUDA device against the CPU device, the
// second under the effect of the first; the gradients of what a loss itself learns.
#include "losses/head/run_loss.h"
#include "tests/gpudoubles/training.h"

namespace gpudoubles {
namespace {

constexpr int64_t B = 12, C = 37, D = 24;
constexpr int kCalls = 2;

// Three images of each of four people; the last row does not count.
const std::vector<int64_t> kLabels{0, 0, 0, 7, 7, 7, 11, 11, 11, 36, 36, -1};

struct Seen {
    Doubles values;   // of each call
    Named gradients;  // of embeddings and proxies, of each call
    Named learned;    // gradients of what the loss itself learns, and its state
};

Seen calls_of(Device& device, const std::string& name, const facet::HeadOptions& options) {
    const std::unique_ptr<facet::Loss> loss = facet::make_loss(name);
    loss->state().seed = 1;
    loss->prepare(C);
    facet::HeadDiagnostics diagnostics;
    Seen seen;
    for (int call = 0; call < kCalls; ++call) {
        const Tensor x = random_on(device, {B, D}, 10 + call), dx = x.like();
        Tensor w, dw;
        if (loss->has_proxies()) {
            w = random_on(device, {C, D}, 20);
            dw = w.like();
        }
        seen.values.push_back(
            facet::run_loss(*loss, {x, w, kLabels, dx, dw}, diagnostics, options));
        seen.gradients.emplace_back("x", dx.to_doubles());
        if (w.defined()) seen.gradients.emplace_back("w", dw.to_doubles());
        for (const auto& array : loss->state().arrays()) {
            seen.learned.emplace_back(array->name, array->value);
            seen.learned.emplace_back("d" + array->name, array->gradient);
        }
    }
    return seen;
}

// |found - expected| <= tolerance max(1, |expected|): what a loss learns may be 0.
void expect_near(const Named& found, const Named& expected, double tolerance) {
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(found[i].first, expected[i].first);
        EXPECT_LT(distance_of(found[i].second, expected[i].second, 1), tolerance)
            << expected[i].first;
    }
}

void expect_every_loss_to_follow(const facet::HeadOptions& options) {
    double largest_value = 0, largest_gradient = 0;
    for (const facet::LossInfo* const info : facet::all_losses()) {
        SCOPED_TRACE(info->name);
        const Seen found = calls_of(cuda_device(Precision::Float32), info->name, options);
        const Seen expected = calls_of(cpu_device(), info->name, options);
        const double value = distance_of(found.values, expected.values);
        const double gradient = largest_distance(found.gradients, expected.gradients).distance;
        EXPECT_LT(value, 1e-5);
        EXPECT_LT(gradient, 1e-4);
        expect_near(found.learned, expected.learned, 1e-4);
        largest_value = std::max(largest_value, value);
        largest_gradient = std::max(largest_gradient, gradient);
    }
    std::printf("%zu losses: values %.1e, gradients %.1e\n", facet::all_losses().size(),
                largest_value, largest_gradient);
}

class LossState : public CleanTest {};

TEST_F(LossState, TwoCallsOfEveryLossFollowTheCpu) { expect_every_loss_to_follow({}); }

}  // namespace
}  // namespace gpudoubles
