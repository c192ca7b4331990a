#include "tools/synth/film.h"

#include <algorithm>

#include "engine/random.h"

namespace facet::synth {
namespace {

// Linear light to sRGB code values (IEC 61966-2-1), both in [0, 1], by a table of 4,096 steps.
float srgb(float linear) {
    static const std::vector<float> table = [] {
        std::vector<float> values(4097);
        for (size_t k = 0; k < values.size(); ++k) {
            const double x = static_cast<double>(k) / 4096;
            values[k] = static_cast<float>(x <= 0.0031308 ? 12.92 * x
                                                          : 1.055 * std::pow(x, 1 / 2.4) - 0.055);
        }
        return values;
    }();
    const float place = std::clamp(linear, 0.0f, 1.0f) * 4096;
    const int k = std::min(static_cast<int>(place), 4095);
    return mix(table[static_cast<size_t>(k)], table[static_cast<size_t>(k) + 1],
               place - static_cast<float>(k));
}

// Bright light saturates softly: values up to 0.7 stay, the rest approaches 1.
float shoulder(float x) { return x < 0.7f ? x : 1 - 0.3f / (1 + (x - 0.7f) / 0.3f); }

Colour at(const Film& film, int x, int y) {
    const int last = film.size - 1;
    return film
        .light[static_cast<size_t>(std::clamp(y, 0, last)) * film.size + std::clamp(x, 0, last)];
}

// Averages over about 1/resolution pixels, then interpolates back: what a smaller picture keeps.
Film reduce_resolution(const Film& film, float resolution) {
    const int small = std::max(4, static_cast<int>(std::lround(resolution * film.size)));
    if (small >= film.size) return film;
    const float step = static_cast<float>(film.size) / static_cast<float>(small);
    Film coarse{small, std::vector<Colour>(static_cast<size_t>(small) * small)};
    for (int y = 0; y < small; ++y) {
        for (int x = 0; x < small; ++x) {
            Colour sum;
            constexpr int taps = 3;
            for (int k = 0; k < taps * taps; ++k) {
                const int column = k % taps, row = k / taps;
                const float u = (x + (column + 0.5f) / taps) * step;
                const float v = (y + (row + 0.5f) / taps) * step;
                sum = sum + at(film, static_cast<int>(u), static_cast<int>(v));
            }
            coarse.light[static_cast<size_t>(y) * small + x] = sum * (1.0f / (taps * taps));
        }
    }
    Film result{film.size, std::vector<Colour>(film.light.size())};
    for (int y = 0; y < film.size; ++y) {
        for (int x = 0; x < film.size; ++x) {
            const float u = (x + 0.5f) / step - 0.5f, v = (y + 0.5f) / step - 0.5f;
            const int i = static_cast<int>(std::floor(u)), j = static_cast<int>(std::floor(v));
            result.light[static_cast<size_t>(y) * film.size + x] =
                mix(mix(at(coarse, i, j), at(coarse, i + 1, j), u - i),
                    mix(at(coarse, i, j + 1), at(coarse, i + 1, j + 1), u - i), v - j);
        }
    }
    return result;
}

// Separable Gaussian blur with a standard deviation in pixels.
Film blur(const Film& film, float deviation) {
    if (deviation < 0.15f) return film;
    const int reach = static_cast<int>(std::ceil(3 * deviation));
    std::vector<float> weights(static_cast<size_t>(reach) + 1);
    float total = 0;
    for (int k = 0; k <= reach; ++k) {
        weights[k] = std::exp(-0.5f * square(k / deviation));
        total += (k == 0 ? 1 : 2) * weights[k];
    }
    Film from = film, to = film;
    for (const bool vertical : {false, true}) {
        for (int y = 0; y < film.size; ++y) {
            for (int x = 0; x < film.size; ++x) {
                Colour sum;
                for (int k = -reach; k <= reach; ++k) {
                    const Colour tap = vertical ? at(from, x, y + k) : at(from, x + k, y);
                    sum = sum + tap * weights[std::abs(k)];
                }
                to.light[static_cast<size_t>(y) * film.size + x] = sum * (1 / total);
            }
        }
        std::swap(from, to);
    }
    return from;
}

}  // namespace

Background::Background(const Factors& f) : clutter_(f.background_clutter) {
    const float swing = std::sin(6.2832f * f.background_hue);
    base_ =
        Colour{1 + 0.5f * swing, 1 - 0.15f * swing, 1 - 0.6f * swing} * square(f.background_light);
    for (int k = 0; k < 4; ++k) {
        const int row = static_cast<int>(f.background_pattern & 0xFFFFFF) + k;
        auto grain = [&](int column) { return lattice(row, column); };
        objects_[k] = {grain(0), grain(2), 1 / (0.08f + 0.30f * grain(1)),
                       1 / (0.08f + 0.40f * grain(3)),
                       Colour{grain(4), grain(5), grain(6)} * (0.9f * grain(7))};
    }
}

Colour Background::at(float x, float y) const {
    Colour colour = base_ * (1.15f - 0.3f * y);
    if (clutter_ <= 0) return colour;
    for (size_t k = 0; k < objects_.size(); ++k) {
        const Object& o = objects_[k];
        const float dx = (x - o.x) * o.inverse_width, dy = (y - o.y) * o.inverse_height;
        const float edge = std::max(std::abs(dx), std::abs(dy));
        const float shape = k % 2 == 0 ? bell(dx, dy) : smoothstep(1.1f, 0.9f, edge);
        colour = mix(colour, o.colour, clutter_ * shape);
    }
    return colour;
}

float patch_cover(const Factors& f, float x, float y) {
    if (f.occluder != Occluder::Patch) return 0;
    const float turn = f.occluder_angle * 3.14159265f / 180;
    const float away = 0.68f - 0.22f * f.occluder_size;
    const float dx = x - 0.5f - away * std::cos(turn), dy = y - 0.5f + away * std::sin(turn);
    const float along = dx * std::cos(turn) - dy * std::sin(turn);
    const float across = dx * std::sin(turn) + dy * std::cos(turn);
    return smoothstep(1.06f, 0.94f, std::sqrt(square(along / 0.34f) + square(across / 0.26f)));
}

Film downsample(const Film& film, int factor) {
    Film small{film.size / factor, {}};
    small.light.resize(static_cast<size_t>(small.size) * small.size);
    for (int y = 0; y < small.size; ++y) {
        for (int x = 0; x < small.size; ++x) {
            Colour sum;
            for (int k = 0; k < factor * factor; ++k)
                sum = sum + at(film, x * factor + k % factor, y * factor + k / factor);
            small.light[static_cast<size_t>(y) * small.size + x] = sum * (1.0f / (factor * factor));
        }
    }
    return small;
}

Image develop(Film film, const Factors& f) {
    if (f.resolution < 1) film = reduce_resolution(film, f.resolution);
    film = blur(film, f.blur * static_cast<float>(film.size));
    Image image{film.size, film.size, {}};
    image.rgb.resize(film.light.size() * 3);
    Random random(f.noise_pattern, Purpose::Rendering);
    for (size_t k = 0; k < film.light.size(); ++k) {
        const Colour c = film.light[k];
        const float linear[] = {c.x, c.y, c.z};
        for (int channel = 0; channel < 3; ++channel) {
            float value = srgb(shoulder(linear[channel]));
            // The sum of four uniform bytes is close to normal and costs one draw.
            if (f.noise > 0) {
                const uint32_t bits = random.bits();
                const int sum = static_cast<int>((bits & 255) + (bits >> 8 & 255) +
                                                 (bits >> 16 & 255) + (bits >> 24));
                value += f.noise * static_cast<float>(sum - 510) / 147.8f;
            }
            image.rgb[3 * k + static_cast<size_t>(channel)] =
                static_cast<uint8_t>(std::clamp(value * 255 + 0.5f, 0.0f, 255.0f));
        }
    }
    return image;
}

}  // namespace facet::synth
