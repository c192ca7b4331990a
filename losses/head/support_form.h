// Margin softmax with support vectors (hard negatives): other classes whose cosine is above a
// threshold f, mostly the target's with its margin, have a logit of their own.
//
//   z_j = s (c_j > f ? support(c_j) : c_j)
//
// A loss derives from SupportForm<T>, sets the threshold in begin() and adds
//   T support(T c) const          of a support vector: z/s
//   T support_slope(T c) const    its derivative
#pragma once

#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct SupportRow : SoftmaxRow<T> {
    T threshold;  // f
};

template <class T, class Derived>
struct SupportForm : SoftmaxForm<T, Derived> {
    using Row = SupportRow<T>;

    FACET_HD T logit(const auto& row, T c, int64_t) const {
        const T support = self().support(c);
        return self().s * (c > row.threshold ? support : c);
    }
    FACET_HD T slope(const auto& row, T c, int64_t) const {
        const T support = self().s * self().support_slope(c);
        return c > row.threshold ? support : self().s;
    }

private:
    FACET_HD const Derived& self() const { return static_cast<const Derived&>(*this); }
};

// The row in SV-Softmax and MV-Softmax:
//   f = c_y (m = 0), c_y - m, or cos(theta_y + m) (arc);   z_y = s f
// easy: z_y = s c_y where c_y <= 0, or with compat=facexzoo, without arc, where c_y <= m; the
// threshold f keeps the margin.
template <class T>
struct SupportMargin {
    T m;
    bool arc, easy, facexzoo;

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
