// ProxyNCA++ (Teh et al., ECCV 2020): Proxy-NCA with the positive in the denominator and a
// temperature.
//
//   d_j = 2 - 2 c_j,   L = -log softmax(-d / T)_y;   dL/dc_j = (2 / T) (p_j - [j = y])
// Exactly NormFace with s = 2 / T: 18 for the paper's T = 1/9. pytorch-metric-learning's ProxyNCA
// is this loss with T = 1.
//
// Derivation: -d_j/T = (2/T) c_j - 2/T, and a softmax does not see what all logits share.
#pragma once

#include "losses/normface.h"

namespace facet {

template <class T>
struct ProxyNcaPp : NormFace<T> {
    ProxyNcaPp(const Settings& p, State&) : NormFace<T>(T(2 / p.number("T"))) {}

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
