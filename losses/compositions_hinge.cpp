// Hinges on cosines.
#include "losses/compositions.h"

namespace facet::composed {

// sum over the k nearest negatives of [d_y - d_j + delta]_+, d = |r xh - r wh|^2 = 2 r^2 (1 - c).
Expr npt(Composer& c) {
    const double r = c.settings.number("r"), delta = c.settings.number("delta");
    const Expr all = c.cosines(), target = c.target_cosine();
    const std::int64_t C = all.value().size(1);
    Expr rivals = all, candidates = c.others();
    if (c.settings.is("own", "zero") && C > 1) {  // the own class stays, with cosine 0
        rivals = put(all, c.labels, affine(target, 0, 0));
        candidates = 0 * candidates + 1;
    }
    const std::int64_t k = c.settings.count("k") > 0 ? c.settings.count("k") : C;
    const auto distance = [&](const Expr& cosine) { return (2 * r * r) * (1 - cosine); };
    const Expr hinge = relu(columns(distance(target), C) - distance(rivals) + delta);
    return c.mean(row_sums(largest(rivals, candidates, k) * hinge));
}

}  // namespace facet::composed
