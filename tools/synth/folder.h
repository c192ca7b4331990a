// A synthetic data set on disk: DIR/person_00042/0003.png and DIR/factors.json.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "tools/synth/dataset.h"

namespace facet::synth {

// Renders `set` into `folder`, which must be empty or not exist yet; `extension` is ".png" or
// ".jpg". factors.json is written last, so a folder that has it is complete. It holds
//   seed, size, first_person, look_alikes, knobs
//   traits: [{group, name, meaning}]                     the coordinates of an identity
//   people: [{name, identity: [kTraits numbers], nearest: {name, distance}}]
//   images: [{file, person, difficulty, factors: {...}}]
// `nearest` (absent for a single person) names the hardest negative; pictures of one person with a
// high difficulty are the hard positives.
// Throws UsageError for settings out of range, Error if the folder is not empty or not writable.
void write_folder(const SynthSet& set, const std::filesystem::path& folder,
                  const std::string& extension, const std::function<void(int64_t)>& progress = {});

// Throws Error unless the folder is empty or could be made; makes nothing.
void check_new_folder(const std::filesystem::path& folder);

// person_00042
std::string person_name(uint64_t person);

}  // namespace facet::synth
