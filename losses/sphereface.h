#pragma once

#include <numbers>
#include <optional>

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

// psi and dpsi/dtheta at the target's angle.
template <class T>
struct Psi {
    T value, dtheta;

    Psi(const Target<T>& y, T m) {
        const T pi = std::numbers::pi_v<T>, theta = y.angle();
        const auto k = std::int64_t(m * theta / pi);
        const T sign = k % 2 == 0 ? T(1) : T(-1);
        value = sign * std::cos(m * theta) - T(2 * k);
        dtheta = -sign * m * std::sin(m * theta);
    }
};

template <class T>
struct SphereFace : SoftmaxForm<T, SphereFace<T>> {
    static constexpr LossPage page{
        .name = "sphereface",
        .paper =
            "Liu et al., SphereFace: deep hypersphere embedding for face recognition, "
            "CVPR 2017",
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

    using Base = SoftmaxForm<T, SphereFace<T>>;

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

    T m;
    double base, gamma, power, lam_min;
    std::optional<double> fixed;
    double lam = 0;
    StateArray* it;

    SphereFace(Parameters& p, State& state)
        : m(p.number("m", 4, 1, 100, "factor of the target's angle")),
          base(p.only_with("lam=").number("base", 1000, 0, 1e12, "lambda before annealing")),
          gamma(p.only_with("lam=").number("gamma", 0.12, 0, 1e6, "speed of the annealing")),
          power(p.only_with("lam=").number("power", 1, 0, 100, "power of the annealing")),
          lam_min(p.only_with("lam=").number("lam_min", 5, 0, 1e12, "smallest lambda")),
          fixed(p.optional_number("lam", 0, 1e12, "a fixed lambda instead")),
          it(&state.declare("it", true, false)) {
        it->lowest = 0;
        if (it->value.empty()) it->value = {0};
    }

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
    FACET_HD T logit(const Row& row, T c, std::int64_t) const { return row.norm * c; }
    FACET_HD T slope(const Row& row, T, std::int64_t) const { return row.norm; }

    void gather(int, const Row& row, Acc& acc, const Chunk<T>& chunk) const {
        alignas(64) T z[kBlock];
        for (std::int64_t at = 0; at < chunk.n; at += kBlock) {
            const std::int64_t n = std::min(kBlock, chunk.n - at);
            const T* c = chunk.c + at;
            this->other_logits(row, chunk, at, n, z);
            Acc block;
            block.others.add_block(z, n);
            if (block.others.sum == 0) continue;
            T weighted[kBlock] = {};
#pragma omp simd
            for (std::int64_t j = 0; j < n; ++j) {
                weighted[j] = c[j] * exp_branch_free(z[j] - block.others.max);
            }
            block.moment = sum_lanes<T>(padded(n), [&](std::int64_t j) { return weighted[j]; });
            acc.merge(block);
        }
    }
    FACET_HD void take(int, const Row& row, Acc& acc, T c, std::int64_t j) const {
        acc.merge({{logit(row, c, j), 1.0}, double(c)});
    }
    void close(int pass, Row& row, const Acc& acc) const {
        Base::close(pass, row, acc.others);
        const double mean = acc.others.sum > 0 ? acc.moment / acc.others.sum : 0;  // of the others
        row.dnorm = row.missing * T(mean - double(row.target_u));
    }
};

FACET_LOSS(sphereface, ClassLoss<SphereFace>);

}  // namespace facet
