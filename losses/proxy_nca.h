#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct ProxyNca : SoftmaxForm<T, ProxyNca<T>> {
    static constexpr LossPage page{
        .name = "proxy-nca",
        .paper =
            "Movshovitz-Attias et al., No fuss distance metric learning using proxies, ICCV 2017",
        .group = LossGroup::proxies,
        .what = R"(
Proxy-NCA: neighbourhood components with one proxy a class; the positive is not in the
denominator.)",
        .formula = R"(
d_j = |xh - wh_j|^2 = 2 - 2 c_j
L   = -log (e^{-d_y} / sum_{j != y} e^{-d_j}) = d_y + log sum_{j != y} e^{-d_j})",
        .gradient = "dL/dc_y = -2,   dL/dc_j = 2 q_j,   q = softmax of -d over j != y",
        .why = R"(
L can be negative, and the pull on the target never ends. Without negatives L is taken as 0.

Derivation: dL/dd_y = 1, dL/dd_j = -q_j, dd/dc = -2.)"};

    TargetLogit<T> target(const Target<T>& y) const { return {2 * y.cos - 2, 2, -2 * y.sin}; }
    FACET_HD T logit(const SoftmaxRow<T>&, T c, int64_t) const { return 2 * c - 2; }
    FACET_HD T slope(const SoftmaxRow<T>&, T, int64_t) const { return 2; }

    void close(int, SoftmaxRow<T>& row, const LogSumExp<T>& others) const {
        if (others.sum == 0) return;
        row.value = others.log() - double(row.target.z);
        row.top = others.max;
        row.log_rest = T(std::log(others.sum));
        row.missing = 1;
        row.dcos = -row.target.dcos;
        row.dtheta = -row.target.dtheta;
    }
};
FACET_LOSS(proxy_nca, ClassLoss<ProxyNca>);

}  // namespace facet
