// A set of procedural people with several pictures each, rendered in memory.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/synth/factors.h"
#include "tools/synth/identity.h"
#include "train/data/image.h"

namespace facet::synth {

// Who and what to draw. Person p of the set is person first_person + p of the seed, so sets whose
// ranges of people do not overlap share nobody.
struct SynthSet {
    int people = 300;
    int images = 20;  // of each person
    uint64_t seed = 0;
    int size = 64;  // pixels along a side
    Knobs knobs;
    uint64_t first_person = 0;
    double look_alikes = 0.1;  // share of people drawn near another one
};

struct Faces {
    std::vector<Identity> identities;  // [people]
    std::vector<Image> images;         // [people * images], all pictures of a person together
    std::vector<int> labels;           // [people * images], 0 .. people - 1
    std::vector<Factors> factors;      // [people * images]
};

// Throws UsageError for counts below 1 or settings out of range.
void check(const SynthSet& set);

std::vector<Identity> identities_of(const SynthSet& set);

// Renders the whole set on all OpenMP threads; the bytes do not depend on their number.
Faces render(const SynthSet& set);

}  // namespace facet::synth
