#pragma once

#include <numbers>
#include <string>

#include "losses/head/class_loss.h"
#include "losses/head/support_target.h"

namespace facet {

template <class T>
struct SvSoftmax : SoftmaxForm<T, SvSoftmax<T>> {
    static constexpr LossPage page{
        .name = "sv-softmax",
        .paper =
            "Wang et al., Support vector guided softmax loss for face recognition, "
            "arXiv:1812.11317",
        .group = LossGroup::founding,
        .what = R"(
SV-Softmax and SV-X-Softmax: classes that beat the target are weighted up by h > 1.)",
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

compat=facexzoo: with margin=am, easy compares c_y with m instead of 0 (also in tiandunx's
code).)"};

    using Row = SupportRow<T>;
    T s, t;
    SupportTarget<T> support;

    explicit SvSoftmax(Parameters& p)
        : s(p.positive("s", 30, "scale of the cosines")),
          t(p.number("t", 1.2, 1, 100, "weight of support vectors; 1 = none")) {
        const char* margins = "margin=am|arc";
        support.m = p.only_with(margins).number("m", 0.35, 0, std::numbers::pi, "margin");
        const std::string margin = p.choice("margin", {"none", "am", "arc"},
                                            "of the target: none, on the cosine, on the angle");
        if (margin == "none") support.m = 0;
        support.arc = margin == "arc";
        support.easy =
            p.only_with(margins).flag("easy", false, "no margin on the target where c_y <= 0");
        support.facexzoo = p.choice("compat", {"none", "facexzoo"},
                                    "facexzoo: with margin=am, easy means c_y <= m") == "facexzoo";
    }

    Row begin(const Target<T>& y) const { return support.begin(y, s); }
    FACET_HD T logit(const Row& row, T c, std::int64_t) const {
        const T hard = t * c + (t - 1);
        return s * (c > row.threshold ? hard : c);
    }
    FACET_HD T slope(const Row& row, T c, std::int64_t) const {
        const T hard = s * t;
        return c > row.threshold ? hard : s;
    }
};

FACET_LOSS(sv_softmax, ClassLoss<SvSoftmax>);

}  // namespace facet
