#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct Softmax : SoftmaxForm<T, Softmax<T>> {
    static constexpr LossPage page{
        .name = "softmax",
        .paper = "cross-entropy of a linear classifier",
        .group = LossGroup::margins,
        .what = "Softmax cross-entropy on raw vectors, with a bias per class.",
        .formula = "z_j = <x, w_j> + b_j,   L = -log softmax(z)_y   (raw vectors)",
        .gradient = R"(
dz_j = p_j - [j = y],   dx = sum_j dz_j w_j,   dw_j = sum_i dz_ij x_i,   db_j = sum_i dz_ij)",
        .why = R"(
Derivation: L = log sum_k e^{z_k} - z_y, and z_j is linear in x, w_j and b_j. Nothing is
normalised, so vectors have a gradient along themselves: lengths grow while samples are right.)",
        .state = "b (C), learned, starts at 0"};

    static constexpr bool normalised = false;

    StateArray* bias = ask().flag("bias", true, "learn one bias per class")
                           ? &ask().state().declare("b", false, true)
                           : nullptr;
    const double* b = nullptr;  // (C)

    void prepare(int64_t C) {
        if (bias && bias->value.empty()) bias->value.assign(C, 0.0);
    }
    void open(const Batch<T>& batch) {
        if (!bias) return;
        FACET_CHECK(int64_t(bias->value.size()) == batch.C,
                    "softmax: state b has {} values, expected C = {}", bias->value.size(), batch.C);
        b = bias->value.data();
    }
    StateArray* per_class() const { return bias; }
    Softmax kernel_form(const double* numbers) const {
        Softmax form = *this;
        form.b = numbers;
        return form;
    }

    TargetLogit<T> target(const Target<T>& y) const {
        return {y.cos + (b && y.y >= 0 ? T(b[y.y]) : T(0)), 1, 0};
    }
    FACET_HD T logit(const SoftmaxRow<T>&, T product, int64_t j) const {
        return b ? product + T(b[j]) : product;
    }
    FACET_HD T slope(const SoftmaxRow<T>&, T, int64_t) const { return 1; }
};
FACET_LOSS(softmax, ClassLoss<Softmax>);

}  // namespace facet
