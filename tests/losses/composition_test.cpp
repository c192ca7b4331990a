// Hand-written gradients against the tape's, which knows only what the value is composed of.
#include "losses/composition.h"

#include <gtest/gtest.h>

#include <numbers>

#include "losses/numeric.h"
#include "losses/softmax_form.h"
#include "tests/losses/fixtures.h"

namespace facet::testing {
namespace {

constexpr double kPi = std::numbers::pi;

struct Difference {
    double value, dx, dw, dcos;  // relative to the largest of each
    double largest() const { return std::max({value, dx, dw, dcos}); }
};

// `composition`, or the loss's own, against the hand-written gradient; each from a fresh state.
Difference difference(const Case& c, const Problem& p, Composition composition = nullptr) {
    const auto by_hand = make_loss(c.name, c.parameters), by_tape = make_loss(c.name, c.parameters);
    const auto hand = evaluate(*by_hand, p);
    const TapeGradient tape =
        tape_gradient(*by_tape, p.batch(), composition ? composition : composition_of(c.name));
    return {relative_error(std::vector{hand.value}, std::vector{tape.value}, 1e-290),
            relative_error(hand.dx, tape.dx, 1e-290), relative_error(hand.dw, tape.dw, 1e-290),
            relative_error(hand.dcos, tape.dcos, 1e-290)};
}

void expect_agreement(const Case& c, const Problem& p, double bound) {
    SCOPED_TRACE(make_loss(c.name, c.parameters)->describe() + " on " + p.region);
    const Difference found = difference(c, p);
    EXPECT_LT(found.value, bound);
    EXPECT_LT(found.dx, bound);
    EXPECT_LT(found.dw, bound);
    EXPECT_LT(found.dcos, bound);
}

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
    return {random_problem(8, 11, 6, 1),
            random_problem(1, 2, 3, 5),
            norms,
            duplicates,
            ignored,
            none,
            one_class,
            aligned_problem("saturated, easy", 1.0, 0.2),
            aligned_problem("saturated, hard", 1.0, 0.2, 1),
            aligned_problem("past pi - m", -1.0, 0.2)};
}

TEST(Composition, AgreesWithTheHandWrittenGradients) {
    for (const Problem& p : interior_problems()) {
        for (const Case& c : all_cases()) {
            if (c.name == "softmax" && p.region == "huge and tiny norms") continue;
            expect_agreement(c, p, 1e-9);
        }
    }
}

// Masks, hinges and fallbacks switch at these angles; close beside them both take the same side.
// Where two proxies are `side` apart, their pulls on x cancel but for that part.
TEST(Composition, AgreesOnBothSidesOfEverySwitch) {
    for (const double side : {-1e-3, -1e-5, -1e-9, 1e-9, 1e-5, 1e-3}) {
        const double bound = std::max(1e-9, 2e-14 / std::abs(side));
        for (const Problem& p : switch_problems(side)) {
            for (const Case& c : all_cases()) expect_agreement(c, p, bound);
        }
    }
}

// The sine of a composition keeps a relative accuracy of epsilon / theta.
TEST(Composition, AgreesNearTheConePointsAsFarAsItsSineGoes) {
    for (const double theta : {1e-2, 1e-4, 1e-6, 1e-8}) {
        const double bound = std::max(1e-9, 1e-14 / theta);
        for (const Case& c : all_cases()) {
            expect_agreement(c, planar_problem("theta near 0", theta, {1.3, -2.0}), bound);
            expect_agreement(c, planar_problem("theta near pi", kPi - theta, {1.3, -2.0}), bound);
            expect_agreement(c, planar_problem("negative near 1", 1.0, {theta, -2.0}), bound);
        }
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
        for (const Case& c : all_cases()) expect_agreement(c, p, 1e-9);
    }
}

// The third judge: where the hand and the tape agree on a gradient that is not the derivative of
// the value, it is that of the value with the detached parts held.
TEST(Composition, AgreesWithDifferencesThatHoldItsConstants) {
    for (const Problem& p : {random_problem(4, 5, 4, 1), aligned_problem("past pi - m", -1.0, 0.2),
                             planar_problem("nearly on pi - m", kPi - 0.5 + 1e-9, {1.3, -2.0})}) {
        for (const Case& c : all_cases()) {
            const auto loss = make_loss(c.name, c.parameters);
            SCOPED_TRACE(loss->describe() + " on " + p.region);
            const NumericGradient frozen = frozen_gradient(*loss, p.batch());
            const TapeGradient tape = tape_gradient(*loss, p.batch());
            EXPECT_NEAR(frozen.value, tape.value, 1e-12 * std::abs(tape.value));
            EXPECT_LT(relative_error(frozen.dx, tape.dx, 1e-6), 1e-7);
            EXPECT_LT(relative_error(frozen.dw, tape.dw, 1e-6), 1e-7);
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

// What the comparison is for: each of these is a plausible slip in a derivation.
TEST(Composition, TheComparisonCatchesASlipOfTheComposition) {
    const Problem p = random_problem(8, 11, 6, 1);
    ASSERT_LT(difference({"cosface", {}}, p).largest(), 1e-9);
    const Composition factor_dropped = [](Composer& c) {
        const double s = c.settings.number("s"), m = c.settings.number("m");
        return c.cross_entropy(s * (c.target_cosine() - m), c.cosines());
    };
    const Composition sign_flipped = [](Composer& c) {
        const double s = c.settings.number("s"), m = c.settings.number("m");
        return c.cross_entropy(s * (c.target_cosine() + m), s * c.cosines());
    };
    const Composition target_detached = [](Composer& c) {
        const double s = c.settings.number("s"), m = c.settings.number("m");
        return c.cross_entropy(s * (detach(c.target_cosine()) - m), s * c.cosines());
    };
    EXPECT_GT(difference({"cosface", {}}, p, factor_dropped).dx, 1e-2);
    EXPECT_GT(difference({"cosface", {}}, p, sign_flipped).dx, 1e-2);
    EXPECT_GT(difference({"cosface", {}}, p, target_detached).dx, 1e-2);
    EXPECT_LT(difference({"cosface", {}}, p, target_detached).value, 1e-9) << "only the gradient";
    // The margin taken as a constant where it is differentiated, and the other way round.
    const auto exact = make_loss("arcface"),
               detached = make_loss("arcface", {{"grad", "detached"}});
    EXPECT_GT(relative_error(evaluate(*exact, p).dx, tape_gradient(*detached, p.batch()).dx), 1e-2);
}

// A hand-written gradient with a slip: the value is that of NormFace, the slope of the other
// classes lacks `s` or has the wrong sign.
template <int factor>
struct Slip : SoftmaxForm<double, Slip<factor>> {
    using Row = SoftmaxRow<double>;
    static constexpr double s = 32;

    Row begin(const Target<double>& y) const {
        Row row;
        row.target = additive_cosine(y, s, 0.0);
        return row;
    }
    double logit(const Row&, double c, std::int64_t) const { return s * c; }
    double slope(const Row&, double, std::int64_t) const { return factor; }
};

template <int factor>
double error_of_slip(const Problem& p) {
    RowsOf<Slip<factor>> form{Slip<factor>()};
    std::vector<double> dx(p.x.size()), dw(p.w.size());
    HeadWorkspace<double> workspace;
    const double value = run_head(form, p.batch(), {dx.data(), dw.data(), nullptr}, workspace, {});
    const auto normface = make_loss("normface");
    const TapeGradient tape = tape_gradient(*normface, p.batch());
    EXPECT_NEAR(value, tape.value, 1e-13 * value) << "only the gradient is wrong";
    return relative_error(dx, tape.dx);
}

TEST(Composition, TheComparisonCatchesASlipOfTheHand) {
    const Problem p = random_problem(8, 11, 6, 1);
    EXPECT_LT(error_of_slip<32>(p), 1e-9) << "no slip";
    EXPECT_GT(error_of_slip<1>(p), 1e-2);
    EXPECT_GT(error_of_slip<-32>(p), 1e-2);
    EXPECT_GT(error_of_slip<31>(p), 1e-3);
}

TEST(Composition, ALossWithoutOneIsRefused) {
    EXPECT_THROW(composition_of("no such loss"), UsageError);
}

TEST(Composition, RefusesWhatTheHandWrittenGradientRefuses) {
    const auto loss = make_loss("cosface");
    Problem p = random_problem(3, 4, 5, 1);
    p.y[2] = 4;
    const auto message = [&] {
        try {
            tape_gradient(*loss, p.batch());
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string("nothing was thrown");
    };
    EXPECT_NE(message().find("labels: row 2 has class 4"), std::string::npos) << message();
    p.y[2] = 1;
    p.x[7] = NAN;
    EXPECT_NE(message().find("embeddings: row 1, column 2"), std::string::npos) << message();
}

}  // namespace
}  // namespace facet::testing
