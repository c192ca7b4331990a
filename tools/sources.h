// The pictures that a configuration names, to learn from and to be judged on.
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

// As many different as same pairs, so many of each, in a drawn evaluation.
inline constexpr int kDrawnPairs = 3000;

// The card of an evaluation of the model in `file`; the caller adds what it knows beyond.
EvaluationCard card_of(const std::filesystem::path& file, const ResNetConfig& network,
                       const EvalSet& set, bool add_mirror, Verification verification);

// The pictures of a source (train/data/source.h), with progress, and with notes of those that are
// no procedural faces printed to standard error (picture_notes.h).
Dataset read_data(const std::string& name, DataOptions options);

}  // namespace facet
