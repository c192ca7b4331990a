// TF32: what tensor cores make of a float32 before they multiply it.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace gpudoubles {

// To a mantissa of 10 bits, nearest, ties away from 0 (cvt.rna.tf32.f32); sums stay float32.
inline float to_tf32(float value) {
    if (!std::isfinite(value)) return value;
    return std::bit_cast<float>((std::bit_cast<uint32_t>(value) + 0x1000u) & ~0x1fffu);
}

}  // namespace gpudoubles
