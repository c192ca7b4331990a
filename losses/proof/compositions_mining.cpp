// Cross-entropies in which the classes that beat the target weigh more.
#include "losses/proof/compositions.h"

namespace facet::composed {
namespace {

// 1 where c_ij > bound_i, (B, C); a constant.
Expr beyond(Composer& c, const Expr& bound) { return greater(c.cosines(), columns(bound, c.C())); }

// f, the target with its margin, and the logit: f, or with easy margin c_y where c_y <= 0.
struct MarginedTarget {
    Expr f, u;
};

MarginedTarget margined_target(Composer& c) {
    const double m = c.settings.is("margin", "none") ? 0 : c.settings.number("m");
    const Expr cosine = c.target_cosine();
    const Expr f = c.settings.is("margin", "arc") ? cos(c.target_angle() + m) : cosine - m;
    return {f, c.settings.flag("easy") ? select(greater(cosine, 0), f, cosine) : f};
}

}  // namespace

// Support vectors, c_j > f, have their exponentials multiplied by h = exp(s (t - 1)(c_j + 1)).
Expr sv_softmax(Composer& c) {
    const double s = c.settings.number("s"), t = c.settings.number("t");
    const auto [f, u] = margined_target(c);
    const Expr all = c.cosines();
    return c.cross_entropy(s * u, s * all + (s * (t - 1)) * (beyond(c, f) * (all + 1)));
}

// The same with h = exp(s t (c_j + 1)), adaptive, or exp(s t), fixed.
Expr mv_softmax(Composer& c) {
    const double s = c.settings.number("s"), t = c.settings.number("t");
    const auto [f, u] = margined_target(c);
    const Expr all = c.cosines(), hard = beyond(c, f);
    const Expr more = c.settings.is("mode", "adaptive") ? hard * (all + 1) : hard;
    return c.cross_entropy(s * u, s * (all + t * more));
}

// Hard negatives become t c + alpha, and their mean raises the margin of the sample.
Expr npcface(Composer& c) {
    const Settings& set = c.settings;
    const double s = set.number("s"), m0 = set.number("m0"), m1 = set.number("m1");
    const double mask_margin = set.has("mask_margin") ? set.number("mask_margin") : m0;
    const Expr cosine = c.target_cosine(), theta = c.target_angle(), all = c.cosines();

    const Expr hard = c.others() * beyond(c, cos(theta + mask_margin));
    const Expr modulated = set.number("t") * all + set.number("alpha");
    const Expr count = row_sums(hard), at_least_one = count + (1 - greater(count, 0));
    const Expr averaged = set.is("avg", "raw") ? all : modulated;
    Expr margin = m1 * (row_sums(hard * averaged) / at_least_one) + m0;
    if (set.is("grad", "detached")) margin = detach(margin);

    const Expr target = set.flag("easy") ? easy_margin(c, margin) : cos(theta + margin);
    return c.cross_entropy(s * target, s * select(hard, modulated, all));
}

// Hard negatives, c_j > cos(theta_y + m), become c (t + c); t is a running mean of c_y.
Expr curricularface(Composer& c) {
    const double s = c.settings.number("s"), m = c.settings.number("m"),
                 beta = c.settings.number("beta");
    double& state = c.number("t", 0);
    const Expr cosine = c.target_cosine(), all = c.cosines();
    const bool moves = !c.counted().empty();
    const Expr mean = c.mean(detach(cosine));
    const Expr t = moves ? beta * mean + (1 - beta) * state : filled(mean, state);
    state = t.value().item();

    const Expr hard = beyond(c, cos(c.target_angle() + m));
    const Expr harder = all * (repeated(t, {c.B(), c.C()}) + all);
    return c.cross_entropy(s * margin_with_line(c, m), s * select(hard, harder, all));
}

// Every other class is weighed by its nearness to the target: q c + q - 1, q constant.
Expr arcneg(Composer& c) {
    const double s = c.settings.number("s"), alpha = c.settings.number("alpha"),
                 sigma = c.settings.number("sigma");
    const Expr all = c.cosines(), target = margin_with_line(c, c.settings.number("m"));
    const Expr apart = all - columns(target, c.C());
    const Expr q = detach(alpha * exp((-1 / sigma) * (apart * apart)));
    return c.cross_entropy(s * target, s * (q * all + q - 1));
}

}  // namespace facet::composed
