#include "train/eval/floors.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "train/eval/identification.h"

namespace facet {
namespace {

void check_sizes(std::span<const Image> images) {
    for (size_t i = 0; i < images.size(); ++i) {
        FACET_CHECK(images[i].width == images[0].width && images[i].height == images[0].height,
                    "floors: image {} is {}x{}, the first is {}x{}", i, images[i].width,
                    images[i].height, images[0].width, images[0].height);
    }
}

// The pixels x/127.5 - 1, times 255 so that they are integers and their sums exact; with the mirror
// image, the sum of the two.
std::vector<int> centred_pixels(const Image& image, bool with_mirror) {
    std::vector<int> pixels(image.rgb.size());
    size_t next = 0;
    for (int y = 0; y < image.height; ++y) {
        for (int x = 0; x < image.width; ++x) {
            const uint8_t* p = image.at(x, y);
            const uint8_t* q = image.at(image.width - 1 - x, y);
            for (int c = 0; c < 3; ++c) {
                pixels[next++] = 2 * p[c] - 255 + (with_mirror ? 2 * q[c] - 255 : 0);
            }
        }
    }
    return pixels;
}

double dot(const std::vector<int>& a, const std::vector<int>& b) {
    int64_t sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += static_cast<int64_t>(a[i]) * b[i];
    return static_cast<double>(sum);
}

// Adds to each row of side x side pixels its mirror image.
void add_mirror_images(std::vector<float>& rows, int side) {
    for (size_t first = 0; first < rows.size(); first += static_cast<size_t>(side)) {
        for (int x = 0; x < side / 2; ++x) {
            float& left = rows[first + static_cast<size_t>(x)];
            float& right = rows[first + static_cast<size_t>(side - 1 - x)];
            left = right = left + right;
        }
        if (side % 2 == 1) rows[first + static_cast<size_t>(side / 2)] *= 2;
    }
}

// How much of each source pixel lies in each of `side` equal stretches: (side, length), rows sum to
// 1. Pixel x covers [x, x + 1].
std::vector<double> area_weights(int length, int side) {
    std::vector<double> weights(static_cast<size_t>(side) * static_cast<size_t>(length));
    const double stretch = static_cast<double>(length) / side;
    for (int s = 0; s < side; ++s) {
        for (int x = 0; x < length; ++x) {
            const double overlap =
                std::min((s + 1) * stretch, x + 1.0) - std::max(s * stretch, double(x));
            weights[static_cast<size_t>(s) * length + x] = std::max(overlap, 0.0) / stretch;
        }
    }
    return weights;
}

// One picture: first along each row, then along each column of the result.
void grey_row(const Image& image, int side, const std::vector<double>& across,
              const std::vector<double>& down, float* out) {
    std::vector<double> grey(static_cast<size_t>(image.width));
    std::vector<double> sums(static_cast<size_t>(side) * static_cast<size_t>(side), 0.0);
    for (int y = 0; y < image.height; ++y) {
        for (int x = 0; x < image.width; ++x) {
            const uint8_t* p = image.at(x, y);
            grey[static_cast<size_t>(x)] = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
        }
        for (int column = 0; column < side; ++column) {
            double mean = 0;
            for (int x = 0; x < image.width; ++x) {
                mean += across[static_cast<size_t>(column) * image.width + x] *
                        grey[static_cast<size_t>(x)];
            }
            for (int row = 0; row < side; ++row) {
                sums[static_cast<size_t>(row) * side + column] +=
                    down[static_cast<size_t>(row) * image.height + y] * mean;
            }
        }
    }
    std::copy(sums.begin(), sums.end(), out);
}

std::string line(const char* name, const Verification& v) {
    return fmt::format("{:<24}{:.2f} % (sd {:.2f})\n", name, 100 * v.cross_validated.mean,
                       100 * v.cross_validated.std);
}

}  // namespace

std::vector<double> raw_pixel_similarities(std::span<const Image> images, const PairList& list,
                                           bool with_mirror) {
    check_sizes(images);
    const auto pairs = static_cast<int64_t>(list.pairs.size());
    for (const Pair& pair : list.pairs) {
        FACET_CHECK(std::min(pair.a, pair.b) >= 0 &&
                        static_cast<size_t>(std::max(pair.a, pair.b)) < images.size(),
                    "floors: a pair names images {} and {} of {}", pair.a, pair.b, images.size());
    }
    std::vector<double> similarities(list.pairs.size());
#pragma omp parallel for schedule(dynamic, 8)
    for (int64_t i = 0; i < pairs; ++i) {
        const Pair& pair = list.pairs[static_cast<size_t>(i)];
        const auto a = centred_pixels(images[static_cast<size_t>(pair.a)], with_mirror);
        const auto b = centred_pixels(images[static_cast<size_t>(pair.b)], with_mirror);
        // Zero only for a picture that is, with its mirror image, medium grey everywhere.
        const double squares = dot(a, a) * dot(b, b);
        similarities[static_cast<size_t>(i)] = squares > 0 ? dot(a, b) / std::sqrt(squares) : 0;
    }
    return similarities;
}

std::vector<float> grey_rows(std::span<const Image> images, int side) {
    FACET_USAGE(side >= 1, "grey pictures of side {}; expected at least 1", side);
    check_sizes(images);
    if (images.empty()) return {};
    const auto across = area_weights(images[0].width, side);
    const auto down = area_weights(images[0].height, side);
    const int64_t features = static_cast<int64_t>(side) * side;
    std::vector<float> rows(images.size() * static_cast<size_t>(features));
#pragma omp parallel for schedule(dynamic, 8)
    for (int64_t i = 0; i < static_cast<int64_t>(images.size()); ++i) {
        grey_row(images[static_cast<size_t>(i)], side, across, down, rows.data() + i * features);
    }
    return rows;
}

Floors verification_floors(std::span<const Image> images, const PairList& list,
                           std::span<const Image> training, const FloorOptions& options) {
    Floors floors;
    floors.raw_pixels =
        verify(raw_pixel_similarities(images, list, options.with_mirror), list, options.verify);
    const auto training_rows = grey_rows(training, options.side);
    const WhitenedPca pca(training_rows, static_cast<int64_t>(options.side) * options.side,
                          options.dimensions);
    auto rows = grey_rows(images, options.side);
    if (options.with_mirror) {
        // The components are those of plain pictures. A projection is affine: that of the mean of
        // two pictures is the mean of their projections.
        add_mirror_images(rows, options.side);
        for (float& x : rows) x /= 2;
    }
    const auto embeddings = pca.project(rows);
    floors.with_mirror = options.with_mirror;
    floors.whitened_pca =
        verify(pair_similarities(embeddings, pca.dimensions(), list), list, options.verify);
    floors.pca_dimensions = pca.dimensions();
    floors.pca_images = static_cast<int64_t>(training.size());
    return floors;
}

nlohmann::ordered_json to_json(const Floors& floors) {
    return {{"raw_pixels", to_json(floors.raw_pixels)},
            {"whitened_pca", to_json(floors.whitened_pca)},
            {"pca_dimensions", floors.pca_dimensions},
            {"pca_images", floors.pca_images},
            {"with_mirror", floors.with_mirror}};
}

std::string table(const Floors& floors) {
    return line("floor, raw pixels", floors.raw_pixels) +
           line(fmt::format("floor, whitened PCA-{}", floors.pca_dimensions).c_str(),
                floors.whitened_pca);
}

}  // namespace facet
