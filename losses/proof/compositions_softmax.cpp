// Cross-entropies of logits that are fixed functions of the cosines.
#include <algorithm>
#include <cmath>

#include "losses/proof/compositions.h"

namespace facet::composed {

Expr softmax(Composer& c) {
    Expr z = c.products();
    if (c.settings.flag("bias")) z = add_to_rows(z, c.learned("b", c.C(), 0));
    return c.cross_entropy(pick(z, c.labels), z);
}

Expr normface(Composer& c) {
    const double s = c.settings.number("s");
    return c.cross_entropy(s * c.target_cosine(), s * c.cosines());
}

Expr cosface(Composer& c) {
    const double s = c.settings.number("s"), m = c.settings.number("m");
    return c.cross_entropy(s * (c.target_cosine() - m), s * c.cosines());
}

Expr margin_with_line(Composer& c, const Expr& margin) {
    const Expr cosine = c.target_cosine(), angle = c.target_angle();
    const Expr below_pi = greater(cosine, -1 * cos(margin));
    return select(below_pi, cos(angle + margin), cosine - margin * sin(margin));
}

Expr margin_with_line(Composer& c, double margin) {
    return margin_with_line(c, filled(c.target_cosine(), margin));
}

Expr easy_margin(Composer& c, const Expr& margin) {
    const Expr cosine = c.target_cosine(), angle = c.target_angle();
    return select(greater(cosine, 0), cos(angle + margin), cosine);
}

// cos(theta + m), and `beyond` where theta + m passes pi.
Expr arcface(Composer& c) {
    const double s = c.settings.number("s"), m = c.settings.number("m");
    const Expr cosine = c.target_cosine();
    Expr target = cos(c.target_angle() + m);
    if (c.settings.is("beyond", "easy")) target = easy_margin(c, filled(cosine, m));
    if (c.settings.is("beyond", "linear")) target = margin_with_line(c, m);
    if (c.settings.is("beyond", "clip"))
        target = select(greater(cosine, -std::cos(m)), target, filled(cosine, -1));
    if (c.settings.is("grad", "detached")) target = straight_through(target, cosine);
    return c.cross_entropy(s * target, s * c.cosines());
}

// cos(m1 theta + m2) - m3
Expr combined(Composer& c) {
    const double s = c.settings.number("s"), m1 = c.settings.number("m1"),
                 m2 = c.settings.number("m2"), m3 = c.settings.number("m3");
    return c.cross_entropy(s * (cos(m1 * c.target_angle() + m2) - m3), s * c.cosines());
}

// The class form: weights a_p = [1 + m - c_y]_+ and a_n = [c_j + m]_+ are constants.
Expr circle(Composer& c) {
    const double m = c.settings.number("m"), gamma = c.settings.number("gamma");
    const Expr cosine = c.target_cosine(), all = c.cosines();
    const Expr a_p = detach(relu((1 + m) - cosine)), a_n = detach(relu(all + m));
    return c.cross_entropy(gamma * (a_p * (cosine - (1 - m))), gamma * (a_n * (all - m)));
}

// (1 - p)^gamma (-log p), with 1 - p = odds / (1 + odds) and p = 1 / (1 + odds).
Expr focal(Composer& c) {
    const double s = c.settings.number("s"), gamma = c.settings.number("gamma");
    const Expr odds = c.odds_against(s * c.target_cosine(), s * c.cosines());  // their logarithm
    const Expr cross_entropy = softplus(odds);
    if (gamma == 0) return c.mean(cross_entropy);
    const Expr log_missing = -1 * softplus(-1 * odds);  // log(1 - p)
    return c.mean(exp(gamma * log_missing) * cross_entropy);
}

// The mean over the largest save_rate of the rows' cross-entropies.
Expr hm_softmax(Composer& c) {
    const double s = c.settings.number("s"), rate = c.settings.number("save_rate");
    const Expr rows = softplus(c.odds_against(s * c.target_cosine(), s * c.cosines()));
    const auto kept = std::max<int64_t>(1, int64_t(rate * double(c.counted().size())));
    const Shape line{1, c.B()};
    const Expr hardest = largest(reshape(rows, line), reshape(c.counts(), line), kept);
    return (1.0 / double(kept)) * sum(hardest * reshape(rows, line));
}

}  // namespace facet::composed
