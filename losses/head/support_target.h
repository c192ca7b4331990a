// What SV-Softmax and MV-Softmax share: a target with a margin, and the cosine above which another
// class counts as a support vector (a mis-classified vector).
//
//   f = c_y (margin=none), c_y - m (am), cos(theta_y + m) (arc);   z_y = s f
// easy: z_y = s c_y where c_y <= 0, or with compat=facexzoo and margin=am where c_y <= m; the
// threshold f keeps the margin.
#pragma once

#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct SupportRow : SoftmaxRow<T> {
    T threshold;  // f
};

// The losses ask for these parameters, each in the order of its own list.
template <class T>
struct SupportTarget {
    T m = 0;  // 0 for margin=none
    bool arc = false, easy = false, facexzoo = false;

    SupportRow<T> begin(const Target<T>& y, T s) const {
        const T easy_limit = facexzoo && !arc ? m : T(0);
        SupportRow<T> row;
        row.target = arc ? additive_angle(y, s, m) : additive_cosine(y, s, m);
        row.threshold = arc ? margined_cosine(y, m) : y.cos - m;
        if (easy && y.cos <= easy_limit) row.target = additive_cosine(y, s, T(0));
        return row;
    }
};

}  // namespace facet
