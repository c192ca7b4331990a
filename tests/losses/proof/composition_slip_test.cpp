// The comparison of hand-written and composed gradients catches what it is made to catch.
#include <gtest/gtest.h>

#include "losses/head/head.h"
#include "losses/head/rows.h"
#include "losses/head/softmax_form.h"
#include "tests/losses/proof/composition_fixtures.h"

namespace facet::testing {
namespace {

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
    double logit(const Row&, double c, int64_t) const { return s * c; }
    double slope(const Row&, double, int64_t) const { return factor; }
};

template <int factor>
double error_of_slip(const Problem& p) {
    RowsOf<Slip<factor>> form{Slip<factor>()};
    std::vector<double> dx(p.x.size()), dw(p.w.size());
    HeadDiagnostics diagnostics;
    const double value = run_class_head<double>(
        form,
        {host_backend<double>(), p.batch(), {dx.data(), dw.data(), nullptr}, diagnostics, {}});
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

}  // namespace
}  // namespace facet::testing
