// How fast the convolutions of a training step could be at most, from data-sheet figures: each
// takes at least the time of its arithmetic and at least the time of moving its tensors once.
//
//   roofline OUTPUT.md
//
// Everything is computed; nothing was measured on a GPU. Real convolutions reach a part of this.
#include <algorithm>
#include <cstdio>
#include <fstream>

#include "engine/error.h"
#include "tests/gpureport/peaks.h"
#include "tests/plans/networks.h"

namespace facet::cuda {
namespace {

struct Cost {
    double flops, values;  // of one pass; values read or written, each tensor counted once
};

// Forward, backward-data and backward-filter cost the same: each reads two of the three tensors
// and writes the third.
Cost cost(const ConvShape& s, int64_t N) {
    const ConvGeometry geometry{s.stride, s.R / 2};
    const int64_t y = N * s.K * geometry.out(s.H, s.R) * geometry.out(s.W, s.R);
    const int64_t x = N * s.C * s.H * s.W, w = s.K * s.C * s.R * s.R;
    return {2.0 * static_cast<double>(y * s.C * s.R * s.R), static_cast<double>(x + w + y)};
}

// Images need no gradient, so the first convolution has no backward-data.
int passes(size_t index) { return index == 0 ? 2 : 3; }

double bound_seconds(const std::vector<ConvShape>& shapes, int64_t N, double flops_a_second,
                     double bandwidth, int value_bytes) {
    double seconds = 0;
    for (size_t i = 0; i < shapes.size(); ++i) {
        const Cost c = cost(shapes[i], N);
        seconds +=
            passes(i) * std::max(c.flops / flops_a_second, c.values * value_bytes / bandwidth);
    }
    return seconds;
}

std::string rows_of(const ResNetConfig& config, int64_t N) {
    const std::vector<ConvShape> shapes = convolutions_in(config);
    double flops = 0;
    for (size_t i = 0; i < shapes.size(); ++i) flops += passes(i) * cost(shapes[i], N).flops;
    std::string text;
    for (const Peaks& p : kPeaks) {
        text += fmt::format("| {}@{} | {} | {} | {:.2f} | {} |", config.backbone, config.image, N,
                            shapes.size(), flops / 1e12, p.name);
        const auto add = [&](double flops_a_second, int value_bytes) {
            const double s = bound_seconds(shapes, N, flops_a_second, p.bandwidth, value_bytes);
            text += fmt::format(" {:.2f} | {:.0f} |", 1e3 * s, static_cast<double>(N) / s);
        };
        add(p.float32, 4);
        add(p.tf32, 4);
        add(p.bfloat16, 2);
        text += "\n";
    }
    return text;
}

void run(const std::string& path) {
    std::ofstream file(path);
    file << "# The convolutions of a training step: computed bounds\n\n"
            "Computed from data-sheet peaks, not measured: the least time that forward, "
            "backward-data and backward-filter of all convolutions can take, each bound by its "
            "arithmetic (direct convolution) or by moving its tensors once. Winograd may need less "
            "arithmetic.\n\n"
            "| network | batch | convolutions | TFLOP a step | device | float32, ms | images/s | "
            "TF32, ms | images/s | bfloat16, ms | images/s |\n"
            "| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    file << rows_of({.backbone = "r10", .image = 64, .embedding = 1}, 512);
    file << rows_of({.backbone = "r18", .image = 112, .embedding = 1}, 512);
    file << rows_of({.backbone = "r50", .image = 112, .embedding = 1}, 512);
    file.flush();
    FACET_CHECK(file.good(), "{} cannot be written", path);
    fmt::print("convolutions: {}\n", path);
}

}  // namespace
}  // namespace facet::cuda

int main(int count, char** arguments) {
    try {
        FACET_USAGE(count == 2, "expected: roofline OUTPUT.md");
        facet::cuda::run(arguments[1]);
    } catch (const std::exception& error) {
        fmt::print(stderr, "roofline: error: {}\n", error.what());
        return 2;
    }
}
