#include "tools/lab/study/runs.h"

#include <algorithm>
#include <map>

#include "tools/commands.h"
#include "tools/picture_notes.h"
#include "tools/signals.h"
#include "tools/sources.h"
#include "tools/terminal.h"
#include "train/files/json_lines.h"
#include "train/trainer.h"

namespace facet::study {
namespace {

// Arms that differ in their losses only: they see the same data.
struct Group {
    compare::Plan plan;
    std::vector<size_t> arms;  // of the study, one a loss of the plan
};

std::string folder_name(const GivenSettings& settings) {
    std::string name;
    for (const auto& [option, text] : settings) {
        name += (name.empty() ? "" : "_") + option.substr(2) + "=" + text;
    }
    return name.empty() ? "recipe" : name;
}

// From --seed on, or else from the recipe's.
std::vector<int64_t> seeds_of(const Study& study, const RunRequest& request,
                              const RunConfig& config) {
    const int64_t first = globals().seed_given ? static_cast<int64_t>(globals().seed) : config.seed;
    std::vector<int64_t> seeds(request.seeds > 0 ? request.seeds : study.seeds);
    for (size_t k = 0; k < seeds.size(); ++k) seeds[k] = first + static_cast<int64_t>(k);
    return seeds;
}

MicroscopeOptions look_options(const Study& study, const Arm& arm) {
    MicroscopeOptions options;
    options.every = study.look_every;
    if (study.measure) {
        options.more = [measure = study.measure, arm](const HeadStep& step, auto& line) {
            measure(arm, step, line);
        };
    }
    return options;
}

std::vector<Group> groups_of(const Study& study, const RunRequest& request) {
    std::map<std::string, size_t> known;
    std::vector<Group> groups;
    for (size_t arm = 0; arm < study.arms.size(); ++arm) {
        const std::string name = folder_name(study.arms[arm].settings);
        if (known.emplace(name, groups.size()).second) {
            compare::Plan plan;
            plan.base = config_of(study, study.arms[arm], request);
            settle(plan.base);
            plan.seeds = seeds_of(study, request, plan.base);
            plan.out = request.runs / study.name / name;
            groups.push_back({std::move(plan), {}});
        }
        Group& group = groups[known.at(name)];
        group.plan.losses.push_back(atlas::parse_specs({study.arms[arm].loss}, {}).front());
        group.arms.push_back(arm);
        check_config(group.plan.config(group.plan.losses.size() - 1, 0));
    }
    return groups;
}

// What was asked for and changes no run of the study.
void refuse_unused(const Study& study, const RunRequest& request,
                   const std::vector<Group>& groups) {
    for (const auto& [option, text] : request.given) {
        const bool overridden = std::all_of(
            study.arms.begin(), study.arms.end(),
            [&, &option = option](const Arm& arm) { return is_given(arm.settings, option); });
        FACET_USAGE(!overridden, "study {}: {} has no meaning here: the study sets it itself",
                    study.name, option);
    }
    std::vector<RunConfig> runs;
    for (const Group& group : groups) {
        for (size_t loss = 0; loss < group.plan.losses.size(); ++loss) {
            runs.push_back(group.plan.config(loss, 0));
        }
    }
    facet::refuse_unused(request.given, runs);
    if (request.recipe.empty()) return;
    RunConfig recipe;
    read_config(request.recipe, recipe);
    facet::refuse_unused(request.recipe, recipe, runs);
}

// Every pair of the pictures, in place of those that were drawn.
PairList all_pairs_of(const EvalSet& evaluation) {
    PairList list;
    list.protocol = "all pairs";
    const auto N = static_cast<int>(evaluation.labels.size());
    for (int b = 0; b < N; ++b) {
        for (int a = 0; a < b; ++a) {
            list.pairs.push_back({a, b, evaluation.labels[a] == evaluation.labels[b], 0});
        }
    }
    return list;
}

std::vector<LoggedStep> read_log(const std::filesystem::path& file) {
    std::vector<LoggedStep> steps;
    each_json_line(file, [&](const nlohmann::json& entry) {
        if (!entry.contains("gradient_norm")) return;
        steps.push_back({entry.at("step"), entry.at("loss"), entry.at("gradient_norm"),
                         entry.at("target_cosine")});
    });
    return steps;
}

// What the microscope saw; nothing where it did not look.
std::vector<nlohmann::json> read_looks(const std::filesystem::path& file) {
    return std::filesystem::exists(file) ? json_lines(file) : std::vector<nlohmann::json>();
}

// False when interrupted. `done`, `total`: runs, for the progress.
bool make_group(Group& group, const Study& study, Results& results, size_t& done, size_t total) {
    const Dataset data = training_data(group.plan.base);
    std::optional<EvalSet> evaluation = evaluation_data(group.plan.base);
    FACET_USAGE(evaluation.has_value(), "study {}: there is nothing to judge on", study.name);
    warn_of_overlap(overlap_of(data, *evaluation));
    const FolderLock lock = compare::claim_folder(group.plan, data, *evaluation);
    if (study.all_pairs) evaluation->pairs = all_pairs_of(*evaluation);

    const std::atomic<bool>& interrupted = watch_for_interrupt();
    Progress progress("study " + study.name, static_cast<int64_t>(total));
    for (size_t seed = 0; seed < group.plan.seeds.size(); ++seed) {
        for (size_t loss = 0; loss < group.arms.size(); ++loss) {
            const Arm& arm = study.arms[group.arms[loss]];
            if (study.look_every > 0) group.plan.microscope = look_options(study, arm);
            const auto on_step = [&](int64_t, const std::string& note) {
                progress.update(static_cast<int64_t>(done), note);
            };
            if (!compare::make_run(group.plan, loss, seed, data, *evaluation, interrupted,
                                   on_step)) {
                return false;
            }
            progress.update(static_cast<int64_t>(++done), arm.label);
            const auto folder = group.plan.folder(loss, seed);
            results.runs[group.arms[loss]].push_back(
                {compare::read_result(group.plan, loss, seed, *evaluation),
                 read_log(folder / "log.jsonl"), read_looks(folder / "microscope.jsonl"), folder});
        }
    }
    stop_watching_for_interrupt();
    for (const size_t arm : group.arms) results.configs[arm] = group.plan.base;
    if (group.arms.front() == 0) {
        results.evaluation = std::move(*evaluation);
        results.data =
            fmt::format("{} pictures of {} people", data.images.size(), data.people.size());
        results.classes = std::ssize(data.people);
        results.steps = results.runs[0][0].log.back().step;
    }
    return true;
}

}  // namespace

RunConfig config_of(const Study& study, const Arm& arm, const RunRequest& request) {
    RunConfig config;
    if (!request.recipe.empty()) read_config(request.recipe, config);
    apply_settings(study.settings, config);
    apply_settings(request.given, config);
    apply_settings(arm.settings, config);
    if (config.synth_seed < 0) config.synth_seed = 0;  // one data set for all seeds
    if (config.data.empty()) {
        throw UsageError("--data is needed: synth, or a folder",
                         fmt::format("the recipe of docs/studies: facet study {} --config "
                                     "tools/recipes/study.toml",
                                     study.name));
    }
    return config;
}

std::optional<Results> make_runs(const Study& study, const RunRequest& request) {
    std::vector<Group> groups = groups_of(study, request);
    refuse_unused(study, request, groups);
    Results results;
    results.study = study;
    results.seeds = groups.front().plan.seeds;
    results.configs.resize(study.arms.size());
    results.runs.resize(study.arms.size());
    const size_t total = study.arms.size() * results.seeds.size();
    size_t done = 0;
    for (const Group& group : groups) compare::check_folder(group.plan);
    for (Group& group : groups) {
        if (!make_group(group, study, results, done, total)) return std::nullopt;
    }
    return results;
}

size_t Results::arm(const std::string& label) const {
    const auto found = std::find_if(study.arms.begin(), study.arms.end(),
                                    [&](const Arm& a) { return a.label == label; });
    FACET_CHECK(found != study.arms.end(), "study {}: it has no arm '{}'", study.name, label);
    return static_cast<size_t>(found - study.arms.begin());
}

std::vector<double> Results::over_seeds(const std::string& label,
                                        const std::function<double(const Run&)>& figure) const {
    std::vector<double> values;
    for (const Run& run : runs[arm(label)]) values.push_back(figure(run));
    return values;
}

compare::Judged Results::judged(const std::vector<std::string>& labels, double far) const {
    compare::Judged judged{evaluation.pairs.pairs, compare::people_of(evaluation), {}, {}, far};
    for (const std::string& label : labels) {
        auto& similarity = judged.similarity.emplace_back();
        auto& correct = judged.correct.emplace_back();
        for (const Run& run : runs[arm(label)]) {
            similarity.push_back(run.result.similarity);
            correct.push_back(run.result.verification.cross_validated.correct);
        }
    }
    return judged;
}

std::vector<double> Results::accuracy(const std::string& label) const {
    return compare::merits(judged({label}, 1e-2), compare::Merit::Accuracy).front();
}

std::vector<double> Results::tar(const std::string& label, double far) const {
    return compare::merits(judged({label}, far), compare::Merit::Tar).front();
}

Contrast Results::accuracy_difference(const std::string& a, const std::string& b) const {
    const auto found = compare::differences(judged({a, b}, 1e-2), compare::Merit::Accuracy,
                                            resamples, static_cast<uint64_t>(seeds.front()));
    return {found.front().mean, found.front().low, found.front().high};
}

Contrast Results::tar_difference(const std::string& a, const std::string& b, double far) const {
    const auto found = compare::differences(judged({a, b}, far), compare::Merit::Tar, resamples,
                                            static_cast<uint64_t>(seeds.front()));
    return {found.front().mean, found.front().low, found.front().high};
}

}  // namespace facet::study
