#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/support_form.h"

namespace facet {

template <class T>
struct MvSoftmax : SupportForm<T, MvSoftmax<T>> {
    static constexpr LossPage page{
        .name = "mv-softmax",
        .paper = R"(
Wang et al., Mis-classified vector guided softmax loss for face recognition, AAAI 2020)",
        .group = LossGroup::founding,
        .what = "MV-Softmax: classes that beat the margined target are weighted up.",
        .formula = R"(
f = c_y - m (margin=am), cos(theta_y + m) (arc);   I_j = [c_j > f], j != y;
adaptive  z_j = s (c_j + t (c_j + 1) I_j),   z'_j = s (1 + t I_j);
fixed     z_j = s (c_j + t I_j),             z'_j = s;
z_y = s f,   L = -log softmax(z)_y)",
        .gradient = "dL/dc_j = p_j z'_j,   dL/dc_y = -s (1 - p_y) f'",
        .why = R"(
Its t is SV-Softmax's minus 1. t = 0 is CosFace or ArcFace without a fallback past pi - m.
easy: the target is c_y where c_y <= 0; the mask keeps the margin.

Derivation: z_j is piecewise linear in c_j. The value jumps where c_j passes f.

Public code: the authors' is mode=adaptive easy=true and leaves normalising x to its caller.
FaceX-Zoo's mv_weight is 1 + t.

compat=facexzoo: with margin=am, easy compares c_y with m instead of 0 (also in tiandunx's code).)"};

    T s = ask().positive("s", 32, "scale of the cosines");
    T t = ask().number("t", 0.2, 0, 100, "weight of mis-classified vectors; 0 = none");
    T m = ask().angle("m", 0.35, "margin");
    bool arc = ask().choice<bool>("margin", {"am", "arc"}, "on the cosine or on the angle");
    bool fixed = ask().choice<bool>("mode", {"adaptive", "fixed"},
                                    "the weight grows with the cosine, or is exp(s t)");
    bool easy = ask().flag("easy", false, "no margin on the target where c_y <= 0");
    bool facexzoo = ask().choice<bool>("compat", {"none", "facexzoo"},
                                       "facexzoo: with margin=am, easy means c_y <= m");
    SupportMargin<T> margin{m, arc, easy, facexzoo};

    SupportRow<T> begin(const Target<T>& y) const { return margin.begin(y, s); }
    FACET_HD T support(T c) const { return c + (fixed ? t : t * (c + 1)); }
    FACET_HD T support_slope(T) const { return fixed ? T(1) : 1 + t; }
};
FACET_LOSS(mv_softmax, ClassLoss<MvSoftmax>);

}  // namespace facet
