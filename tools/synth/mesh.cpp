#include "tools/synth/mesh.h"

#include <numbers>

namespace facet::synth {
namespace {

constexpr float pi = std::numbers::pi_v<float>;
constexpr int rows = 58;     // from the crown to the chin
constexpr int columns = 54;  // around the head; the seam is at the back

// A grid of (row_count + 1) x (column_count + 1) vertices becomes triangles with smooth normals.
// The grid's rows run downwards and its columns to the viewer's right, seen from outside.
// Where all four corners of a cell are hair that does not grow, the cell is left out.
void add_grid(Mesh& mesh, std::vector<Vertex> grid, int row_count, int column_count, Part part) {
    const int base = static_cast<int>(mesh.vertices.size());
    const int stride = column_count + 1;
    auto hidden = [&](const Vertex& v) { return part == Part::Hair && v.rest.z <= 0; };
    auto at = [&](int r, int c) -> Vertex& { return grid[static_cast<size_t>(r) * stride + c]; };
    for (int r = 0; r <= row_count; ++r) {
        for (int c = 0; c <= column_count; ++c) {
            const Vec3 down =
                at(std::min(r + 1, row_count), c).position - at(std::max(r - 1, 0), c).position;
            const Vec3 right =
                at(r, std::min(c + 1, column_count)).position - at(r, std::max(c - 1, 0)).position;
            at(r, c).normal = normalised(cross(down, right));
        }
    }
    mesh.vertices.insert(mesh.vertices.end(), grid.begin(), grid.end());
    for (int r = 0; r < row_count; ++r) {
        for (int c = 0; c < column_count; ++c) {
            if (hidden(at(r, c)) && hidden(at(r, c + 1)) && hidden(at(r + 1, c)) &&
                hidden(at(r + 1, c + 1)))
                continue;
            const int a = base + r * stride + c, b = a + 1, d = a + stride, e = d + 1;
            mesh.triangles.push_back({{a, d, b}, part});
            mesh.triangles.push_back({{b, d, e}, part});
        }
    }
}

// The half width or depth of the skull at height t = y / crown or -y / chin, in [0, 1].
float superellipse(float t, float power) {
    return std::pow(std::max(1 - std::pow(t, power), 0.0f), 1 / power);
}

struct Ring {
    float y, width, front, back;  // a horizontal section of the head
    float shift;                  // backwards
};

Ring head_ring(const HeadShape& head, int row) {
    const int split = rows * 2 / 5;
    Ring ring;
    if (row < split) {
        const float s = 1 - static_cast<float>(row) / static_cast<float>(split);
        const float t = 1 - std::pow(1 - s, 1.3f);
        const float r = superellipse(t, 2.5f);
        ring = {head.crown * t, head.width * r, head.depth * r, 1.05f * r, head.slope * t};
    } else {
        const float s = static_cast<float>(row - split) / static_cast<float>(rows - split);
        const float t = 1 - std::pow(1 - s, 1.5f);
        const float y = -head.chin * t;
        const float widening = 1 + 0.8f * head.cheekbone * bell(square((y + 0.22f) / 0.2f)) +
                               head.jaw * bell(square((y + 0.80f) / 0.28f));
        ring = {y, head.width * superellipse(t, head.jaw_power) * widening,
                head.depth * superellipse(t, 6.0f), 1.05f * (1 - 0.75f * t), 0};
    }
    return ring;
}

// Column angles are denser on the face than on the back of the head; 0 looks at the viewer.
float column_angle(int column) {
    const float c = 2 * static_cast<float>(column) / columns - 1;
    return pi * c * (0.42f + 0.58f * c * c);
}

Vec3 ring_point(const Ring& ring, float angle) {
    const float c = std::cos(angle);
    return {ring.width * std::sin(angle), ring.y,
            (c > 0 ? ring.front : ring.back) * c - ring.shift};
}

float nose_relief(const Nose& nose, float x, float y) {
    const float length = nose.root - nose.tip;
    const float along = (nose.root - y) / length;  // 0 at the root, 1 at the tip
    const float rise = smoothstep(-0.45f, 0.30f, along) * nose.bridge_height +
                       smoothstep(0.15f, 1.0f, along) * (nose.tip_out - nose.bridge_height) +
                       nose.bump * bell(square((along - 0.45f) / 0.28f));
    const float base = smoothstep(nose.tip - 0.125f, nose.tip - 0.02f, y);
    const float width =
        mix(nose.bridge_width, nose.tip_size * 1.05f, smoothstep(0.2f, 1.0f, along));
    float height = rise * base * bell(square(x / (1.25f * width)));
    height += 0.022f * bell(x / nose.tip_size, (y - nose.tip) / nose.tip_size);
    const float wing = (std::abs(x) - nose.wing * 0.88f) / (0.42f * nose.wing);
    return height + 0.070f * bell(wing, (y - nose.tip + 0.025f) / 0.062f);
}

float mouth_relief(const Mouth& mouth, float x, float y) {
    const float across = x / mouth.half_width;
    const float from = y - mouth.y - mouth.curve * square(across);
    float height = 0.045f * bell(x / 0.30f, from / 0.20f);
    const float taper = bell(square(across * 0.95f));
    height += 0.50f * mouth.upper * taper * bell(square((from - 0.5f * mouth.upper) / mouth.upper));
    height +=
        0.52f * mouth.lower * taper * bell(square((from + 0.55f * mouth.lower) / mouth.lower));
    height -= 0.022f * taper * bell(square(from / 0.022f));
    height -= 0.030f * bell(x / 0.20f, (from + mouth.lower + 0.075f) / 0.06f);
    return height - 0.012f * bell(x / 0.035f, (from - mouth.upper - 0.08f) / 0.07f);
}

// How far the features stand out of the plain head at (x, y), towards the viewer.
float relief(const Appearance& a, float x, float y) {
    const HeadShape& head = a.head;
    const float side = std::abs(x);
    const float eye_x = side - a.eye.x, eye_y = y - a.eye.y;
    float height = nose_relief(a.nose, x, y) + mouth_relief(a.mouth, x, y);
    height -= head.socket * bell((eye_x + 0.02f) / 0.19f, (eye_y - 0.02f) / 0.125f);
    height -= 0.4f * head.socket * bell((side - 0.13f) / 0.08f, (eye_y - 0.01f) / 0.10f);
    height += 0.040f * bell(eye_x / 0.13f, eye_y / 0.10f);
    height += head.brow_ridge * bell((side - 0.27f) / 0.26f, (y - a.brow.y + 0.02f) / 0.09f);
    height += head.cheekbone * bell((side - 0.46f) / 0.19f, (y + 0.24f) / 0.17f);
    height += head.cheek * bell((side - 0.40f) / 0.20f, (y + 0.58f) / 0.22f);
    height += head.chin_out * bell(x / head.chin_width, (y + head.chin - 0.13f) / 0.14f);
    const float fold_x = side - mix(a.nose.wing + 0.05f, a.mouth.half_width + 0.07f,
                                    (a.nose.tip - y) / (a.nose.tip - a.mouth.y + 0.05f));
    const float fold_y = (y - 0.5f * (a.nose.tip + a.mouth.y)) / 0.17f;
    return height - (0.008f + 0.016f * a.skin.age) * bell(fold_x / 0.045f, fold_y);
}

void add_head(Mesh& mesh, const Appearance& a) {
    std::vector<Vertex> grid;
    grid.reserve((rows + 1) * (columns + 1));
    for (int r = 0; r <= rows; ++r) {
        const Ring ring = head_ring(a.head, r);
        const float drop =
            a.head.jaw_drop * smoothstep(a.mouth.y + 0.05f, a.mouth.y - 0.2f, ring.y);
        for (int c = 0; c <= columns; ++c) {
            const float angle = column_angle(c);
            Vec3 rest = ring_point(ring, angle);
            const float front = smoothstep(0.0f, 0.35f, std::cos(angle));
            if (front > 0) rest.z += front * relief(a, rest.x, rest.y);
            grid.push_back({rest - Vec3{0, drop, 0}, rest, {}});
        }
    }
    add_grid(mesh, std::move(grid), rows, columns, Part::Skin);
}

struct Growth {
    float cover;  // 0 bare skin .. 1 hair, over the hairline
    float depth;  // 0 at the hairline .. 1 far behind it: hair grows thicker with the distance
};

// The hair at an angle and height of the skull.
Growth hair_growth(const Hair& hair, float angle, float y) {
    const float side = std::abs(angle);
    const float line = hair.hairline + hair.recede * (smoothstep(0.2f, 0.8f, side) - 0.4f) +
                       hair.parting * std::sin(2 * angle) - 0.12f * square(side);
    const float temple = smoothstep(-0.12f, 0.30f, y) * smoothstep(1.0f, 0.0f, y / line);
    const float open = mix(mix(1.95f, 1.30f, temple), 1.28f + 0.12f * y, hair.length);
    const float ends = mix(-0.55f, -1.75f, hair.length);
    const float ragged = 0.06f * (value_noise(5 * angle + 30, 3) - 0.5f);
    const float top = (y - line + ragged) / 0.09f, flank = (side - open) / 0.13f;
    const float behind = std::max(top, flank);
    return {smoothstep(-1, 1, behind) * smoothstep(ends - 0.1f, ends + 0.1f, y),
            smoothstep(-1, 4, behind)};
}

// The hair is a shell around the skull that sinks below the skin where no hair grows; long hair
// hangs down from the temples instead of following the jaw.
void add_hair(Mesh& mesh, const Appearance& a) {
    const Hair& hair = a.hair;
    const int split = rows * 2 / 5;
    const Ring widest = head_ring(a.head, split);
    std::vector<Vertex> grid;
    grid.reserve((rows + 1) * (columns + 1));
    for (int r = 0; r <= rows; ++r) {
        const Ring skull = head_ring(a.head, r);
        Ring shell = skull;
        if (r > split) {
            const float fall = static_cast<float>(r - split) / (rows - split);
            shell = widest;
            shell.y = mix(skull.y, -1.8f * fall, hair.length);
            const float hang = hair.length;
            shell.width = mix(skull.width, widest.width * (1 + 0.05f * fall), hang);
            shell.front = mix(skull.front, widest.front * (1 - 0.25f * fall), hang);
            shell.back = mix(skull.back, widest.back, hang);
        }
        for (int c = 0; c <= columns; ++c) {
            const float angle = column_angle(c);
            const float wave = value_noise(3.0f * angle + 7, 3.5f * shell.y + 3) - 0.5f;
            const Growth growth = hair_growth(hair, angle, shell.y);
            const float lift = smoothstep(-0.6f, 0.9f, shell.y);
            const float swell = hair.volume * (0.25f + 0.75f * growth.depth) *
                                (0.45f + 0.75f * lift + hair.curl * wave);
            const Vec3 inside = ring_point(skull, angle) * 0.86f;
            Vec3 outside = ring_point(shell, angle) * (1 + swell);
            outside.y = shell.y * (shell.y > 0 ? 1 + swell : 1);
            const Vec3 position = mix(inside, outside, growth.cover);
            grid.push_back({position, {angle, shell.y, growth.cover}, {}});
        }
    }
    add_grid(mesh, std::move(grid), rows, columns, Part::Hair);
}

void add_ears(Mesh& mesh, const Appearance& a) {
    constexpr int around = 14, along = 8;
    for (const float side : {-1.0f, 1.0f}) {
        const Vec3 centre{side * (a.head.width + 0.03f), -0.13f, -0.02f};
        std::vector<Vertex> grid;
        for (int r = 0; r <= along; ++r) {
            const float latitude = pi * static_cast<float>(r) / along;
            for (int c = 0; c <= around; ++c) {
                const float turn = 2 * pi * static_cast<float>(c) / around;
                const float u = std::sin(latitude) * std::sin(turn), v = std::cos(latitude);
                const float w = std::sin(latitude) * std::cos(turn);
                const Vec3 local{0.050f * u + side * (0.05f * v - 0.05f * w), 0.20f * v,
                                 0.095f * w};
                const Vec3 position = centre + local * a.head.ear;
                grid.push_back({position, {u, v, w}, {}});
            }
        }
        add_grid(mesh, std::move(grid), along, around, Part::Ear);
    }
}

void add_neck(Mesh& mesh, const Appearance& a) {
    constexpr int around = 24, along = 6;
    const float radius = 0.60f * a.head.width;
    std::vector<Vertex> grid;
    for (int r = 0; r <= along; ++r) {
        const float s = static_cast<float>(r) / along;
        for (int c = 0; c <= around; ++c) {
            const float turn = 2 * pi * static_cast<float>(c) / around - pi;
            const float wide = radius * (1 + 0.9f * square(std::max(s - 0.45f, 0.0f)));
            const Vec3 position{wide * std::sin(turn), -0.45f - 1.5f * s,
                                0.9f * radius * std::cos(turn) - 0.12f};
            grid.push_back({position, position, {}});
        }
    }
    add_grid(mesh, std::move(grid), along, around, Part::Neck);
}

}  // namespace

Mesh head_mesh(const Appearance& appearance) {
    Mesh mesh;
    add_head(mesh, appearance);
    add_hair(mesh, appearance);
    add_ears(mesh, appearance);
    add_neck(mesh, appearance);
    return mesh;
}

}  // namespace facet::synth
