// Anchor, positive, negative: the negative should be farther by a margin.
#include <functional>

#include "losses/proof/compositions.h"

namespace facet::composed {
namespace {

// Positions (anchor, other) in the (B, B) distances, a pair of them a triplet.
struct Triplets {
    Indices positive, negative;

    void add(int64_t B, int64_t a, int64_t p, int64_t n) {
        positive.push_back(a * B + p);
        negative.push_back(a * B + n);
    }
};

// The rows whose distance from an anchor is extreme: a choice among candidates, -1 of none.
class Choice {
public:
    Choice(const Expr& distances, int64_t anchor)
        : row_(distances.value().to_doubles()), first_(anchor * distances.value().size(1)) {}

    int64_t nearest(const Indices& from, double beyond = -1) const {
        return best(
            from, [&](double d, double so_far) { return d < so_far; }, beyond);
    }
    int64_t farthest(const Indices& from) const {
        return best(
            from, [&](double d, double so_far) { return d > so_far; }, -1);
    }
    double distance(int64_t j) const { return row_[first_ + j]; }

private:
    // Ties go to the lowest index.
    int64_t best(const Indices& from, const std::function<bool(double, double)>& better,
                 double beyond) const {
        int64_t chosen = -1;
        for (const int64_t j : from) {
            if (distance(j) <= beyond) continue;
            if (chosen < 0 || better(distance(j), distance(chosen))) chosen = j;
        }
        return chosen;
    }

    std::vector<double> row_;
    int64_t first_;
};

Triplets mined(Composer& c, const Expr& distances) {
    Triplets triplets;
    for (const int64_t a : c.counted()) {
        Indices positives, negatives;
        for (const int64_t j : c.counted()) {
            if (j == a) continue;
            (c.labels[j] == c.labels[a] ? positives : negatives).push_back(j);
        }
        if (positives.empty() || negatives.empty()) continue;
        const Choice choice(distances, a);
        if (c.settings.is("mining", "hard")) {
            triplets.add(c.B(), a, choice.farthest(positives), choice.nearest(negatives));
            continue;
        }
        for (const int64_t p : positives) {
            if (c.settings.is("mining", "semihard")) {
                const int64_t n = choice.nearest(negatives, choice.distance(p));
                triplets.add(c.B(), a, p, n >= 0 ? n : choice.farthest(negatives));
                continue;
            }
            for (const int64_t n : negatives) triplets.add(c.B(), a, p, n);
        }
    }
    return triplets;
}

}  // namespace

// [D_ap - D_an + margin]_+, or softplus of it, on unit vectors. mining=all: the mean over the
// triplets that violate; hard and semihard: over the triplets chosen.
Expr triplet(Composer& c) {
    Expr distances = c.unit_square_distances();
    if (!c.settings.flag("squared")) distances = sqrt(distances);
    const Triplets triplets = mined(c, distances);
    c.note_pairs(!triplets.positive.empty());
    if (triplets.positive.empty()) return c.zero();
    const Expr violation = elements(distances, c.held(triplets.positive)) -
                           elements(distances, c.held(triplets.negative)) +
                           c.settings.number("margin");
    const auto all = double(triplets.positive.size());
    if (c.settings.flag("soft")) return (1 / all) * sum(softplus(violation));
    const Expr hinge = relu(violation);
    if (!c.settings.is("mining", "all")) return (1 / all) * sum(hinge);
    const Expr count = sum(greater(violation, 0));
    return sum(hinge) / (count + (1 - greater(count, 0)));
}

}  // namespace facet::composed
