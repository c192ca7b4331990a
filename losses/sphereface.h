#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct SphereFace : SoftmaxForm<T, SphereFace<T>> {
    static constexpr LossPage page{
        .name = "sphereface",
        .paper =
            "Liu et al., SphereFace: deep hypersphere embedding for face recognition, CVPR 2017",
        .group = LossGroup::margins,
        .what = "SphereFace, A-Softmax: a multiplicative angular margin, annealed in.",
        .formula = R"(
psi(theta) = (-1)^k cos(m theta) - 2k,   k = floor(m theta / pi)
z_y = |x| (lambda c_y + psi(theta_y)) / (1 + lambda),   z_j = |x| c_j,   L = -log softmax(z)_y
lambda = max(lam_min, base (1 + gamma it)^-power), it = 1 in the first call; or `lam`, fixed)",
        .gradient = R"(
dL/dc_j = |x| p_j,   dpsi/dc = (-1)^k m sin(m theta) / sin(theta)
dL/dc_y = -|x| (1 - p_y) (lambda + dpsi/dc) / (1 + lambda)
dL/d|x| = sum_j p_j u_j - u_y,   z = |x| u: the norm is part of the logits and is learned)",
        .why = R"(
Derivation: on one piece k is constant and dpsi/dtheta = -(-1)^k m sin(m theta), over dc/dtheta =
-sin(theta); the -2k keeps psi continuous from piece to piece. u does not depend on |x|, so
dL/d|x| = sum_j dL/dz_j u_j.

Public code: the defaults are those of the authors' Caffe code; others put a fixed s for |x|.)",
        .state = "it: calls made so far, starts at 0"};

    struct Row : SoftmaxRow<T> {
        T norm;
        T target_u;  // z_y / |x|
    };
    struct Acc {
        LogSumExp<T> others;
        double moment = 0;  // sum_j exp(z_j - others.max) c_j
        FACET_HD void merge(const Acc& other) {
            const T top = others.max > other.others.max ? others.max : other.others.max;
            const auto at_top = [&](const Acc& a) {
                return a.moment == 0 ? 0.0
                                     : a.moment * std::exp(double(a.others.max) - double(top));
            };
            moment = at_top(*this) + at_top(other);
            others.merge(other.others);
        }
    };

    T m = ask().number("m", 4, 1, 100, "factor of the target's angle");
    double base = ask().only_with("lam=").number("base", 1000, 0, 1e12, "lambda before annealing");
    double gamma = ask().only_with("lam=").number("gamma", 0.12, 0, 1e6, "speed of the annealing");
    double power = ask().only_with("lam=").number("power", 1, 0, 100, "power of the annealing");
    double lam_min = ask().only_with("lam=").number("lam_min", 5, 0, 1e12, "smallest lambda");
    std::optional<double> fixed = ask().optional_number("lam", 0, 1e12, "a fixed lambda instead");
    double lam = 0;
    StateArray* it = ask().state().number("it", 0, 0);

    void open(const Batch<T>&) {
        const double calls = it->value[0] += 1;
        lam = fixed ? *fixed : std::max(lam_min, base * std::pow(1 + gamma * calls, -power));
    }
    Row begin(const Target<T>& y) const {
        const Psi<T> psi(y, m);
        const T mix = T(1 / (1 + lam)), blend = T(lam / (1 + lam));
        Row row;
        row.norm = y.norm;
        row.target_u = blend * y.cos + mix * psi.value;
        const T z = y.norm * row.target_u;
        row.target = by_angle(y, z, y.norm * mix * psi.dtheta);  // and the smooth part:
        row.target.dcos += y.norm * blend;
        row.target.dtheta -= y.norm * blend * y.sin;
        return row;
    }
    FACET_HD T logit(const Row& row, T c, int64_t) const { return row.norm * c; }
    FACET_HD T slope(const Row& row, T, int64_t) const { return row.norm; }

    void gather(int, const Row& row, Acc& acc, const Chunk<T>& chunk) const {
        alignas(64) T z[kBlock];
        chunk.for_blocks([&](const Chunk<T>& block) {
            this->other_logits(row, block, z);
            Acc sums;
            sums.others.add_block(z, block.n);
            if (sums.others.sum == 0) return;
            T weighted[kBlock] = {};
#pragma omp simd
            for (int64_t j = 0; j < block.n; ++j) {
                weighted[j] = block.c[j] * exp_branch_free(z[j] - sums.others.max);
            }
            sums.moment = sum_lanes<T>(padded(block.n), [&](int64_t j) { return weighted[j]; });
            acc.merge(sums);
        });
    }
    FACET_HD void take(int, const Row& row, Acc& acc, T c, int64_t j) const {
        acc.merge({{logit(row, c, j), 1.0}, double(c)});
    }
    void close(int pass, Row& row, const Acc& acc) const {
        SoftmaxForm<T, SphereFace>::close(pass, row, acc.others);
        const double mean = acc.others.sum > 0 ? acc.moment / acc.others.sum : 0;  // of the others
        row.dnorm = row.missing * T(mean - double(row.target_u));
    }
};
FACET_LOSS(sphereface, ClassLoss<SphereFace>);

}  // namespace facet
