#include "tools/lab/compare/runs.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "tools/devices.h"
#include "tools/run_options.h"
#include "tools/train_report.h"
#include "train/eval/identification.h"
#include "train/files/atomic.h"
#include "train/files/file_reader.h"
#include "train/files/json_lines.h"
#include "train/files/npy.h"
#include "train/model.h"
#include "train/trainer.h"

namespace facet::compare {
namespace {

// Cosines of the evaluation's pairs: what is left to do when training has ended.
std::filesystem::path similarities_of(const std::filesystem::path& run) {
    return run / "similarities.npy";
}

VerifyOptions verify_options(const RunConfig& config) {
    VerifyOptions options;
    options.seed = static_cast<uint64_t>(config.seed);
    return options;
}

std::filesystem::path plan_file(const Plan& plan) { return plan.out / "plan.toml"; }

// Trains one run, from where it was interrupted. False when interrupted again.
bool train_one(const Plan& plan, size_t loss, size_t seed, Device& device, const Dataset& data,
               const EvalSet& evaluation, const std::atomic<bool>& stop,
               const std::function<void(int64_t, const std::string&)>& progress) {
    const std::filesystem::path path = plan.folder(loss, seed);
    const RunConfig config = plan.config(loss, seed);
    const bool goes_on = std::filesystem::exists(path / "config.toml");
    RunFolder folder = goes_on ? RunFolder::open(path) : RunFolder::planned(path);
    folder.claim();
    Trainer trainer(device, config, folder, data, &evaluation);
    if (goes_on) {
        warn_at_resume(trainer.resume());
    } else {
        write_config(folder, config, trainer.learner(), data);
    }
    std::optional<Microscope> microscope;
    if (plan.microscope) {
        microscope.emplace(trainer.learner(), *plan.microscope, path, trainer.steps_done());
    }
    TrainEvents events;
    events.step = [&](const StepReport& step) {
        progress(step.step,
                 fmt::format("{} seed {}, loss {:.3f}, {:.0f} img/s", plan.losses[loss].label(),
                             plan.seeds[seed], step.result.loss, step.images_per_second));
    };
    return trainer.run(stop, events) == facet::Outcome::Finished;
}

// Of the log: means of the target cosine between evaluations, and the time of the steps.
void read_log(const std::filesystem::path& file, RunResult& result) {
    double cosines = 0;
    int64_t steps = 0;
    each_json_line(file, [&](const nlohmann::json& entry) {
        if (entry.contains("target_cosine")) {
            cosines += entry.at("target_cosine").get<double>();
            ++steps;
            result.seconds += entry.at("seconds").get<double>();
            return;
        }
        if (!entry.contains("evaluation")) return;
        const double mean = steps > 0 ? cosines / static_cast<double>(steps) : 0;
        result.curve.push_back(
            {entry.at("step"), mean, entry.at("evaluation").at("accuracy").at("mean")});
        cosines = 0;
        steps = 0;
    });
}

}  // namespace

std::filesystem::path Plan::folder(size_t loss, size_t seed) const {
    return out / "runs" / fmt::format("{}_seed{}", losses[loss].folder(), seeds[seed]);
}

RunConfig Plan::config(size_t loss, size_t seed) const {
    RunConfig config = base;
    config.loss = losses[loss].name;
    config.loss_parameters = losses[loss].settings;
    config.seed = seeds[seed];
    config.per_person = images_per_person(config);
    return in_force(config, computes_on_gpu());
}

void check_folder(const Plan& plan) {
    check_can_be_made(plan.out, "the folder of the comparison");
    if (std::filesystem::exists(plan_file(plan)) || is_vacant(plan.out)) return;
    throw UsageError(fmt::format("{}: it is no empty folder, and holds no comparison to go on with",
                                 plan.out.string()),
                     "name another folder");
}

FolderLock claim_folder(const Plan& plan, const Dataset& data, const EvalSet& evaluation) {
    std::string text =
        fmt::format("# pictures {}, evaluation {}\n", data_hash(data), evaluation.hash);
    for (size_t loss = 0; loss < plan.losses.size(); ++loss) {
        const RunConfig config = plan.config(loss, 0);
        const auto made = make_loss(config.loss, config.loss_parameters);
        text += to_toml(config, *made, {}) + "\n";
    }
    check_folder(plan);
    FolderLock lock(plan.out);
    const std::filesystem::path file = plan_file(plan);
    if (!std::filesystem::exists(file)) {
        write_file_atomically(file, text);
    } else if (read_file(file) != text) {
        throw UsageError(fmt::format("{}: it holds another comparison", plan.out.string()),
                         "name another folder, or remove this one");
    }
    remove_partial_files(plan.out);
    return lock;
}

std::vector<int> people_of(const EvalSet& evaluation) {
    if (!evaluation.labels.empty()) return evaluation.labels;
    std::map<std::string, int> numbers;
    std::vector<int> people;
    for (const std::string& file : evaluation.pairs.files) {
        people.push_back(
            numbers.emplace(person_of(file), static_cast<int>(numbers.size())).first->second);
    }
    return people;
}

bool make_run(const Plan& plan, size_t loss, size_t seed, const Dataset& data,
              const EvalSet& evaluation, const std::atomic<bool>& stop,
              const std::function<void(int64_t, const std::string&)>& progress) {
    const std::filesystem::path path = plan.folder(loss, seed);
    if (std::filesystem::exists(similarities_of(path))) return true;
    Device& device = chosen_device(precision_of(plan.config(loss, seed)));
    if (!train_one(plan, loss, seed, device, data, evaluation, stop, progress)) return false;
    const auto network = load_model(device, path / "model.safetensors");
    const std::vector<float> embeddings =
        embed_images(*network, evaluation.images, kEvaluateWithMirror, {}, evaluation.files);
    const std::vector<double> similarity =
        pair_similarities(embeddings, network->config().embedding, evaluation.pairs);
    write_npy(similarities_of(path),
              npy_from(std::span<const double>(similarity), {std::ssize(similarity)}));
    return true;
}

RunResult read_result(const Plan& plan, size_t loss, size_t seed, const EvalSet& evaluation) {
    const std::filesystem::path path = plan.folder(loss, seed);
    RunResult result;
    result.similarity = npy_as<double>(read_npy(similarities_of(path)));
    result.verification =
        verify(result.similarity, evaluation.pairs, verify_options(plan.config(loss, seed)));
    read_log(path / "log.jsonl", result);
    return result;
}

}  // namespace facet::compare
