// What verification reaches without learning anything about faces: the floors that a trained model
// has to beat on the same pairs.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "train/data/image.h"
#include "train/eval/metrics.h"
#include "train/eval/pairs.h"

namespace facet {

struct Floors {
    Verification raw_pixels;    // cosine of the pixels, x/127.5 - 1, all three channels
    Verification whitened_pca;  // cosine after whitened_pca below
    int pca_dimensions = 0;
    int64_t pca_images = 0;    // that the components were computed from
    bool with_mirror = false;  // see FloorOptions
};

struct FloorOptions {
    int side = 32;         // pictures are reduced to side x side grey pixels before the PCA
    int dimensions = 120;  // principal components kept
    // Whether each picture stands for itself plus its mirror image, as the usual rule has it for
    // the embeddings of a model.
    bool with_mirror = true;
    VerifyOptions verify;
};

// `images` are those that the pairs index, `training` those the components are computed from; they
// may be the same, since no label is used, but a table should then say so.
// On Labeled Faces in the Wild, View 2, aligned to 112x112, components from the pairs' own images:
//                        raw pixels           PCA
//   plain                62.4 % (sd 3.1)      67.7 % (sd 1.2)
//   with mirror images   64.1 % (sd 3.3)      70.0 % (sd 1.5)
// Throws Error if images differ in size, a pair names an image that is not there, or there are
// fewer than 2 training images or they are all the same; UsageError for an option below 1.
Floors verification_floors(std::span<const Image> images, const PairList& list,
                           std::span<const Image> training, const FloorOptions& options = {});

nlohmann::ordered_json to_json(const Floors& floors);
std::string table(const Floors& floors);  // two lines

// The parts, each on its own.

// The cosine of each pair's pixels, 0 where a picture is all medium grey; exact sums of integers.
std::vector<double> raw_pixel_similarities(std::span<const Image> images, const PairList& list,
                                           bool with_mirror);

// Grey values 0.299 R + 0.587 G + 0.114 B averaged over the area of each pixel of a side x side
// grid: (N, side^2).
std::vector<float> grey_rows(std::span<const Image> images, int side);

// Principal components scaled to variance 1 on the rows they were computed from. Components whose
// variance is below 1e-10 of the first's are left out. The same bits for any number of threads.
class WhitenedPca {
public:
    // rows: (N, features), N >= 2. Exact eigenvectors of the (features, features) covariance
    // matrix in float64: features^3 operations, so about a thousand features are practical.
    WhitenedPca(std::span<const float> rows, int64_t features, int dimensions);

    int dimensions() const { return dimensions_; }
    // (N, features) -> (N, dimensions)
    std::vector<float> project(std::span<const float> rows) const;

private:
    int64_t features_;
    int dimensions_ = 0;
    std::vector<double> mean_;        // (features)
    std::vector<double> components_;  // (features, dimensions), divided by the standard deviation
};

}  // namespace facet
