// AdamW (Loshchilov & Hutter, Decoupled weight decay regularization, ICLR 2019): the decay is not
// part of the moments m and v, whose bias towards their start from 0 is corrected.
//
//   m <- beta1 m + (1 - beta1) g;   v <- beta2 v + (1 - beta2) g^2
//   w <- w - lr (m / (1 - beta1^step) / (sqrt(v / (1 - beta2^step)) + eps) + decay w)
#pragma once

#include "train/optimiser/form.h"

namespace facet {

template <class T>
struct AdamW {
    static constexpr const char* name = "adamw";
    static constexpr std::array moments{"mean", "square"};
    static constexpr double flops = 14;

    double beta1, beta2;
    T keep1, keep2, take1, take2;        // beta, and 1 - beta, which float has no digits for
    T correction1 = 1, correction2 = 1;  // 1 / (1 - beta^step)
    T eps;

    explicit AdamW(OptimiserSettings& s)
        : beta1(s.fraction("beta1", 0.9, "share of the gradients' mean that is kept")),
          beta2(s.fraction("beta2", 0.999, "share of the squares' mean that is kept")),
          keep1(T(beta1)),
          keep2(T(beta2)),
          take1(T(1 - beta1)),
          take2(T(1 - beta2)),
          eps(T(s.positive("eps", 1e-8, "added to the root of the squares"))) {}

    void begin(int64_t step) {
        correction1 = T(1 / (1 - std::pow(beta1, static_cast<double>(step))));
        correction2 = T(1 / (1 - std::pow(beta2, static_cast<double>(step))));
    }

    FACET_HD void move(const Rates<T>& rates, T g, T& w, T& m, T& v) const {
        m = keep1 * m + take1 * g;
        v = keep2 * v + take2 * g * g;
        const T update = m * correction1 / (std::sqrt(v * correction2) + eps);
        w -= rates.lr * (update + rates.decay * w);
    }
};

FACET_OPTIMISER(AdamW);

}  // namespace facet
