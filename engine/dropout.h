// Which elements a dropout keeps, shared by the devices so that they agree bit for bit.
//
// Element e of a call belongs to the stream (seed, Dropout, step, e / 1024) and takes its
// (e mod 1024)-th 32-bit word; it is kept when word / 2^32 >= p. A stream of 1024 words lets
// threads start at any multiple of 1024 without drawing what lies before.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/random.h"

namespace facet {

inline constexpr int64_t kDropoutStream = 1024;  // elements a stream

// Calls use(element, keep) for the elements begin .. end - 1; begin is a multiple of 1024.
template <class Use>
void draw_dropout(uint64_t seed, uint64_t step, double p, int64_t begin, int64_t end, Use use) {
    const auto threshold = static_cast<uint64_t>(p * 4294967296.0);
    for (int64_t first = begin; first < end; first += kDropoutStream) {
        Random random(seed, Purpose::Dropout, step, static_cast<uint64_t>(first / kDropoutStream));
        const int64_t last = std::min(first + kDropoutStream, end);
        for (int64_t element = first; element < last; ++element)
            use(element, random.bits() >= threshold);
    }
}

}  // namespace facet
