// Convolution of the reference device.
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

// A convolution is the bilinear form  sum y_nkpq x_nchw w_kcrs  over the terms this visits; each of
// the three passes sums out two of its factors. use(n, k, p, q, c, h, w, r, s).
template <class Use>
void for_each_term(const ConvShape& z, Use use) {
    for (int64_t n = 0; n < z.N; ++n)
        for (int64_t k = 0; k < z.K; ++k)
            for (int64_t p = 0; p < z.P; ++p)
                for (int64_t q = 0; q < z.Q; ++q)
                    for (int64_t c = 0; c < z.C; ++c)
                        for_each_in_window(z, p, q, [&](auto h, auto w, auto r, auto s) {
                            use(n, k, p, q, c, h, w, r, s);
                        });
}

}  // namespace

void ReferenceDevice::conv_forward(const ConvShape& z, const Tensor& x, const Tensor& w,
                                   ConvGeometry /*g*/, const Tensor& y) {
    const Array4 px(x), pw(w), py(y);
    fill(y, 0);
    for_each_term(z, [&](auto n, auto k, auto p, auto q, auto c, auto h, auto v, auto r, auto s) {
        py(n, k, p, q) += px(n, c, h, v) * pw(k, c, r, s);
    });
}

void ReferenceDevice::conv_backward_data(const ConvShape& z, const Tensor& dy, const Tensor& w,
                                         ConvGeometry /*g*/, const Tensor& dx, Grad mode) {
    const Array4 pdy(dy), pw(w), pdx(dx);
    if (mode == Grad::Overwrite) fill(dx, 0);
    for_each_term(z, [&](auto n, auto k, auto p, auto q, auto c, auto h, auto v, auto r, auto s) {
        pdx(n, c, h, v) += pdy(n, k, p, q) * pw(k, c, r, s);
    });
}

void ReferenceDevice::conv_backward_filter(const ConvShape& z, const Tensor& x, const Tensor& dy,
                                           ConvGeometry /*g*/, const Tensor& dw, Grad mode) {
    const Array4 px(x), pdy(dy), pdw(dw);
    if (mode == Grad::Overwrite) fill(dw, 0);
    for_each_term(z, [&](auto n, auto k, auto p, auto q, auto c, auto h, auto v, auto r, auto s) {
        pdw(k, c, r, s) += pdy(n, k, p, q) * px(n, c, h, v);
    });
}

}  // namespace facet
