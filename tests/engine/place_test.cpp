#include "engine/place.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/engine/gradient_check.h"

namespace facet::test {
namespace {

std::string part() { return current_place().part; }

TEST(Place, PartsNestAndAreLeftAgain) {
    EXPECT_EQ(part(), "");
    {
        const InPart block("layer1.0");
        {
            const InPart layer("conv1");
            EXPECT_EQ(part(), "layer1.0.conv1");
        }
        EXPECT_EQ(part(), "layer1.0");
        {
            const AtPart elsewhere("head");
            EXPECT_EQ(part(), "head");
        }
        EXPECT_EQ(part(), "layer1.0");
    }
    EXPECT_EQ(part(), "");
}

TEST(Place, EveryThreadHasItsOwn) {
    const InPart here("conv1");
    const InPhase phase(Phase::Forward);
    std::thread([] {
        EXPECT_EQ(part(), "");
        EXPECT_EQ(current_place().phase, Phase::Other);
    }).join();
}

// y = x recorded in a part; its way back says where it is.
TEST(Place, ATapeIsWhereAnOperationWasRecordedOnItsWayBack) {
    Tape tape;
    const Var x = tape.variable(Tensor::full(reference_device(), {2}, 1));
    std::vector<std::string> seen;
    const auto same = [&](const Var& input) {
        return tape.record("same", {input}, input->value, [&seen, input](const Tensor& dy) {
            seen.push_back(part() + " " + name_of(current_place().phase));
            input->contribute_whole(dy.clone());
        });
    };
    Var y = x;
    for (const char* name : {"first", "second"}) {
        const InPart inside(name);
        y = same(y);
    }
    const InPart outside("loop");
    tape.backward(y, Tensor::full(reference_device(), {2}, 1));
    EXPECT_EQ(seen, (std::vector<std::string>{"second backward", "first backward"}));
    EXPECT_EQ(part(), "loop");
    EXPECT_EQ(current_place().phase, Phase::Other);
}

struct Notes : TapeObserver {
    std::vector<std::string> lines;
    void after_forward(const std::string& operation, const std::vector<Var>& inputs,
                       const Tensor& output) override {
        lines.push_back(
            fmt::format("{} of {} gives {}", operation, inputs.size(), output.to_doubles().at(0)));
    }
    void after_backward(const std::string& operation, const std::vector<Var>& inputs,
                        const Tensor& dy) override {
        lines.push_back(fmt::format("{} back: dy {} dx {}", operation, dy.to_doubles().at(0),
                                    inputs.at(0)->grad.to_doubles().at(0)));
    }
};

TEST(Tape, AnObserverSeesEveryOperationForwardAndBack) {
    Notes notes;
    Tape tape(true, &notes);
    const Var x = tape.variable(Tensor::full(reference_device(), {1}, 3));
    const Var y = add(tape, x, tape.constant(Tensor::full(reference_device(), {1}, 4)));
    tape.backward(y, Tensor::full(reference_device(), {1}, 2));
    EXPECT_EQ(notes.lines, (std::vector<std::string>{"add of 2 gives 7", "add back: dy 2 dx 2"}));
}

}  // namespace
}  // namespace facet::test
