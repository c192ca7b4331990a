#include "losses/proof/composition.h"

#include "losses/head/geometry.h"
#include "losses/proof/compositions.h"

namespace facet {

Composition composition_of(const std::string& loss) {
    for (const composed::Named& entry : composed::kAll) {
        if (entry.loss == loss) return entry.composition;
    }
    throw UsageError(fmt::format("loss {}: it has no composition for the tape", loss),
                     "the methods analytic and numeric are available");
}

namespace {

// `compat` reproduces what some released code does instead of the formula.
void check_settings(const Loss& loss) {
    const Settings& settings = loss.settings();
    if (!settings.declares("compat") || settings.is("compat", "none")) return;
    throw UsageError(
        fmt::format("loss {}: no composition for compat={}", loss.name(), settings.text("compat")),
        "the methods analytic and numeric are available");
}

void check_batch(const HeadBatch<double>& batch) {
    const auto finite = [&](const char* what, const double* v, int64_t rows) {
        std::vector<double> norms(rows);
        vector_norms(what, v, rows, batch.D, norms.data());  // throws
    };
    finite("embeddings", batch.x, batch.B);
    if (!batch.w) return;
    finite("proxies", batch.w, batch.C);
    for (int64_t i = 0; i < batch.B; ++i) {
        FACET_CHECK(batch.y[i] >= -1 && batch.y[i] < batch.C,
                    "labels: row {} has class {}, expected -1 (ignored) or 0 to {}", i, batch.y[i],
                    batch.C - 1);
    }
}

Var leaf(Tape& tape, const double* values, int64_t rows, int64_t D, const char* name) {
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
    check_settings(loss);
    check_batch(batch);
    Tape tape;
    Evaluation at(tape, loss, batch, composition);
    tape.backward(at.value.var, Tensor::full(reference_device(), {1}, 1));
    at.composer.store_learned_gradients();
    loss.state().end_call();
    std::vector<double> dcos;
    if (loss.has_cosines()) dcos = at.composer.cosine_gradient();
    return {at.value.value().item(), gradient_of(at.x),
            at.w ? gradient_of(at.w) : std::vector<double>(), dcos};
}

TapeGradient tape_gradient(Loss& loss, const HeadBatch<double>& batch) {
    return tape_gradient(loss, batch, composition_of(loss.name()));
}

double composed_value(Loss& loss, const HeadBatch<double>& batch, Composition composition,
                      HeldConstants& held) {
    check_settings(loss);
    check_batch(batch);
    const Holding holding(held);
    Tape tape(false);
    const double value = Evaluation(tape, loss, batch, composition).value.value().item();
    loss.state().end_call();
    return value;
}

}  // namespace facet
