// The sizes of one call of a primitive, read from its tensors and checked: what stands in the table
// of primitives (engine/primitives.def). Every function throws Error, naming `operation` and both
// shapes, unless what stands above it is so.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

#include "engine/device.h"

namespace facet {

// x (N, C, H, W), w (K, C, R, R), y (N, K, P, Q).
struct ConvShape {
    int64_t N, C, H, W;
    int64_t K, R;
    int64_t P, Q;
    int64_t stride, pad;
};

// x and y rank 4, y a map, w plain and square, one channel count, stride >= 1, pad >= 0, the kernel
// no larger than the padded input, y of the size that follows. x may have either layout. Backward
// calls pass dx for x, dy for y, dw for w.
ConvShape conv_shape(const char* operation, const Tensor& x, const Tensor& w, ConvGeometry g,
                     const Tensor& y);

// A tensor seen as N x C channels of `pixels` values each: a map (N, C, H, W), pixels = H W, or
// plain (N, C), pixels = 1.
struct ChannelShape {
    int64_t N, C, pixels;
    int64_t per_channel() const { return N * pixels; }
};

// `tensor` is plain and has `shape`.
void expect_plain(const char* operation, const char* what, const Tensor& tensor,
                  const Shape& shape);

// c (M, N) = op(a) (M, K) op(b) (K, N), all plain.
struct GemmShape {
    int64_t M, N, K;
};
GemmShape gemm_shape(const char* operation, Transpose ta, Transpose tb, const Tensor& a,
                     const Tensor& b, const Tensor& c);

// A matrix (B, D), plain.
struct RowShape {
    int64_t B, D;
};
// Rows and a vector (D) that is added to each or is their sum; errors use the names given.
RowShape bias_shape(const char* operation, const char* rows_name, const Tensor& rows,
                    const char* vector_name, const Tensor& vector);

// Elements one by one, whatever the shape; `stored` counts the padding of maps too.
struct ElementShape {
    int64_t stored;
};
// All of `others`, by their names in errors, have the shape and layout of x.
struct NamedTensor {
    const char* name;
    const Tensor& tensor;
};
ElementShape element_shape(const char* operation, const Tensor& x,
                           std::initializer_list<NamedTensor> others);
// y has the shape of x, in any layout.
ElementShape copy_shape(const char* operation, const Tensor& x, const Tensor& y);
// x and y plain and alike, p in [0, 1).
ElementShape dropout_shape(const char* operation, const Tensor& x, double p, const Tensor& y);

// x is plain and has all of `rows`, and `part` (n, ...) is shaped as n = the number of them;
// returns the elements of a row.
int64_t rows_shape(const char* operation, const Tensor& x, std::span<const int64_t> rows,
                   const Tensor& part);

// Gamma, beta, the running statistics and, where there is one, the slope have shape (C); x, y, and
// the addend, where there is one, are alike.
ChannelShape batch_norm_eval_shape(const char* operation, const BatchNorm& bn, const Tensor& x,
                                   const Tensor& addend, const RunningStatistics& running,
                                   const Tensor& y);
// The same for batch_norm_train, whose statistics have shape (C); a channel must have at least two
// values, for one has no variance.
ChannelShape batch_norm_train_shape(const char* operation, const BatchNorm& bn, const Tensor& x,
                                    const Tensor& addend, const RunningStatistics& running,
                                    const Tensor& mean, const Tensor& invstd, const Tensor& y);
// The same for batch_norm_backward; dslope is needed exactly when there is a slope.
ChannelShape batch_norm_backward_shape(const char* operation, const BatchNorm& bn, const Tensor& x,
                                       const Tensor& mean, const Tensor& invstd, const Tensor& dy,
                                       const Tensor& dgamma, const Tensor& dbeta,
                                       const Tensor& dslope, const Tensor& dx);

}  // namespace facet
