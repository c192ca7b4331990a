#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/support_form.h"

namespace facet {

template <class T>
struct SvSoftmax : SupportForm<T, SvSoftmax<T>> {
    static constexpr LossPage page{
        .name = "sv-softmax",
        .paper = R"(
Wang et al., Support vector guided softmax loss for face recognition, arXiv:1812.11317)",
        .group = LossGroup::founding,
        .what =
            "SV-Softmax and SV-X-Softmax: classes that beat the target are weighted up by h > 1.",
        .formula = R"(
f = c_y (margin=none), c_y - m (am), cos(theta_y + m) (arc);   I_j = [c_j > f], j != y;
z_y = s f,   z_j = s (c_j + (t - 1)(c_j + 1) I_j),   L = -log softmax(z)_y)",
        .gradient = "dL/dc_j = s p_j (I_j ? t : 1),   dL/dc_y = -s (1 - p_y) f'",
        .why = R"(
h = exp(s (t - 1)(c_j + 1)) is differentiated; I is piecewise constant. t = 1 is NormFace,
CosFace, ArcFace. easy: the target is c_y where c_y <= 0; the mask keeps the margin.

Derivation: log(h e^{s c_j}) = s (t c_j + t - 1), a line of slope s t. The value jumps where c_j
passes f; a gradient cannot see that.

Public code: FaceX-Zoo and tiandunx have t=1.12, called mv_weight or mask; the paper has no easy.

compat=facexzoo: with margin=am, easy compares c_y with m instead of 0 (also in tiandunx's code).)"};

    enum class Margin { none, am, arc };

    T s = ask().positive("s", 30, "scale of the cosines");
    T t = ask().number("t", 1.2, 1, 100, "weight of support vectors; 1 = none");
    T m = ask().only_with("margin=am|arc").angle("m", 0.35, "margin");
    Margin kind = ask().choice<Margin>("margin", {"none", "am", "arc"},
                                       "of the target: none, on the cosine, on the angle");
    bool easy = ask()
                    .only_with("margin=am|arc")
                    .flag("easy", false, "no margin on the target where c_y <= 0");
    bool facexzoo = ask().choice<bool>("compat", {"none", "facexzoo"},
                                       "facexzoo: with margin=am, easy means c_y <= m");
    SupportMargin<T> margin{kind == Margin::none ? 0 : m, kind == Margin::arc, easy, facexzoo};

    SupportRow<T> begin(const Target<T>& y) const { return margin.begin(y, s); }
    FACET_HD T support(T c) const { return t * c + (t - 1); }
    FACET_HD T support_slope(T) const { return t; }
};
FACET_LOSS(sv_softmax, ClassLoss<SvSoftmax>);

}  // namespace facet
