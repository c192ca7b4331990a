#include "engine/shapes.h"

namespace facet {
namespace {

// y's height or width for an input of `in`; throws when no kernel position fits.
int64_t output_size(const char* operation, ConvGeometry g, int64_t in, int64_t kernel) {
    FACET_CHECK(in + 2 * g.pad >= kernel,
                "{}: a kernel of {} does not fit an input of {} with pad {}", operation, kernel, in,
                g.pad);
    return g.out(in, kernel);
}

ChannelShape channel_shape(const char* operation, const Tensor& x) {
    FACET_CHECK(x.rank() == 4 || x.rank() == 2, "{}: expected (N, C, H, W) or (N, C), found {}",
                operation, to_string(x.shape()));
    expect_layout(operation, "the input", x, x.rank() == 4 ? Layout::Map : Layout::Plain);
    return {x.size(0), x.size(1), x.rank() == 4 ? x.size(2) * x.size(3) : 1};
}

// What the forms of batch normalisation have in common; a gradient passes dx for y.
ChannelShape batch_norm_shape(const char* operation, const BatchNorm& bn, const Tensor& x,
                              const Tensor& addend, const Tensor& y) {
    const ChannelShape shape = channel_shape(operation, x);
    expect_plain(operation, "gamma", bn.gamma, {shape.C});
    expect_plain(operation, "beta", bn.beta, {shape.C});
    if (bn.slope.defined()) expect_plain(operation, "slope", bn.slope, {shape.C});
    element_shape(operation, x, {{"y", y}});
    if (addend.defined()) element_shape(operation, x, {{"the addend", addend}});
    return shape;
}

}  // namespace

ConvShape conv_shape(const char* operation, const Tensor& x, const Tensor& w, ConvGeometry g,
                     const Tensor& y) {
    expect_rank(operation, "the input map", x, 4);
    expect_rank(operation, "the filter", w, 4);
    expect_plain(operation, "the filter", w, {w.size(0), x.size(1), w.size(2), w.size(2)});
    const int64_t K = w.size(0), R = w.size(2);
    FACET_CHECK(g.stride >= 1 && g.pad >= 0 && R >= 1,
                "{}: stride and kernel must be positive and pad not negative, found stride {}, "
                "kernel {}, pad {}",
                operation, g.stride, R, g.pad);
    const int64_t N = x.size(0), C = x.size(1), H = x.size(2), W = x.size(3);
    const int64_t P = output_size(operation, g, H, R), Q = output_size(operation, g, W, R);
    expect_shape(operation, "the output map", y, {N, K, P, Q});
    expect_layout(operation, "the output map", y, Layout::Map);
    return {N, C, H, W, K, R, P, Q, g.stride, g.pad};
}

void expect_plain(const char* operation, const char* what, const Tensor& tensor,
                  const Shape& shape) {
    expect_shape(operation, what, tensor, shape);
    expect_layout(operation, what, tensor, Layout::Plain);
}

GemmShape gemm_shape(const char* operation, Transpose ta, Transpose tb, const Tensor& a,
                     const Tensor& b, const Tensor& c) {
    expect_rank(operation, "c", c, 2);
    expect_rank(operation, "a", a, 2);
    const int64_t M = c.size(0), N = c.size(1), K = a.size(ta == Transpose::No ? 1 : 0);
    expect_plain(operation, "a", a, ta == Transpose::No ? Shape{M, K} : Shape{K, M});
    expect_plain(operation, "b", b, tb == Transpose::No ? Shape{K, N} : Shape{N, K});
    expect_layout(operation, "c", c, Layout::Plain);
    return {M, N, K};
}

RowShape bias_shape(const char* operation, const char* rows_name, const Tensor& rows,
                    const char* vector_name, const Tensor& vector) {
    expect_rank(operation, rows_name, rows, 2);
    expect_layout(operation, rows_name, rows, Layout::Plain);
    expect_plain(operation, vector_name, vector, {rows.size(1)});
    return {rows.size(0), rows.size(1)};
}

ElementShape element_shape(const char* operation, const Tensor& x,
                           std::initializer_list<NamedTensor> others) {
    for (const auto& [name, tensor] : others) {
        expect_shape(operation, name, tensor, x.shape());
        expect_layout(operation, name, tensor, x.layout());
    }
    return {x.stored_count()};
}

ElementShape copy_shape(const char* operation, const Tensor& x, const Tensor& y) {
    expect_shape(operation, "y", y, x.shape());
    return {x.stored_count()};
}

ElementShape dropout_shape(const char* operation, const Tensor& x, double p, const Tensor& y) {
    FACET_CHECK(p >= 0 && p < 1, "{}: p must be in [0, 1), found {}", operation, p);
    expect_layout(operation, "x", x, Layout::Plain);
    return element_shape(operation, x, {{"y", y}});
}

int64_t rows_shape(const char* operation, const Tensor& x, std::span<const int64_t> rows,
                   const Tensor& part) {
    expect_layout(operation, "the tensor", x, Layout::Plain);
    Shape shape = x.shape();
    for (const int64_t row : rows) {
        FACET_CHECK(row >= 0 && row < shape.at(0), "{}: there is no row {} in {}", operation, row,
                    to_string(shape));
    }
    shape.at(0) = static_cast<int64_t>(rows.size());
    expect_plain(operation, "the part", part, shape);
    return rows.empty() ? 0 : part.count() / std::ssize(rows);
}

ChannelShape batch_norm_eval_shape(const char* operation, const BatchNorm& bn, const Tensor& x,
                                   const Tensor& addend, const RunningStatistics& running,
                                   const Tensor& y) {
    const ChannelShape shape = batch_norm_shape(operation, bn, x, addend, y);
    expect_plain(operation, "the running mean", running.mean, {shape.C});
    expect_plain(operation, "the running variance", running.variance, {shape.C});
    return shape;
}

ChannelShape batch_norm_train_shape(const char* operation, const BatchNorm& bn, const Tensor& x,
                                    const Tensor& addend, const RunningStatistics& running,
                                    const Tensor& mean, const Tensor& invstd, const Tensor& y) {
    const ChannelShape shape = batch_norm_shape(operation, bn, x, addend, y);
    FACET_CHECK(shape.per_channel() >= 2,
                "{}: x {} has {} value in a channel, its variance needs at least 2", operation,
                to_string(x.shape()), shape.per_channel());
    expect_plain(operation, "the running mean", running.mean, {shape.C});
    expect_plain(operation, "the running variance", running.variance, {shape.C});
    expect_plain(operation, "mean", mean, {shape.C});
    expect_plain(operation, "invstd", invstd, {shape.C});
    return shape;
}

ChannelShape batch_norm_backward_shape(const char* operation, const BatchNorm& bn, const Tensor& x,
                                       const Tensor& mean, const Tensor& invstd, const Tensor& dy,
                                       const Tensor& dgamma, const Tensor& dbeta,
                                       const Tensor& dslope, const Tensor& dx) {
    const ChannelShape shape = batch_norm_shape(operation, bn, x, Tensor(), dx);
    element_shape(operation, x, {{"dy", dy}});
    expect_plain(operation, "mean", mean, {shape.C});
    expect_plain(operation, "invstd", invstd, {shape.C});
    expect_plain(operation, "dgamma", dgamma, {shape.C});
    expect_plain(operation, "dbeta", dbeta, {shape.C});
    FACET_CHECK(bn.slope.defined() == dslope.defined(),
                "{}: slope and dslope must be given both or neither", operation);
    if (dslope.defined()) expect_plain(operation, "dslope", dslope, {shape.C});
    return shape;
}

}  // namespace facet
