#include "losses/proof/verify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "engine/error.h"
#include "losses/proof/verify_compare.h"

namespace facet::proof {
namespace {

// What a loss does where a crossing stands on its boundary.
Kink kink(const std::string& loss, const std::string& name, const KeyValues& settings = {}) {
    const LossMaker make = [&] { return make_loss(loss, settings); };
    for (const Region& region : regions(*make(), true)) {
        if (region.name == name) return judge(make, {region}, true).kinks.at(0);
    }
    throw Error("no region is called " + name);
}

TEST(Verify, ModesAreAllCombinationsOfChoicesButCompat) {
    const std::vector<Mode> arcface = modes(loss_info("arcface"));
    std::set<std::string> texts;
    for (const Mode& mode : arcface) texts.insert(mode.text());
    EXPECT_EQ(texts.size(), 8u);
    EXPECT_TRUE(texts.contains("beyond=clip grad=detached"));
    for (const Mode& mode : modes(loss_info("arcface"), {{"beyond", "none"}, {"m", "0.3"}})) {
        EXPECT_TRUE(mode.text().starts_with("beyond=none m=0.3 grad=")) << mode.text();
    }
    ASSERT_EQ(modes(loss_info("cosface")).size(), 1u);
}

TEST(Verify, NotANumberNeverPasses) {
    Check check{Method::tape, "", 0, "", NAN, 1e-9, true, ""};
    EXPECT_FALSE(check.passed());
    check.error = 1e-10;
    EXPECT_TRUE(check.passed());
    check.message = "it threw";
    EXPECT_FALSE(check.passed());
    Kink at;
    at.same = true;
    EXPECT_TRUE(at.passed());
    at.hand = NAN;
    EXPECT_FALSE(at.passed());
}

// Also where everything behind it is well: in a detached mode nothing else looks at the value.
TEST(Verify, AValueThatIsNotFiniteIsTheWorst) {
    const Outcome good{
        .value = 1, .gain = 1, .dx = {1}, .dw = {1}, .dcos = {1}, .dstate = {}, .state = {}};
    const Allowance allowed{.value = 1e-9, .gradient = 1e-9, .dcos = 1e-9};
    EXPECT_EQ(worst(good, good, allowed).error, 0);
    for (const double bad : {double(NAN), double(INFINITY)}) {
        Outcome hand = good;
        hand.value = bad;
        const Worst found = worst(hand, hand, rounding(hand, 1e-12, 1e-12, 1e-300));
        EXPECT_EQ(found.what, "value");
        const Check check{Method::tape, "", 0, found.what, found.error, found.bound, true, ""};
        EXPECT_FALSE(check.passed()) << bad;
    }
}

TEST(Verify, RegionsAreFiniteAndStandWhereTheySay) {
    for (const char* loss : {"arcface", "adaface", "unpg", "triplet"}) {
        for (const Region& region : regions(*make_loss(loss), false)) {
            const Problem at = region.at(0), behind = region.at(1e-3);
            const auto finite = [](double v) { return std::isfinite(v); };
            EXPECT_TRUE(std::all_of(at.x.begin(), at.x.end(), finite)) << region.name;
            EXPECT_TRUE(std::all_of(at.w.begin(), at.w.end(), finite)) << region.name;
            EXPECT_EQ(int64_t(at.y.size()), at.B) << region.name;
            EXPECT_EQ(at.x == behind.x && at.w == behind.w, !region.crosses()) << region.name;
        }
    }
}

TEST(Verify, EverySwitchOfTheseLossesIsAKink) {
    EXPECT_TRUE(kink("npt", "two nearest negatives").exists);
    EXPECT_FALSE(kink("npt", "target at 90 degrees").exists);
    EXPECT_TRUE(kink("arcface", "target at pi - m, m=0.5").exists);
    const Kink easy = kink("arcface", "target at 90 degrees", {{"beyond", "easy"}});
    EXPECT_TRUE(easy.exists);
    EXPECT_NEAR(easy.jump, -64 * std::sin(0.5), 1.0);  // the target's logit jumps up
    EXPECT_TRUE(kink("magface", "norm at the lower bound").exists);
    EXPECT_TRUE(kink("magface", "norm at the upper bound").exists);
    EXPECT_FALSE(kink("cosface", "norm at the lower bound").exists);
    EXPECT_TRUE(kink("hm-softmax", "two rows of one value").exists);
    for (const char* whisker : {"pair at the lower whisker", "pair at the upper whisker"}) {
        EXPECT_TRUE(kink("unpg", whisker, {{"s", "4"}}).exists) << whisker;
        EXPECT_FALSE(kink("unpg", whisker, {{"s", "4"}, {"wisk", "0"}}).exists) << whisker;
    }
    EXPECT_TRUE(kink("triplet", "squared hinge", {{"mining", "hard"}}).exists);
    EXPECT_TRUE(kink("multi-similarity", "mined by the positive").exists);
}

// What the numbers are made of is said beside them; none of them grows without a new reason.
TEST(Verify, TheBoundsAreTheOnesThatWereReasoned) {
    constexpr double eps = std::numeric_limits<double>::epsilon();
    constexpr double eps32 = std::numeric_limits<float>::epsilon();
    EXPECT_LE(kAgreement, 1e-9);
    EXPECT_LE(kCancellation, 1e-12);
    EXPECT_LE(kDisplacement, 64 * eps);
    EXPECT_LE(kBeyondProbes, 16);
    EXPECT_LE(kCone, 1e-5);
    EXPECT_LE(kDisplacement32, 2 * eps32);
    EXPECT_LE(kAgreement32, 1024 * eps32);
    EXPECT_LE(kUnderflow, 1e-290);
    EXPECT_LE(kUnderflow32, 1e3 * std::numeric_limits<float>::min());
    EXPECT_LE(kTruncation, 2e-8);
    EXPECT_LE(kRounding, 100 * eps);
    EXPECT_LE(kComposedTerms, 1);
}

// value 2, gradients up to 8 (3 of them the state's), cosines' up to 4, gain 32: terms 40.
TEST(Verify, RoundingIsRelativeToWhatItIsRoundingOf) {
    const Outcome hand{.value = -2,
                       .gain = 32,
                       .dx = {8, -1},
                       .dw = {0.5},
                       .dcos = {-4, 1},
                       .dstate = {3},
                       .state = {5}};
    const Allowance allowed = rounding(hand, 1e-3, 1e-6, 1e-20);
    EXPECT_DOUBLE_EQ(allowed.value, 1e-3 * 2 + 1e-6 * 40);
    EXPECT_DOUBLE_EQ(allowed.gradient, 1e-3 * 8 + 1e-6 * 40);
    EXPECT_DOUBLE_EQ(allowed.dcos, 1e-3 * 4);
    EXPECT_DOUBLE_EQ(allowed.dstate, 1e-3 * 3 + 1e-6 * 40);
    EXPECT_DOUBLE_EQ(allowed.state, 1e-3 * 5);
    Outcome moved = hand;
    moved.value = -2.5;
    moved.dw = {0.75};
    moved.state.assign(1, 6);
    Allowance wider = allowed;
    wider.widen(moved, hand, 4);
    EXPECT_DOUBLE_EQ(wider.value, allowed.value + 4 * 0.5);
    EXPECT_DOUBLE_EQ(wider.gradient, allowed.gradient + 4 * 0.25);
    EXPECT_DOUBLE_EQ(wider.state, allowed.state + 4);
    EXPECT_EQ(wider.dcos, allowed.dcos);
}

// Whatever the threads, the same figures in the same order.
TEST(Verify, IsDeterministic) {
    const std::vector<Mode> some = {{"cosface", {}}, {"npt", {}}, {"triplet", {}}};
    const auto first = judge_all(some, {true, "interior"}),
               second = judge_all(some, {true, "interior"});
    for (size_t k = 0; k < some.size(); ++k) {
        ASSERT_EQ(first[k].count(), second[k].count());
        EXPECT_GT(first[k].count(), 0);
        for (size_t i = 0; i < first[k].checks.size(); ++i) {
            EXPECT_EQ(first[k].checks[i].error, second[k].checks[i].error);
        }
    }
}

TEST(Verify, EveryLossIsJudgedByATapeAndByDifferences) {
    for (const LossInfo* info : all_losses()) {
        const LossMaker make = [&] { return make_loss(info->name); };
        std::vector<Region> interior = regions(*make(), true);
        interior.resize(1);
        std::set<Method> asked;
        for (const Check& check : judge(make, interior, true).checks) asked.insert(check.method);
        EXPECT_TRUE(asked.contains(Method::tape)) << info->name;
        EXPECT_TRUE(asked.contains(Method::frozen)) << info->name;
        EXPECT_TRUE(asked.contains(Method::float32)) << info->name;
        EXPECT_EQ(asked.contains(Method::streamed), make()->has_proxies()) << info->name;
    }
}

}  // namespace
}  // namespace facet::proof
