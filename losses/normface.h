#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct NormFace : SoftmaxForm<T, NormFace<T>> {
    static constexpr LossPage page{
        .name = "normface",
        .paper = "Wang et al., NormFace: L2 hypersphere embedding, ACM MM 2017",
        .group = LossGroup::margins,
        .what = "NormFace: the softmax loss of scaled cosines, without a margin.",
        .formula = "z_j = s c_j,   L = -log softmax(z)_y",
        .gradient = "dL/dc_j = s (p_j - [j = y])",
        .why = R"(
Derivation: dL/dz_j = p_j - [j = y] and dz_j/dc_j = s. The scale decides how small L can get: not
below log(1 + (C - 1) e^{-s C/(C - 1)}) in the mean over balanced classes (the paper's proposition
2), which a small s never lets go of.

Public code: s from 20 to 64; the paper also learns it, here it is fixed.)"};

    T s = ask().positive("s", 32, "scale of the cosines");
};
FACET_LOSS(normface, ClassLoss<NormFace>);

}  // namespace facet
