#pragma once

#include <map>

#include "losses/head/class_loss.h"

namespace facet {

template <class T>
struct ProxyAnchor {
    static constexpr LossPage page{
        .name = "proxy-anchor",
        .paper = "Kim et al., Proxy anchor loss for deep metric learning, CVPR 2020",
        .group = LossGroup::proxies,
        .what = "Proxy-Anchor: every proxy gathers its samples and repels all others.",
        .formula = R"(
L = 1/|P+| sum_{j in P+} log(1 + sum_{i: y_i = j} e^{-alpha (c_ij - delta)})
  + 1/C    sum_j         log(1 + sum_{i: y_i != j} e^{alpha (c_ij + delta)}))",
        .gradient = R"(
dL/dc_iy = -alpha/|P+| e^{-alpha (c_iy - delta)} / (1 + sum over the samples of y)
dL/dc_ij =  alpha/C    e^{alpha (c_ij + delta)}  / (1 + sum over the samples not of j))",
        .why = R"(
P+: the classes present in the batch. The softmax is over samples, so this is a column loss.

Derivation: log(1 + sum e^v) has the slope e^v / (1 + sum e^v), a softmax beside a logit 0.)"};

    using Scalar = T;
    T alpha = ask().positive("alpha", 32, "scale");
    T delta = ask().number("delta", 0.1, -10, 10, "margin");

    double open(const Batch<T>& batch, std::span<RowResult<T>> rows) const {
        const auto z = [&](T c) { return -double(alpha) * (double(c) - double(delta)); };
        std::map<int64_t, LogSumExp<double>> present;
        for (const Target<T>& y : batch.targets) {
            if (y.y >= 0) present[y.y].add(z(y.cos));
        }
        const auto P = double(present.size());
        double value = 0;
        for (const auto& [j, sum] : present) value += softplus(sum.log()) / P;
        for (size_t i = 0; i < rows.size(); ++i) {
            const Target<T>& y = batch.targets[i];
            if (y.y < 0) continue;
            rows[i].weight = 1;
            rows[i].dcos = -alpha * T(std::exp(z(y.cos) - softplus(present[y.y].log())) / P);
            rows[i].dtheta = -y.sin * rows[i].dcos;
        }
        return value;
    }
    T weight(int64_t C) const { return T(1) / T(C); }
    FACET_HD T logit(T c) const { return alpha * (c + delta); }
    FACET_HD T slope(T) const { return alpha; }
};
FACET_LOSS(proxy_anchor, ClassLoss<ProxyAnchor, ColumnsOf>);

}  // namespace facet
