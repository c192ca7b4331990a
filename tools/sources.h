// Where pictures come from, as named on the command line: a folder, or `synth`, the procedural
// faces rendered in memory.
#pragma once

#include <optional>
#include <string>

#include "train/config.h"
#include "train/data/dataset.h"
#include "train/embed.h"
#include "train/eval/card.h"

namespace facet {

// The training pictures that the configuration names, at its image size and with the detail of its
// resolution. Prints to standard error what was found, warnings, and a line for every reason for
// which something was left out.
Dataset training_data(const RunConfig& config);

// What a run is evaluated on: unseen procedural people, the pairs file, pairs drawn from the
// evaluation folder, or nothing.
std::optional<EvalSet> evaluation_data(const RunConfig& config);

// Rendered faces of the people first .. first + people - 1 of the seed.
// `difficulty` scales every knob of their nuisances (tools/synth/factors.h).
Dataset procedural_faces(int64_t people, int64_t images, double difficulty, int64_t size,
                         uint64_t seed, uint64_t first, const std::string& label);

// Unseen procedural people start here: far beyond any training set.
inline constexpr uint64_t kFirstUnseenPerson = 1'000'000;

// As many different as same pairs, so many of each, in a drawn evaluation.
inline constexpr int kDrawnPairs = 3000;

// The card of an evaluation of the model in `file`; the caller adds what it knows beyond.
EvaluationCard card_of(const std::filesystem::path& file, const ResNetConfig& network,
                       const EvalSet& set, bool add_mirror, Verification verification);

// A folder of pictures, with its notes printed to standard error (picture_notes.h).
Dataset folder_data(const std::string& folder, FolderOptions options);

}  // namespace facet
