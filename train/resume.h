// Going on with a run: from which of its checkpoints, and what becomes of its log.
//
// A run writes a checkpoint before its first step, so that a missing one is damage and never a
// fresh start. A checkpoint is taken up if its checksum is right and if its parameters have the
// hash that log.jsonl has for its step; otherwise the one before it, with a warning; otherwise the
// run is refused and left as it is.
#pragma once

#include <optional>
#include <string>

#include "train/checkpoint.h"
#include "train/run_folder.h"

namespace facet {

struct Resumption {
    std::optional<Position> position;  // none: the run was killed before its first checkpoint
    int64_t logged = 0;                // steps in the log; those after the position are made again
    bool fell_back = false;            // to the checkpoint before the last
    std::string warning;               // what was wrong with the last one, if anything was
};

// Restores the learner; changes no file. Throws Error saying what is there, what is wrong with it
// and what can be done.
Resumption restore(const RunFolder& folder, Learner& learner);

// Makes the folder agree with the learner restored: the checkpoint that was taken up is the last
// one again, and the log ends with its step, or with the evaluation after it if `keep_evaluation`.
void settle_folder(RunFolder& folder, const Resumption& resumption, bool keep_evaluation);

}  // namespace facet
