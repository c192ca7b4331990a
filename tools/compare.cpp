// facet compare: the same training with several losses and seeds, and which differences are real.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tools/commands.h"
#include "tools/lab/compare/report.h"
#include "tools/lab/compare/runs.h"
#include "tools/picture_notes.h"
#include "tools/run_options.h"
#include "tools/signals.h"
#include "tools/sources.h"
#include "tools/terminal.h"
#include "train/files/text.h"
#include "train/trainer.h"

namespace facet {
namespace {

struct Request {
    std::vector<std::string> losses;
    int64_t seeds = 3;
    int resamples = 4000;
    std::string config_file, out;
    GivenSettings given;
    bool json = false;
};

// "cosface,arcface:m=0.3,s=32,npt" names three: a part that only assigns belongs to the loss
// before.
std::vector<std::string> separate_losses(const std::vector<std::string>& texts) {
    std::vector<std::string> losses;
    for (const std::string& text : texts) {
        for (size_t at = 0; at <= text.size();) {
            const size_t end = std::min(text.find(',', at), text.size());
            const std::string part = text.substr(at, end - at);
            const bool assigns = part.find('=') < std::min(part.find(':'), part.find('@'));
            if (assigns && !losses.empty()) {
                losses.back() += "," + part;
            } else {
                losses.push_back(part);
            }
            at = end + 1;
        }
    }
    return losses;
}

compare::Plan plan_of(const Request& request) {
    compare::Plan plan;
    plan.losses = atlas::parse_specs(separate_losses(request.losses), {});
    FACET_USAGE(plan.losses.size() >= 2, "--losses: expected two or more to compare, found {}",
                plan.losses.size());
    for (const atlas::LossSpec& loss : plan.losses) {
        FACET_USAGE(loss.state.empty(), "--losses: {}: a run starts from the loss's own state",
                    loss.label());
    }
    FACET_USAGE(request.seeds >= 1, "--seeds: expected 1 or more, found {}", request.seeds);
    if (!request.config_file.empty()) read_config(request.config_file, plan.base);
    const RunConfig read = plan.base;
    apply_settings(request.given, plan.base);
    const int64_t first =
        globals().seed_given ? static_cast<int64_t>(globals().seed) : plan.base.seed;
    for (int64_t k = 0; k < request.seeds; ++k) plan.seeds.push_back(first + k);
    // One data set for all seeds, one evaluation an epoch for the curves.
    if (plan.base.synth_seed < 0) plan.base.synth_seed = first;
    if (!is_given(request.given, "--eval-every") && plan.base.eval_every == 0)
        plan.base.eval_every = 1;
    plan.out = request.out;
    if (plan.base.data.empty()) {
        throw UsageError("--data is needed: synth, or a folder",
                         "a recipe to begin with: --config tools/recipes/compare.toml");
    }
    settle(plan.base);
    std::vector<RunConfig> runs;
    for (size_t loss = 0; loss < plan.losses.size(); ++loss) {
        runs.push_back(plan.config(loss, 0));
        check_config(runs.back());
    }
    refuse_unused(request.given, runs);
    if (!request.config_file.empty()) refuse_unused(request.config_file, read, runs);
    return plan;
}

compare::Findings findings_of(const compare::Plan& plan, const Request& request,
                              const Dataset& data, const EvalSet& evaluation) {
    compare::Findings findings;
    compare::Judged judged{evaluation.pairs.pairs, compare::people_of(evaluation), {}, {}};
    for (size_t loss = 0; loss < plan.losses.size(); ++loss) {
        findings.losses.push_back(plan.losses[loss].label());
        auto& results = findings.results.emplace_back();
        auto& similarity = judged.similarity.emplace_back();
        auto& correct = judged.correct.emplace_back();
        for (size_t seed = 0; seed < plan.seeds.size(); ++seed) {
            results.push_back(compare::read_result(plan, loss, seed, evaluation));
            similarity.push_back(results.back().similarity);
            correct.push_back(results.back().verification.cross_validated.correct);
        }
    }
    findings.seeds = plan.seeds;
    findings.resamples = request.resamples;
    findings.data = fmt::format("{} images of {} people", data.images.size(), data.people.size());
    findings.source =
        fmt::format("{} same and {} different pairs, {}", findings.results[0][0].verification.same,
                    findings.results[0][0].verification.different, evaluation.source);
    const auto seed = static_cast<uint64_t>(plan.seeds[0]);
    findings.accuracy = compare::merits(judged, compare::Merit::Accuracy);
    findings.tar = compare::merits(judged, compare::Merit::Tar);
    findings.accuracy_differences =
        compare::differences(judged, compare::Merit::Accuracy, request.resamples, seed);
    findings.tar_differences =
        compare::differences(judged, compare::Merit::Tar, request.resamples, seed);
    return findings;
}

// False when interrupted.
bool make_runs(const compare::Plan& plan, const Dataset& data, const EvalSet& evaluation) {
    const std::atomic<bool>& interrupted = watch_for_interrupt();
    const auto losses = plan.losses.size(), seeds = plan.seeds.size();
    Progress progress("compare", static_cast<int64_t>(losses * seeds));
    // Seed by seed: what is there after an interruption compares all losses.
    for (size_t seed = 0; seed < seeds; ++seed) {
        for (size_t loss = 0; loss < losses; ++loss) {
            const auto done = static_cast<int64_t>(seed * losses + loss);
            const auto on_step = [&](int64_t, const std::string& note) {
                progress.update(done, note);
            };
            if (!compare::make_run(plan, loss, seed, data, evaluation, interrupted, on_step)) {
                return false;
            }
            progress.update(done + 1, plan.losses[loss].label());
        }
    }
    return true;
}

void run(const Request& request) {
    const compare::Plan plan = plan_of(request);
    compare::check_folder(plan);
    const Dataset data = training_data(plan.base);
    const std::optional<EvalSet> evaluation = evaluation_data(plan.base);
    FACET_USAGE(evaluation.has_value(),
                "there is nothing to judge on: give --pairs or --eval-data");
    warn_of_overlap(overlap_of(data, *evaluation));
    const FolderLock lock = compare::claim_folder(plan, data, *evaluation);
    if (!make_runs(plan, data, *evaluation)) {
        fmt::print(stderr, "interrupted; the same command goes on with {}\n", plan.out.string());
        set_exit_status(interrupted_status());
        return;
    }
    stop_watching_for_interrupt();
    const compare::Findings findings = findings_of(plan, request, data, *evaluation);
    compare::write_report(findings, plan.out);
    if (request.json) {
        fmt::print("{}\n", json_text(to_json(findings), 2));
    } else {
        print(findings);
        fmt::print("\nthe report is {}\n", (plan.out / "report.html").string());
    }
}

}  // namespace

void add_compare_command(CLI::App& app) {
    CLI::App* command = app.add_subcommand(
        "compare",
        "the same training with several losses and seeds, and which differences are "
        "larger than noise");
    auto request = std::make_shared<Request>();
    command
        ->add_option("--losses", request->losses,
                     "names, with parameters where wanted: cosface,arcface:m=0.3,npt")
        ->required();
    command->add_option("--seeds", request->seeds, "how many, from --seed on")
        ->capture_default_str();
    command->add_option("--resamples", request->resamples, "of the bootstrap")
        ->check(CLI::Range(100, 1'000'000))
        ->capture_default_str();
    command->add_option("--config", request->config_file, "TOML file; options override it");
    command
        ->add_option(
            "--out", request->out,
            "folder of the runs and the report: a new one, or of this comparison to go on with")
        ->required();
    command->add_flag("--json", request->json, "print the report as JSON");
    add_settings(*command, request->given, "--loss");  // what differs is no setting of all
    command->footer(
        "Example: facet compare --losses cosface,arcface,npt --seeds 3 --config "
        "tools/recipes/compare.toml --out runs/compare\n\n"
        "Choose parameters on other pairs than those that judge (LFW: View 1, not View 2).");
    command->callback([request] { run(*request); });
}

}  // namespace facet
