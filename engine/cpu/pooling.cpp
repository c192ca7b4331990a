// Pooling over channel blocks: a window is walked once for a whole vector of channels.
#include <limits>

#include "engine/cpu/channels.h"
#include "engine/cpu/cpu_device.h"
#include "engine/ledger.h"
#include "engine/parallel.h"
#include "engine/shapes.h"

namespace facet {
namespace {

using cpu::broadcast;
using cpu::Channels;
using cpu::Lanes;

// Calls use(h, w) for the pixels of output (p, q)'s window inside the input, row by row.
template <class Use>
void for_window(const ConvShape& z, int64_t p, int64_t q, Use use) {
    const int64_t top = p * z.stride - z.pad, left = q * z.stride - z.pad;
    for (int64_t h = std::max<int64_t>(top, 0); h < std::min(top + z.R, z.H); ++h) {
        for (int64_t w = std::max<int64_t>(left, 0); w < std::min(left + z.R, z.W); ++w) use(h, w);
    }
}

// Runs body(input plane offset, output plane offset) for every (image, channel block).
template <int Width, class Body>
void each_plane(const ConvShape& z, Body body) {
    const int64_t planes = z.N * ((z.C + Width - 1) / Width);
    parallel_for(planes, planes * z.H * z.W * Width, [&](int64_t plane) {
        body(plane * z.H * z.W * Width, plane * z.P * z.Q * Width);
    });
}

template <int Width>
Lanes<Width> load(const float* from) {
    return cpu::Access<Width, false>{}.load(from);
}

template <int Width>
void store(float* to, Lanes<Width> lanes) {
    cpu::Access<Width, false>{}.store(to, lanes);
}

}  // namespace

void CpuDevice::max_pool_forward(const Tensor& x, int64_t window, ConvGeometry g, const Tensor& y) {
    const ConvShape z = pool_shape("max_pool_forward", x, window, g, y);
    const LedgerScope scope("max_pool_forward", 1.0 * y.count() * window * window,
                            static_cast<double>(x.bytes() + y.bytes()),
                            [&] { return to_string(x.shape()); });
    const float* from = x.data<float>();
    float* to = y.data<float>();
    cpu::with_width([&]<int Width>() {
        each_plane<Width>(z, [&](int64_t in, int64_t out) {
            for (int64_t p = 0; p < z.P; ++p) {
                for (int64_t q = 0; q < z.Q; ++q, out += Width) {
                    auto best = broadcast<Width>(-std::numeric_limits<float>::infinity());
                    for_window(z, p, q, [&](int64_t h, int64_t w) {
                        const auto v = load<Width>(from + in + (h * z.W + w) * Width);
                        best = ((v > best) | (v != v)) ? v : best;
                    });
                    store<Width>(to + out, best);
                }
            }
        });
    });
}

void CpuDevice::max_pool_backward(const Tensor& x, const Tensor& dy, int64_t window, ConvGeometry g,
                                  const Tensor& dx, Grad mode) {
    const ConvShape z = pool_shape("max_pool_backward", x, window, g, dy);
    expect_like("max_pool_backward", "dx", dx, x);
    const LedgerScope scope("max_pool_backward", 2.0 * dy.count() * window * window,
                            static_cast<double>(2 * x.bytes() + dy.bytes()),
                            [&] { return to_string(x.shape()); });
    if (mode == Grad::Overwrite) fill(dx, 0);
    const float *from = x.data<float>(), *gradient = dy.data<float>();
    float* to = dx.data<float>();
    cpu::with_width([&]<int Width>() {
        each_plane<Width>(z, [&](int64_t in, int64_t out) {
            for (int64_t p = 0; p < z.P; ++p) {
                for (int64_t q = 0; q < z.Q; ++q, out += Width) {
                    auto best = broadcast<Width>(-std::numeric_limits<float>::infinity());
                    auto winner = Lanes<Width>{} - 1;  // pixel of the first largest, by lane
                    for_window(z, p, q, [&](int64_t h, int64_t w) {
                        const auto v = load<Width>(from + in + (h * z.W + w) * Width);
                        winner = ((v > best) | (v != v) | (winner < 0))
                                     ? broadcast<Width>(static_cast<float>(h * z.W + w))
                                     : winner;
                        best = ((v > best) | (v != v)) ? v : best;
                    });
                    for (int l = 0; l < Width; ++l) {
                        if (winner[l] < 0) continue;
                        to[in + static_cast<int64_t>(winner[l]) * Width + l] += gradient[out + l];
                    }
                }
            }
        });
    });
}

void CpuDevice::average_pool_forward(const Tensor& x, const Tensor& y) {
    average_pool_shape("average_pool_forward", "x", x, "y", y);
    const LedgerScope scope("average_pool_forward", 1.0 * x.count(),
                            static_cast<double>(x.bytes() + y.bytes()),
                            [&] { return to_string(x.shape()); });
    const float* from = x.data<float>();
    cpu::with_width([&]<int Width>() {
        const Channels<Width> channels(x);
        parallel_for(channels.groups * channels.blocks, x.count(), [&](int64_t cell) {
            const int64_t n = cell / channels.blocks, block = cell % channels.blocks;
            const float* at = from + channels.offset(n, block);
            cpu::WideLanes<Width> sum{};
            for (int64_t p = 0; p < channels.pixels; ++p, at += Width) {
                sum += __builtin_convertvector(load<Width>(at), cpu::WideLanes<Width>);
            }
            for (int l = 0; l < channels.lanes_used(block); ++l) {
                y.data<float>()[n * channels.C + block * Width + l] =
                    static_cast<float>(sum[l] / static_cast<double>(channels.pixels));
            }
        });
    });
}

void CpuDevice::average_pool_backward(const Tensor& dy, const Tensor& dx, Grad mode) {
    average_pool_shape("average_pool_backward", "dx", dx, "dy", dy);
    const LedgerScope scope("average_pool_backward", 1.0 * dx.count(),
                            static_cast<double>(dx.bytes() + dy.bytes()),
                            [&] { return to_string(dx.shape()); });
    cpu::with_width([&]<int Width>() {
        const Channels<Width> channels(dx);
        parallel_for(channels.groups * channels.blocks, dx.count(), [&](int64_t cell) {
            const int64_t n = cell / channels.blocks, block = cell % channels.blocks;
            const float* row = dy.data<float>() + n * channels.C;
            const Lanes<Width> share = channel_values(row, channels, block) /
                                       broadcast<Width>(static_cast<float>(channels.pixels));
            float* at = dx.data<float>() + channels.offset(n, block);
            for (int64_t p = 0; p < channels.pixels; ++p, at += Width) {
                store<Width>(at, mode == Grad::Accumulate ? load<Width>(at) + share : share);
            }
        });
    });
}

}  // namespace facet
