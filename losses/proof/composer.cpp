#include "losses/proof/composer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "losses/head/geometry.h"

namespace facet {
namespace {

Expr vector_of(const Expr& like, const std::vector<double>& values) {
    const Shape shape{int64_t(values.size())};
    return like.constant(Tensor::from(like.value().device(), shape, values));
}

// A power of two for every row that brings its largest element near 1: scaling by it is exact, and
// no square overflows or vanishes. 0 for a row that counts as a zero vector.
std::vector<double> row_scales(const Expr& x) {
    const int64_t B = x.value().size(0), D = x.value().size(1);
    const std::vector<double> values = x.value().to_doubles();
    std::vector<double> scales(B, 0.0);
    for (int64_t i = 0; i < B; ++i) {
        double largest = 0;
        for (int64_t d = 0; d < D; ++d) largest = std::max(largest, std::abs(values[i * D + d]));
        if (largest >= shortest_norm<double>()) scales[i] = std::ldexp(1.0, -std::ilogb(largest));
    }
    return scales;
}

// Rows of length 1; the gradient of a zero row is 0.
Expr unit_rows_of(const Expr& x) {
    return unit_rows(x * columns(vector_of(x, row_scales(x)), x.value().size(1)));
}

Expr square_lengths(const Expr& v) { return row_sums(v * v); }

}  // namespace

Composer::Composer(const Settings& settings, State& state, Expr x, Expr w, Indices labels)
    : settings(settings),
      labels(std::move(labels)),
      x(std::move(x)),
      w(std::move(w)),
      state_(state),
      by_product_(std::make_shared<Tensor>()) {
    for (int64_t i = 0; i < int64_t(this->labels.size()); ++i) {
        if (this->labels[i] >= 0) counted_.push_back(i);
    }
}

Expr Composer::counts() {
    std::vector<double> ones(labels.size(), 0.0);
    for (const int64_t i : counted_) ones[i] = 1;
    return vector_of(x, ones);
}

// --- features against proxies ---

Expr Composer::unit_features() {
    if (!unit_x_.defined()) unit_x_ = unit_rows_of(x);
    return unit_x_;
}

Expr Composer::unit_proxies() {
    if (!unit_w_.defined()) unit_w_ = unit_rows_of(w);
    return unit_w_;
}

Expr Composer::cosines() {
    if (!cosines_.defined()) {
        const Expr raw = matmul_transposed(unit_features(), unit_proxies());
        cosines_ = observe(straight_through(clamp(raw, -1, 1), raw), by_product_);
    }
    return cosines_;
}

Expr Composer::products() {
    if (!products_.defined()) products_ = observe(matmul_transposed(x, w), by_product_);
    return products_;
}

// sin(theta) of row rows[k] and class classes[k], -1: none. |a - b| |a + b| / 2 keeps digits where
// the cosine is within rounding of +-1.
Expr Composer::sines(const Indices& rows, const Indices& classes) {
    const Expr a = take_rows(unit_features(), rows), b = take_rows(unit_proxies(), classes);
    const Expr sine = 0.5 * (sqrt(square_lengths(a - b)) * sqrt(square_lengths(a + b)));
    const Expr off_cone = greater(sine, 4 * std::numeric_limits<double>::epsilon());
    const Expr zero_vector = 1 - greater(square_lengths(a) * square_lengths(b), 0);
    const Expr defined = off_cone * sine;
    Sines made{select(zero_vector, filled(defined, 1), defined), {}, std::make_shared<Tensor>()};
    for (size_t k = 0; k < rows.size(); ++k)
        made.at.push_back(classes[k] < 0 ? -1 : rows[k] * C() + classes[k]);
    made.value = observe(made.value, made.gradient);
    sines_.push_back(made);
    return made.value;
}

Expr Composer::target_cosine() { return pick(cosines(), labels); }

Expr Composer::target_angle() {
    if (!target_angle_.defined()) {
        Indices rows;
        for (int64_t i = 0; i < B(); ++i) rows.push_back(i);
        target_angle_ = atan2(sines(rows, labels), target_cosine());
    }
    return target_angle_;
}

Expr Composer::angles() {
    if (!angles_.defined()) {
        Indices rows, classes;
        for (int64_t at = 0; at < B() * C(); ++at) {
            rows.push_back(at / C());
            classes.push_back(at % C());
        }
        angles_ = atan2(reshape(sines(rows, classes), {B(), C()}), cosines());
    }
    return angles_;
}

Expr Composer::others() { return all_but(cosines(), labels); }

Expr Composer::norms() {
    std::vector<double> scales = row_scales(x);
    const Expr scaled = x * columns(vector_of(x, scales), x.value().size(1));
    for (double& scale : scales) scale = scale > 0 ? 1 / scale : 0;
    return vector_of(x, scales) * sqrt(square_lengths(scaled));
}

// --- features against features ---

Expr Composer::similarities() {
    if (!similarities_.defined()) {
        const Expr raw = matmul_transposed(unit_features(), unit_features());
        similarities_ = straight_through(clamp(raw, -1, 1), raw);
    }
    return similarities_;
}

Expr Composer::pair_mask(bool same_class) {
    std::vector<double> mask(B() * B(), 0.0);
    for (const int64_t u : counted_) {
        for (const int64_t v : counted_)
            mask[u * B() + v] = u != v && (labels[u] == labels[v]) == same_class;
    }
    return x.constant(Tensor::from(x.value().device(), {B(), B()}, mask));
}

Expr Composer::positives() { return pair_mask(true); }
Expr Composer::negatives() { return pair_mask(false); }

namespace {

// |v_i - v_j|^2, (B, B)
Expr square_distances_of(const Expr& v) {
    const int64_t B = v.value().size(0);
    Indices first, second;
    for (int64_t at = 0; at < B * B; ++at) {
        first.push_back(at / B);
        second.push_back(at % B);
    }
    return reshape(square_lengths(take_rows(v, first) - take_rows(v, second)), {B, B});
}

}  // namespace

Expr Composer::square_distances() { return square_distances_of(x); }

// 2 - 2 <a, b> = |a - b|^2 + (1 - |a|^2) + (1 - |b|^2), whose last terms are 1 for a zero vector.
Expr Composer::unit_square_distances() {
    const Expr unit = unit_features();
    const Expr missing = columns(1 - greater(square_lengths(unit), 0.5), B());
    return square_distances_of(unit) + (missing + transposed(missing));
}

// --- the state ---

StateArray& Composer::array(const char* name, bool scalar) {
    return state_.declare(name, scalar, false);
}

double& Composer::number(const char* name, double start) {
    StateArray& state = array(name, true);
    if (state.value.empty()) state.value = {start};
    return state.value.front();
}

Expr Composer::leaf(StateArray& array, int64_t size, double start) {
    if (array.value.empty()) array.value.assign(size, start);
    FACET_CHECK(int64_t(array.value.size()) == size, "loss state: {} has {} values, expected {}",
                array.name, array.value.size(), size);
    const Tensor value = Tensor::from(x.value().device(), {size}, array.value);
    learned_.emplace_back(&array, x.tape->variable(value, array.name));
    return {x.tape, learned_.back().second};
}

Expr Composer::learned(const char* name, int64_t size, double start) {
    return leaf(state_.declare(name, false, true), size, start);
}

Expr Composer::learned_number(const char* name, double start) {
    return leaf(state_.declare(name, true, true), 1, start);
}

void Composer::note_pairs(const Expr& usable) { note_pairs(sum(usable).value().item() > 0); }

void Composer::note_pairs(bool any) { number("no_pairs", 0) += any ? 0 : 1; }

Indices Composer::held(const Indices& choice) const {
    const std::vector<double> numbers(choice.begin(), choice.end());
    const std::vector<double> values = vector_of(x, numbers).value().to_doubles();
    return Indices(values.begin(), values.end());
}

// --- how a value ends ---

Expr Composer::mean(const Expr& rows) {
    return (1 / std::max(double(counted_.size()), 1.0)) * sum(counts() * rows);
}

// (1 - p_y) / p_y = sum_j e^{z_j} / e^{z_y}
Expr Composer::odds_against(const Expr& target, const Expr& logits, const Expr& rivals) {
    return log_sum_exp(logits, rivals) - target;
}

Expr Composer::odds_against(const Expr& target, const Expr& logits) {
    return odds_against(target, logits, all_but(logits, labels));
}

Expr Composer::cross_entropy(const Expr& target, const Expr& logits) {
    return mean(softplus(odds_against(target, logits)));
}

Expr Composer::zero() { return x.constant(Tensor::full(x.value().device(), {1}, 0)); }

// --- after backward() ---

std::vector<double> Composer::cosine_gradient() {
    const Expr& used = cosines_.defined() ? cosines_ : products_;
    std::vector<double> gradient(B() * C(), 0.0);
    if (!used.defined()) return gradient;
    if (by_product_->defined()) gradient = by_product_->to_doubles();
    for (const Sines& sines : sines_) {
        if (!sines.gradient->defined()) continue;
        // A sine is a function of its cosine: d sin / d cos = -cos / sin.
        const std::vector<double> slope = sines.gradient->to_doubles(),
                                  sine = sines.value.value().to_doubles(),
                                  cosine = cosines_.value().to_doubles();
        for (size_t k = 0; k < sine.size(); ++k) {
            const int64_t at = sines.at[k];
            if (at >= 0 && sine[k] > 0) gradient[at] -= slope[k] * cosine[at] / sine[k];
        }
    }
    return gradient;
}

void Composer::store_learned_gradients() {
    for (const auto& [array, leaf] : learned_) {
        array->gradient = leaf->has_grad() ? leaf->grad.to_doubles()
                                           : std::vector<double>(array->value.size(), 0.0);
    }
}

}  // namespace facet
