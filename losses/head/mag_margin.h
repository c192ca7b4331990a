// The margin by the norm of MagFace (losses/magface.h), which UNPG has with base=mag.
#pragma once

#include "losses/head/parameters.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct MagRow : SoftmaxRow<T> {
    T norm = 0;
    T target_by_norm = 0;  // dz_y/d|x|
};

// `needs`: of its parameters, see Parameters::only_with().
template <class T>
struct MagMargin {
    T la, ua, lm, um, lg;
    bool easy = true, bare = false;  // bare: past pi - m the target is s c_y

    explicit MagMargin(const char* needs)
        : la(ask().only_with(needs).positive("la", 10, "norms below count as la")),
          ua(ask().only_with(needs).positive("ua", 110, "norms above count as ua")),
          lm(ask().only_with(needs).angle("lm", 0.45, "margin at la, radians")),
          um(ask().only_with(needs).angle("um", 0.8, "margin at ua, radians")),
          lg(ask().only_with(needs).number("lg", 35, 0, 1e12, "weight of the regulariser")) {
        FACET_USAGE(la < ua, "magface margin: la={} ua={}, expected la < ua", la, ua);
    }

    T clip(T norm) const { return norm < la ? la : (norm > ua ? ua : norm); }
    T slope() const { return (um - lm) / (ua - la); }

    MagRow<T> begin(const Target<T>& y, T s) const {
        MagRow<T> row;
        row.norm = y.norm;
        const T m = lm + slope() * (clip(y.norm) - la);
        const T inside = y.norm >= la && y.norm <= ua ? slope() : T(0);
        if (easy ? y.cos > 0 : y.cos > -std::cos(m)) {
            row.target = additive_angle(y, s, m);
            row.target_by_norm = inside * row.target.dtheta;  // both are -s sin(theta + m)
        } else if (easy || bare) {
            row.target = additive_cosine(y, s, T(0));
        } else {
            row.target = additive_cosine(y, s, m * std::sin(m));
            row.target_by_norm = -inside * s * (std::sin(m) + m * std::cos(m));
        }
        return row;
    }
    // Adds lg (a / ua^2 + 1 / a).
    void complete(MagRow<T>& row) const {
        const double a = clip(row.norm);
        row.value += double(lg) * (a / (double(ua) * ua) + 1 / a);
        const bool clipped = row.norm < la || row.norm > ua;
        const T slope = clipped ? T(0) : lg * (1 / (ua * ua) - 1 / (row.norm * row.norm));
        row.dnorm = slope - row.missing * row.target_by_norm;
    }
};

}  // namespace facet
