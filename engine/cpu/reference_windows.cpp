// Windows that slide over maps: convolution and pooling.
#include <cmath>
#include <limits>

#include "engine/cpu/reference.h"
#include "engine/shapes.h"

namespace facet {
namespace {

// Row-major indexing of four sizes.
struct Array4 {
    double* data;
    int64_t size1, size2, size3;

    explicit Array4(const Tensor& t)
        : data(t.data<double>()), size1(t.size(1)), size2(t.size(2)), size3(t.size(3)) {}

    double& operator()(int64_t i, int64_t j, int64_t k, int64_t l) const {
        return data[((i * size1 + j) * size2 + k) * size3 + l];
    }
};

// Calls use(h, w, r, s) for every element of the window of output pixel (p, q) that lies inside
// the input: (h, w) in the input, (r, s) in the window, row by row.
template <class Use>
void for_each_in_window(const ConvShape& z, int64_t p, int64_t q, Use use) {
    for (int64_t r = 0; r < z.R; ++r) {
        for (int64_t s = 0; s < z.R; ++s) {
            const int64_t h = p * z.stride - z.pad + r, w = q * z.stride - z.pad + s;
            if (h >= 0 && h < z.H && w >= 0 && w < z.W) use(h, w, r, s);
        }
    }
}

// Calls use(n, k, p, q) for every output element.
template <class Use>
void for_each_output(const ConvShape& z, Use use) {
    for (int64_t n = 0; n < z.N; ++n)
        for (int64_t k = 0; k < z.K; ++k)
            for (int64_t p = 0; p < z.P; ++p)
                for (int64_t q = 0; q < z.Q; ++q) use(n, k, p, q);
}

// A convolution is the bilinear form  sum y_nkpq x_nchw w_kcrs  over the terms this visits; each of
// the three passes sums out two of its factors. use(n, k, p, q, c, h, w, r, s).
template <class Use>
void for_each_term(const ConvShape& z, Use use) {
    for_each_output(z, [&](int64_t n, int64_t k, int64_t p, int64_t q) {
        for (int64_t c = 0; c < z.C; ++c) {
            for_each_in_window(z, p, q, [&](int64_t h, int64_t w, int64_t r, int64_t s) {
                use(n, k, p, q, c, h, w, r, s);
            });
        }
    });
}

}  // namespace

void ReferenceDevice::conv_forward(const Tensor& x, const Tensor& w, ConvGeometry g,
                                   const Tensor& y) {
    const ConvShape z = conv_shape("conv_forward", x, w, g, y);
    const Array4 px(x), pw(w), py(y);
    fill(y, 0);
    for_each_term(z, [&](auto n, auto k, auto p, auto q, auto c, auto h, auto v, auto r, auto s) {
        py(n, k, p, q) += px(n, c, h, v) * pw(k, c, r, s);
    });
}

void ReferenceDevice::conv_backward_data(const Tensor& dy, const Tensor& w, ConvGeometry g,
                                         const Tensor& dx, Grad mode) {
    const ConvShape z = conv_shape("conv_backward_data", dx, w, g, dy);
    const Array4 pdy(dy), pw(w), pdx(dx);
    if (mode == Grad::Overwrite) fill(dx, 0);
    for_each_term(z, [&](auto n, auto k, auto p, auto q, auto c, auto h, auto v, auto r, auto s) {
        pdx(n, c, h, v) += pdy(n, k, p, q) * pw(k, c, r, s);
    });
}

void ReferenceDevice::conv_backward_filter(const Tensor& x, const Tensor& dy, ConvGeometry g,
                                           const Tensor& dw, Grad mode) {
    const ConvShape z = conv_shape("conv_backward_filter", x, dw, g, dy);
    const Array4 px(x), pdy(dy), pdw(dw);
    if (mode == Grad::Overwrite) fill(dw, 0);
    for_each_term(z, [&](auto n, auto k, auto p, auto q, auto c, auto h, auto v, auto r, auto s) {
        pdw(k, c, r, s) += pdy(n, k, p, q) * px(n, c, h, v);
    });
}

void ReferenceDevice::max_pool_forward(const Tensor& x, int64_t window, ConvGeometry g,
                                       const Tensor& y) {
    const ConvShape z = pool_shape("max_pool_forward", x, window, g, y);
    const Array4 px(x), py(y);
    for_each_output(z, [&](int64_t n, int64_t c, int64_t p, int64_t q) {
        double best = -std::numeric_limits<double>::infinity();
        for_each_in_window(z, p, q, [&](int64_t h, int64_t w, int64_t, int64_t) {
            if (px(n, c, h, w) > best || std::isnan(px(n, c, h, w))) best = px(n, c, h, w);
        });
        py(n, c, p, q) = best;
    });
}

void ReferenceDevice::max_pool_backward(const Tensor& x, const Tensor& dy, int64_t window,
                                        ConvGeometry g, const Tensor& dx, Grad mode) {
    const ConvShape z = pool_shape("max_pool_backward", x, window, g, dy);
    expect_like("max_pool_backward", "dx", dx, x);
    const Array4 px(x), pdy(dy), pdx(dx);
    if (mode == Grad::Overwrite) fill(dx, 0);
    for_each_output(z, [&](int64_t n, int64_t c, int64_t p, int64_t q) {
        const double* winner = nullptr;  // the first of the largest
        for_each_in_window(z, p, q, [&](int64_t h, int64_t w, int64_t, int64_t) {
            if (!winner || px(n, c, h, w) > *winner || std::isnan(px(n, c, h, w)))
                winner = &px(n, c, h, w);
        });
        pdx.data[winner - px.data] += pdy(n, c, p, q);
    });
}

void ReferenceDevice::average_pool_forward(const Tensor& x, const Tensor& y) {
    average_pool_shape("average_pool_forward", "x", x, "y", y);
    const int64_t pixels = x.size(2) * x.size(3);
    for (int64_t row = 0; row < y.count(); ++row) {
        double sum = 0;
        for (int64_t i = 0; i < pixels; ++i) sum += x.data<double>()[row * pixels + i];
        y.data<double>()[row] = sum / static_cast<double>(pixels);
    }
}

void ReferenceDevice::average_pool_backward(const Tensor& dy, const Tensor& dx, Grad mode) {
    average_pool_shape("average_pool_backward", "dx", dx, "dy", dy);
    const int64_t pixels = dx.size(2) * dx.size(3);
    for (int64_t row = 0; row < dy.count(); ++row) {
        const double share = dy.data<double>()[row] / static_cast<double>(pixels);
        for (int64_t i = 0; i < pixels; ++i)
            write(dx.data<double>()[row * pixels + i], share, mode);
    }
}

}  // namespace facet
