// A margin that follows the norm, and the similarities of the batch in the denominator.
#include <algorithm>
#include <cmath>

#include "losses/proof/compositions.h"

namespace facet::composed {
namespace {

// a = |x| in [la, ua]; nothing beyond is differentiated.
Expr magnitude(Composer& c) {
    return clip(c.norms(), c.settings.number("la"), c.settings.number("ua"));
}

// m(a), the line from (la, lm) to (ua, um)
Expr magnitude_margin(Composer& c) {
    const double la = c.settings.number("la"), ua = c.settings.number("ua"),
                 lm = c.settings.number("lm"), um = c.settings.number("um");
    return ((um - lm) / (ua - la)) * (magnitude(c) - la) + lm;
}

// lg mean(a / ua^2 + 1 / a), which draws the norms to ua.
Expr magnitude_regulariser(Composer& c) {
    const double ua = c.settings.number("ua");
    const Expr a = magnitude(c);
    return c.settings.number("lg") * c.mean((1 / (ua * ua)) * a + filled(a, 1) / a);
}

}  // namespace

// cos(theta + m(a))
Expr magface(Composer& c) {
    const double s = c.settings.number("s");
    const Expr margin = magnitude_margin(c);
    const Expr target =
        c.settings.flag("easy") ? easy_margin(c, margin) : margin_with_line(c, margin);
    return c.cross_entropy(s * target, s * c.cosines()) + magnitude_regulariser(c);
}

namespace {

struct Pairs {
    Indices first, second;  // u < v, of two classes
};

Pairs negative_pairs(Composer& c) {
    Pairs pairs;
    for (const int64_t u : c.counted()) {
        for (const int64_t v : c.counted()) {
            if (u >= v || c.labels[u] == c.labels[v]) continue;
            pairs.first.push_back(u);
            pairs.second.push_back(v);
        }
    }
    return pairs;
}

// 1 where box and whisker keep the similarity: in [Q1 - r IQR, Q3 + r IQR], quartiles without
// interpolation. r = 0: everywhere.
std::vector<double> kept_by_whiskers(const std::vector<double>& similarity, double r) {
    std::vector<double> sorted = similarity, kept(similarity.size(), 1.0);
    if (r == 0) return kept;
    std::sort(sorted.begin(), sorted.end());
    const auto K = double(sorted.size());
    const double q1 = sorted[size_t(0.25 * K)], q3 = sorted[size_t(0.75 * K)], iqr = q3 - q1;
    for (size_t k = 0; k < kept.size(); ++k)
        kept[k] = similarity[k] >= q1 - r * iqr && similarity[k] <= q3 + r * iqr;
    return kept;
}

// (B, pairs) constant: the pairs in the denominator of row i; with scope=anchor only its own.
Expr pair_slots(Composer& c, const Pairs& pairs, const std::vector<double>& kept) {
    const bool anchor = c.settings.is("scope", "anchor");
    std::vector<double> slots;
    for (int64_t i = 0; i < c.B(); ++i) {
        for (size_t k = 0; k < kept.size(); ++k) {
            const bool own = pairs.first[k] == i || pairs.second[k] == i;
            slots.push_back(anchor && !own ? 0 : kept[k]);
        }
    }
    const Shape shape{c.B(), int64_t(kept.size())};
    return c.x.constant(Tensor::from(c.x.value().device(), shape, slots));
}

Expr unpg_target(Composer& c) {
    const double m = c.settings.number("m");
    if (c.settings.is("base", "norm")) return c.target_cosine();
    if (c.settings.is("base", "cos")) return c.target_cosine() - m;
    if (c.settings.is("base", "arc")) return cos(c.target_angle() + m);
    return easy_margin(c, magnitude_margin(c));
}

}  // namespace

// Every row's softmax also has the batch's negative pairs as rivals, after a filter of outliers.
Expr unpg(Composer& c) {
    const double s = c.settings.number("s");
    const Pairs pairs = negative_pairs(c);
    Expr logits = s * c.cosines(), rivals = c.others();
    if (!pairs.first.empty()) {
        Indices at;
        for (size_t k = 0; k < pairs.first.size(); ++k)
            at.push_back(pairs.first[k] * c.B() + pairs.second[k]);
        const Expr similarity = elements(c.similarities(), at);
        const std::vector<double> kept =
            kept_by_whiskers(similarity.value().to_doubles(), c.settings.number("wisk"));
        const Expr slots = pair_slots(c, pairs, kept);
        logits = beside(logits, add_to_rows(0 * slots, s * similarity));
        rivals = beside(rivals, slots);
    }
    const Expr value = c.mean(softplus(c.odds_against(s * unpg_target(c), logits, rivals)));
    return c.settings.is("base", "mag") ? value + magnitude_regulariser(c) : value;
}

}  // namespace facet::composed
