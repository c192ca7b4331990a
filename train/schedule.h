// The learning rate over a run: a linear warm-up, then cosine, step or polynomial decay.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace facet {

struct ScheduleConfig {
    std::string kind = "cosine";                        // cosine | step | poly | constant
    double lr = 0.1;                                    // the peak, reached after the warm-up
    int64_t warmup = 100;                               // steps
    double final_lr = 0;                                // where cosine and poly end
    double power = 2;                                   // poly
    std::vector<double> milestones = {0.5, 0.75, 0.9};  // step: fractions of the run
    double factor = 0.1;  // step: what each milestone multiplies the rate by
};

// Throws UsageError naming the first setting out of range.
void check_schedule(const ScheduleConfig& config);

// The rate of step `step` (from 0) of `total`. With p the fraction of the steps after the warm-up:
//   warm-up  lr (step + 1) / warmup
//   cosine   final + (lr - final) (1 + cos(pi p)) / 2
//   poly     final + (lr - final) (1 - p)^power
//   step     lr factor^(milestones at or before step / total)
double learning_rate(const ScheduleConfig& config, int64_t step, int64_t total);

}  // namespace facet
