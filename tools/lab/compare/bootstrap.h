// How sure is a difference between two losses? Paired bootstrap over identities and seeds.
//
// All runs judge the same pairs. A resample draws people with replacement: a pair of one person
// counts as often as the person was drawn, a pair of two people as often as both were, multiplied.
// It draws seeds with replacement too. Every loss is then judged on that same resample, so what
// makes a resample hard is hard for all and cancels in differences.
//
// With few seeds the spread over seeds is known poorly; more seeds are the only cure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/eval/pairs.h"

namespace facet::compare {

// What the runs of a comparison said of the pairs.
struct Judged {
    std::vector<Pair> pairs;
    std::vector<int> people;  // (images) whose picture it is, 0 .. number of people - 1
    // (losses, seeds, pairs): cosines, and whether the pair was judged rightly by its fold's
    // threshold.
    std::vector<std::vector<std::vector<double>>> similarity;
    std::vector<std::vector<std::vector<char>>> correct;
    double far = 1e-2;  // for Merit::Tar
};

// A figure of merit, between 0 and 1; the larger the better.
enum class Merit {
    // Mean of the shares of same and of different pairs judged rightly, thresholds fixed: for lists
    // with about as many of both, since a fold's threshold is best for the pairs as they are.
    Accuracy,
    Tar  // true acceptance rate at the false acceptance rate Judged::far
};

struct Difference {
    int a = 0, b = 0;                    // losses
    double mean = 0;                     // merit of a - merit of b, on the pairs as they are
    double low = 0, high = 0;            // 95 % interval
    double wide_low = 0, wide_high = 0;  // 95 % for all differences together (Bonferroni)

    // Larger than what chance alone may do in as many comparisons.
    bool beyond_noise() const { return wide_low > 0 || wide_high < 0; }
};

// Of every loss with every later one. The same arguments give the same bits.
std::vector<Difference> differences(const Judged& judged, Merit merit, int resamples,
                                    uint64_t seed);

// On the pairs as they are, of every loss and seed: (losses, seeds).
std::vector<std::vector<double>> merits(const Judged& judged, Merit merit);

}  // namespace facet::compare
