// Cross-entropies of logits: z_y from the target's angle, z_j from the other cosines.
#include <cmath>

#include "losses/compositions.h"

namespace facet::composed {

Expr softmax(Composer& c) {
    Expr z = c.products();
    if (c.settings.flag("bias")) z = add_to_rows(z, c.learned("b", z.value().size(1), 0));
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

// cos(theta + m) where the angle is below the switch, `beyond` above it.
Expr arcface(Composer& c) {
    const double s = c.settings.number("s"), m = c.settings.number("m");
    const Expr cosine = c.target_cosine();
    const Expr margined = cos(c.target_angle() + m);
    const auto up_to = [&](double lowest_cosine, const Expr& beyond) {
        return select(greater(cosine, lowest_cosine), margined, beyond);
    };
    Expr target = margined;
    if (c.settings.is("beyond", "easy")) target = up_to(0, cosine);
    if (c.settings.is("beyond", "linear")) target = up_to(-std::cos(m), cosine - m * std::sin(m));
    if (c.settings.is("beyond", "clip")) target = up_to(-std::cos(m), affine(cosine, 0, -1));
    if (c.settings.is("grad", "detached")) target = straight_through(target, cosine);
    return c.cross_entropy(s * target, s * c.cosines());
}

// Support vectors, c_j > f, have their exponentials multiplied by h = exp(s (t - 1)(c_j + 1)).
Expr sv_softmax(Composer& c) {
    const double s = c.settings.number("s"), t = c.settings.number("t");
    const double m = c.settings.is("margin", "none") ? 0 : c.settings.number("m");
    const Expr cosine = c.target_cosine(), all = c.cosines();
    const Expr f = c.settings.is("margin", "arc") ? cos(c.target_angle() + m) : cosine - m;
    const Expr target = c.settings.flag("easy") ? select(greater(cosine, 0), f, cosine) : f;
    const Expr support = greater(all, columns(f, all.value().size(1)));
    return c.cross_entropy(s * target, s * all + (s * (t - 1)) * (support * (all + 1)));
}

}  // namespace facet::composed
