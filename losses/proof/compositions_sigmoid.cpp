// A logistic regression for every class: the own class against all others, one bias for all.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "losses/proof/compositions.h"

namespace facet::composed {
namespace {

constexpr double kPi = std::numbers::pi;

// g(c) = 2 ((c + 1) / 2)^t - 1 spreads cosines over [-1, 1].
Expr spread(const Expr& cosine, double t) { return 2 * pow(0.5 * (cosine + 1), t) - 1; }
double spread(double cosine, double t) { return 2 * std::pow(0.5 * (cosine + 1), t) - 1; }

// sum over j != y, (B)
Expr sum_of_others(Composer& c, const Expr& terms) { return row_sums(c.others() * terms); }

// The minimiser of SphereFace2's loss when every cosine is 0 (its appendix): a_y and a_i are the
// logits of the own class and of another one without the bias.
double closed_form_bias(double lam, double C, double a_y, double a_i) {
    const double z = lam / ((1 - lam) * std::max(C - 1, 1.0));  // one class: as with two
    const double product = 4 * z * std::exp(a_y - a_i);
    const double root = std::sqrt((1 - z) * (1 - z) + product);
    // root - (z - 1) without cancellation where z > 1
    const double denominator = z > 1 ? product / (root + (z - 1)) : 1 - z + root;
    return std::log(2 * z) - a_i - std::log(denominator);
}

}  // namespace

// lam/r softplus(-z_y) + (1 - lam)/r sum_j softplus(z_j). The margin is subtracted from both
// cosines (kind C), added to the target's angle (A), or multiplies it (M).
Expr sphereface2(Composer& c) {
    const Settings& set = c.settings;
    const double lam = set.number("lam"), r = set.number("r"), m = set.number("m"),
                 t = set.number("t");
    const bool in_cosine = set.is("kind", "C"), in_angle = set.is("kind", "A");
    const double m_c = in_cosine ? m : 0;
    const double right_angle = in_cosine ? kPi / 2 : in_angle ? kPi / 2 + m : m * kPi / 2;

    Expr own = c.target_cosine(), others = spread(c.cosines(), t);
    if (!in_cosine) {
        const Expr theta = c.target_angle();
        own = cos(clip(in_angle ? theta + m : m * theta, 0, kPi));
    }
    own = spread(own, t);
    if (set.is("grad", "detached")) {
        own = straight_through(own, c.target_cosine());
        others = straight_through(others, c.cosines());
    }
    const double a_y = r * (spread(std::cos(std::min(kPi, right_angle)), t) - m_c),
                 a_i = r * (spread(0.0, t) + m_c);
    const Expr b = c.learned_number("b", closed_form_bias(lam, double(c.C()), a_y, a_i));
    const Expr z_y = r * (own - m_c) + repeated(b, {c.B()});
    const Expr z = r * (others + m_c) + repeated(b, {c.B(), c.C()});
    const Expr rows =
        (lam / r) * softplus(-1 * z_y) + ((1 - lam) / r) * sum_of_others(c, softplus(z));
    return set.number("lw") * c.mean(rows);
}

// softplus(-(s (c_y - m) - b)) + l sum_j softplus(s c_j - b)
Expr uniface(Composer& c) {
    const double s = c.settings.number("s"), m = c.settings.number("m"), l = c.settings.number("l");
    const Expr b = c.learned_number("b", std::log(10.0 * double(c.C())));
    const Expr z_y = s * (c.target_cosine() - m) - repeated(b, {c.B()});
    const Expr z = s * c.cosines() - repeated(b, {c.B(), c.C()});
    return c.mean(softplus(-1 * z_y) + l * sum_of_others(c, softplus(z)));
}

}  // namespace facet::composed
