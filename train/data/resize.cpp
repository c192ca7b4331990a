// Resampling by convolution, one axis after the other. The continuous picture is rebuilt with the
// Catmull-Rom cubic (Keys, "Cubic convolution interpolation", IEEE ASSP 1981, a = -1/2); to shrink
// by a factor f the kernel is stretched to f times its width, which removes what the new grid
// cannot carry.
#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/error.h"
#include "train/data/image.h"

namespace facet {
namespace {

constexpr int kFractionBits = 20;  // of a weight; 255 * 2^20 * (sum of |weights| < 2) fits int32

double catmull_rom(double x) {
    x = std::abs(x);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    if (x < 2) return ((-0.5 * x + 2.5) * x - 4) * x + 2;
    return 0;
}

// Output sample i is the sum over k of weight[k] * input[first + k].
struct Taps {
    int first;
    std::vector<int32_t> weight;  // fixed point; they sum to exactly 1
};

std::vector<Taps> make_taps(int in, int out) {
    const double step = static_cast<double>(in) / out;
    const double stretch = std::max(1.0, step);
    std::vector<Taps> taps(out);
    for (int i = 0; i < out; ++i) {
        const double centre = (i + 0.5) * step;  // pixel j covers [j, j + 1), its centre is j + 0.5
        const int first = std::max(0, static_cast<int>(std::floor(centre - 2 * stretch)));
        const int last = std::min(in - 1, static_cast<int>(std::ceil(centre + 2 * stretch)) - 1);
        std::vector<double> weight;
        double sum = 0;  // outside the picture there is nothing: what is left is rescaled to 1
        for (int j = first; j <= last; ++j) {
            weight.push_back(catmull_rom((j + 0.5 - centre) / stretch));
            sum += weight.back();
        }
        taps[i].first = first;
        int32_t rest = 1 << kFractionBits;
        for (double w : weight) {
            taps[i].weight.push_back(
                static_cast<int32_t>(std::lround(w / sum * (1 << kFractionBits))));
            rest -= taps[i].weight.back();
        }
        // Rounding leaves a few units of 2^-20; the largest weight takes them.
        *std::max_element(taps[i].weight.begin(), taps[i].weight.end()) += rest;
    }
    return taps;
}

// Filters along x and transposes, so that two calls filter both axes and restore the orientation.
Image filter_and_transpose(const Image& image, int width) {
    const std::vector<Taps> taps = make_taps(image.width, width);
    Image result{image.height, width, std::vector<uint8_t>(size_t{3} * width * image.height)};
    for (int y = 0; y < image.height; ++y) {
        for (int x = 0; x < width; ++x) {
            int32_t sum[3] = {1 << (kFractionBits - 1), 1 << (kFractionBits - 1),
                              1 << (kFractionBits - 1)};  // one half: the shift below rounds
            const uint8_t* pixel = image.at(taps[x].first, y);
            for (const int32_t w : taps[x].weight)
                for (int32_t& channel : sum) channel += w * *pixel++;
            for (int c = 0; c < 3; ++c)
                result.at(y, x)[c] =
                    static_cast<uint8_t>(std::clamp(sum[c] >> kFractionBits, 0, 255));
        }
    }
    return result;
}

}  // namespace

Image resize(const Image& image, int width, int height) {
    FACET_USAGE(width > 0 && height > 0, "resize: {} x {} is no picture", width, height);
    FACET_CHECK(image.width > 0 && image.height > 0, "resize: the picture is empty");
    if (width == image.width && height == image.height) return image;
    return filter_and_transpose(filter_and_transpose(image, width), height);
}

}  // namespace facet
