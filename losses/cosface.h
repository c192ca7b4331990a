// CosFace (Wang et al., CVPR 2018), also AM-Softmax: a margin on the target's cosine.
//
//   z_y = s (c_y - m),   z_j = s c_j,   L = -log softmax(z)_y
//   dL/dc_j = s (p_j - [j = y])
//
// Derivation: dL/dz_j = p_j - [j = y] and dz_j/dc_j = s for every class; the margin acts through p
// alone. As s grows, L/s becomes a hinge (npt.h): 0 <= L/s - [max_{j != y} c_j - c_y + m]_+ <=
// log(C)/s.
//
// Public code: AM-Softmax s=30 m=0.35; insightface writes it as the combined margin with m3=0.4.
#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/settings.h"
#include "losses/head/softmax_form.h"
#include "losses/head/state.h"

namespace facet {

template <class T>
struct CosFace : SoftmaxForm<T, CosFace<T>> {
    using Row = SoftmaxRow<T>;
    T s, m;

    CosFace(const Settings& p, State&) : s(T(p.number("s"))), m(T(p.number("m"))) {}

    Row begin(const Target<T>& y) const {
        Row row;
        row.target = additive_cosine(y, s, m);
        return row;
    }
    FACET_HD T logit(const Row&, T c, std::int64_t) const { return s * c; }
    FACET_HD T slope(const Row&, T, std::int64_t) const { return s; }

    static LossInfo info() {
        return {.name = "cosface",
                .paper = "Wang et al., CosFace: large margin cosine loss, CVPR 2018",
                .formula = "z_y = s (c_y - m), z_j = s c_j, L = -log softmax(z)_y",
                .gradient = "dL/dc_j = s (p_j - [j=y])",
                .parameters = {positive("s", "64", "scale of the cosines"),
                               number("m", "0.35", 0, 10, "margin on the target's cosine")},
                .state = ""};
    }
};

inline const Registered<ClassLoss<CosFace>> registered_cosface;

}  // namespace facet
