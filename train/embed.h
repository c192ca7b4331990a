// From pictures to embeddings, and from embeddings to a verification result.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "layers/resnet.h"
#include "train/data/dataset.h"
#include "train/eval/metrics.h"
#include "train/eval/pairs.h"

namespace facet {

// Raw embeddings (N, D) in evaluation mode. With `add_mirror`, the embedding of a picture is the
// sum of its own and its mirror image's, the usual rule for verification. `progress` is called with
// how many images are done. `files` (N) are the pictures' names for errors, empty where they have
// none.
//
// Throws Error if the pictures have not the network's size, and naming the picture whose embedding
// is not finite or zero: it has no direction, and every figure made of it would be wrong.
std::vector<float> embed_images(ResNet& network, const std::vector<Image>& images, bool add_mirror,
                                const std::function<void(int64_t)>& progress = {},
                                std::span<const std::string> files = {});

// Pictures and the pairs to judge.
struct EvalSet {
    std::vector<Image> images;  // (N), at the network's size
    std::vector<int> labels;    // (N) identities, or empty when only pairs are known
    PairList pairs;
    std::vector<std::string> files;   // (N) as in Dataset
    std::vector<std::string> people;  // their names
    std::vector<uint64_t> hashes;     // (N), see picture_hash.h: of the images as they were read
    std::vector<LeftOut> left_out;    // what the source holds beside them, by reason
    std::string source;               // in words, for the card
    std::string hash;                 // of the pictures
};

// The pictures that a pairs file names, from `folder`. Throws UnreadablePictures if some are
// missing, unreadable or cannot be told apart. `progress` is called with how many are decoded, of
// how many, by the calling thread.
EvalSet load_pairs(const std::filesystem::path& folder, const std::filesystem::path& pairs_file,
                   int size, const std::function<void(int64_t done, int64_t total)>& progress = {});

// `pairs` pairs of a kind drawn from labelled pictures, in 10 folds (fewer if the set is small).
EvalSet draw_pairs(Dataset data, std::string source, int pairs, uint64_t seed);

Verification evaluate(ResNet& network, const EvalSet& set, bool add_mirror,
                      const VerifyOptions& options,
                      const std::function<void(int64_t done)>& progress = {});

}  // namespace facet
