#include "losses/proof/verify_compare.h"

#include "engine/random.h"
#include "losses/head/geometry.h"
#include "losses/proof/composition.h"
#include "losses/proof/numeric.h"

namespace facet::proof {
namespace {

void append(std::vector<double>& to, const std::vector<double>& more) {
    to.insert(to.end(), more.begin(), more.end());
}

std::vector<double> norms_of(const std::vector<double>& v, int64_t rows, int64_t D) {
    std::vector<double> norms(rows);
    vector_norms("array", v.data(), rows, D, norms.data());
    return norms;
}

void scale_rows(std::vector<double>& gradient, const std::vector<double>& v, int64_t rows,
                int64_t D) {
    const std::vector<double> norms = norms_of(v, rows, D);
    for (size_t at = 0; at < gradient.size(); ++at) {
        if (norms[at / D] > 0) gradient[at] *= norms[at / D];
    }
}

// dL/dc_ij -> -dL/dtheta_ij, which stays bounded where the cosine is +-1; nearer to that than kCone
// it is left to the gradients by the vectors. Returns the largest dL/dc_ij over j != y; 0 of none.
double by_angle(std::vector<double>& dcos, const Problem& p) {
    if (dcos.empty()) return 0;
    const std::vector<double> x_norm = norms_of(p.x, p.B, p.D), w_norm = norms_of(p.w, p.C, p.D);
    double gain = 0;
    for (int64_t i = 0; i < p.B; ++i) {
        for (int64_t j = 0; j < p.C; ++j) {
            double& g = dcos[i * p.C + j];
            if (j != p.y[i]) gain = std::max(gain, std::abs(g));
            const Angle angle = angle_between(p.x.data() + i * p.D, x_norm[i], p.w.data() + j * p.D,
                                              w_norm[j], p.D);
            g *= angle.sin > kCone ? angle.sin : 0;  // still NaN where it is not finite
        }
    }
    return gain;
}

void read_state(const State& state, Outcome& to) {
    for (const auto& array : state.arrays()) {
        append(to.state, array->value);
        if (array->learnable) append(to.dstate, array->gradient);
    }
}

// Evaluates in T, every output NaN before: one that is not written shows.
template <class T>
Outcome call(Loss& loss, const Problem& p, const HeadOptions& options) {
    const std::vector<T> x(p.x.begin(), p.x.end()), w(p.w.begin(), p.w.end());
    const bool proxies = loss.has_proxies(), cosines = proxies && loss.has_cosines();
    const T nan = std::numeric_limits<T>::quiet_NaN();
    std::vector<T> dx(x.size(), nan), dw(proxies ? w.size() : 0, nan),
        dcos(cosines ? p.B * p.C : 0, nan);
    HeadDiagnostics diagnostics;
    Outcome found;
    found.value = loss.forward_backward(
        {x.data(), proxies ? w.data() : nullptr, p.y.data(), p.B, proxies ? p.C : 0, p.D},
        {dx.data(), proxies ? dw.data() : nullptr, cosines ? dcos.data() : nullptr}, diagnostics,
        options);
    found.dx.assign(dx.begin(), dx.end());
    found.dw.assign(dw.begin(), dw.end());
    found.dcos.assign(dcos.begin(), dcos.end());
    read_state(loss.state(), found);
    return found;
}

bool has_composition(const std::string& loss) {
    try {
        composition_of(loss);
        return true;
    } catch (const UsageError&) {
        return false;
    }
}

bool is_exact(const Loss& loss) {
    for (const auto& [name, value] : loss.settings().all()) {
        if (name == "grad" && value == "detached") return false;
    }
    return loss.info().detached.empty();
}

Outcome from(const NumericGradient& numeric) {
    Outcome found;
    found.value = numeric.value;
    found.dx = numeric.dx;
    found.dw = numeric.dw;
    for (const auto& [name, gradient] : numeric.learned) append(found.dstate, gradient);
    return found;
}

}  // namespace

double largest(const std::vector<double>& v) {
    double most = 0;
    for (const double a : v) most = std::max(most, std::abs(a));
    return most;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
    if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
    double most = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        const double apart = std::abs(a[i] - b[i]);
        if (!std::isfinite(apart)) return std::numeric_limits<double>::infinity();
        most = std::max(most, apart);
    }
    return most;
}

double Outcome::gradient_size() const { return std::max(largest(dx), largest(dw)); }

Trial::Trial(const LossMaker& make, const Problem& problem) : make_(make), problem_(problem) {
    const auto loss = make();
    exact_mode_ = is_exact(*loss);
    composed_ = has_composition(loss->name());
    proxies_ = loss->has_proxies();
    cosines_ = proxies_ && loss->has_cosines();
}

// A loss as it is before the call that is judged.
std::unique_ptr<Loss> Trial::fresh() const {
    auto loss = make_();
    HeadDiagnostics diagnostics;
    for (int step = 0; step < problem_.steps_before; ++step) {
        const Problem other = random_problem(problem_.B, problem_.C, problem_.D, 100 + step);
        loss->forward_backward(other.batch(proxies_), {}, diagnostics);
    }
    for (const auto& [name, value] : problem_.state) {
        StateArray* array = loss->state().find(name);
        if (!array || (!array->value.empty() && array->value.size() != value.size())) continue;
        array->value = value;
        array->given = true;
    }
    return loss;
}

void Trial::scale(const Problem& p, Outcome& outcome) const {
    scale_rows(outcome.dx, p.x, p.B, p.D);
    if (proxies_) scale_rows(outcome.dw, p.w, p.C, p.D);
    outcome.gain = by_angle(outcome.dcos, p);
}

Outcome Trial::hand(const Problem& p, const HeadOptions& options) const {
    Outcome found = call<double>(*fresh(), p, options);
    scale(p, found);
    return found;
}

Outcome Trial::hand32(const Problem& p, const HeadOptions& options) const {
    Outcome found = call<float>(*fresh(), p, options);
    scale(p, found);
    return found;
}

Outcome Trial::tape(const Problem& p) const {
    const auto loss = fresh();
    const TapeGradient tape = tape_gradient(*loss, p.batch(proxies_));
    Outcome found;
    found.value = tape.value;
    found.dx = tape.dx;
    found.dw = tape.dw;
    if (cosines_) found.dcos = tape.dcos;
    read_state(loss->state(), found);
    scale(p, found);
    return found;
}

Outcome Trial::frozen(double step) const {
    Outcome found = from(frozen_gradient(*fresh(), problem_.batch(proxies_), step));
    scale(problem_, found);
    return found;
}

Outcome Trial::numeric(double step) const {
    Outcome found = from(numeric_gradient(*fresh(), problem_.batch(proxies_), step));
    scale(problem_, found);
    return found;
}

Problem Trial::displaced(double size, uint64_t seed) const {
    Problem p = problem_;
    const auto displace = [&](std::vector<double>& v, int64_t rows, uint64_t index) {
        Random random(seed, Purpose::Test, 1, index);
        const std::vector<double> norms = norms_of(v, rows, p.D);
        for (size_t at = 0; at < v.size(); ++at) v[at] += norms[at / p.D] * size * random.normal();
    };
    displace(p.x, p.B, 0);
    displace(p.w, p.C, 1);
    return p;
}

void Allowance::widen(const Outcome& a, const Outcome& b, double factor) {
    const auto widen = [factor](double& bound, double distance) {
        if (std::isfinite(distance)) bound += factor * distance;
    };
    widen(value, std::abs(a.value - b.value));
    widen(gradient, std::max(distance(a.dx, b.dx), distance(a.dw, b.dw)));
    widen(dcos, distance(a.dcos, b.dcos));
    widen(dstate, distance(a.dstate, b.dstate));
    widen(state, distance(a.state, b.state));
}

Allowance rounding(const Outcome& hand, double agreement, double cancellation, double smallest) {
    const double size = hand.gradient_size(), terms = hand.gain + size;
    return {.value = agreement * std::abs(hand.value) + cancellation * terms + smallest,
            .gradient = agreement * size + cancellation * terms + smallest,
            .dcos = agreement * largest(hand.dcos) + smallest,
            .dstate = agreement * largest(hand.dstate) + cancellation * terms + smallest,
            .state = agreement * largest(hand.state)};
}

Worst worst(const Outcome& hand, const Outcome& found, const Allowance& allowed) {
    Worst most;
    double ratio = -1;
    const auto compare = [&](const char* what, double distance, double bound, double size) {
        constexpr double infinite = std::numeric_limits<double>::infinity();
        // What is not finite is beyond every bound, and nothing takes its place.
        const bool finite = std::isfinite(distance) && std::isfinite(bound);
        const double of_bound = !finite ? infinite : distance == 0 ? 0 : distance / bound;
        if (of_bound <= ratio) return;
        ratio = of_bound;
        const double unit = size > 0 ? size : 1;
        most = finite ? Worst{what, distance / unit, bound / unit} : Worst{what, infinite, 0};
    };
    const double size = hand.gradient_size();
    compare("value", distance({hand.value}, {found.value}), allowed.value, std::abs(hand.value));
    compare("gradient", std::max(distance(hand.dx, found.dx), distance(hand.dw, found.dw)),
            allowed.gradient, size);
    if (!found.dcos.empty())
        compare("dcos", distance(hand.dcos, found.dcos), allowed.dcos, largest(hand.dcos));
    if (!found.dstate.empty() || !hand.dstate.empty())
        compare("gradient of the state", distance(hand.dstate, found.dstate), allowed.dstate,
                largest(hand.dstate));
    if (!found.state.empty())
        compare("state", distance(hand.state, found.state), allowed.state, largest(hand.state));
    return most;
}

double slope(const Problem& at, const Outcome& outcome, const std::vector<double>& x_move,
             const std::vector<double>& w_move) {
    const auto along = [&](const std::vector<double>& gradient, const std::vector<double>& v,
                           const std::vector<double>& move, int64_t rows) {
        const std::vector<double> norms = norms_of(v, rows, at.D);
        double sum = 0;
        for (size_t i = 0; i < gradient.size(); ++i) {
            const double norm = norms[i / at.D];
            sum += gradient[i] / (norm > 0 ? norm : 1) * move[i];
        }
        return sum;
    };
    return along(outcome.dx, at.x, x_move, at.B) + along(outcome.dw, at.w, w_move, at.C);
}

}  // namespace facet::proof
