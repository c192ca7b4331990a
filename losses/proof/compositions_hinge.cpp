// The nearest negative proxies.
#include "losses/proof/compositions.h"

namespace facet::composed {
namespace {

int64_t how_many(Composer& c) { return c.settings.count("k") > 0 ? c.settings.count("k") : c.C(); }

}  // namespace

// sum over the k nearest negatives of [d_y - d_j + delta]_+, d = |r xh - r wh|^2 = 2 r^2 (1 - c).
Expr npt(Composer& c) {
    const double r = c.settings.number("r"), delta = c.settings.number("delta");
    const Expr all = c.cosines(), target = c.target_cosine();
    Expr rivals = all, candidates = c.others();
    if (c.settings.is("own", "zero") && c.C() > 1) {  // the own class stays, with cosine 0
        rivals = put(all, c.labels, filled(target, 0));
        candidates = filled(all, 1);
    }
    const auto distance = [&](const Expr& cosine) { return (2 * r * r) * (1 - cosine); };
    const Expr hinge = relu(columns(distance(target), c.C()) - distance(rivals) + delta);
    return c.mean(row_sums(largest(rivals, candidates, how_many(c)) * hinge));
}

// (1/tau) log(1 + sum over the k nearest negatives of exp(tau (c_j - c_y + m)))
Expr npt_lse(Composer& c) {
    const double m = c.settings.number("m"), tau = c.settings.number("tau");
    const Expr all = c.cosines(), nearest = largest(all, c.others(), how_many(c));
    const Expr odds = c.odds_against(tau * (c.target_cosine() - m), tau * all, nearest);
    return (1 / tau) * c.mean(softplus(odds));
}

}  // namespace facet::composed
