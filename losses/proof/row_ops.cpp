#include "losses/proof/row_ops.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ops.h"

namespace facet {
namespace {

struct Matrix {
    int64_t B, C;
};

Matrix matrix(const char* name, const Expr& x) {
    FACET_CHECK(x.defined(), "{}: an operand is not defined", name);
    expect_rank(name, "x", x.value(), 2);
    return {x.value().size(0), x.value().size(1)};
}

// Positions i * C + index_i in a (B, C) matrix; -1 for none.
Indices positions(const char* name, const Matrix& m, const Indices& index) {
    FACET_CHECK(int64_t(index.size()) == m.B, "{}: {} indices for x ({}, {})", name, index.size(),
                m.B, m.C);
    Indices at(index);
    for (int64_t i = 0; i < m.B; ++i) {
        FACET_CHECK(index[i] >= -1 && index[i] < m.C, "{}: row {} has index {}, expected -1 to {}",
                    name, i, index[i], m.C - 1);
        at[i] = index[i] < 0 ? -1 : i * m.C + index[i];
    }
    return at;
}

// values[i] = from[at[i]], 0 where at[i] is -1.
std::vector<double> gathered(const std::vector<double>& from, const Indices& at) {
    std::vector<double> values(at.size(), 0.0);
    for (size_t i = 0; i < at.size(); ++i) {
        if (at[i] >= 0) values[i] = from[at[i]];
    }
    return values;
}

}  // namespace

Expr matmul_transposed(const Expr& a, const Expr& b) {
    return {a.tape, linear(*a.tape, a.var, b.var, nullptr)};
}

Expr unit_rows(const Expr& x) {
    constexpr double shortest = 1e-12;
    const auto [B, D] = matrix("unit_rows", x);
    std::vector<double> y = x.value().to_doubles(), lengths(B);
    for (int64_t i = 0; i < B; ++i) {
        double squares = 0;
        for (int64_t at = i * D; at < (i + 1) * D; ++at) squares += y[at] * y[at];
        lengths[i] = std::sqrt(squares);
        for (int64_t at = i * D; at < (i + 1) * D; ++at) y[at] /= std::max(lengths[i], shortest);
    }
    // dx_i = (dy_i - <dy_i, y_i> y_i) / |x_i|: the radial part has no effect on y.
    const auto backward = [to = x.var, y, lengths, B = B, D = D](const Tensor& dy) {
        std::vector<double> dx = dy.to_doubles();
        for (int64_t i = 0; i < B; ++i) {
            double along = 0;
            for (int64_t at = i * D; at < (i + 1) * D; ++at) along += dx[at] * y[at];
            for (int64_t at = i * D; at < (i + 1) * D; ++at)
                dx[at] = lengths[i] < shortest ? 0 : (dx[at] - along * y[at]) / lengths[i];
        }
        to->contribute_whole(Tensor::from(dy.device(), {B, D}, dx));
    };
    const Tensor out = Tensor::from(x.value().device(), {B, D}, y);
    return {x.tape, x.tape->record("unit_rows", {x.var}, out, backward)};
}

Expr sum(const Expr& x) {
    FACET_CHECK(x.defined(), "sum: the operand is not defined");
    double total = 0;
    for (const double v : x.value().to_doubles()) total += v;
    const auto backward = [to = x.var](const Tensor& dy) {
        to->contribute_whole(Tensor::full(dy.device(), to->value.shape(), dy.item()));
    };
    const Tensor y = Tensor::full(x.value().device(), {1}, total);
    return {x.tape, x.tape->record("sum", {x.var}, y, backward)};
}

Expr row_sums(const Expr& x) {
    const auto [B, C] = matrix("row_sums", x);
    const std::vector<double> values = x.value().to_doubles();
    std::vector<double> sums(B, 0.0);
    for (size_t at = 0; at < values.size(); ++at) sums[at / C] += values[at];
    const auto backward = [to = x.var, B = B, C = C](const Tensor& dy) {
        const std::vector<double> slope = dy.to_doubles();
        std::vector<double> dx(B * C);
        for (size_t at = 0; at < dx.size(); ++at) dx[at] = slope[at / C];
        to->contribute_whole(Tensor::from(dy.device(), {B, C}, dx));
    };
    const Tensor y = Tensor::from(x.value().device(), {B}, sums);
    return {x.tape, x.tape->record("row_sums", {x.var}, y, backward)};
}

Expr columns(const Expr& v, int64_t C) {
    FACET_CHECK(v.defined(), "columns: the operand is not defined");
    expect_rank("columns", "v", v.value(), 1);
    const int64_t B = v.value().size(0);
    const std::vector<double> values = v.value().to_doubles();
    std::vector<double> y(B * C);
    for (size_t at = 0; at < y.size(); ++at) y[at] = values[at / C];
    const auto backward = [to = v.var, B, C](const Tensor& dy) {
        const std::vector<double> slope = dy.to_doubles();
        std::vector<double> dv(B, 0.0);
        for (size_t at = 0; at < slope.size(); ++at) dv[at / C] += slope[at];
        to->contribute_whole(Tensor::from(dy.device(), {B}, dv));
    };
    const Tensor out = Tensor::from(v.value().device(), {B, C}, y);
    return {v.tape, v.tape->record("columns", {v.var}, out, backward)};
}

Expr repeated(const Expr& one, const Shape& shape) {
    return reshape(columns(one, count(shape)), shape);
}

Expr add_to_rows(const Expr& x, const Expr& b) {
    const auto [B, C] = matrix("add_to_rows", x);
    expect_shape("add_to_rows", "b", b.value(), {C});
    const Tensor y = x.value().clone();
    y.device().add_bias(y, b.value());
    const auto backward = [x = x.var, b = b.var](const Tensor& dy) {
        if (b->needs_grad) {
            const auto db = b->contribute();
            dy.device().sum_rows(dy, db.tensor, db.mode);
        }
        if (x->needs_grad) x->contribute_whole(dy);
    };
    return {x.tape, x.tape->record("add_to_rows", {x.var, b.var}, y, backward)};
}

Expr pick(const Expr& x, const Indices& index) {
    const Matrix m = matrix("pick", x);
    const Indices at = positions("pick", m, index);
    const std::vector<double> picked = gathered(x.value().to_doubles(), at);
    const auto backward = [to = x.var, at, m](const Tensor& dy) {
        const std::vector<double> slope = dy.to_doubles();
        std::vector<double> dx(m.B * m.C, 0.0);
        for (int64_t i = 0; i < m.B; ++i) {
            if (at[i] >= 0) dx[at[i]] = slope[i];
        }
        to->contribute_whole(Tensor::from(dy.device(), {m.B, m.C}, dx));
    };
    const Tensor y = Tensor::from(x.value().device(), {m.B}, picked);
    return {x.tape, x.tape->record("pick", {x.var}, y, backward)};
}

Expr put(const Expr& x, const Indices& index, const Expr& v) {
    const Matrix m = matrix("put", x);
    const Indices at = positions("put", m, index);
    expect_shape("put", "v", v.value(), {m.B});
    // `values` with those at the positions replaced.
    const auto replaced = [at](std::vector<double> values, const std::vector<double>& by) {
        for (size_t i = 0; i < at.size(); ++i) {
            if (at[i] >= 0) values[at[i]] = by[i];
        }
        return values;
    };
    const auto backward = [x = x.var, v = v.var, at, m, replaced](const Tensor& dy) {
        const std::vector<double> slope = dy.to_doubles(), zeros(m.B, 0.0);
        if (v->needs_grad) {
            v->contribute_whole(Tensor::from(dy.device(), {m.B}, gathered(slope, at)));
        }
        if (x->needs_grad) {
            x->contribute_whole(Tensor::from(dy.device(), {m.B, m.C}, replaced(slope, zeros)));
        }
    };
    const Tensor y = Tensor::from(x.value().device(), {m.B, m.C},
                                  replaced(x.value().to_doubles(), v.value().to_doubles()));
    return {x.tape, x.tape->record("put", {x.var, v.var}, y, backward)};
}

Expr take_rows(const Expr& w, const Indices& index) {
    const auto [C, D] = matrix("take_rows", w);
    const auto B = int64_t(index.size());
    const std::vector<double> from = w.value().to_doubles();
    std::vector<double> rows(B * D, 0.0);
    for (int64_t i = 0; i < B; ++i) {
        FACET_CHECK(index[i] >= -1 && index[i] < C,
                    "take_rows: index {} at {}, expected -1 to {} for w ({}, {})", index[i], i,
                    C - 1, C, D);
        if (index[i] >= 0) std::copy_n(&from[index[i] * D], D, &rows[i * D]);
    }
    const auto backward = [to = w.var, index, C = C, D = D](const Tensor& dy) {
        const std::vector<double> slope = dy.to_doubles();
        std::vector<double> dw(C * D, 0.0);
        for (size_t i = 0; i < index.size(); ++i) {
            for (int64_t d = 0; d < D && index[i] >= 0; ++d)
                dw[index[i] * D + d] += slope[i * D + d];
        }
        to->contribute_whole(Tensor::from(dy.device(), {C, D}, dw));
    };
    const Tensor y = Tensor::from(w.value().device(), {B, D}, rows);
    return {w.tape, w.tape->record("take_rows", {w.var}, y, backward)};
}

Expr reshape(const Expr& x, const Shape& shape) {
    FACET_CHECK(x.defined(), "reshape: the operand is not defined");
    const auto backward = [to = x.var](const Tensor& dy) {
        to->contribute_whole(dy.reshape(to->value.shape()));
    };
    return {x.tape, x.tape->record("reshape", {x.var}, x.value().reshape(shape), backward)};
}

Expr elements(const Expr& x, const Indices& at) {
    FACET_CHECK(x.defined(), "elements: the operand is not defined");
    const Expr column = reshape(x, {x.value().count(), 1});
    return reshape(take_rows(column, at), {int64_t(at.size())});
}

Expr transposed(const Expr& x) {
    const auto [B, C] = matrix("transposed", x);
    Indices from;
    for (int64_t j = 0; j < C; ++j)
        for (int64_t i = 0; i < B; ++i) from.push_back(i * C + j);
    return reshape(elements(x, from), {C, B});
}

Expr beside(const Expr& left, const Expr& right) {
    const auto [B, C] = matrix("beside", left);
    const auto [rows, P] = matrix("beside", right);
    FACET_CHECK(rows == B, "beside: {} and {} rows", B, rows);
    const std::vector<double> a = left.value().to_doubles(), b = right.value().to_doubles();
    std::vector<double> y;
    for (int64_t i = 0; i < B; ++i) {
        y.insert(y.end(), &a[i * C], &a[i * C] + C);
        y.insert(y.end(), &b[i * P], &b[i * P] + P);
    }
    // Columns first .. first + n - 1 of the gradient.
    const auto part = [B = B, width = C + P](const Tensor& dy, int64_t first, int64_t n) {
        const std::vector<double> slope = dy.to_doubles();
        std::vector<double> d;
        for (int64_t i = 0; i < B; ++i) {
            const double* row = &slope[i * width + first];
            d.insert(d.end(), row, row + n);
        }
        return Tensor::from(dy.device(), {B, n}, d);
    };
    const auto backward = [l = left.var, r = right.var, part, C = C, P = P](const Tensor& dy) {
        if (l->needs_grad) l->contribute_whole(part(dy, 0, C));
        if (r->needs_grad) r->contribute_whole(part(dy, C, P));
    };
    const Tensor out = Tensor::from(left.value().device(), {B, C + P}, y);
    return {left.tape, left.tape->record("beside", {left.var, right.var}, out, backward)};
}

Expr log_sum_exp(const Expr& x, const Expr& mask) {
    const auto [B, C] = matrix("log_sum_exp", x);
    expect_shape("log_sum_exp", "mask", mask.value(), {B, C});
    const std::vector<double> values = x.value().to_doubles(), kept = mask.value().to_doubles();
    std::vector<double> y(B, -std::numeric_limits<double>::infinity());
    for (int64_t i = 0; i < B; ++i) {
        double top = y[i], total = 0;
        for (int64_t at = i * C; at < (i + 1) * C; ++at)
            if (kept[at] != 0) top = std::max(top, values[at]);
        for (int64_t at = i * C; at < (i + 1) * C; ++at)
            if (kept[at] != 0) total += std::exp(values[at] - top);
        if (total > 0) y[i] = top + std::log(total);
    }
    const auto backward = [to = x.var, values, kept, y, B = B, C = C](const Tensor& dy) {
        const std::vector<double> slope = dy.to_doubles();
        std::vector<double> dx(B * C, 0.0);
        for (size_t at = 0; at < dx.size(); ++at) {
            if (kept[at] != 0) dx[at] = slope[at / C] * std::exp(values[at] - y[at / C]);
        }
        to->contribute_whole(Tensor::from(dy.device(), {B, C}, dx));
    };
    const Tensor out = Tensor::from(x.value().device(), {B}, y);
    return {x.tape, x.tape->record("log_sum_exp", {x.var}, out, backward)};
}

Expr all_but(const Expr& x, const Indices& index) {
    const Matrix m = matrix("all_but", x);
    std::vector<double> mask(m.B * m.C, 1.0);
    for (const int64_t at : positions("all_but", m, index)) {
        if (at >= 0) mask[at] = 0;
    }
    return x.constant(Tensor::from(x.value().device(), {m.B, m.C}, mask));
}

Expr largest(const Expr& x, const Expr& mask, int64_t k) {
    const auto [B, C] = matrix("largest", x);
    expect_shape("largest", "mask", mask.value(), {B, C});
    const std::vector<double> values = x.value().to_doubles(), kept = mask.value().to_doubles();
    std::vector<double> chosen(B * C, 0.0);
    for (int64_t i = 0; i < B; ++i) {
        Indices order;
        for (int64_t at = i * C; at < (i + 1) * C; ++at)
            if (kept[at] != 0) order.push_back(at);
        std::stable_sort(order.begin(), order.end(),
                         [&](int64_t a, int64_t b) { return values[a] > values[b]; });
        order.resize(std::min<int64_t>(k, int64_t(order.size())));
        for (const int64_t at : order) chosen[at] = 1;
    }
    return x.constant(Tensor::from(x.value().device(), {B, C}, chosen));
}

}  // namespace facet
