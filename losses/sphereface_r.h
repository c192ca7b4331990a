#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct SphereFaceR : SoftmaxForm<T, SphereFaceR<T>> {
    static constexpr LossPage page{
        .name = "sphereface-r",
        .paper =
            "Liu et al., SphereFace revived: unifying hyperspherical face recognition, TPAMI 2022",
        .group = LossGroup::margins,
        .what = "SphereFace-R: multiplicative margins without annealing, on normalised features.",
        .formula = R"(
v0  z_y = s psi(theta_y) (sphereface.h),          z_j = s c_j
v1  z_y = s cos(min(m theta_y, pi)),              z_j = s c_j
v2  z_y = s c_y,                                  z_j = s cos(theta_j / m)
L = -lw log softmax(z)_y)",
        .gradient = R"(
dL/dc_j = lw p_j z'_j,   dL/dc_y = -lw (1 - p_y) z'_y
v0  z'_y = s (-1)^k m sin(m theta) / sin(theta),          z'_j = s
v1  z'_y = s m sin(m theta) / sin(theta), 0 past pi / m,  z'_j = s
v2  z'_y = s,          z'_j = s sin(theta_j / m) / (m sin(theta_j))
grad=detached ("characteristic gradient detachment"): z' = s everywhere)",
        .why = R"(
Derivation: each z' is dz/dtheta over dc/dtheta = -sin(theta).

compat=opensphere: the released code divides by s, L = -(lw / s) log softmax(z)_y. (It also
overwrites the proxies with unit vectors, so that their gradient lacks the projection; that is not
reproduced.))"};

    enum class Version { v0, v1, v2 };

    Version version = ask().choice<Version>("version", {"v0", "v1", "v2"}, "where the margin is");
    T s = ask().positive("s", 30, "scale of the cosines");
    T m = ask().number("m", 1.5, 1, 100, "factor (v2: divisor) of the angle");
    T lw = ask().positive("lw", 1, "weight of the loss");
    bool exact =
        ask().choice<bool>("grad", {"detached", "exact"}, "detached: dz/dc = s, as released");
    bool opensphere = ask().choice<bool>("compat", {"none", "opensphere"},
                                         "opensphere: the value and its gradient are divided by s");
    T weight = opensphere ? lw / s : lw;

    TargetLogit<T> target(const Target<T>& y) const {
        return detached_if(!exact, y, exact_target(y), s);
    }
    TargetLogit<T> exact_target(const Target<T>& y) const {
        if (version == Version::v2) return additive_cosine(y, s, T(0));
        if (version == Version::v0) {
            const Psi<T> psi(y, m);
            return by_angle(y, s * psi.value, s * psi.dtheta);
        }
        const T turned = m * y.angle();
        if (turned >= std::numbers::pi_v<T>) return {-s, 0, 0};
        return by_angle(y, s * std::cos(turned), -s * m * std::sin(turned));
    }
    FACET_HD T logit(const SoftmaxRow<T>&, T c, int64_t) const {
        return version == Version::v2 ? s * bounded_cos(std::acos(c) / m) : s * c;
    }
    FACET_HD T slope(const SoftmaxRow<T>&, T c, int64_t) const {
        if (version != Version::v2 || !exact) return s;
        const T sine = std::sqrt((1 - c) * (1 + c));
        return sine > 0 ? s * bounded_sin(std::acos(c) / m) / (m * sine) : T(0);
    }
    void complete(SoftmaxRow<T>& row) const { row.wrap(double(weight) * row.value, weight); }
};
FACET_LOSS(sphereface_r, ClassLoss<SphereFaceR>);

}  // namespace facet
