// Whether a checkpoint belongs to the run that config.toml describes: a checkpoint holds the
// settings that decided the training, so that an edited config.toml does not go on as another run.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "train/config.h"

namespace facet {

// One line a setting that decides training or evaluation and acts, `schedule.lr = 0.1`, and a line
// a parameter of the loss. For the checkpoint's metadata, under "settings".
std::string deciding_settings(const RunConfig& config);

// Throws Error naming the first setting that decides the training and is another one in the
// checkpoint, with both values. Returns those that decide only the evaluation and differ, a
// sentence each. A file that is missing or damaged, or of a version that did not store settings, is
// not judged here.
std::vector<std::string> compare_settings(const std::filesystem::path& checkpoint,
                                          const RunConfig& config);

}  // namespace facet
