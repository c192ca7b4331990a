#include "losses/composition.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "losses/compositions.h"

namespace facet {
namespace {

// Rows of length 1; the gradient of a zero row is 0. A row is first scaled by a power of two, which
// is exact, so that no square overflows or vanishes.
Expr unit_rows_of(const Expr& x) {
    const std::int64_t B = x.value().size(0), D = x.value().size(1);
    const std::vector<double> values = x.value().to_doubles();
    std::vector<double> scales(B, 0.0);
    for (std::int64_t i = 0; i < B; ++i) {
        double largest = 0;
        for (std::int64_t d = 0; d < D; ++d)
            largest = std::max(largest, std::abs(values[i * D + d]));
        if (largest >= shortest_norm<double>()) scales[i] = std::ldexp(1.0, -std::ilogb(largest));
    }
    const Tensor scale = Tensor::from(x.value().device(), {B}, scales);
    return unit_rows(x * columns(x.constant(scale), D));
}

}  // namespace

Composer::Composer(const Settings& settings, State& state, Expr x, Expr w, Indices labels)
    : settings(settings),
      labels(std::move(labels)),
      x(std::move(x)),
      w(std::move(w)),
      state_(state),
      by_product_(std::make_shared<Tensor>()),
      by_sine_(std::make_shared<Tensor>()) {}

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

Expr Composer::target_cosine() { return pick(cosines(), labels); }

Expr Composer::target_sine() {
    if (sine_.defined()) return sine_;
    const Expr a = unit_features(), b = take_rows(unit_proxies(), labels);
    const auto square = [](const Expr& v) { return row_sums(v * v); };
    const Expr sine = 0.5 * (sqrt(square(a - b)) * sqrt(square(a + b)));
    const Expr off_cone = greater(sine, 4 * std::numeric_limits<double>::epsilon());
    const Expr zero_vector = 1 - greater(square(a) * square(b), 0);
    const Expr defined = off_cone * sine;
    sine_ = select(zero_vector, affine(defined, 0, 1), defined);
    sine_ = observe(sine_, by_sine_);
    return sine_;
}

Expr Composer::target_angle() { return atan2(target_sine(), target_cosine()); }

Expr Composer::others() { return all_but(cosines(), labels); }

Expr Composer::learned(const char* name, std::int64_t size, double start) {
    StateArray& array = state_.declare(name, false, true);
    if (array.value.empty()) array.value.assign(size, start);
    FACET_CHECK(std::int64_t(array.value.size()) == size,
                "loss state: {} has {} values, expected {}", name, array.value.size(), size);
    const Var leaf = x.tape->variable(Tensor::from(x.value().device(), {size}, array.value), name);
    learned_.emplace_back(&array, leaf);
    return {x.tape, leaf};
}

Expr Composer::mean(const Expr& rows) {
    std::vector<double> weights;
    for (const std::int64_t y : labels) weights.push_back(y >= 0 ? 1 : 0);
    const auto counted = double(std::count(weights.begin(), weights.end(), 1.0));
    for (double& weight : weights) weight /= std::max(counted, 1.0);
    const Shape shape{std::int64_t(weights.size())};
    return sum(rows.constant(Tensor::from(rows.value().device(), shape, weights)) * rows);
}

// -log p_y = log(1 + sum_{j != y} e^{z_j} / e^{z_y})
Expr Composer::cross_entropy(const Expr& target, const Expr& logits) {
    return mean(softplus(log_sum_exp(logits, all_but(logits, labels)) - target));
}

std::vector<double> Composer::cosine_gradient() {
    const Expr& used = cosines_.defined() ? cosines_ : products_;
    if (!used.defined()) return {};
    std::vector<double> gradient(used.value().count(), 0.0);
    if (by_product_->defined()) gradient = by_product_->to_doubles();
    if (!by_sine_->defined()) return gradient;
    // The sine is a function of the cosine: d sin / d cos = -cos / sin.
    const std::vector<double> slope = by_sine_->to_doubles(), sine = sine_.value().to_doubles(),
                              cosine = cosines_.value().to_doubles();
    const auto C = std::int64_t(gradient.size() / labels.size());
    for (size_t i = 0; i < labels.size(); ++i) {
        const std::int64_t at = std::int64_t(i) * C + labels[i];
        if (labels[i] >= 0 && sine[i] > 0) gradient[at] -= slope[i] * cosine[at] / sine[i];
    }
    return gradient;
}

void Composer::store_learned_gradients() {
    for (const auto& [array, leaf] : learned_) {
        array->gradient = leaf->has_grad() ? leaf->grad.to_doubles()
                                           : std::vector<double>(array->value.size(), 0.0);
    }
}

Composition composition_of(const std::string& loss) {
    for (const composed::Named& entry : composed::kAll) {
        if (entry.loss == loss) return entry.composition;
    }
    throw UsageError(fmt::format("loss {}: it has no composition for the tape", loss),
                     "the methods analytic and numeric are available");
}

namespace {

void check_batch(const HeadBatch<double>& batch) {
    const auto finite = [&](const char* what, const double* v, std::int64_t rows) {
        std::vector<double> norms(rows);
        vector_norms(what, v, rows, batch.D, norms.data());  // throws
    };
    finite("embeddings", batch.x, batch.B);
    if (!batch.w) return;
    finite("proxies", batch.w, batch.C);
    for (std::int64_t i = 0; i < batch.B; ++i) {
        FACET_CHECK(batch.y[i] >= -1 && batch.y[i] < batch.C,
                    "labels: row {} has class {}, expected -1 (ignored) or 0 to {}", i, batch.y[i],
                    batch.C - 1);
    }
}

Var leaf(Tape& tape, const double* values, std::int64_t rows, std::int64_t D, const char* name) {
    const std::span<const double> all(values, size_t(rows * D));
    return tape.variable(Tensor::from(reference_device(), {rows, D}, all), name);
}

std::vector<double> gradient_of(const Var& leaf) {
    if (leaf->has_grad()) return leaf->grad.to_doubles();
    return std::vector<double>(leaf->value.count(), 0.0);
}

// The leaves of one call and the value composed of them.
struct Evaluation {
    Evaluation(Tape& tape, Loss& loss, const HeadBatch<double>& batch, Composition composition)
        : x(leaf(tape, batch.x, batch.B, batch.D, "x")),
          w(batch.w ? leaf(tape, batch.w, batch.C, batch.D, "w") : nullptr),
          composer(loss.settings(), loss.state(), {&tape, x}, {&tape, w},
                   Indices(batch.y, batch.y + batch.B)),
          value(composition(composer)) {}

    Var x, w;
    Composer composer;
    Expr value;
};

}  // namespace

TapeGradient tape_gradient(Loss& loss, const HeadBatch<double>& batch, Composition composition) {
    check_batch(batch);
    Tape tape;
    Evaluation at(tape, loss, batch, composition);
    tape.backward(at.value.var, Tensor::full(reference_device(), {1}, 1));
    at.composer.store_learned_gradients();
    return {at.value.value().item(), gradient_of(at.x),
            at.w ? gradient_of(at.w) : std::vector<double>(), at.composer.cosine_gradient()};
}

TapeGradient tape_gradient(Loss& loss, const HeadBatch<double>& batch) {
    return tape_gradient(loss, batch, composition_of(loss.name()));
}

double composed_value(Loss& loss, const HeadBatch<double>& batch, Composition composition,
                      HeldConstants& held) {
    check_batch(batch);
    Tape tape(false, &held);
    return Evaluation(tape, loss, batch, composition).value.value().item();
}

}  // namespace facet
