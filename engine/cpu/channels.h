// How the CPU's channel loops see a tensor: vectors of `Width` channels, walked pixel by pixel.
//
// A map (N, C, H, W) in channel blocks is N groups x ceil(C/b) blocks of H W consecutive vectors.
// A plain matrix (N, C) is one group whose "pixels" are its rows; its last block may be partial.
// Loops over either are the same code, one instantiation for each vector width and case.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/cpu/onednn.h"
#include "engine/parallel.h"
#include "engine/tensor.h"

namespace facet::cpu {

template <int Width>
using Lanes __attribute__((vector_size(Width * sizeof(float)))) = float;
template <int Width>
using WideLanes __attribute__((vector_size(Width * sizeof(double)))) = double;

template <int Width>
struct Channels {
    int64_t C, groups, blocks, pixels;
    int64_t pixel_stride;  // floats from one pixel to the next
    int64_t block_stride;  // floats from one channel block to the next
    int64_t group_stride;  // floats from one group to the next

    explicit Channels(const Tensor& x) : C(x.size(1)), blocks((x.size(1) + Width - 1) / Width) {
        if (x.layout() == Layout::Map) {
            groups = x.size(0);
            pixels = x.size(2) * x.size(3);
            pixel_stride = Width;
            block_stride = pixels * Width;
            group_stride = blocks * block_stride;
        } else {
            groups = 1;
            pixels = x.size(0);
            pixel_stride = C;
            block_stride = Width;
            group_stride = 0;
        }
    }

    int64_t offset(int64_t group, int64_t block) const {
        return group * group_stride + block * block_stride;
    }
    int64_t samples() const { return groups * pixels; }  // values behind one channel's statistic
    int lanes_used(int64_t block) const {
        return static_cast<int>(std::min<int64_t>(Width, C - block * Width));
    }
};

// Reads and writes one vector; Partial touches only the first `used` lanes and reads 0 elsewhere.
template <int Width, bool Partial>
struct Access {
    int used = Width;

    Lanes<Width> load(const float* from) const {
        Lanes<Width> lanes{};
        std::memcpy(&lanes, from, (Partial ? used : Width) * sizeof(float));
        return lanes;
    }
    void store(float* to, Lanes<Width> lanes) const {
        std::memcpy(to, &lanes, (Partial ? used : Width) * sizeof(float));
    }
};

// Calls body(Access) for this block: the whole-vector version wherever all lanes may be touched.
template <int Width, class Body>
void with_access(const Tensor& x, const Channels<Width>& channels, int64_t block, Body body) {
    if (x.layout() == Layout::Map || channels.lanes_used(block) == Width) {
        body(Access<Width, false>{});
    } else {
        body(Access<Width, true>{channels.lanes_used(block)});
    }
}

// The values of a per-channel vector (C) for one block; lanes past C are 0.
template <int Width>
Lanes<Width> channel_values(const float* values, const Channels<Width>& channels, int64_t block) {
    return Access<Width, true>{channels.lanes_used(block)}.load(values + block * Width);
}

// Calls body.template operator()<Width>() with this machine's vector width.
template <class Body>
void with_width(Body body) {
    if (onednn::channel_block() == 16) {
        body.template operator()<16>();
    } else {
        body.template operator()<8>();
    }
}

// Sums over groups and pixels of `Count` quantities a channel, in an order that does not depend on
// the number of threads: float over a short run of pixels, double over runs, then over groups.
// term(block, access, offset of the pixel, Lanes sums[Count]) adds one pixel.
// Returns sums[quantity][channel].
template <int Width, int Count, class Begin>
std::vector<std::vector<double>> channel_sums(const Tensor& x, Begin begin) {
    constexpr int64_t run = 64;  // pixels: float rounding stays below 64 ulp of the partial sum
    const Channels<Width> channels(x);
    const int64_t cells = channels.groups * channels.blocks;
    std::vector<WideLanes<Width>> partial(cells * Count);
    parallel_for(cells, x.count(), [&](int64_t cell) {
        const int64_t group = cell / channels.blocks, block = cell % channels.blocks;
        with_access(x, channels, block, [&](auto access) {
            const auto term = begin(block, access);
            WideLanes<Width> total[Count] = {};
            int64_t at = channels.offset(group, block);
            for (int64_t first = 0; first < channels.pixels; first += run) {
                Lanes<Width> sums[Count] = {};
                const int64_t last = std::min(first + run, channels.pixels);
                for (int64_t p = first; p < last; ++p, at += channels.pixel_stride) term(at, sums);
                for (int q = 0; q < Count; ++q) {
                    total[q] += __builtin_convertvector(sums[q], WideLanes<Width>);
                }
            }
            for (int q = 0; q < Count; ++q) partial[cell * Count + q] = total[q];
        });
    });
    std::vector<std::vector<double>> sums(Count, std::vector<double>(channels.C, 0.0));
    for (int q = 0; q < Count; ++q) {
        for (int64_t c = 0; c < channels.C; ++c) {
            for (int64_t g = 0; g < channels.groups; ++g) {
                sums[q][c] += partial[(g * channels.blocks + c / Width) * Count + q][c % Width];
            }
        }
    }
    return sums;
}

// Runs begin(block, access) -> body(offset) over every pixel of every block.
template <int Width, class Begin>
void each_vector(const Tensor& x, Begin begin) {
    const Channels<Width> channels(x);
    const int64_t cells = channels.groups * channels.blocks;
    parallel_for(cells, x.count(), [&](int64_t cell) {
        const int64_t group = cell / channels.blocks, block = cell % channels.blocks;
        with_access(x, channels, block, [&](auto access) {
            const auto body = begin(block, access);
            int64_t at = channels.offset(group, block);
            for (int64_t p = 0; p < channels.pixels; ++p, at += channels.pixel_stride) body(at);
        });
    });
}

}  // namespace facet::cpu
