// What `facet train` says of a run: at its start, its warnings, and how well the network does.
#pragma once

#include <optional>

#include "train/trainer.h"

namespace facet {

void print_start(const RunConfig& config, Trainer& trainer, const Dataset& data);

// On standard error: no evaluation, people learned from and judged, a warmup as long as the run.
void warn_at_start(const RunConfig& config, Trainer& trainer, const Dataset& data,
                   const std::optional<EvalSet>& evaluation);
// On standard error: a checkpoint that could not be taken up; steps that are made again.
void warn_at_resume(const Resumption& resumption);
// On standard error, after a run of a pair loss: batches without a pair.
void warn_of_empty_batches(Trainer& trainer);

// Writes card.json and prints the network's accuracy beside two floors on the same pairs.
void report(const RunConfig& config, const RunFolder& folder, const EvalSet& evaluation,
            const Dataset& data, const Verification& result);

}  // namespace facet
