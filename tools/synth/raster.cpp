#include "tools/synth/raster.h"

namespace facet::synth {
namespace {

struct Canvas {
    std::vector<Sample>& samples;
    int width, height;
};

void draw(const Canvas& canvas, int number, Vec3 p0, Vec3 p1, Vec3 p2) {
    // Twice the signed area; y points down, so what faces the viewer comes out negative.
    const float area = (p1.x - p0.x) * (p2.y - p0.y) - (p2.x - p0.x) * (p1.y - p0.y);
    if (area >= -1e-9f) return;
    const int x_first =
        std::max(0, static_cast<int>(std::ceil(std::min({p0.x, p1.x, p2.x}) - 0.5f)));
    const int x_last = std::min(canvas.width - 1,
                                static_cast<int>(std::floor(std::max({p0.x, p1.x, p2.x}) - 0.5f)));
    const int y_first =
        std::max(0, static_cast<int>(std::ceil(std::min({p0.y, p1.y, p2.y}) - 0.5f)));
    const int y_last = std::min(canvas.height - 1,
                                static_cast<int>(std::floor(std::max({p0.y, p1.y, p2.y}) - 0.5f)));
    const float inverse = 1 / area;
    for (int y = y_first; y <= y_last; ++y) {
        const float dy = static_cast<float>(y) + 0.5f - p0.y;
        Sample* row = &canvas.samples[static_cast<size_t>(y) * canvas.width];
        for (int x = x_first; x <= x_last; ++x) {
            const float dx = static_cast<float>(x) + 0.5f - p0.x;
            const float b = (dx * (p2.y - p0.y) - (p2.x - p0.x) * dy) * inverse;
            const float c = ((p1.x - p0.x) * dy - dx * (p1.y - p0.y)) * inverse;
            if (b < 0 || c < 0 || b + c > 1) continue;
            const float depth = p0.z + b * (p1.z - p0.z) + c * (p2.z - p0.z);
            if (depth > row[x].depth) row[x] = {number, b, c, depth};
        }
    }
}

}  // namespace

std::vector<Sample> rasterise(std::span<const Vec3> screen, std::span<const Triangle> triangles,
                              int width, int height) {
    std::vector<Sample> samples(static_cast<size_t>(width) * height);
    const Canvas canvas{samples, width, height};
    for (size_t k = 0; k < triangles.size(); ++k) {
        const int* corner = triangles[k].corner;
        draw(canvas, static_cast<int>(k), screen[corner[0]], screen[corner[1]], screen[corner[2]]);
    }
    return samples;
}

}  // namespace facet::synth
