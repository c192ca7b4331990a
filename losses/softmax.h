// Softmax cross-entropy on raw vectors, with a bias per class.
//
//   z_j = <x, w_j> + b_j,   L = -log softmax(z)_y
//   dL/dz_j = p_j - [j = y],   dx = sum_j dL/dz_j w_j,   dw_j = sum_i dL/dz_ij x_i,
//   db_j = sum_i dL/dz_ij.   b starts at 0 and is learned.
//
// Derivation: L = log sum_k e^{z_k} - z_y, and z_j is linear in x, w_j and b_j. Nothing is
// normalised, so vectors have a gradient along themselves: lengths grow while samples are right.
#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/settings.h"
#include "losses/head/softmax_form.h"
#include "losses/head/state.h"

namespace facet {

template <class T>
struct Softmax : SoftmaxForm<T, Softmax<T>> {
    using Row = SoftmaxRow<T>;
    static constexpr bool normalised = false;

    StateArray* bias = nullptr;  // b (C); nullptr without bias
    const double* b = nullptr;

    Softmax(const Settings& p, State& state) {
        if (p.flag("bias")) bias = &state.declare("b", false, true);
    }

    void prepare(std::int64_t C) {
        if (bias && bias->value.empty()) bias->value.assign(C, 0.0);
    }
    void open(const Batch<T>& batch) {
        if (!bias) return;
        FACET_CHECK(std::int64_t(bias->value.size()) == batch.C,
                    "softmax: state b has {} values, expected C = {}", bias->value.size(), batch.C);
        b = bias->value.data();
    }
    StateArray* per_class() const { return bias; }
    Softmax on_device(const double* numbers) const {
        Softmax form = *this;
        form.b = numbers;
        return form;
    }

    Row begin(const Target<T>& y) const {
        Row row;
        const T shift = b && y.y >= 0 ? T(b[y.y]) : T(0);
        row.target = {y.cos + shift, 1, 0};
        return row;
    }
    FACET_HD T logit(const Row&, T product, std::int64_t j) const {
        return b ? product + T(b[j]) : product;
    }
    FACET_HD T slope(const Row&, T, std::int64_t) const { return 1; }

    static LossInfo info() {
        return {.name = "softmax",
                .paper = "cross-entropy of a linear classifier",
                .formula = "z_j = <x, w_j> + b_j, L = -log softmax(z)_y (raw vectors)",
                .gradient = "dL/dz_j = p_j - [j=y]; db_j = sum_i dL/dz_ij",
                .parameters = {flag("bias", "true", "learn one bias per class")},
                .state = "b (C), learned, starts at 0"};
    }
};

inline const Registered<ClassLoss<Softmax>> registered_softmax;

}  // namespace facet
