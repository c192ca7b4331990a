// SphereFace-R (Liu et al., SphereFace revived, TPAMI 2022): multiplicative margins without
// annealing, on normalised features.
//
//   v0  z_y = s psi(theta_y) (sphereface.h),          z_j = s c_j
//   v1  z_y = s cos(min(m theta_y, pi)),              z_j = s c_j
//   v2  z_y = s c_y,                                  z_j = s cos(theta_j / m)
//   L = -lw log softmax(z)_y;   dL/dc_j = lw p_j z'_j,   dL/dc_y = -lw (1 - p_y) z'_y
//   v0  z'_y = s (-1)^k m sin(m theta) / sin(theta),          z'_j = s
//   v1  z'_y = s m sin(m theta) / sin(theta), 0 past pi / m,  z'_j = s
//   v2  z'_y = s,          z'_j = s sin(theta_j / m) / (m sin(theta_j))
// grad=detached ("characteristic gradient detachment"): z' = s everywhere.
//
// Derivation: each z' is dz/dtheta over dc/dtheta = -sin(theta).
//
// compat=opensphere: the released code divides by s, L = -(lw / s) log softmax(z)_y. (It also
// overwrites the proxies with unit vectors, so that their gradient lacks the projection; that is
// not reproduced.)
#pragma once

#include <numbers>

#include "losses/head/bounded_angle.h"
#include "losses/head/class_loss.h"
#include "losses/sphereface.h"

namespace facet {

template <class T>
struct SphereFaceR : SoftmaxForm<T, SphereFaceR<T>> {
    using Base = SoftmaxForm<T, SphereFaceR<T>>;
    using Row = SoftmaxRow<T>;
    T s, m, lw;
    int version;
    bool frozen;

    SphereFaceR(const Settings& p, State&)
        : s(T(p.number("s"))),
          m(T(p.number("m"))),
          lw(T(p.number("lw"))),
          version(p.text("version")[1] - '0'),
          frozen(p.is("grad", "detached")) {
        if (p.is("compat", "opensphere")) lw /= s;
    }

    TargetLogit<T> target(const Target<T>& y) const {
        if (version == 2) return additive_cosine(y, s, T(0));
        if (version == 0) {
            const Psi<T> psi(y, m);
            return by_angle(y, s * psi.value, s * psi.dtheta);
        }
        const T turned = m * y.angle();
        if (turned >= std::numbers::pi_v<T>) return {-s, 0, 0};
        return by_angle(y, s * std::cos(turned), -s * m * std::sin(turned));
    }
    Row begin(const Target<T>& y) const {
        Row row;
        row.target = target(y);
        if (frozen) row.target = detached(y, row.target.z, s);
        return row;
    }
    FACET_HD T logit(const Row&, T c, std::int64_t) const {
        return version == 2 ? s * bounded_cos(std::acos(c) / m) : s * c;
    }
    FACET_HD T slope(const Row&, T c, std::int64_t) const {
        if (version != 2 || frozen) return s;
        const T sine = std::sqrt((1 - c) * (1 + c));
        return sine > 0 ? s * bounded_sin(std::acos(c) / m) / (m * sine) : T(0);
    }
    void close(int pass, Row& row, const LogSumExp<T>& others) const {
        Base::close(pass, row, others);
        this->wrap(row, double(lw) * row.value, lw);
    }

    static LossInfo info() {
        return {.name = "sphereface-r",
                .paper =
                    "Liu et al., SphereFace revived: unifying hyperspherical face recognition, "
                    "TPAMI 2022",
                .formula =
                    "v0: z_y = s psi(theta_y); v1: z_y = s cos(min(m theta_y, pi)); v2: z_j = s "
                    "cos(theta_j/m); the others s c; L = -lw log softmax(z)_y",
                .gradient =
                    "dL/dc_y = -lw (1-p_y) z'_y, dL/dc_j = lw p_j z'_j; v0, v1: z'_y = s m sin(m "
                    "theta)/sin(theta) up to sign; v2: z'_j = s sin(theta_j/m)/(m sin(theta_j)); "
                    "detached: z' = s",
                .parameters = {choice("version", "v0", {"v0", "v1", "v2"}, "where the margin is"),
                               positive("s", "30", "scale of the cosines"),
                               number("m", "1.5", 1, 100, "factor (v2: divisor) of the angle"),
                               positive("lw", "1", "weight of the loss"),
                               choice("grad", "detached", {"detached", "exact"},
                                      "detached: dz/dc = s, as released"),
                               choice("compat", "none", {"none", "opensphere"},
                                      "opensphere: the value and its gradient are divided by s")},
                .state = ""};
    }
};

inline const Registered<ClassLoss<SphereFaceR>> registered_sphereface_r;

}  // namespace facet
