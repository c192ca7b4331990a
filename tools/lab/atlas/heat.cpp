#include "tools/lab/atlas/heat.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "train/data/image.h"

namespace facet::atlas {
namespace {

constexpr int kDecades = 4;
using Colour = std::array<double, 3>;
// Even steps of lightness, from paper to ink; the page inverts lightness in the dark.
constexpr std::array<Colour, 5> kBlues = {
    {{255, 255, 255}, {205, 225, 240}, {120, 176, 216}, {38, 118, 184}, {8, 48, 107}}};
constexpr std::array<Colour, 5> kOranges = {
    {{255, 255, 255}, {253, 216, 172}, {247, 151, 76}, {212, 82, 12}, {112, 34, 4}}};

Colour colour_of(double t) {  // t in [-1, 1]
    const auto& stops = t < 0 ? kOranges : kBlues;
    const double at = std::min(std::abs(t), 1.0) * double(stops.size() - 1);
    const size_t k = std::min(size_t(at), stops.size() - 2);
    Colour mixed;
    for (size_t c = 0; c < 3; ++c)
        mixed[c] = stops[k][c] + (at - double(k)) * (stops[k + 1][c] - stops[k][c]);
    return mixed;
}

// 0 at four decades below the peak, +-1 at the peak.
double logarithmic(double v, double peak) {
    if (v == 0 || peak == 0) return 0;
    const double t = 1 + std::log10(std::abs(v) / peak) / kDecades;
    return std::copysign(std::clamp(t, 0.0, 1.0), v);
}

std::string base64(std::span<const uint8_t> bytes) {
    constexpr const char* kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (size_t at = 0; at < bytes.size(); at += 3) {
        unsigned word = 0;
        const size_t n = std::min<size_t>(3, bytes.size() - at);
        for (size_t k = 0; k < 3; ++k) word = word << 8 | (k < n ? bytes[at + k] : 0u);
        for (size_t k = 0; k < 4; ++k) text += k <= n ? kDigits[word >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

// Rows from theta_j = 180 degrees at the top down to 0.
std::string png_of(const std::vector<double>& cells, double peak) {
    Image image{kPlaneCells, kPlaneCells, std::vector<uint8_t>(cells.size() * 3)};
    for (int j = 0; j < kPlaneCells; ++j) {
        for (int i = 0; i < kPlaneCells; ++i) {
            const Colour colour = colour_of(logarithmic(cells[Plane::at(j, i)], peak));
            for (int c = 0; c < 3; ++c)
                image.at(i, kPlaneCells - 1 - j)[c] = uint8_t(std::lround(colour[c]));
        }
    }
    return "data:image/png;base64," + base64(encode_image(image, ".png"));
}

std::string colour_bar(const Frame& f, bool negative, double peak) {
    const double left = f.left + f.width + 16, height = f.height;
    std::string svg = "<g class=\"heat\">\n";
    constexpr int kPieces = 40;
    for (int k = 0; k < kPieces; ++k) {
        const double t = negative ? 1 - 2 * (k + 0.5) / kPieces : 1 - (k + 0.5) / kPieces;
        const Colour c = colour_of(t);
        svg += fmt::format(
            "<rect fill=\"#{:02x}{:02x}{:02x}\" x=\"{:g}\" y=\"{:.2f}\" width=\"10\" "
            "height=\"{:.2f}\"/>\n",
            int(c[0]), int(c[1]), int(c[2]), left, f.top + height * k / kPieces,
            height / kPieces + 0.3);
    }
    svg += "</g>\n";
    const auto label = [&](double t, const std::string& text) {
        svg += svg_text(left + 14, f.top + 4 + height * t, "start", text);
    };
    const std::string high = fmt::format("{:.3g}", peak);
    label(0, negative ? "+" + high : high);
    if (negative) {
        label(0.5, "0");
        label(1, "−" + high);
    } else {
        for (int decade = 1; decade < kDecades; ++decade)
            label(double(decade) / kDecades, fmt::format("{:.3g}", peak / std::pow(10, decade)));
        label(1, "0");
    }
    return svg;
}

}  // namespace

Frame plane_frame() { return {48, 46, 250, 250, 366, 338}; }

std::string plane_diagonal() {
    const Frame f = plane_frame();
    return svg_line(f.left, f.top + f.height, f.left + f.width, f.top, "diagonal");
}

std::string draw_heat_map(const std::string& title, const std::vector<double>& cells, double peak,
                          const std::vector<Boundary>& boundaries) {
    const Frame f = plane_frame();
    std::string svg =
        fmt::format("<svg class=\"map\" viewBox=\"0 0 {:g} {:g}\" role=\"img\"><title>{}</title>\n",
                    f.total_width, f.total_height, escaped(title));
    svg += svg_text(8, 14, "start", title, "title");
    svg += fmt::format(
        "<image class=\"heat\" x=\"{:g}\" y=\"{:g}\" width=\"{:g}\" height=\"{:g}\" "
        "preserveAspectRatio=\"none\" href=\"{}\"/>\n",
        f.left, f.top, f.width, f.height, png_of(cells, peak));
    svg += plane_diagonal() + angle_axes(f, "θy, to its own class", "θj, to another class");
    std::string path;
    for (const Boundary& boundary : boundaries) {
        for (size_t k = 0; k < boundary.size(); ++k) {
            path += fmt::format("{}{:.1f} {:.1f}", k == 0 ? 'M' : 'L',
                                f.left + f.width * boundary[k].first / 180,
                                f.top + f.height * (1 - boundary[k].second / 180));
        }
    }
    if (!path.empty()) {
        svg +=
            fmt::format("<path class=\"halo\" d=\"{0}\"/><path class=\"mask\" d=\"{0}\"/>\n", path);
    }
    const bool negative =
        std::any_of(cells.begin(), cells.end(), [&](double v) { return v < -kPlaneFloor * peak; });
    return svg + colour_bar(f, negative, peak) + "</svg>\n";
}

}  // namespace facet::atlas
