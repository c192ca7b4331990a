// From embeddings to similarities: pairs, and who is nearest to whom.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "train/eval/pairs.h"

namespace facet {

// The cosine of each pair's embeddings, summed in double. `embeddings` is (N, D), of any norm.
// Throws Error if a pair names a row beyond N, or if a row is zero or not finite (naming the row
// and its file where the list has files).
std::vector<double> pair_similarities(std::span<const float> embeddings, int64_t D,
                                      const PairList& list);

struct Identification {
    double rank1 = 0;     // share of probes whose most similar gallery image is the same person's
    int64_t probes = 0;   // images whose person has another image
    int64_t gallery = 0;  // images each probe is compared with
};

// Rank-1 identification, leave one out: each image of a person with two or more images is a probe,
// and all other images are its gallery. A tie between a right and a wrong image counts as wrong.
// `embeddings` is (N, D), of any norm; products in float32. The same bits for any number of
// threads. Throws Error if a row is zero or not finite, sizes disagree, or nobody has two images.
Identification identify_leave_one_out(std::span<const float> embeddings, int64_t D,
                                      std::span<const int> labels);

}  // namespace facet
