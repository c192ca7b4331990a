// Features against features of one batch. S_uv are cosines between features.
#include <cmath>
#include <map>

#include "losses/proof/compositions.h"

namespace facet::composed {
namespace {

// 1 in the rows where the mask is not empty, (B).
Expr has_any(const Expr& mask) { return greater(row_sums(mask), 0); }

// The mean of `terms` where `chosen`, a constant of the same shape, is 1; 0 of nothing.
Expr mean_of(const Expr& terms, const Expr& chosen) {
    const Expr count = sum(chosen);
    return sum(select(chosen, terms, filled(terms, 0))) / (count + (1 - greater(count, 0)));
}

}  // namespace

// d^2 / 2 for pairs of one class, [margin - d]_+^2 / 2 for others; d = |x_u - x_v|, raw.
Expr contrastive(Composer& c) {
    const Expr square = c.square_distances(), same = c.positives(), different = c.negatives();
    const Expr short_of = relu(c.settings.number("margin") - sqrt(square));
    const Expr terms = 0.5 * (same * square + different * (short_of * short_of));
    c.note_pairs(same + different);
    return mean_of(terms, same + different);
}

// One pair per class: the first sample is anchor, the second positive; cross-entropy over the
// products of anchors and positives, and a regulariser of their lengths.
Expr npair(Composer& c) {
    std::map<int64_t, Indices> members;
    for (const int64_t i : c.counted()) members[c.labels[i]].push_back(i);
    Indices anchors, positives, diagonal;
    for (const auto& [label, rows] : members) {
        if (rows.size() < 2) continue;
        diagonal.push_back(int64_t(anchors.size()));
        anchors.push_back(rows[0]);
        positives.push_back(rows[1]);
    }
    c.note_pairs(!anchors.empty());
    if (anchors.empty()) return c.zero();
    const Expr a = take_rows(c.x, anchors), p = take_rows(c.x, positives);
    const Expr products = matmul_transposed(a, p);
    const double n = double(anchors.size());
    const auto mean = [&](const Expr& rows) { return (1 / n) * sum(rows); };
    const Expr odds =
        c.odds_against(pick(products, diagonal), products, all_but(products, diagonal));
    return mean(softplus(odds)) +
           (c.settings.number("reg") / 4) * (mean(row_sums(a * a)) + mean(row_sums(p * p)));
}

// -log e^{S_ip/tau} / (e^{S_ip/tau} + sum_n e^{S_in/tau}) for every ordered positive pair (i, p).
Expr infonce(Composer& c) {
    const Expr z = (1 / c.settings.number("tau")) * c.similarities();
    const Expr positives = c.positives(), negatives = c.negatives();
    const Expr against = columns(log_sum_exp(z, negatives), c.B()) - z;
    c.note_pairs(columns(has_any(negatives), c.B()) * positives);
    return mean_of(softplus(against), positives);
}

// The mean over an anchor's positives of -log softmax_{a != i}(S_i / tau).
Expr supcon(Composer& c) {
    const Expr z = (1 / c.settings.number("tau")) * c.similarities();
    const Expr positives = c.positives(), all = positives + c.negatives();
    const Expr anchors = has_any(positives), count = row_sums(positives) + (1 - anchors);
    c.note_pairs(anchors);
    return mean_of(log_sum_exp(z, all) - row_sums(positives * z) / count, anchors);
}

// softplus(LSE_n(gamma a_n (s_n - m)) + LSE_p(-gamma a_p (s_p - 1 + m))), the weights constant.
Expr circle_pair(Composer& c) {
    const double m = c.settings.number("m"), gamma = c.settings.number("gamma");
    const Expr S = c.similarities(), positives = c.positives(), negatives = c.negatives();
    const Expr a_p = detach(relu((1 + m) - S)), a_n = detach(relu(S + m));
    const Expr pull = log_sum_exp(-gamma * (a_p * (S - (1 - m))), positives);
    const Expr push = log_sum_exp(gamma * (a_n * (S - m)), negatives);
    const Expr anchors = has_any(positives) * has_any(negatives);
    c.note_pairs(anchors);
    return mean_of(softplus(push + pull), anchors);
}

namespace {

// The largest of the masked elements of every row, in every column, (B, B); -infinity of none.
Expr row_largest(const Expr& x, const Expr& mask) {
    const Expr top = largest(x, mask, 1), none = 1 - has_any(mask);
    const Expr value = row_sums(top * detach(x));
    return columns(select(none, filled(value, -INFINITY), value), x.value().size(1));
}

}  // namespace

// (1/alpha) log(1 + sum_P e^{-alpha (S - base)}) + (1/beta) log(1 + sum_N e^{beta (S - base)}).
// Mining keeps the positives that are not eps above all negatives, and the other way round.
Expr multi_similarity(Composer& c) {
    const double alpha = c.settings.number("alpha"), beta = c.settings.number("beta"),
                 base = c.settings.number("base"), eps = c.settings.number("eps");
    const Expr S = c.similarities();
    Expr positives = c.positives(), negatives = c.negatives();
    const bool mine = c.settings.flag("mine");
    c.note_pairs(mine ? has_any(positives) * has_any(negatives) : positives + negatives);
    if (mine) {
        const Expr hardest_negative = row_largest(S, negatives),
                   minus_hardest_positive = row_largest(-1 * S, positives);
        const Expr kept_positives = positives * greater(hardest_negative, S - eps);
        negatives = negatives * greater(S + eps, -1 * minus_hardest_positive);
        positives = kept_positives;
    }
    const Expr pull = softplus(log_sum_exp(-alpha * (S - base), positives));
    const Expr push = softplus(log_sum_exp(beta * (S - base), negatives));
    return c.mean((1 / alpha) * pull + (1 / beta) * push);
}

}  // namespace facet::composed
