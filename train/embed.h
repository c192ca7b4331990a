// From pictures to embeddings, and from embeddings to a verification result.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "layers/resnet.h"
#include "train/data/dataset.h"
#include "train/eval/metrics.h"
#include "train/eval/pairs.h"

namespace facet {

// Raw embeddings (N, D) in evaluation mode. With `add_mirror`, the embedding of a picture is the
// sum of its own and its mirror image's, the usual rule for verification. `heard` is told how many
// images are done. Throws Error if the pictures have not the network's size.
std::vector<float> embed_images(ResNet& network, const std::vector<Image>& images, bool add_mirror,
                                const std::function<void(int64_t)>& heard = {});

// Pictures and the pairs to judge.
struct EvalSet {
    std::vector<Image> images;  // (N), at the network's size
    std::vector<int> labels;    // (N) identities, or empty when only pairs are known
    PairList pairs;
    std::vector<std::string> people;  // their names
    std::string source;               // in words, for the card
    std::string hash;                 // of the pictures
};

// The pictures that a pairs file names, from `folder`. Throws Error naming a picture that is
// missing or unreadable. `heard` is told how many are decoded, of how many, by the calling thread.
EvalSet load_pairs(const std::filesystem::path& folder, const std::filesystem::path& pairs_file,
                   int size, const std::function<void(int64_t done, int64_t total)>& heard = {});

// `pairs` pairs of a kind drawn from labelled pictures, in 10 folds (fewer if the set is small).
EvalSet draw_pairs(Dataset data, std::string source, int pairs, uint64_t seed);

Verification evaluate(ResNet& network, const EvalSet& set, bool add_mirror,
                      const VerifyOptions& options,
                      const std::function<void(int64_t done)>& heard = {});

}  // namespace facet
