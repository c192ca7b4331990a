// Every loss as a node of the tape on the CUDA device against the CPU: class losses on the device,
// pair losses and `center` by way of the host (losses/cuda/device_head.h).
#include "losses/loss_op.h"
#include "tests/gpudoubles/training.h"
#include "tests/losses/fixtures.h"

namespace gpudoubles {
namespace {

using facet::apply_loss;
using facet::HeadOptions;
using facet::HeadWorkspace;
using facet::Tape;
using facet::testing::relative_error;

class Losses : public CleanTest {};

const std::vector<int64_t> kLabels = {0, 5, -1, 12, 12, 5};

struct Outcome {
    double value;
    Doubles dx, dw, row_value;
};

// 6 embeddings against 13 proxies; the gradients of half the loss.
Outcome outcome_on(Device& device, const std::string& name, const HeadOptions& options) {
    const auto loss = facet::make_loss(name);
    Tape tape;
    const auto leaf = [&](const facet::Shape& shape, uint64_t seed) {
        return std::make_shared<facet::Variable>(random_on(device, shape, seed), true);
    };
    const auto x = leaf({6, 20}, 1), w = loss->has_proxies() ? leaf({13, 20}, 2) : nullptr;
    HeadWorkspace<float> workspace;
    const auto value = apply_loss(tape, *loss, x, w, kLabels, workspace, options);
    tape.backward(value, Tensor::full(device, {1}, 0.5));
    return {value->value.item(), x->grad.to_doubles(), w ? w->grad.to_doubles() : Doubles(),
            workspace.row_value};
}

}  // namespace

TEST_F(Losses, EveryLossOnTheTapeIsTheCpus) {
    for (const facet::LossInfo* info : facet::all_losses()) {
        for (const HeadOptions& options : {HeadOptions{}, HeadOptions{facet::Head::streamed, 5}}) {
            SCOPED_TRACE(info->name);
            const Outcome expected = outcome_on(cpu_device(), info->name, options);
            const Outcome found = outcome_on(cuda_device(Precision::Float32), info->name, options);
            EXPECT_NEAR(found.value, expected.value, 2e-5 * std::abs(expected.value));
            EXPECT_LT(relative_error(found.dx, expected.dx), 2e-5);
            EXPECT_LT(relative_error(found.dw, expected.dw), 2e-5);
            EXPECT_LT(relative_error(found.row_value, expected.row_value, 1e-3), 2e-5);
        }
    }
}

}  // namespace gpudoubles
