// PNGs of every kind, made chunk by chunk: stb_image_write makes only some.
#pragma once

#include <zlib.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace facet::test {

using Bytes = std::vector<uint8_t>;

inline void append_be32(Bytes& to, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<uint8_t>(value >> shift));
}

inline void append(Bytes& to, const Bytes& part) { to.insert(to.end(), part.begin(), part.end()); }

inline Bytes bytes_from(std::string_view text) { return {text.begin(), text.end()}; }

// With its length and the right CRC-32.
inline Bytes png_chunk(std::string_view type, const Bytes& data) {
    Bytes checked = bytes_from(type), chunk;
    append(checked, data);
    append_be32(chunk, static_cast<uint32_t>(data.size()));
    append(chunk, checked);
    append_be32(chunk, static_cast<uint32_t>(crc32_z(0, checked.data(), checked.size())));
    return chunk;
}

inline Bytes zlib_stream(const Bytes& raw, int level) {
    Bytes stream(compressBound(raw.size()));
    uLongf size = stream.size();
    compress2(stream.data(), &size, raw.data(), raw.size(), level);
    stream.resize(size);
    return stream;
}

struct PngKind {
    int width, height;
    int depth = 8;   // bits a sample
    int colour = 2;  // 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha
    bool interlaced = false;
};

inline int samples_of(int colour) {
    return colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1;
}

inline Bytes png_head(const PngKind& kind) {
    Bytes png = bytes_from("\x89PNG\r\n\x1a\n"), header;
    append_be32(header, static_cast<uint32_t>(kind.width));
    append_be32(header, static_cast<uint32_t>(kind.height));
    append(header, {static_cast<uint8_t>(kind.depth), static_cast<uint8_t>(kind.colour), 0, 0,
                    kind.interlaced});
    append(png, png_chunk("IHDR", header));
    return png;
}

// The lines of a picture, filter 0, of `samples`: (height, width, samples_of(colour)).
inline Bytes png_lines(const PngKind& kind, const std::vector<int>& samples) {
    const int n = samples_of(kind.colour);
    Bytes raw;
    const auto lines = [&](int x0, int y0, int dx, int dy) {
        for (int y = y0; y < kind.height && x0 < kind.width; y += dy) {
            raw.push_back(0);
            unsigned bits = 0, held = 0;
            for (int x = x0; x < kind.width; x += dx)
                for (int c = 0; c < n; ++c) {
                    bits = bits << kind.depth | samples[(size_t(y) * kind.width + x) * n + c];
                    for (held += kind.depth; held >= 8; held -= 8)
                        raw.push_back(static_cast<uint8_t>(bits >> (held - 8)));
                }
            if (held > 0) raw.push_back(static_cast<uint8_t>(bits << (8 - held)));
        }
    };
    if (!kind.interlaced) {
        lines(0, 0, 1, 1);
    } else {
        for (const auto& [x, y, dx, dy] : std::vector<std::array<int, 4>>{{0, 0, 8, 8},
                                                                          {4, 0, 8, 8},
                                                                          {0, 4, 4, 8},
                                                                          {2, 0, 4, 4},
                                                                          {0, 2, 2, 4},
                                                                          {1, 0, 2, 2},
                                                                          {0, 1, 1, 2}})
            lines(x, y, dx, dy);
    }
    return raw;
}

// A whole PNG; `before` and `after` are chunks on either side of the pixels.
inline Bytes make_png(const PngKind& kind, const std::vector<int>& samples,
                      const Bytes& before = {}, const Bytes& after = {}, int level = 6) {
    Bytes png = png_head(kind);
    append(png, before);
    append(png, png_chunk("IDAT", zlib_stream(png_lines(kind, samples), level)));
    append(png, after);
    append(png, png_chunk("IEND", {}));
    return png;
}

}  // namespace facet::test
