// Stochastic gradient descent with momentum, by Nesterov's step unless nesterov is false (Sutskever
// et al., On the importance of initialization and momentum in deep learning, ICML 2013; the
// velocity is not multiplied by the rate, as in PyTorch):
//
//   d = g + decay w;   v <- momentum v + d;   w <- w - lr (nesterov ? d + momentum v : v)
#pragma once

#include "train/optimiser/form.h"

namespace facet {

template <class T>
struct Sgd {
    static constexpr const char* name = "sgd";
    static constexpr std::array moments{"momentum"};
    static constexpr double flops = 7;

    T momentum, from_d, from_v;  // the step is along from_d d + from_v v

    explicit Sgd(OptimiserSettings& s)
        : momentum(T(s.fraction("momentum", 0.9, "share of the velocity that is kept"))) {
        const bool nesterov = s.where_positive("momentum").flag("nesterov", true, "true or false");
        from_d = nesterov ? 1 : 0;
        from_v = nesterov ? momentum : 1;
    }

    FACET_HD void move(const Rates<T>& rates, T g, T& w, T& v) const {
        const T d = g + rates.decay * w;
        v = momentum * v + d;
        w -= rates.lr * (from_d * d + from_v * v);
    }
};

FACET_OPTIMISER(Sgd);

}  // namespace facet
