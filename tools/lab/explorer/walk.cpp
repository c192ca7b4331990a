// The first sample at many places: the force on it, what it is to its class there, and the places
// in between where the gradient jumps: boundaries of masks, hinges and fallbacks.
#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "tools/lab/explorer/explore.h"
#include "tools/lab/explorer/question.h"

namespace facet::explorer {
namespace {

constexpr double kStill = 0.1;  // parts of the largest force: below it a sample is left alone
// A jump is at least so many parts of the largest slope. A halving leaves half of the difference of
// a smooth function, and all of a jump; the search ends where, after the first few, less than kKept
// of it is left.
constexpr double kLeast = 1e-4, kKept = 0.7;
constexpr int kFirst = 4, kHalvings = 34;

using Vector = std::vector<double>;

struct Place {
    double value = 0;
    Vector force;      // (D) -dL/dx |x|
    Vector slopes;     // (C) dL/dcos_j sin theta_j: bounded where dL/dcos_j is not
    Vector dcos;       // (C)
    bool own = false;  // nearer to its own class than to any other
};

class Walker {
public:
    explicit Walker(const ordered_json& request) : question_(request) {
        for (int64_t d = 0; d < question_.D; ++d)
            length_ = std::hypot(length_, question_.x[size_t(d)]);
        FACET_CHECK(length_ > 0, "explorer: the first sample has length 0");
    }

    int64_t D() const { return question_.D; }

    Place at(const Vector& direction) {
        Place place;
        for (size_t d = 0; d < direction.size(); ++d) question_.x[d] = length_ * direction[d];
        place.value = question_.evaluate();
        for (int64_t d = 0; d < D(); ++d)
            place.force.push_back(0.0 - length_ * question_.dx[size_t(d)]);
        if (!question_.dcos.empty())
            place.dcos.assign(question_.dcos.begin(), question_.dcos.begin() + question_.C);
        double own = -2, other = -2;
        for (int64_t k = question_.C > 0 ? 0 : 1; k < question_.others(); ++k) {
            const double c = cosine(direction.data(), question_.other(k), D());
            double& nearest = question_.class_of(k) == question_.y[0] ? own : other;
            nearest = std::max(nearest, c);
            if (!place.dcos.empty())
                place.slopes.push_back(place.dcos[size_t(k)] * std::sqrt(1 - c * c));
        }
        place.own = own > other;
        return place;
    }

private:
    Question question_;
    double length_ = 0;
};

double size(const Vector& v) {
    double square = 0;
    for (const double entry : v) square += entry * entry;
    return std::sqrt(square);
}

// How far two places differ: in the force, or in what one class gives.
double difference(const Place& a, const Place& b) {
    double square = 0;
    for (size_t d = 0; d < a.force.size(); ++d)
        square += (a.force[d] - b.force[d]) * (a.force[d] - b.force[d]);
    double most = std::sqrt(square);
    for (size_t j = 0; j < a.slopes.size(); ++j)
        most = std::max(most, std::abs(a.slopes[j] - b.slopes[j]));
    return most;
}

Vector between(const Vector& a, const Vector& b) {
    Vector middle(a.size());
    for (size_t d = 0; d < a.size(); ++d) middle[d] = a[d] + b[d];
    const double length = size(middle);
    FACET_CHECK(length > 0, "explorer: an edge joins opposite points");
    for (double& entry : middle) entry /= length;
    return middle;
}

struct End {
    Vector direction;
    Place place;
};

// Halves towards the larger difference. Whether one above `least` is left; then a and b lie on
// either side of it.
bool find_jump(Walker& walker, End& a, End& b, double least) {
    double last = difference(a.place, b.place);
    for (int halving = 1; halving <= kHalvings && last >= least; ++halving) {
        End middle{between(a.direction, b.direction), {}};
        middle.place = walker.at(middle.direction);
        const double left = difference(a.place, middle.place);
        const double right = difference(middle.place, b.place);
        (left > right ? b : a) = std::move(middle);
        if (halving >= kFirst && std::max(left, right) < kKept * last) return false;
        last = std::max(left, right);
    }
    return last >= least;
}

ordered_json jump_between(const End& a, const End& b, size_t edge, double least) {
    std::vector<size_t> classes;
    for (size_t j = 0; j < a.place.slopes.size(); ++j) {
        if (std::abs(a.place.slopes[j] - b.place.slopes[j]) > least) classes.push_back(j);
    }
    return {{"edge", edge}, {"at", b.direction}, {"classes", classes}};
}

std::vector<Vector> points_of(const ordered_json& request, int64_t D) {
    auto points = request.at("points").get<std::vector<Vector>>();
    for (const Vector& point : points)
        FACET_CHECK(int64_t(point.size()) == D, "explorer: a point of {} numbers, expected {}",
                    point.size(), D);
    return points;
}

}  // namespace

ordered_json walk(const ordered_json& request) {
    Walker walker(request);
    const std::vector<Vector> points = points_of(request, walker.D());
    std::vector<Place> places;
    double most = request.value("largest", 0.0), steepest = most;
    for (const Vector& point : points) {
        places.push_back(walker.at(point));
        most = std::max(most, size(places.back().force));
        steepest = std::max({steepest, most, size(places.back().slopes)});
    }
    ordered_json value = ordered_json::array(), force = value, region = value, dcos = value,
                 jumps = value;
    for (const Place& place : places) {
        value.push_back(place.value);
        force.push_back(place.force);
        dcos.push_back(place.dcos);
        const bool pushed = most > 0 && size(place.force) >= kStill * most;
        region.push_back(!place.own ? "wrong" : pushed ? "margin" : "still");
    }
    const auto edges = request.at("edges").get<std::vector<std::pair<size_t, size_t>>>();
    for (size_t e = 0; e < edges.size(); ++e) {
        const auto [from, to] = edges[e];
        FACET_CHECK(std::max(from, to) < points.size(),
                    "explorer: edge {} joins points {} and {}, there are {}", e, from, to,
                    points.size());
        End a{points[from], places[from]}, b{points[to], places[to]};
        if (find_jump(walker, a, b, kLeast * steepest))
            jumps.push_back(jump_between(a, b, e, kLeast * steepest));
    }
    ordered_json reply = {{"value", value},
                          {"force", force},
                          {"region", region},
                          {"jumps", jumps},
                          {"largest", most}};
    if (request.value("classes", false)) reply["dcos"] = dcos;
    return reply;
}

}  // namespace facet::explorer
