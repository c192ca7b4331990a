// Making losses by name, their parameters, their state.
#include <gtest/gtest.h>

#include "engine/error.h"
#include "losses/head/parameters.h"
#include "losses/head/state_json.h"
#include "tests/losses/fixtures.h"

namespace facet::testing {
namespace {

std::string refusal(const std::string& name, const KeyValues& parameters, std::string* hint) {
    try {
        make_loss(name, parameters);
    } catch (const UsageError& error) {
        *hint = error.hint();
        return error.what();
    }
    return "accepted";
}

TEST(LossSettings, UnknownLossListsTheNamesAndSuggestsTheClosest) {
    std::string hint;
    const std::string message = refusal("arcfase", {}, &hint);
    EXPECT_NE(message.find("unknown loss arcfase; expected one of "), std::string::npos);
    EXPECT_NE(message.find(", arcface, "), std::string::npos);
    EXPECT_EQ(hint, "did you mean arcface?");
}

TEST(LossSettings, RefusesBadParameters) {
    std::string hint;
    EXPECT_EQ(refusal("cosface", {{"margin", "0.2"}}, &hint),
              "loss cosface: unknown parameter margin; expected one of s, m");
    EXPECT_EQ(refusal("cosface", {{"s", "0"}}, &hint),
              "loss cosface: parameter s=0: expected a number > 0");
    for (const char* bad : {"", "x", "1e400", "nan", "inf", "3 ", "0x10", "1,5"}) {
        EXPECT_NE(refusal("cosface", {{"s", bad}}, &hint), "accepted") << bad;
    }
    EXPECT_EQ(refusal("npt", {{"k", "1.5"}}, &hint),
              "loss npt: parameter k=1.5: expected an integer >= 0");
    EXPECT_EQ(refusal("arcface", {{"beyond", "cliff"}}, &hint),
              "loss arcface: parameter beyond=cliff: expected one of linear|none|easy|clip");
    EXPECT_EQ(refusal("sv-softmax", {{"easy", "maybe"}}, &hint),
              "loss sv-softmax: parameter easy=maybe: expected true or false");
    EXPECT_EQ(refusal("cosface", {{"s", "1"}, {"s", "2"}}, &hint),
              "loss cosface: parameter s is given twice");
}

TEST(LossSettings, AFormMadeInsideAnotherLeavesItsParametersAlone) {
    State state;
    Parameters outer(state), inner(state);
    const Asked asked(outer);
    {
        const Asked nested(inner);
        EXPECT_EQ(&ask(), &inner);
    }
    EXPECT_EQ(&ask(), &outer);
}

TEST(LossSettings, DescribeNamesEveryParameterAndMode) {
    EXPECT_EQ(make_loss("arcface", {{"s", "30.5"}})->describe(),
              "arcface s=30.5 m=0.5 beyond=linear grad=exact compat=none");
    EXPECT_EQ(make_loss("softmax", {{"bias", "no"}})->describe(), "softmax bias=false");
}

TEST(LossSettings, EveryLossIsMadeFromItsOwnDefaults) {
    ASSERT_GE(all_losses().size(), 6u);
    for (const LossInfo* info : all_losses()) {
        KeyValues given;
        for (const ParameterInfo& p : info->parameters) {
            if (!p.default_text.empty()) given.emplace_back(p.name, p.default_text);
        }
        EXPECT_EQ(make_loss(info->name, given)->describe(), make_loss(info->name)->describe());
        EXPECT_FALSE(info->paper.empty() || info->formula.empty() || info->gradient.empty());
    }
}

TEST(LossSettings, SplitsAssignments) {
    EXPECT_EQ(split_assignment("s=3=4"), (std::pair<std::string, std::string>("s", "3=4")));
    EXPECT_THROW(split_assignment("s"), UsageError);
    EXPECT_THROW(split_assignment("=3"), UsageError);
}

TEST(LossState, SurvivesAWriteAndARead) {
    const Problem p = random_problem(4, 3, 5, 51);
    const auto loss = make_loss("softmax");
    loss->state().find("b")->value = {0.1, -1.0 / 3, 1e-300};
    const double value = evaluate(*loss, p).value;
    const std::string text = state_to_json(loss->state());
    EXPECT_NE(text.find("\"grad_b\""), std::string::npos);
    const auto copy = make_loss("softmax");
    state_from_json(text, "state.json", copy->state());
    EXPECT_EQ(evaluate(*copy, p).value, value);
    EXPECT_EQ(state_to_json(copy->state()), text);
    EXPECT_EQ(state_to_json(make_loss("cosface")->state()), "{}\n");
}

TEST(LossState, RefusesWhatDoesNotFit) {
    const auto loss = make_loss("softmax");
    State& state = loss->state();
    EXPECT_THROW(state_from_json("[1]", "s.json", state), Error);
    EXPECT_THROW(state_from_json("{\"b\":", "s.json", state), Error);
    EXPECT_THROW(state_from_json("{\"t\": 1}", "s.json", state), Error);
    EXPECT_THROW(state_from_json("{\"b\": [1, \"x\"]}", "s.json", state), Error);
    state_from_json("{\"b\": [1, 2]}", "s.json", state);
    EXPECT_THROW(evaluate(*loss, random_problem(4, 3, 5, 51)), Error) << "b has 2 values, C is 3";
}

}  // namespace
}  // namespace facet::testing
