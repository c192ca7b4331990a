// Every loss on the CUDA device against the CPU.
#include "losses/head/run_loss.h"
#include "tests/gpudoubles/training.h"
#include "tests/losses/fixtures.h"
#include "tests/losses/pair_fixtures.h"

namespace gpudoubles {
namespace {

using facet::HeadDiagnostics;
using facet::HeadOptions;
using facet::testing::Case;
using facet::testing::relative_error;

class Losses : public CleanTest {};

const std::vector<int64_t> kLabels = {0, 5, -1, 12, 12, 5};

struct Outcome {
    double value;
    Doubles dx, dw, row_value;
};

// 6 embeddings against 13 proxies.
Outcome outcome_on(Device& device, const Case& c, const HeadOptions& options) {
    const auto loss = facet::make_loss(c.name, c.parameters);
    const Tensor x = random_on(device, {6, 20}, 1), dx = x.like();
    Tensor w, dw;
    if (loss->has_proxies()) {
        w = random_on(device, {13, 20}, 2);
        dw = w.like();
    }
    HeadDiagnostics diagnostics;
    const double value = facet::run_loss(*loss, {x, w, kLabels, dx, dw}, diagnostics, options);
    return {value, dx.to_doubles(), w.defined() ? dw.to_doubles() : Doubles(),
            diagnostics.row_value};
}

void expect_same(const Case& c, const HeadOptions& options, double tolerance) {
    SCOPED_TRACE(facet::make_loss(c.name, c.parameters)->describe());
    const Outcome expected = outcome_on(cpu_device(), c, options);
    const Outcome found = outcome_on(cuda_device(Precision::Float32), c, options);
    EXPECT_NEAR(found.value, expected.value, tolerance * std::abs(expected.value));
    EXPECT_LT(relative_error(found.dx, expected.dx), tolerance);
    EXPECT_LT(relative_error(found.dw, expected.dw), tolerance);
    EXPECT_LT(relative_error(found.row_value, expected.row_value, 1e-3), tolerance);
}

}  // namespace

TEST_F(Losses, EveryLossOnTheTapeIsTheCpus) {
    for (const facet::LossInfo* info : facet::all_losses()) {
        for (const HeadOptions& options : {HeadOptions{}, HeadOptions{facet::Head::streamed, 5}})
            expect_same({info->name, {}}, options, 2e-5);
    }
}

TEST_F(Losses, EveryBaseAndFilterOfUnpgIsTheCpus) {
    for (const char* base : {"cos", "arc", "mag", "norm"}) {
        for (const char* scope : {"batch", "anchor"}) {
            for (const char* whisker : {"0", "0.1", "1.5"})
                expect_same({"unpg", {{"base", base}, {"scope", scope}, {"wisk", whisker}}}, {},
                            2e-5);
        }
    }
}

// In double on both, rounded once.
TEST_F(Losses, EveryModeOfThePairLossesIsTheCpus) {
    for (const facet::testing::PairCase& c : facet::testing::all_pair_cases())
        expect_same({c.name, c.parameters}, {}, 2e-7);
    expect_same({"center", {}}, {}, 2e-7);
}

}  // namespace gpudoubles
