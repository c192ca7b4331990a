#include "tools/synth/render.h"

#include "engine/error.h"
#include "tools/synth/film.h"
#include "tools/synth/mesh.h"
#include "tools/synth/paint.h"
#include "tools/synth/raster.h"
#include "tools/synth/shade.h"

namespace facet::synth {
namespace {

constexpr float degree = 3.14159265f / 180;
constexpr int supersampling = 2;         // samples along a side of a pixel
constexpr float camera_distance = 8.0f;  // head units from the head's origin

struct Rotation {
    Vec3 row[3];
    Vec3 operator()(Vec3 p) const { return {dot(row[0], p), dot(row[1], p), dot(row[2], p)}; }
};

// Turns the head by yaw, then nods it by pitch.
Rotation head_rotation(const Factors& f) {
    const float yaw = f.yaw * degree, pitch = -f.pitch * degree;
    const float cy = std::cos(yaw), sy = std::sin(yaw), cp = std::cos(pitch), sp = std::sin(pitch);
    return {{{cy, 0, sy}, {sp * sy, cp, -sp * cy}, {-cp * sy, sp, cp * cy}}};
}

// Perspective: the camera frame to the picture's plane, still in head units.
Vec3 project(Vec3 p) {
    const float scale = camera_distance / (camera_distance - p.z);
    return {p.x * scale, p.y * scale, p.z};
}

// From the picture's plane to fractions of the picture, y downwards.
struct Frame {
    float scale, x, y, cosine, sine;

    Vec3 operator()(Vec3 p) const {
        return {x + scale * (cosine * p.x - sine * p.y), y - scale * (sine * p.x + cosine * p.y),
                p.z};
    }
};

// The least-squares scale and shift that bring eyes, nose tip and mouth corners to the template,
// as a landmark-based alignment does; then the errors of that alignment.
Frame align(const Appearance& a, const Rotation& turn, const Factors& f) {
    const float mouth_z = 0.93f * a.head.depth;
    const Vec3 landmarks[] = {{-a.eye.x, a.eye.y, 0.86f * a.head.depth},
                              {a.eye.x, a.eye.y, 0.86f * a.head.depth},
                              {0, a.nose.tip, a.head.depth + a.nose.tip_out},
                              {-0.26f, a.mouth.y, mouth_z},
                              {0.26f, a.mouth.y, mouth_z}};
    constexpr float places[][2] = {
        {38.29f, 51.60f}, {73.53f, 51.60f}, {56.00f, 71.74f}, {41.55f, 92.28f}, {70.73f, 92.28f}};
    Vec3 points[5], middle;
    float u = 0, v = 0;
    for (int k = 0; k < 5; ++k) {
        points[k] = project(turn(landmarks[k]));
        middle = middle + points[k] * 0.2f;
        u += places[k][0] / (5 * 112);
        v += places[k][1] / (5 * 112);
    }
    float product = 0, norm = 0;
    for (int k = 0; k < 5; ++k) {
        const Vec3 d = points[k] - middle;
        product += d.x * (places[k][0] / 112 - u) - d.y * (places[k][1] / 112 - v);
        norm += d.x * d.x + d.y * d.y;
    }
    Frame frame{product / norm * f.scale, 0, 0, std::cos(f.roll * degree),
                std::sin(f.roll * degree)};
    const Vec3 shift = frame(middle);
    frame.x = u - shift.x + f.shift_x;
    frame.y = v - shift.y + f.shift_y;
    return frame;
}

Colour see(const Mesh& mesh, const std::vector<Vec3>& positions, const std::vector<Vec3>& normals,
           const Sample& sample, const Appearance& appearance, const Factors& factors,
           const Lighting& lighting) {
    const Triangle& triangle = mesh.triangles[static_cast<size_t>(sample.triangle)];
    const int* k = triangle.corner;
    const float a = 1 - sample.b - sample.c;
    auto blend = [&](Vec3 p, Vec3 q, Vec3 r) { return p * a + q * sample.b + r * sample.c; };
    const Vec3 rest =
        blend(mesh.vertices[k[0]].rest, mesh.vertices[k[1]].rest, mesh.vertices[k[2]].rest);
    const Vec3 position = blend(positions[k[0]], positions[k[1]], positions[k[2]]);
    const Vec3 normal = normalised(blend(normals[k[0]], normals[k[1]], normals[k[2]]));
    return lighting.shade(paint(appearance, factors, triangle.part, rest), position, normal);
}

}  // namespace

Image render_face(const Identity& identity, const Factors& factors, int size) {
    FACET_USAGE(size >= kSmallestImage && size <= kLargestImage,
                "synth: the image size must lie in [{}, {}], found {}", kSmallestImage,
                kLargestImage, size);
    const Appearance appearance = appearance_of(identity, factors);
    const Mesh mesh = head_mesh(appearance);
    const Rotation turn = head_rotation(factors);
    const Frame frame = align(appearance, turn, factors);

    const int side = size * supersampling;
    std::vector<Vec3> positions, normals, screen;
    for (std::vector<Vec3>* list : {&positions, &normals, &screen})
        list->reserve(mesh.vertices.size());
    for (const Vertex& vertex : mesh.vertices) {
        positions.push_back(turn(vertex.position));
        normals.push_back(turn(vertex.normal));
        const Vec3 p = frame(project(positions.back()));
        screen.push_back({p.x * side, p.y * side, p.z});
    }
    const Lighting lighting(factors, positions, mesh.triangles);
    const std::vector<Sample> seen = rasterise(screen, mesh.triangles, side, side);

    const Background background(factors);
    Film film{side, std::vector<Colour>(seen.size())};
    const Colour cover = occluder_colour(factors) * std::exp2(factors.exposure);
    for (size_t k = 0; k < seen.size(); ++k) {
        const size_t column = k % side, row = k / side;
        const float x = (static_cast<float>(column) + 0.5f) / side;
        const float y = (static_cast<float>(row) + 0.5f) / side;
        film.light[k] = seen[k].triangle < 0
                            ? background.at(x, y)
                            : see(mesh, positions, normals, seen[k], appearance, factors, lighting);
        film.light[k] = mix(film.light[k], cover, patch_cover(factors, x, y));
    }
    return develop(downsample(film, supersampling), factors);
}

}  // namespace facet::synth
