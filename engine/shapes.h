// The shapes of one call of a primitive, read from its tensors and checked; shared by the devices
// so that they refuse the same calls with the same words.
#pragma once

#include <cstdint>
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

// Throws Error naming `operation`: x and y rank 4, y a map, w plain and square, one channel count,
// stride >= 1, pad >= 0, the kernel no larger than the padded input, y of the size that follows.
// x may have either layout. Backward calls pass dx for x, dy for y, dw for w.
ConvShape conv_shape(const char* operation, const Tensor& x, const Tensor& w, ConvGeometry g,
                     const Tensor& y);

// A tensor seen as N x C channels of `pixels` values each: a map (N, C, H, W), pixels = H W, or
// plain (N, C), pixels = 1.
struct ChannelShape {
    int64_t N, C, pixels;
    int64_t per_channel() const { return N * pixels; }
};

// Throws Error unless x is a map of rank 4 or plain of rank 2.
ChannelShape channel_shape(const char* operation, const Tensor& x);

// Throws Error unless `tensor` has the shape and layout of `like`.
void expect_like(const char* operation, const char* what, const Tensor& tensor, const Tensor& like);

// Throws Error unless `tensor` is plain and has `shape`.
void expect_plain(const char* operation, const char* what, const Tensor& tensor,
                  const Shape& shape);

// The sizes of c (M, N) = op(a) (M, K) op(b) (K, N), all plain; throws Error when they disagree.
struct GemmShape {
    int64_t M, N, K;
};
GemmShape gemm_shape(Transpose ta, Transpose tb, const Tensor& a, const Tensor& b, const Tensor& c);

// A matrix (B, D), plain.
struct RowShape {
    int64_t B, D;
};
// Rows and a vector (D) that is added to each or is their sum; errors use the names given.
RowShape bias_shape(const char* operation, const char* rows_name, const Tensor& rows,
                    const char* vector_name, const Tensor& vector);
RowShape normalise_shape(const Tensor& x, const Tensor& norm, const Tensor& y);
RowShape normalise_backward_shape(const Tensor& y, const Tensor& norm, const Tensor& dy,
                                  const Tensor& dx);
// x and y plain and alike, p in [0, 1).
void check_dropout(const Tensor& x, double p, const Tensor& y);

// Throws Error unless x is plain and has all of `rows`, and `part` (n, ...) is shaped as n = the
// number of them; returns the elements of a row.
int64_t rows_shape(const char* operation, const Tensor& x, std::span<const int64_t> rows,
                   const Tensor& part);

// Gamma, beta and, where there is one, the slope have shape (C); x, y, and the addend, where there
// is one, are alike.
ChannelShape batch_norm_shape(const char* operation, const BatchNorm& bn, const Tensor& x,
                              const Tensor& addend, const Tensor& y);
// The same for batch_norm_eval; the running statistics have shape (C).
ChannelShape batch_norm_eval_shape(const BatchNorm& bn, const Tensor& x, const Tensor& addend,
                                   const RunningStatistics& running, const Tensor& y);
// The same for batch_norm_train, whose statistics have shape (C); a channel must have at least two
// values, for one has no variance.
ChannelShape batch_norm_train_shape(const BatchNorm& bn, const Tensor& x, const Tensor& addend,
                                    const RunningStatistics& running, const Tensor& mean,
                                    const Tensor& invstd, const Tensor& y);
// The same for batch_norm_backward; dslope is needed exactly when there is a slope.
ChannelShape batch_norm_backward_shape(const BatchNorm& bn, const Tensor& x, const Tensor& mean,
                                       const Tensor& invstd, const Tensor& dy, const Tensor& dgamma,
                                       const Tensor& dbeta, const Tensor& dslope, const Tensor& dx);

}  // namespace facet
