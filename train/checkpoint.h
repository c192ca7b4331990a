// checkpoint.safetensors: all it takes to go on as if nothing had happened.
//
// Parameters, statistics, proxies and optimiser moments (F32), the loss's state (F64, "state.*"),
// and in the metadata the number of steps done. Random numbers and the position in the data follow
// from the seed and that number. Written to a temporary file, synced, renamed; the checkpoint
// before it is kept. Which of the two a run goes on from is decided by resume.h.
#pragma once

#include <cstdint>
#include <filesystem>

#include "train/learner.h"

namespace facet {

struct Position {
    int64_t steps = 0;          // done
    int64_t batch = 0;          // images a step
    std::string data_hash;      // of the training images
    std::string settings = {};  // that decide the run (train/same_run.h)
};

// What was in `file` before is found in `previous` after, where that is given.
void save_checkpoint(const std::filesystem::path& file, Learner& learner, const Position& position,
                     const std::filesystem::path& previous = {});

// Throws Error naming file and tensor if the file is damaged or of another run; the learner may
// then be half restored.
Position load_checkpoint(const std::filesystem::path& file, Learner& learner);

}  // namespace facet
