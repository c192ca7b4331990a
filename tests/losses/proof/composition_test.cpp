// Hand-written gradients against the tape's, which knows only what the value is composed of, and
// the tape's against differences of that value with its constants held.
#include "losses/proof/composition.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numbers>

#include "losses/proof/numeric.h"
#include "tests/losses/proof/composition_fixtures.h"
#include "tests/message_of.h"

namespace facet::testing {
namespace {

constexpr double kPi = std::numbers::pi;

std::vector<Problem> interior_problems() {
    Problem norms = random_problem(3, 4, 5, 2);
    norms.region = "huge and tiny norms";
    for (double& v : norms.x) v *= 1e200;
    for (double& v : norms.w) v *= 1e-200;
    Problem duplicates = random_problem(4, 6, 5, 3);
    duplicates.region = "equal proxies";
    std::copy_n(duplicates.proxy(0), 5, duplicates.proxy(2));
    std::copy_n(duplicates.proxy(3), 5, duplicates.proxy(4));
    Problem ignored = random_problem(5, 6, 5, 4);
    ignored.region = "ignored rows";
    ignored.y[1] = ignored.y[3] = -1;
    Problem none = random_problem(2, 3, 4, 6);
    none.region = "no row counts";
    none.y = {-1, -1};
    Problem one_class = random_problem(3, 1, 4, 7);
    one_class.region = "one class";
    Problem repeated = random_problem(6, 4, 5, 21);
    repeated.region = "several rows of a class";
    repeated.y = {0, 1, 0, 2, 1, 0};
    Problem long_rows = random_problem(6, 4, 3, 22);
    long_rows.region = "norms of 15 to 80";
    for (double& v : long_rows.x) v *= 30;
    Problem twins = random_problem(4, 5, 3, 16);
    twins.region = "equal features of two classes";
    twins.y = {0, 1, 1, 0};
    std::copy_n(twins.feature(0), 3, twins.feature(1));
    return {random_problem(8, 11, 6, 1),
            random_problem(1, 2, 3, 5),
            norms,
            duplicates,
            ignored,
            none,
            one_class,
            repeated,
            long_rows,
            twins,
            aligned_problem("saturated, easy", 1.0, 0.2),
            aligned_problem("saturated, hard", 1.0, 0.2, 1),
            aligned_problem("past pi - m", -1.0, 0.2)};
}

// Its value is not a number of double where features are 1e200 long, or not comparable.
bool overflows(const Case& c, const Problem& p) {
    return p.region == "huge and tiny norms" &&
           (reads_lengths(c) || c.name == "contrastive" || c.name == "npair");
}

TEST(Composition, AgreesWithTheHandWrittenGradients) {
    for (const Problem& p : interior_problems()) {
        for (const Case& c : composed_cases()) {
            if (!overflows(c, p)) expect_agreement(c, p, 1e-9);
        }
    }
}

// Masks, hinges and fallbacks switch at these angles; close beside them both take the same side.
// Where two proxies are `side` apart, their pulls on x cancel but for that part.
TEST(Composition, AgreesOnBothSidesOfEverySwitch) {
    for (const double side : {-1e-3, -1e-5, -1e-9, 1e-9, 1e-5, 1e-3}) {
        const double bound = std::max(1e-9, 2e-14 / std::abs(side));
        for (const Problem& p : switch_problems(side)) {
            for (const Case& c : composed_class_cases()) expect_agreement(c, p, bound);
        }
    }
}

// The sine of a composition keeps a relative accuracy of epsilon / theta.
TEST(Composition, AgreesNearTheConePointsAsFarAsItsSineGoes) {
    for (const double theta : {1e-2, 1e-4, 1e-6, 1e-8}) {
        const double bound = std::max(1e-9, 1e-14 / theta);
        for (const Case& c : composed_class_cases()) {
            expect_agreement(c, planar_problem("theta near 0", theta, {1.3, -2.0}), bound);
            expect_agreement(c, planar_problem("theta near pi", kPi - theta, {1.3, -2.0}), bound);
            // A negative's cosine rounds to 1 here: by hand its angle is then 0.
            if (theta < 1e-7 && has(c, "version", "v2")) continue;
            expect_agreement(c, planar_problem("negative near 1", 1.0, {theta, -2.0}), bound);
        }
    }
}

// SphereFace's target is a sum, part of which is smooth in the cosine at a cone point. dL/dc_y,
// taken as 0 there by hand, is not comparable; by the raw vectors it does not matter.
TEST(Composition, SphereFaceAgreesAtTheConePointsByTheVectors) {
    for (const double scale : {2.0, -0.5}) {
        const Difference found = difference({"sphereface", {}}, aligned_problem("", scale, 0));
        EXPECT_LT(std::max({found.value, found.dx, found.dw}), 1e-9);
    }
}

TEST(Composition, IsFiniteAtTheConePointsAndForZeroVectors) {
    Problem zeros = random_problem(4, 5, 3, 6);
    zeros.region = "zero vectors";
    std::fill_n(zeros.feature(1), 3, 0.0);
    std::fill_n(zeros.proxy(0), 3, 0.0);
    for (const Problem& p :
         {zeros, aligned_problem("cos = 1", 2.0, 0), aligned_problem("cos = -1", -0.5, 0),
          aligned_problem("negative at 1", 2.0, 0, 1),
          aligned_problem("negative at -1", -1.0, 0, 1)}) {
        for (const Case& c : composed_cases()) {
            // All target cosines are equal to rounding: their ranks are anybody's.
            const bool ranks = has(c, "plus", "true") && p.region.starts_with("cos = ");
            if (!ranks && c.name != "sphereface") expect_agreement(c, p, 1e-9);
        }
    }
}

// The third judge: where the hand and the tape agree on a gradient that is not the derivative of
// the value, it is that of the value with the detached parts held.
TEST(Composition, AgreesWithDifferencesThatHoldItsConstants) {
    Problem repeated = random_problem(4, 3, 3, 1);
    repeated.y = {0, 1, 0, 2};
    Problem twins = random_problem(4, 3, 3, 16);
    twins.region = "equal features of two classes";
    twins.y = {0, 1, 1, 0};
    std::copy_n(twins.feature(0), 3, twins.feature(1));
    for (const Problem& p :
         {repeated, twins, planar_problem("nearly on pi - m", kPi - 0.5 + 1e-9, {1.3, -2.0})}) {
        for (const Case& c : composed_cases()) {
            const auto loss = make_loss(c.name, c.parameters);
            SCOPED_TRACE(loss->describe() + " on " + p.region);
            const NumericGradient frozen = frozen_gradient(*loss, batch_for(*loss, p));
            const auto fresh = make_loss(c.name, c.parameters);
            const TapeGradient tape = tape_gradient(*fresh, batch_for(*fresh, p));
            EXPECT_NEAR(frozen.value, tape.value, 1e-12 * std::abs(tape.value));
            EXPECT_LT(relative_error(frozen.dx, tape.dx, 1e-4), 1e-7);
            EXPECT_LT(relative_error(frozen.dw, tape.dw, 1e-4), 1e-7);
            for (const auto& [name, gradient] : frozen.learned) {
                const std::vector<double>& learned = fresh->state().find(name)->gradient;
                EXPECT_LT(relative_error(gradient, learned, 1e-2), 1e-7) << name;
            }
        }
    }
}

// Statistics, counters and draws; the margins that a call is given are used by it alone.
TEST(Composition, AdvancesTheStateAsTheHandDoes) {
    Problem p = random_problem(6, 5, 4, 4);
    p.y = {0, -1, 0, 3, 2, 2};
    for (const Case& c : composed_cases()) {
        const auto hand = make_loss(c.name, c.parameters), tape = make_loss(c.name, c.parameters);
        SCOPED_TRACE(hand->describe());
        for (int call = 0; call < 4; ++call) {
            for (Loss* loss : {hand.get(), tape.get()}) {
                StateArray* margins = loss->state().find("E");
                if (!margins || call != 2 || has(c, "plus", "true")) continue;
                margins->value = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
                margins->given = true;
            }
            const Difference found =
                between(p, by_hand(*hand, p), tape_gradient(*tape, batch_for(*tape, p)));
            EXPECT_LT(found.largest(), 1e-9) << "call " << call;
            ASSERT_EQ(hand->state().arrays().size(), tape->state().arrays().size());
            for (const auto& array : hand->state().arrays()) {
                const StateArray* composed = tape->state().find(array->name);
                ASSERT_NE(composed, nullptr) << array->name;
                EXPECT_LT(relative_error(array->value, composed->value), 1e-12) << array->name;
                EXPECT_LT(relative_error(array->gradient, composed->gradient), 1e-9) << array->name;
                EXPECT_EQ(array->given, composed->given) << array->name;
            }
            for (double& v : p.x) v += 0.1;
        }
    }
}

TEST(Composition, GivesTheGradientOfALearnedBias) {
    const Problem p = random_problem(5, 4, 3, 9);
    const auto hand = make_loss("softmax"), tape = make_loss("softmax");
    for (Loss* loss : {hand.get(), tape.get()}) {
        loss->state().find("b")->value = {0.3, -0.2, 0.1, 0.7};
    }
    const double value = evaluate(*hand, p).value;
    EXPECT_NEAR(tape_gradient(*tape, p.batch()).value, value, 1e-13);
    EXPECT_LT(relative_error(hand->state().find("b")->gradient, tape->state().find("b")->gradient),
              1e-12);
    const std::vector<double> expected = hand->state().find("b")->gradient;
    for (const NumericGradient& differences :
         {numeric_gradient(*hand, p.batch()), frozen_gradient(*hand, p.batch())}) {
        ASSERT_EQ(differences.learned.size(), 1u);
        EXPECT_EQ(differences.learned[0].first, "b");
        EXPECT_LT(relative_error(differences.learned[0].second, expected), 1e-8);
    }
    tape->state().find("b")->value = {1, 2};
    EXPECT_THROW(tape_gradient(*tape, p.batch()), Error);
}

TEST(Composition, IsOfALossThatThereIs) {
    for (const composed::Named& entry : composed::kAll) EXPECT_NO_THROW(loss_info(entry.loss));
}

TEST(Composition, ALossWithoutOneIsRefused) {
    EXPECT_THROW(composition_of("no such loss"), UsageError);
}

TEST(Composition, WhatReleasedCodeDoesInsteadHasNone) {
    const Problem p = random_problem(3, 4, 5, 1);
    int tried = 0;
    for (const LossInfo* info : all_losses()) {
        for (const ParameterInfo& parameter : info->parameters) {
            if (parameter.name != "compat") continue;
            for (const std::string& choice : parameter.choices) {
                if (choice == "none") continue;
                const auto loss = make_loss(info->name, {{"compat", choice}});
                EXPECT_THROW(tape_gradient(*loss, batch_for(*loss, p)), UsageError)
                    << loss->describe();
                ++tried;
            }
        }
    }
    EXPECT_GT(tried, 0);
}

TEST(Composition, RefusesWhatTheHandWrittenGradientRefuses) {
    const auto loss = make_loss("cosface");
    Problem p = random_problem(3, 4, 5, 1);
    p.y[2] = 4;
    const auto gradient = [&] { tape_gradient(*loss, p.batch()); };
    test::expect_error(gradient, {"labels: row 2 has class 4"});
    p.y[2] = 1;
    p.x[7] = NAN;
    test::expect_error(gradient, {"embeddings: row 1, column 2"});
}

}  // namespace
}  // namespace facet::testing
