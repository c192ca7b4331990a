// The kernels of the optimisers on the simulated GPU against their rules on the reference device.
#include <deque>

#include "tests/gpusim/kernel_fixtures.h"
#include "train/optimiser/cuda/update_kernel.h"
#include "train/optimiser/update_rule.h"

namespace facet::test {
namespace {

const int64_t kCounts[] = {1, 3, 4, 31, 1023, 1029, 4099};

// A parameter with a gradient and as many moments as the rule has, on both devices.
struct State {
    TestArray dw, w;
    std::deque<TestArray> moments;

    State(const UpdateRule& rule, int64_t n) : dw({n}, 1), w({n}, 2) {
        for (size_t k = 0; k < rule.info().moments.size(); ++k)
            moments.emplace_back(Shape{n}, 3 + k, 0, 1);
    }

    std::vector<double> numbers() const {
        std::vector<double> all = to_doubles(w.device);
        for (const TestArray& moment : moments) append(all, to_doubles(moment.device));
        return all;
    }
    std::vector<double> expected() const {
        std::vector<double> all = w.reference.to_doubles();
        for (const TestArray& moment : moments) append(all, moment.reference.to_doubles());
        return all;
    }
    void launch(const UpdateRule& rule, const UpdateStep& step,
                const cuda::UpdateSource& source = {}) const {
        std::vector<float*> addresses;
        for (const TestArray& moment : moments) addresses.push_back(moment.device.data());
        rule.kernel()->launch(step, source, dw.device.data(), addresses, w.device.data(),
                              w.reference.count(), nullptr);
    }
    void move_reference(const UpdateRule& rule, const UpdateStep& step) const {
        std::vector<Tensor> tensors;
        for (const TestArray& moment : moments) tensors.push_back(moment.reference);
        rule.move(step, dw.reference, tensors, w.reference);
    }
};

std::vector<std::unique_ptr<UpdateRule>> rules() {
    std::vector<std::unique_ptr<UpdateRule>> all;
    for (const OptimiserInfo* info : all_optimisers()) all.push_back(make_update_rule(info->name));
    all.push_back(make_update_rule("sgd", {{"nesterov", false}}));
    return all;
}

}  // namespace

TEST(UpdateKernels, MoveAsTheRulesDo) {
    const UpdateStep step{0.01, 0.1, 0.5, 3};
    for (const auto& rule : rules()) {
        for (const int64_t n : kCounts) {
            SCOPED_TRACE(rule->info().name);
            in_every_order([&] {
                const State state(*rule, n);
                state.launch(*rule, step);
                state.move_reference(*rule, step);
                expect_near(state.numbers(), state.expected(), 1e-6);
            });
        }
    }
}

// The sums are the host's, bit for bit, and so is what follows from them.
TEST(UpdateKernels, TheUpdateIsDecidedAsTheHostWould) {
    const std::vector<double> sums = random_values(101, 1, 0, 2);
    double sum = 0;
    for (int i = 0; i < 90; ++i) sum += sums[i];
    const double norm = std::sqrt(sum);
    for (const double clip : {0.0, 5.0, 1000.0}) {
        for (const int bad : {-1, 0, 100}) {
            std::vector<double> with_bad = sums;
            if (bad >= 0) with_bad[bad] = bad ? INFINITY : NAN;
            const DeviceArray<double> squares(with_bad);
            in_every_order([&] {
                const DeviceArray<cuda::UpdateDecision> decision(
                    std::vector<cuda::UpdateDecision>(1));
                cuda::decide_update(squares.data(), 90, 101, clip, decision.data(), nullptr);
                EXPECT_EQ(decision[0].moves, bad < 0 ? 1u : 0u);
                if (bad == 0) return;
                EXPECT_EQ(decision[0].norm, norm);
                EXPECT_EQ(decision[0].gradient_scale,
                          clip == 5 ? static_cast<float>(5 / norm) : 1.0f);
            });
        }
    }
}

// Where the step's bytes are in device memory, the step at the launch gives only the weight decay.
TEST(UpdateKernels, ReadTheStepAndTheDecisionOrStandStill) {
    for (const auto& rule : rules()) {
        const DeviceArray<std::byte> step_bytes(rule->kernel()->step_bytes(0.1, 3));
        for (const bool clipped : {false, true}) {
            for (const unsigned moves : {0u, 1u}) {
                const DeviceArray<cuda::UpdateDecision> decision(
                    std::vector<cuda::UpdateDecision>{{0.5f, moves, 0}});
                in_every_order([&] {
                    const State state(*rule, 1029), same(*rule, 1029);
                    state.launch(*rule, {9, 0.1, 1, 99},
                                 {decision.data(), step_bytes.data(), clipped});
                    if (moves) same.launch(*rule, {0.1, 0.1, clipped ? 0.5 : 1, 3});
                    EXPECT_EQ(state.numbers(), same.numbers());
                });
            }
        }
    }
}

}  // namespace facet::test
