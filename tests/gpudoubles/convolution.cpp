// Convolutions as products of matrices: every window of an image becomes a row.
#include "tests/gpudoubles/convolution.h"

#include <dnnl.h>

#include <algorithm>
#include <vector>

#include "engine/cuda/bfloat16.h"
#include "tests/gpudoubles/reports.h"
#include "tests/gpudoubles/tf32.h"

namespace gpudoubles {
namespace {

using facet::cuda::bfloat16;
using facet::cuda::ConvOperation;
using facet::cuda::Said;

// --- what was said ---

double number(const Said& said, cudnnBackendAttributeName_t name) {
    return said.numbers.at(name).at(0);
}

template <size_t n>
std::array<int64_t, n> numbers(const Said& said, cudnnBackendAttributeName_t name) {
    const auto& found = said.numbers.at(name);
    if (found.size() != n) throw Misuse("cuDNN: an attribute of another number of dimensions");
    std::array<int64_t, n> values;
    for (size_t i = 0; i < n; ++i) values[i] = static_cast<int64_t>(found[i]);
    return values;
}

SaidTensor tensor_of(const Said& said) {
    const SaidTensor tensor{static_cast<int64_t>(number(said, CUDNN_ATTR_TENSOR_UNIQUE_ID)),
                            static_cast<cudnnDataType_t>(number(said, CUDNN_ATTR_TENSOR_DATA_TYPE)),
                            numbers<4>(said, CUDNN_ATTR_TENSOR_DIMENSIONS),
                            numbers<4>(said, CUDNN_ATTR_TENSOR_STRIDES),
                            static_cast<int64_t>(number(said, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT))};
    if (tensor.type != CUDNN_DATA_FLOAT && tensor.type != CUDNN_DATA_BFLOAT16)
        throw Misuse("cuDNN: a type that is neither float nor bfloat16");
    return tensor;
}

struct Names {
    ConvOperation operation;
    cudnnBackendAttributeName_t x, w, y, convolution, alpha, beta;
};
constexpr Names kNames[] = {
    {ConvOperation::Forward, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA},
    {ConvOperation::BackwardData, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA},
    {ConvOperation::BackwardFilter, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA}};

void put_faults_in(SaidConvolution& convolution) {
    if (faulty(Fault::ShiftedPadding)) convolution.pads = {0, 0};
    if (faulty(Fault::IgnoredBeta)) convolution.beta = 0;
    if (faulty(Fault::PlainStrides)) {
        const auto& [N, C, H, W] = convolution.x.sizes;
        convolution.x.strides = {C * H * W, H * W, W, 1};
    }
}

// --- the computation ---

float value_at(const SaidTensor& tensor, const void* data, int64_t i) {
    if (tensor.type == CUDNN_DATA_FLOAT) return static_cast<const float*>(data)[i];
    return to_float(static_cast<const bfloat16*>(data)[i]);
}

// Calls each(position in memory, position in row-major order of a, c, d, b): channels innermost.
template <class Each>
void for_each_element(const SaidTensor& tensor, Each each) {
    const auto& [A, B, C, D] = tensor.sizes;
    const auto& [a_stride, b_stride, c_stride, d_stride] = tensor.strides;
    int64_t packed = 0;
    for (int64_t a = 0; a < A; ++a)
        for (int64_t c = 0; c < C; ++c)
            for (int64_t d = 0; d < D; ++d)
                for (int64_t b = 0; b < B; ++b)
                    each(a * a_stride + b * b_stride + c * c_stride + d * d_stride, packed++);
}

// As the products take it.
std::vector<float> packed(const SaidTensor& tensor, const void* data, bool tf32) {
    const auto& [A, B, C, D] = tensor.sizes;
    std::vector<float> values(A * B * C * D);
    for_each_element(tensor,
                     [&](int64_t at, int64_t i) { values[i] = value_at(tensor, data, at); });
    if (tf32) std::transform(values.begin(), values.end(), values.begin(), to_tf32);
    return values;
}

void unpack(const std::vector<float>& values, const SaidTensor& tensor, double alpha, double beta,
            void* data) {
    for_each_element(tensor, [&](int64_t at, int64_t i) {
        double value = alpha * values[i];
        if (beta != 0) value += beta * value_at(tensor, data, at);
        if (tensor.type == CUDNN_DATA_FLOAT) {
            static_cast<float*>(data)[at] = static_cast<float>(value);
        } else {
            static_cast<bfloat16*>(data)[at] = facet::cuda::to_bfloat16(static_cast<float>(value));
        }
    });
}

// c (M, N) = op(a) op(b) + beta c, by rows.
void multiply(char ta, char tb, int64_t M, int64_t N, int64_t K, const float* a, const float* b,
              float beta, float* c) {
    const int64_t lda = ta == 'N' ? K : M, ldb = tb == 'N' ? N : K;
    if (dnnl_sgemm(ta, tb, M, N, K, 1.0f, a, lda, b, ldb, beta, c, N) != dnnl_success)
        throw Misuse("dnnl_sgemm failed");
}

// The windows of one image.
class Windows {
public:
    explicit Windows(const SaidConvolution& s) : said_(s), matrix_(rows() * columns()) {}

    int64_t rows() const { return said_.y.sizes[2] * said_.y.sizes[3]; }  // P Q
    int64_t columns() const {                                             // R S C
        return said_.w.sizes[1] * said_.w.sizes[2] * said_.w.sizes[3];
    }
    std::vector<float>& matrix() { return matrix_; }

    // x, dx: (H, W, C)
    void gather(const float* x) {
        std::fill(matrix_.begin(), matrix_.end(), 0.0f);
        for_each_pixel([&](int64_t pixel, float* window) { std::copy_n(x + pixel, C(), window); });
    }
    void scatter_add(float* dx) {
        for_each_pixel([&](int64_t pixel, const float* window) {
            for (int64_t c = 0; c < C(); ++c) dx[pixel + c] += window[c];
        });
    }

private:
    int64_t C() const { return said_.x.sizes[1]; }

    // Calls each(index of a pixel's first channel, its place in the matrix); padding is left out.
    template <class Each>
    void for_each_pixel(Each each) {
        const auto& [N, channels, H, W] = said_.x.sizes;
        const int64_t P = said_.y.sizes[2], Q = said_.y.sizes[3];
        const int64_t R = said_.w.sizes[2], S = said_.w.sizes[3];
        float* place = matrix_.data();
        for (int64_t p = 0; p < P; ++p)
            for (int64_t q = 0; q < Q; ++q)
                for (int64_t r = 0; r < R; ++r)
                    for (int64_t s = 0; s < S; ++s, place += channels) {
                        const int64_t h = p * said_.strides[0] - said_.pads[0] + r;
                        const int64_t w = q * said_.strides[1] - said_.pads[1] + s;
                        if (h >= 0 && h < H && w >= 0 && w < W) each((h * W + w) * channels, place);
                    }
    }

    const SaidConvolution& said_;
    std::vector<float> matrix_;
};

}  // namespace

int64_t SaidTensor::bytes() const {
    int64_t last = 0;
    for (int i = 0; i < 4; ++i) last += (sizes[i] - 1) * strides[i];
    return (last + 1) * element();
}

SaidConvolution convolution_of(const Said& graph) {
    const Said& operation = *graph.descriptors.at(CUDNN_ATTR_OPERATIONGRAPH_OPS);
    for (const Names& names : kNames) {
        if (!operation.descriptors.contains(names.convolution)) continue;
        const Said& conv = *operation.descriptors.at(names.convolution);
        if (number(conv, CUDNN_ATTR_CONVOLUTION_CONV_MODE) != double{CUDNN_CROSS_CORRELATION} ||
            numbers<2>(conv, CUDNN_ATTR_CONVOLUTION_DILATIONS) != std::array<int64_t, 2>{1, 1})
            throw Misuse("cuDNN: only cross-correlations without dilation are known here");
        SaidConvolution found{names.operation,
                              tensor_of(*operation.descriptors.at(names.x)),
                              tensor_of(*operation.descriptors.at(names.w)),
                              tensor_of(*operation.descriptors.at(names.y)),
                              numbers<2>(conv, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS),
                              numbers<2>(conv, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES),
                              number(operation, names.alpha),
                              number(operation, names.beta)};
        put_faults_in(found);
        return found;
    }
    throw Misuse("cuDNN: an operation that is no convolution");
}

void convolve(const SaidConvolution& s, void* x_data, void* w_data, void* y_data) {
    const int64_t N = s.x.sizes[0], K = s.w.sizes[0];
    const int64_t image = s.x.sizes[1] * s.x.sizes[2] * s.x.sizes[3];
    Windows windows(s);
    const int64_t rows = windows.rows(), columns = windows.columns();
    float* const matrix = windows.matrix().data();
    if (s.operation == ConvOperation::Forward) {  // y (PQ, K) = windows w^T
        const std::vector<float> x = packed(s.x, x_data, s.tf32), w = packed(s.w, w_data, s.tf32);
        std::vector<float> y(N * rows * K);
        for (int64_t n = 0; n < N; ++n) {
            windows.gather(&x[n * image]);
            multiply('N', 'T', rows, K, columns, matrix, w.data(), 0, &y[n * rows * K]);
        }
        unpack(y, s.y, s.alpha, s.beta, y_data);
    } else if (s.operation == ConvOperation::BackwardData) {  // windows = dy w
        const std::vector<float> w = packed(s.w, w_data, s.tf32), dy = packed(s.y, y_data, s.tf32);
        std::vector<float> dx(N * image);
        for (int64_t n = 0; n < N; ++n) {
            multiply('N', 'N', rows, columns, K, &dy[n * rows * K], w.data(), 0, matrix);
            windows.scatter_add(&dx[n * image]);
        }
        unpack(dx, s.x, s.alpha, s.beta, x_data);
    } else {  // dw (K, RSC) = sum of dy^T windows
        const std::vector<float> x = packed(s.x, x_data, s.tf32), dy = packed(s.y, y_data, s.tf32);
        std::vector<float> dw(K * columns);
        for (int64_t n = 0; n < N; ++n) {
            windows.gather(&x[n * image]);
            multiply('T', 'N', K, columns, rows, &dy[n * rows * K], matrix, n > 0, dw.data());
        }
        unpack(dw, s.w, s.alpha, s.beta, w_data);
    }
}

}  // namespace gpudoubles
