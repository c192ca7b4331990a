// JPEGs taken apart and put together again, and small ones of every kind of colour.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace facet::test {

using Bytes = std::vector<uint8_t>;

// FF, marker, length, content.
inline Bytes jpeg_segment(int marker, const Bytes& content) {
    const size_t length = content.size() + 2;
    Bytes segment{0xFF, static_cast<uint8_t>(marker), static_cast<uint8_t>(length >> 8),
                  static_cast<uint8_t>(length)};
    segment.insert(segment.end(), content.begin(), content.end());
    return segment;
}

// `segment` put behind the start of `jpeg`.
inline Bytes with_segment(Bytes jpeg, const Bytes& segment) {
    jpeg.insert(jpeg.begin() + 2, segment.begin(), segment.end());
    return jpeg;
}

inline Bytes jfif_segment() {
    return jpeg_segment(0xE0, {'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0});
}

inline Bytes adobe_segment(int transform) {
    return jpeg_segment(
        0xEE, {'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, static_cast<uint8_t>(transform)});
}

struct FlatJpeg {
    std::vector<int> samples = {};  // one a component, 0 to 255
    std::vector<int> ids = {};      // the components' names; empty: 1, 2, ...
    Bytes markers = {};             // segments at the beginning
    int frame = 0xC0;               // marker of the frame
    int bits = 8;                   // a sample, as declared
    int width = 8, height = 8;
    int sampling = 0x11;  // of the first component; the others' are 1 x 1
};

// A JPEG of one block a component, each of one value: the frame and its tables are made for it.
// Only 8 x 8 pixels with 1 x 1 sampling have the scan that they declare.
inline Bytes flat_jpeg(const FlatJpeg& kind) {
    const size_t n = kind.samples.size();
    const auto id = [&](size_t i) {
        return static_cast<uint8_t>(kind.ids.empty() ? i + 1 : kind.ids[i]);
    };
    Bytes jpeg{0xFF, 0xD8};
    const auto add = [&](const Bytes& part) { jpeg.insert(jpeg.end(), part.begin(), part.end()); };
    add(kind.markers);
    Bytes quantiser(65, 1);
    quantiser[0] = 0;
    quantiser[1] = 8;  // a flat block of value v has the first coefficient v - 128
    add(jpeg_segment(0xDB, quantiser));
    Bytes frame{static_cast<uint8_t>(kind.bits),   static_cast<uint8_t>(kind.height >> 8),
                static_cast<uint8_t>(kind.height), static_cast<uint8_t>(kind.width >> 8),
                static_cast<uint8_t>(kind.width),  static_cast<uint8_t>(n)};
    for (size_t i = 0; i < n; ++i) {
        const auto sampling = static_cast<uint8_t>(i == 0 ? kind.sampling : 0x11);
        frame.insert(frame.end(), {id(i), sampling, 0});
    }
    add(jpeg_segment(kind.frame, frame));
    // Codes 0000 to 1000 for first coefficients of 0 to 8 bits, code 0 for the end of a block.
    add(jpeg_segment(
        0xC4, {0x00, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}));
    add(jpeg_segment(0xC4, {0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
    Bytes scan{static_cast<uint8_t>(n)};
    for (size_t i = 0; i < n; ++i) scan.insert(scan.end(), {id(i), 0});
    scan.insert(scan.end(), {0, 63, 0});
    add(jpeg_segment(0xDA, scan));

    std::vector<bool> bits;
    const auto put = [&](int value, int count) {
        for (int i = count - 1; i >= 0; --i) bits.push_back(value >> i & 1);
    };
    for (const int sample : kind.samples) {
        const int value = sample - 128;
        int size = 0;
        while (std::abs(value) >> size) ++size;
        put(size, 4);
        put(value < 0 ? value + (1 << size) - 1 : value, size);
        put(0, 1);
    }
    while (bits.size() % 8 != 0) bits.push_back(true);
    for (size_t i = 0; i < bits.size(); i += 8) {
        uint8_t byte = 0;
        for (size_t j = 0; j < 8; ++j) byte = static_cast<uint8_t>(byte << 1 | bits[i + j]);
        jpeg.push_back(byte);
        if (byte == 0xFF) jpeg.push_back(0);
    }
    add({0xFF, 0xD9});
    return jpeg;
}

}  // namespace facet::test
