#include "tools/train_report.h"

#include <algorithm>

#include "losses/head/class_sampling.h"
#include "tools/devices.h"
#include "tools/picture_notes.h"
#include "tools/sources.h"
#include "tools/terminal.h"
#include "train/eval/card.h"
#include "train/eval/floors.h"

namespace facet {
namespace {

// The floors are learned from the training pictures and judged on the same pairs as the model.
Floors floors_of(const RunConfig& config, const EvalSet& evaluation, const Dataset& data) {
    FloorOptions options;
    options.verify.seed = static_cast<uint64_t>(config.seed);
    return verification_floors(evaluation.images, evaluation.pairs, data.images, options);
}

// How many classes a step computes with: those of its batch, filled up to the sampled share.
std::string classes_line(const RunConfig& config, const Dataset& data) {
    const auto C = static_cast<int64_t>(data.people.size());
    const int64_t sampled = sampled_classes(C, config.sample_rate);
    const bool balanced = config.per_person > 0;
    const int64_t in_batch =
        std::min(C, balanced ? config.batch / config.per_person : config.batch);
    if (in_batch <= sampled) return fmt::format("{} of {} a step", sampled, C);
    return fmt::format("{} {} of {} a step: those of the batch, --sample-rate {} alone is {}",
                       balanced ? "the" : "up to", in_batch, C, config.sample_rate, sampled);
}

}  // namespace

void print_start(const RunConfig& config, Trainer& trainer, const Dataset& data) {
    fmt::print("device   {}\n", device_line(trainer.learner().device()));
    fmt::print("network  {} at {} pixels, D = {}\n", config.network.backbone, config.network.image,
               config.network.embedding);
    fmt::print("loss     {}\n", trainer.learner().loss().describe());
    if (config.sample_rate < 1) fmt::print("classes  {}\n", classes_line(config, data));
    fmt::print("data     {} images of {} people, {} steps of {}{}\n", data.images.size(),
               data.people.size(), trainer.total_steps(), config.batch,
               config.per_person > 0 ? fmt::format(", {} of each person", config.per_person) : "");
    std::fflush(stdout);
}

void warn_at_start(const RunConfig& config, Trainer& trainer, const Dataset& data,
                   const std::optional<EvalSet>& evaluation) {
    if (config.schedule.warmup >= trainer.total_steps()) {
        fmt::print(stderr,
                   "warning: --warmup {} is as long as the run ({} steps): the learning rate "
                   "does not reach its peak\n",
                   config.schedule.warmup, trainer.total_steps());
    }
    if (!evaluation) {
        fmt::print(stderr, "no evaluation: give --pairs or --eval-data for one\n");
        return;
    }
    warn_of_overlap(overlap_of(data, *evaluation));
}

void warn_at_resume(const Resumption& resumption) {
    if (!resumption.position) {
        fmt::print(stderr, "warning: the run was ended before its first step: it begins again\n");
        return;
    }
    if (!resumption.warning.empty()) fmt::print(stderr, "warning: {}\n", resumption.warning);
    const int64_t steps = resumption.position->steps;
    if (resumption.logged > steps) {
        fmt::print(stderr, "steps {} to {} were made after the checkpoint: they are made again\n",
                   steps + 1, resumption.logged);
    }
}

void warn_of_empty_batches(Trainer& trainer) {
    const StateArray* count = trainer.learner().loss().state().find("no_pairs");
    if (count == nullptr || count->value.at(0) == 0) return;
    fmt::print(stderr,
               "warning: {:.0f} of {} batches had no pair to learn from: see --per-person\n",
               count->value[0], trainer.total_steps());
}

void report(const RunConfig& config, const RunFolder& folder, const EvalSet& evaluation,
            const Dataset& data, const Verification& result) {
    const Floors floors = floors_of(config, evaluation, data);
    EvaluationCard card =
        card_of(folder.model(), config.network, evaluation, kEvaluateWithMirror, result);
    card.common_with_training = overlap_of(data, evaluation);
    card.left_out_of_training = data.left_out;
    card.floors = floors;
    write_card(folder.card(), card);

    fmt::print("\n{}: {} same and {} different pairs\n", evaluation.source, result.same,
               result.different);
    Table table({"method", "accuracy", "sd", "EER", "AUC"});
    const auto row = [&](const std::string& name, const Verification& v) {
        table.row({name, percent(v.cross_validated.mean),
                   fmt::format("{:.2f}", 100 * v.cross_validated.std), percent(v.equal_error_rate),
                   fmt::format("{:.4f}", v.auc)});
    };
    row(fmt::format("{} + {}", config.network.backbone, config.loss), result);
    row(fmt::format("PCA, {} whitened components", floors.pca_dimensions), floors.whitened_pca);
    row("raw pixels", floors.raw_pixels);
    table.print();
}

}  // namespace facet
