// ProxyNCA++ (Teh et al., ECCV 2020): Proxy-NCA with the positive in the denominator and a
// temperature.
//
//   d_j = 2 - 2 c_j,   L = -log softmax(-d / T)_y;   dL/dc_j = (2 / T) (p_j - [j = y])
// Exactly NormFace with s = 2 / T: 18 for the paper's T = 1/9. pytorch-metric-learning's ProxyNCA
// is this loss with T = 1.
//
// Derivation: -d_j/T = (2/T) c_j - 2/T, and a softmax does not see what all logits share.
#pragma once

#include "losses/class_loss.h"
#include "losses/settings.h"
#include "losses/softmax_form.h"
#include "losses/state.h"

namespace facet {

template <class T>
struct ProxyNcaPp : SoftmaxForm<T, ProxyNcaPp<T>> {
    using Row = SoftmaxRow<T>;
    T s;  // 2 / T

    ProxyNcaPp(const Settings& p, State&) : s(T(2 / p.number("T"))) {}

    FACET_HD Row begin(const Target<T>& y) const {
        Row row;
        row.target = additive_cosine(y, s, T(0));
        return row;
    }
    FACET_HD T logit(const Row&, T c, std::int64_t) const { return s * c; }
    FACET_HD T slope(const Row&, T, std::int64_t) const { return s; }

    static LossInfo info() {
        return {.name = "proxy-nca-pp",
                .paper =
                    "Teh et al., ProxyNCA++: revisiting and revitalizing proxy neighborhood "
                    "component analysis, ECCV 2020",
                .formula = "L = -log softmax(-d/T)_y, d_j = 2 - 2 c_j",
                .gradient = "dL/dc_j = (2/T) (p_j - [j=y])",
                .parameters = {positive("T", "0.1111", "temperature")},
                .state = ""};
    }
};

inline const Registered<ClassLoss<ProxyNcaPp>> registered_proxy_nca_pp;

}  // namespace facet
