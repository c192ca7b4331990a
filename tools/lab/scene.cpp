#include "tools/lab/scene.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

namespace facet::atlas {
namespace {

// Axes of a probe: the sample, its class, the hard negative, then the rest.
constexpr int64_t kTarget = 1, kNegative = 2, kRest = 3;

const std::map<std::string, Typical>& known_typicals() {
    static const std::map<std::string, Typical> known = {
        {"softmax", {.length = 16}},
        // lam has fallen to lam_min.
        {"sphereface", {.length = 10, .state = {{"it", 1e5}}}},
        // The mean norm: neither a good nor a bad picture.
        {"adaface", {.length = 20}},
        {"magface", {.length = 60}},
        {"curricularface", {.state = {{"t", 0.3}}}},
        {"unpg", {.length = 60, .companion = 70}},
        {"npair", {.length = 5}},
    };
    return known;
}

}  // namespace

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

std::string Typical::text() const {
    std::string all;
    const auto add = [&](std::string part) { all += (all.empty() ? "" : ", ") + part; };
    if (length != 1) add(fmt::format("|x| = {}", length));
    for (const auto& [name, value] : state) add(fmt::format("{} = {}", name, value));
    return all;
}

Typical typical(const LossSpec& spec) {
    const auto found = known_typicals().find(spec.name);
    Typical as_trained = found == known_typicals().end() ? Typical() : found->second;
    for (const auto& [name, value] : spec.state) {
        for (auto& entry : as_trained.state) {
            if (entry.first == name) entry.second = value;
        }
    }
    return as_trained;
}

Trial::Trial(const LossSpec& spec) : loss_(spec.make()) {
    for (const auto& [name, value] : typical(spec).state) {
        loss_->state().find(name)->value = {value};
    }
    before_ = loss_->state().save();
}

double Trial::evaluate(bool want_cosines) {
    const int64_t B = int64_t(y.size()), C = int64_t(w.size()) / D;
    dx.resize(x.size());
    dcos.resize(want_cosines ? size_t(B * C) : 0);
    loss_->state().restore(before_);
    // A loss that draws margins is shown with their mean.
    if (StateArray* margins = loss_->state().find("E")) {
        margins->value.assign(size_t(B), loss_->settings().number("m"));
        margins->given = true;
    }
    return loss_->forward_backward({x.data(), w.empty() ? nullptr : w.data(), y.data(), B, C, D},
                                   {dx.data(), nullptr, want_cosines ? dcos.data() : nullptr},
                                   diagnostics_);
}

void put(double* v, int64_t D, double length, double angle, int64_t to) {
    std::fill(v, v + D, 0.0);
    v[0] = length * std::cos(angle);
    v[to] += length * std::sin(angle);
}

Probe::Probe(const LossSpec& spec, int64_t rest)
    : trial_(spec), typical_(typical(spec)), rest_(rest) {
    Trial& t = trial_;
    if (t.proxies()) {
        t.D = kRest + 2;  // all of the rest share an axis; the last is the companion's
        t.w.resize(size_t((2 + rest) * t.D));
        t.y = {0};
        if (typical_.companion > 0) t.y.push_back(1);
        for (int64_t j = 2; j < 2 + rest; ++j) {
            put(&t.w[size_t(j * t.D)], t.D, 1, radians(90), kRest);
        }
    } else {
        t.D = kRest + rest;
        t.y = {0, 0};
        for (int64_t j = 1; j < 2 + rest; ++j) t.y.insert(t.y.end(), 2, j);
    }
    t.x.resize(t.y.size() * size_t(t.D));
}

void Probe::place(double theta_y, double theta_j, double length) {
    Trial& t = trial_;
    const auto row = [&](std::vector<double>& of, int64_t i) { return &of[size_t(i * t.D)]; };
    put(row(t.x, 0), t.D, length, 0, kTarget);
    if (t.proxies()) {
        put(row(t.w, 0), t.D, 1, theta_y, kTarget);
        put(row(t.w, 1), t.D, 1, theta_j, kNegative);
        if (typical_.companion > 0) {
            put(row(t.x, 1), t.D, length, radians(typical_.companion), t.D - 1);
        }
        return;
    }
    put(row(t.x, 1), t.D, length, theta_y, kTarget);
    for (int64_t i = 2; i < int64_t(t.y.size()); ++i) {
        const int64_t other = t.y[size_t(i)] - 1;  // 0: the hard negative
        put(row(t.x, i), t.D, length, other == 0 ? theta_j : radians(90), kNegative + other);
    }
}

Reading Probe::at(double theta_y, double theta_j) {
    place(theta_y, theta_j, typical_.length);
    Reading reading;
    reading.value = trial_.evaluate();
    reading.target = -typical_.length * trial_.dx[kTarget];
    reading.negative = typical_.length * trial_.dx[kNegative] / std::sin(theta_j);
    // Plain zeros, not -0.
    reading.target += 0.0;
    reading.negative += 0.0;
    return reading;
}

double Probe::gradient_norm(double theta_y, double theta_j, double factor) {
    place(theta_y, theta_j, typical_.length * factor);
    trial_.evaluate();
    double sum = 0;
    for (int64_t k = 0; k < trial_.D; ++k) sum += trial_.dx[size_t(k)] * trial_.dx[size_t(k)];
    return std::sqrt(sum);
}

std::string Probe::scene() const {
    std::string text;
    if (trial_.proxies()) {
        text = fmt::format(
            "One sample; the proxy of its class at θy, one other proxy at θj, {} more at 90°.",
            rest_);
    } else {
        text = fmt::format(
            "A batch: the sample, a second one of its class at θy, two equal ones of another class "
            "at θj, two of each of {} more classes at 90°.",
            rest_);
    }
    if (typical_.companion > 0) {
        text +=
            fmt::format(" A second sample, of the other class, stands at {}°.", typical_.companion);
    }
    const std::string special = typical_.text();
    return special.empty() ? text : text + " With " + special + ".";
}

}  // namespace facet::atlas
