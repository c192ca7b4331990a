// UniFace, unified cross-entropy (Zhou et al., UniFace, ICCV 2023): one threshold b for all
// positive and negative pairs.
//
//   z_y = s (c_y - m) - b,   z_j = s c_j - b
//   L   = softplus(-z_y) + l sum_{j != y} softplus(z_j)
//   dL/dc_y = -s sigmoid(-z_y),   dL/dc_j = s l sigmoid(z_j),   dL/db = -sum dL/dz
// b is learned and starts at log(10 C).
//
// Derivation: softplus' is the sigmoid; every logit contains -b.
//
// compat=released: the authors' code clamps -z_y to [-s, s], so the hardest positives, z_y < -s,
// get no gradient at all (and the easiest none either).
#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/settings.h"
#include "losses/head/sigmoid_form.h"

namespace facet {

template <class T>
struct UniFace : SigmoidForm<T, UniFace<T>> {
    using Base = SigmoidForm<T, UniFace<T>>;
    using Row = SigmoidRow<T>;
    T s, m;
    bool clamped;

    UniFace(const Settings& p, State& state)
        : Base(state),
          s(T(p.number("s"))),
          m(T(p.number("m"))),
          clamped(p.is("compat", "released")) {
        this->push = T(p.number("l"));
        this->sign = -1;
    }

    void prepare(std::int64_t C) {
        if (this->bias->value.empty()) this->bias->value = {std::log(10.0 * double(C))};
    }
    Row begin(const Target<T>& y) const {
        Row row;
        row.target = additive_cosine(y, s, m);
        return row;
    }
    FACET_HD T logit(T c) const { return s * c; }
    FACET_HD T slope(T) const { return s; }

    void close(int pass, Row& row, const typename Base::Acc& others) const {
        Base::close(pass, row, others);
        const double z = double(row.target.z) + double(this->shift), limit = double(s);
        if (!clamped || (z >= -limit && z <= limit)) return;
        row.value += softplus(z > 0 ? -limit : limit) - softplus(-z);
        row.dbias -= sigmoid(-z);  // sign is -1: takes the pull out again
        row.dcos = row.dtheta = 0;
    }

    static LossInfo info() {
        return {.name = "uniface",
                .paper =
                    "Zhou et al., UniFace: unified cross-entropy loss for deep face recognition, "
                    "ICCV 2023",
                .formula =
                    "z_y = s (c_y - m) - b, z_j = s c_j - b, L = softplus(-z_y) + l sum_{j != y} "
                    "softplus(z_j)",
                .gradient =
                    "dL/dc_y = -s sigmoid(-z_y), dL/dc_j = s l sigmoid(z_j), dL/db = -sum dL/dz",
                .parameters = {positive("s", "64", "scale of the cosines"),
                               number("m", "0.4", 0, 10, "margin on the target's cosine"),
                               positive("l", "1", "weight of the negatives"),
                               choice("compat", "none", {"none", "released"},
                                      "released: -z_y is clamped to [-s, s], no gradient outside")},
                .state = "b, learned, starts at log(10 C)"};
    }
};

inline const Registered<ClassLoss<UniFace>> registered_uniface;

}  // namespace facet
