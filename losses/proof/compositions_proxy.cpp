// Distances to proxies.
#include "losses/proof/compositions.h"

namespace facet::composed {
namespace {

// |xh - wh|^2
Expr distance(const Expr& cosine) { return 2 - 2 * cosine; }

}  // namespace

// -log(e^{-d_y} / sum_{j != y} e^{-d_j}): the target is not in the denominator.
Expr proxy_nca(Composer& c) {
    if (c.C() < 2) return c.zero();
    const Expr negatives = log_sum_exp(-1 * distance(c.cosines()), c.others());
    return c.mean(distance(c.target_cosine()) + negatives);
}

// -log(e^{-d_y/T} / sum_j e^{-d_j/T})
Expr proxy_nca_pp(Composer& c) {
    const double T = c.settings.number("T");
    return c.cross_entropy((-1 / T) * distance(c.target_cosine()),
                           (-1 / T) * distance(c.cosines()));
}

// Per proxy, over the samples: log(1 + sum_{y_i = j} e^{-alpha (c - delta)}), the mean over the
// classes present, and log(1 + sum_{y_i != j} e^{alpha (c + delta)}), the mean over all.
Expr proxy_anchor(Composer& c) {
    const double alpha = c.settings.number("alpha"), delta = c.settings.number("delta");
    if (c.counted().empty()) return c.zero();
    const Expr all = transposed(c.cosines());  // (C, B)
    const Expr counts = transposed(columns(c.counts(), c.C()));
    const Expr other = counts * transposed(c.others()), own = counts - other;
    const Expr pull = softplus(log_sum_exp(-alpha * (all - delta), own));
    const Expr push = softplus(log_sum_exp(alpha * (all + delta), other));
    const Expr present = sum(greater(row_sums(own), 0));
    return sum(pull) / present + (1.0 / double(c.C())) * sum(push);
}

// Half the mean square distance of raw features to their raw centres.
Expr center(Composer& c) {
    const Expr apart = c.x - take_rows(c.w, c.labels);
    return 0.5 * c.mean(row_sums(apart * apart));
}

}  // namespace facet::composed
