#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct ProxyNcaPp : SoftmaxForm<T, ProxyNcaPp<T>> {
    static constexpr LossPage page{
        .name = "proxy-nca-pp",
        .paper = R"(Teh et al., ProxyNCA++: revisiting and revitalizing proxy neighborhood
component analysis, ECCV 2020)",
        .group = LossGroup::proxies,
        .what = "ProxyNCA++: Proxy-NCA with the positive in the denominator and a temperature.",
        .formula = "d_j = 2 - 2 c_j,   L = -log softmax(-d / T)_y",
        .gradient = "dL/dc_j = (2 / T) (p_j - [j = y])",
        .why = R"(
Exactly NormFace with s = 2 / T: 18 for the paper's T = 1/9. pytorch-metric-learning's ProxyNCA is
this loss with T = 1.

Derivation: -d_j/T = (2/T) c_j - 2/T, and a softmax does not see what all logits share.)"};

    T s = T(2 / ask().positive("T", 0.1111, "temperature"));
};
FACET_LOSS(proxy_nca_pp, ClassLoss<ProxyNcaPp>);

}  // namespace facet
