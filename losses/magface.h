#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/mag_margin.h"

namespace facet {

template <class T>
struct MagFace : SoftmaxForm<T, MagFace<T>> {
    static constexpr LossPage page{
        .name = "magface",
        .paper = R"(Meng et al., MagFace: a universal representation for face recognition and
quality assessment, CVPR 2021)",
        .group = LossGroup::adaptive,
        .what = R"(
MagFace: the margin grows with the norm of the feature, and a regulariser makes long features
cheap.)",
        .formula = R"(
a    = clip(|x|, la, ua),   m(a) = lm + (um - lm)(a - la)/(ua - la),
z_y  = s cos(theta_y + m(a)),   z_j = s c_j,
L    = -log softmax(z)_y + lg (a / ua^2 + 1 / a))",
        .gradient = R"(
dL/dc_j = s p_j,   dL/dc_y = -s (1 - p_y) sin(theta_y + m)/sin(theta_y),
dL/da   = s (1 - p_y) sin(theta_y + m) m'(a) + lg (1 / ua^2 - 1 / a^2);  0 outside [la, ua])",
        .why = R"(
easy, as the authors' code: the target is s c_y where c_y <= 0. Otherwise beyond theta = pi - m:
s (c_y - m sin m).

Derivation: a enters the target through theta + m(a), dz_y/da = -s sin(theta_y + m) m'(a), times
dL/dz_y = -(1 - p_y); the regulariser adds its own slope. A clipped norm does not move.

Public code: lg is 35 in the authors' script, 20 in FaceX-Zoo.

compat=facexzoo: easy or not, the target is s c_y past theta = pi - m, and only there.)"};

    using Row = MagRow<T>;

    T s = ask().positive("s", 64, "scale of the cosines");
    MagMargin<T> margin{""};

    MagFace() {
        margin.easy = ask().flag(
            "easy", true, "no margin on the target where c_y <= 0; else c - m sin m past pi - m");
        margin.bare = ask().choice<bool>("compat", {"none", "facexzoo"},
                                         "facexzoo: c past pi - m, whatever easy says");
        if (margin.bare) margin.easy = false;
    }

    Row begin(const Target<T>& y) const { return margin.begin(y, s); }
    void complete(Row& row) const { margin.complete(row); }
};
FACET_LOSS(magface, ClassLoss<MagFace>);

}  // namespace facet
