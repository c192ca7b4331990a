// NormFace (Wang et al., NormFace: L2 hypersphere embedding, ACM MM 2017).
//
//   z_j = s c_j,   L = -log softmax(z)_y
//   dL/dc_j = s (p_j - [j = y])
//
// Derivation: dL/dz_j = p_j - [j = y] and dz_j/dc_j = s. The scale decides how small L can get: not
// below log(1 + (C - 1) e^{-s C/(C - 1)}) in the mean over balanced classes (the paper's
// proposition 2), which a small s never lets go of.
//
// Public code: s from 20 to 64; the paper also learns it, here it is fixed.
#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/settings.h"
#include "losses/head/softmax_form.h"
#include "losses/head/state.h"

namespace facet {

template <class T>
struct NormFace : SoftmaxForm<T, NormFace<T>> {
    using Row = SoftmaxRow<T>;
    T s;

    explicit NormFace(T s) : s(s) {}
    NormFace(const Settings& p, State&) : NormFace(T(p.number("s"))) {}

    Row begin(const Target<T>& y) const {
        Row row;
        row.target = additive_cosine(y, s, T(0));
        return row;
    }
    FACET_HD T logit(const Row&, T c, std::int64_t) const { return s * c; }
    FACET_HD T slope(const Row&, T, std::int64_t) const { return s; }

    static LossInfo info() {
        return {.name = "normface",
                .paper = "Wang et al., NormFace: L2 hypersphere embedding, ACM MM 2017",
                .formula = "z_j = s c_j, L = -log softmax(z)_y",
                .gradient = "dL/dc_j = s (p_j - [j=y])",
                .parameters = {positive("s", "32", "scale of the cosines")},
                .state = ""};
    }
};

inline const Registered<ClassLoss<NormFace>> registered_normface;

}  // namespace facet
