#include "tools/compare/runs.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "tools/devices.h"
#include "tools/run_options.h"
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

RunFolder open_or_create(const std::filesystem::path& path) {
    return std::filesystem::exists(path / "config.toml") ? RunFolder::open(path)
                                                         : RunFolder::create(path);
}

// Of the log: means of the target cosine between evaluations, and the time of the steps.
void read_log(const std::filesystem::path& file, RunResult& result) {
    double cosines = 0;
    int64_t steps = 0;
    each_json_line(file, [&](const nlohmann::json& entry) {
        if (!entry.contains("evaluation")) {
            cosines += entry.at("target_cosine").get<double>();
            ++steps;
            result.seconds += entry.at("seconds").get<double>();
            return;
        }
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
    return config;
}

void claim_folder(const Plan& plan, const Dataset& data, const EvalSet& evaluation) {
    std::string text =
        fmt::format("# pictures {}, evaluation {}\n", data_hash(data), evaluation.hash);
    for (size_t loss = 0; loss < plan.losses.size(); ++loss) {
        const RunConfig config = plan.config(loss, 0);
        const auto made = make_loss(config.loss, config.loss_parameters);
        text += to_toml(config, *made, {}) + "\n";
    }
    const std::filesystem::path file = plan.out / "plan.toml";
    std::filesystem::create_directories(plan.out / "runs");
    if (!std::filesystem::exists(file)) return write_file_atomically(file, text);
    if (read_file(file) != text) {
        throw UsageError(fmt::format("{}: it holds another comparison", plan.out.string()),
                         "name another folder, or remove this one");
    }
}

std::vector<int> people_of(const EvalSet& evaluation) {
    if (!evaluation.labels.empty()) return evaluation.labels;
    std::map<std::string, int> numbers;
    std::vector<int> people;
    for (const std::string& file : evaluation.pairs.files) {
        const std::string person = std::filesystem::path(file).parent_path().string();
        people.push_back(numbers.emplace(person, static_cast<int>(numbers.size())).first->second);
    }
    return people;
}

bool make_run(const Plan& plan, size_t loss, size_t seed, const Dataset& data,
              const EvalSet& evaluation, const std::atomic<bool>& stop,
              const std::function<void(int64_t, const std::string&)>& heard) {
    const std::filesystem::path path = plan.folder(loss, seed);
    if (std::filesystem::exists(similarities_of(path))) return true;
    const RunConfig config = plan.config(loss, seed);
    Device& device = chosen_device(precision_of(config));
    if (!std::filesystem::exists(path / "model.safetensors")) {
        RunFolder folder = open_or_create(path);
        Trainer trainer(device, config, folder, data, &evaluation);
        write_config(folder, config, trainer.learner(), data);
        trainer.resume();
        std::optional<Microscope> microscope;
        if (plan.microscope) {
            microscope.emplace(trainer.learner(), *plan.microscope, path, trainer.steps_done());
        }
        TrainEvents events;
        events.step = [&](const StepReport& step) {
            heard(step.step,
                  fmt::format("{} seed {}, loss {:.3f}, {:.0f} img/s", plan.losses[loss].label(),
                              plan.seeds[seed], step.result.loss, step.images_per_second));
        };
        if (trainer.run(stop, events) == facet::Outcome::Interrupted) return false;
    }
    const auto network = load_model(device, path / "model.safetensors");
    const std::vector<float> embeddings =
        embed_images(*network, evaluation.images, kEvaluateWithMirror);
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
