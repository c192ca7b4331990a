#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/sigmoid_form.h"

namespace facet {

template <class T>
struct UniFace : SigmoidForm<T, UniFace<T>> {
    static constexpr LossPage page{
        .name = "uniface",
        .paper =
            "Zhou et al., UniFace: unified cross-entropy loss for deep face recognition, ICCV 2023",
        .group = LossGroup::binary,
        .what = R"(
UniFace, unified cross-entropy: one threshold b for all positive and negative pairs.)",
        .formula = R"(
z_y = s (c_y - m) - b,   z_j = s c_j - b
L   = softplus(-z_y) + l sum_{j != y} softplus(z_j))",
        .gradient = R"(
dL/dc_y = -s sigmoid(-z_y),   dL/dc_j = s l sigmoid(z_j),   dL/db = -sum dL/dz)",
        .why = R"(
Derivation: softplus' is the sigmoid; every logit contains -b.

compat=released: the authors' code clamps -z_y to [-s, s], so the hardest positives, z_y < -s, get
no gradient at all (and the easiest none either).)",
        .state = "b, learned, starts at log(10 C)"};

    T s = ask().positive("s", 64, "scale of the cosines");
    T m = ask().number("m", 0.4, 0, 10, "margin on the target's cosine");
    T push = ask().positive("l", 1, "weight of the negatives");
    static constexpr T sign = -1;
    bool clamped = ask().choice<bool>("compat", {"none", "released"},
                                      "released: -z_y is clamped to [-s, s], no gradient outside");

    void prepare(int64_t C) {
        if (this->bias->value.empty()) this->bias->value = {std::log(10.0 * double(C))};
    }

    TargetLogit<T> target(const Target<T>& y) const { return additive_cosine(y, s, m); }
    FACET_HD T logit(T c) const { return s * c; }
    FACET_HD T slope(T) const { return s; }

    void close(int pass, SigmoidRow<T>& row, const auto& others) const {
        SigmoidForm<T, UniFace>::close(pass, row, others);
        const double z = double(row.target.z) + double(this->shift), limit = double(s);
        if (!clamped || (z >= -limit && z <= limit)) return;
        row.value += softplus(z > 0 ? -limit : limit) - softplus(-z);
        row.dbias -= sigmoid(-z);  // sign is -1: takes the pull out again
        row.dcos = row.dtheta = 0;
    }
};
FACET_LOSS(uniface, ClassLoss<UniFace>);

}  // namespace facet
