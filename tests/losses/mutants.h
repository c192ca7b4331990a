// Losses whose gradient is deliberately wrong in a way that a derivation may go wrong.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "losses/head/loss.h"

namespace facet::testing {

enum class Slip {
    none,
    // of dL/dc_ij, multiplied back to the vectors; losses with cosines
    target_sign,       // the target's term with the wrong sign
    target_dropped,    // the target's term is missing
    negatives_scaled,  // the others' slope lacks a factor
    // of the vectors' gradients; every loss
    projection_dropped,  // through the normalisation without the projection
    norm_dropped,        // the part along x is missing
    row_sign,            // one sample's gradient with the wrong sign
    row_dropped,         // one sample's gradient is missing
    class_dropped,       // one class's row of dw is missing
    mean_dropped,        // the sum over the batch in place of the mean
};
inline constexpr Slip kSlips[] = {
    Slip::target_sign,  Slip::target_dropped, Slip::negatives_scaled,
    Slip::norm_dropped, Slip::row_sign,       Slip::projection_dropped,
    Slip::row_dropped,  Slip::class_dropped,  Slip::mean_dropped};

inline const char* name(Slip slip) {
    constexpr const char* names[] = {
        "none",         "target sign", "target dropped", "negatives",     "projection",
        "norm dropped", "row sign",    "row dropped",    "class dropped", "mean dropped"};
    return names[int(slip)];
}

// Gradients of one call in the hands of a slip.
template <class T>
struct Corruption {
    const HeadBatch<T>& in;
    std::vector<T>&dx, &dw, &dcos;  // dw, dcos empty where the loss has none

    void apply(Slip slip) {
        const auto [x, w, y, B, C, D] = in;
        for (int64_t i = 0; i < B && !dcos.empty(); ++i) {
            for (int64_t j = 0; j < C; ++j) {
                const T g = dcos[i * C + j];
                if (j == y[i] && slip == Slip::target_sign) change(i, j, -2 * g);
                if (j == y[i] && slip == Slip::target_dropped) change(i, j, -g);
                if (j != y[i] && slip == Slip::negatives_scaled) change(i, j, -g / 2);
            }
        }
        if (slip == Slip::projection_dropped) restore_radial_part();
        if (slip == Slip::norm_dropped) drop_radial_part();
        if (slip == Slip::row_sign) scale(dx.data(), D, -1);
        if (slip == Slip::row_dropped) scale(dx.data(), D, 0);
        if (slip == Slip::class_dropped && !dw.empty()) scale(dw.data(), D, 0);
        if (slip == Slip::mean_dropped) {
            scale(dx.data(), B * D, T(B));
            scale(dw.data(), int64_t(dw.size()), T(B));
        }
    }

private:
    static void scale(T* v, int64_t n, T factor) {
        for (int64_t at = 0; at < n; ++at) v[at] *= factor;
    }
    double product(const T* a, const T* b) const {
        double sum = 0;
        for (int64_t d = 0; d < in.D; ++d) sum += double(a[d]) * double(b[d]);
        return sum;
    }
    double norm(const T* a) const { return std::sqrt(product(a, a)); }

    // dL/dc_ij += change, carried on to x_i and w_j: d c/d x = (wh - c xh) / |x|.
    void change(int64_t i, int64_t j, T by) {
        const T *x = in.x + i * in.D, *w = in.w + j * in.D;
        const double a = norm(x), b = norm(w), c = product(x, w) / (a * b);
        dcos[i * in.C + j] += by;
        for (int64_t d = 0; d < in.D; ++d) {
            dx[i * in.D + d] += T(by * (w[d] / b - c * x[d] / a) / a);
            dw[j * in.D + d] += T(by * (x[d] / a - c * w[d] / b) / b);
        }
    }

    // What a projection takes away: <dxh, xh> xh with dxh = G wh. Without cosines some part along x
    // of the gradient's length.
    void restore_radial_part() {
        for (int64_t i = 0; i < in.B; ++i) {
            const T* x = in.x + i * in.D;
            double radial = dcos.empty() ? norm(dx.data() + i * in.D) * norm(x) : 0;
            for (int64_t j = 0; j < in.C && !dcos.empty(); ++j) {
                const T* w = in.w + j * in.D;
                radial += dcos[i * in.C + j] * product(x, w) / (norm(x) * norm(w));
            }
            for (int64_t d = 0; d < in.D; ++d) dx[i * in.D + d] += T(radial * x[d] / product(x, x));
        }
    }
    void drop_radial_part() {
        for (int64_t i = 0; i < in.B; ++i) {
            const T* x = in.x + i * in.D;
            const double along = product(x, dx.data() + i * in.D) / product(x, x);
            for (int64_t d = 0; d < in.D; ++d) dx[i * in.D + d] -= T(along * x[d]);
        }
    }
};

// Everything a little too large, in one of the ways in which a loss is computed: what a bound that
// is too wide lets pass.
struct Slight {
    double gradient = 0, value = 0;  // relative
    bool in_double = true, in_float = false, only_streamed = false;

    template <class T>
    bool acts(const HeadOptions& options) const {
        if (only_streamed && options.head != Head::streamed) return false;
        return sizeof(T) == sizeof(double) ? in_double : in_float;
    }
};

// A loss that hands `inner`'s value on, and its gradients with a slip. `info` may differ from
// inner's: what the loss claims of itself.
class Mutant final : public Loss {
public:
    Mutant(std::unique_ptr<Loss> inner, const Slight& slight)
        : Mutant(std::move(inner), Slip::none) {
        slight_ = slight;
    }
    // By reference, so that `inner` may be asked in the same call, whatever comes first there.
    Mutant(std::unique_ptr<Loss>&& inner, Slip slip, const LossInfo& info)
        : Loss(info, inner->settings()), inner_(std::move(inner)), slip_(slip) {
        for (const auto& array : inner_->state().arrays())
            state_.declare(array->name, array->scalar, array->learnable);
        take_state();
    }
    Mutant(std::unique_ptr<Loss> inner, Slip slip)
        : Mutant(std::move(inner), slip, inner->info()) {}

    bool has_proxies() const override { return inner_->has_proxies(); }
    bool has_cosines() const override { return inner_->has_cosines(); }

private:
    void take_state() { state_.restore(inner_->state().save()); }

    double run(const HeadCall<float>& call) override { return slipped(call); }
    double run(const HeadCall<double>& call) override { return slipped(call); }

    template <class T>
    double slipped(const HeadCall<T>& call) {
        const auto& [backend, batch, wanted, diagnostics, options] = call;
        inner_->state().restore(state_.save());
        inner_->state().seed = state_.seed;
        const bool proxies = has_proxies();
        std::vector<T> dx(batch.B * batch.D), dw(proxies ? batch.C * batch.D : 0),
            dcos(proxies && has_cosines() ? batch.B * batch.C : 0);
        const auto or_null = [](std::vector<T>& v) { return v.empty() ? nullptr : v.data(); };
        double value = inner_->forward_backward(
            backend, batch, {dx.data(), or_null(dw), or_null(dcos)}, diagnostics, options);
        take_state();
        Corruption<T>{batch, dx, dw, dcos}.apply(slip_);
        if (slight_.acts<T>(options)) {
            value *= 1 + slight_.value;
            for (std::vector<T>* gradient : {&dx, &dw, &dcos}) {
                for (T& g : *gradient) g *= T(1 + slight_.gradient);
            }
        }
        if (wanted.dx) std::copy(dx.begin(), dx.end(), wanted.dx);
        if (wanted.dw) std::copy(dw.begin(), dw.end(), wanted.dw);
        if (wanted.dcos) std::copy(dcos.begin(), dcos.end(), wanted.dcos);
        return value;
    }

    std::unique_ptr<Loss> inner_;
    Slip slip_;
    Slight slight_;
};

}  // namespace facet::testing
