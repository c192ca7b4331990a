// Margins that multiply the angle.
#include <cmath>
#include <numbers>

#include "losses/proof/compositions.h"

namespace facet::composed {
namespace {

// psi(theta) = (-1)^k cos(m theta) - 2k, k = floor(m theta / pi): cos(m theta) continued so that it
// goes on falling.
Expr psi(const Expr& theta, double m) {
    const Expr k = floor((m / std::numbers::pi) * theta);
    const Expr odd = k - 2 * floor(0.5 * k);
    return (1 - 2 * odd) * cos(m * theta) - 2 * k;
}

}  // namespace

// Logits |x| (lam c_y + psi) / (1 + lam) and |x| c_j; lam falls with the iteration.
Expr sphereface(Composer& c) {
    const Settings& set = c.settings;
    const double iteration = ++c.number("it", 0);
    const double falling =
        set.number("base") * std::pow(1 + set.number("gamma") * iteration, -set.number("power"));
    const double lam =
        set.has("lam") ? set.number("lam") : std::max(set.number("lam_min"), falling);
    const Expr norms = c.norms(), cosine = c.target_cosine();
    const Expr target = (1 / (1 + lam)) * (lam * cosine + psi(c.target_angle(), set.number("m")));
    return c.cross_entropy(norms * target, columns(norms, c.C()) * c.cosines());
}

// v0: psi; v1: the angle stops at pi; v2: the other classes' angles are divided instead.
Expr sphereface_r(Composer& c) {
    const double s = c.settings.number("s"), m = c.settings.number("m");
    Expr target = c.target_cosine(), others = c.cosines();
    if (c.settings.is("version", "v0")) target = psi(c.target_angle(), m);
    if (c.settings.is("version", "v1"))
        target = cos(clip(m * c.target_angle(), 0, std::numbers::pi));
    if (c.settings.is("version", "v2")) others = cos((1 / m) * c.angles());
    if (c.settings.is("grad", "detached")) {
        target = straight_through(target, c.target_cosine());
        others = straight_through(others, c.cosines());
    }
    return c.settings.number("lw") * c.cross_entropy(s * target, s * others);
}

}  // namespace facet::composed
