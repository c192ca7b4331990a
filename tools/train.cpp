// facet train: from pictures to a run folder.

#include <CLI/CLI.hpp>
#include <algorithm>

#include "engine/threads.h"
#include "tools/commands.h"
#include "tools/devices.h"
#include "tools/option_rules.h"
#include "tools/outputs.h"
#include "tools/profile/train_profile.h"
#include "tools/run_options.h"
#include "tools/signals.h"
#include "tools/sources.h"
#include "tools/terminal.h"
#include "tools/train_report.h"
#include "train/microscope.h"
#include "train/same_run.h"
#include "train/trainer.h"

namespace facet {
namespace {

struct Request {
    GivenSettings given;
    std::string config_file, out, resume;
    std::vector<std::string> loss_parameters;  // k=v
    bool summary = false;
    std::string profile;  // folder, or empty
    bool microscope = false;
    MicroscopeOptions look;
    WriteMicroscopePage write_page;
};

// Of the configuration's loss.
void refuse_unused_parameters(const RunConfig& config, const KeyValues& given) {
    const auto loss = make_loss(config.loss, config.loss_parameters);
    refuse_unused(loss->info(), loss->settings(), given);
}

// Defaults, then the file, then the command line.
RunConfig resolve(const Request& request) {
    RunConfig config;
    if (!request.config_file.empty()) read_config(request.config_file, config);
    const RunConfig read = config;
    apply_settings(request.given, config);
    KeyValues typed;
    for (const std::string& assignment : request.loss_parameters) {
        auto parameter = split_assignment(assignment);
        std::erase_if(config.loss_parameters,
                      [&](const auto& known) { return known.first == parameter.first; });
        typed.push_back(parameter);
        config.loss_parameters.push_back(std::move(parameter));
    }
    if (globals().seed_given) config.seed = static_cast<int64_t>(globals().seed);
    config.per_person = images_per_person(config);
    settle(config);
    check_config(config);
    refuse_unused(request.given, {config});
    refuse_unused_parameters(config, typed);
    if (!request.config_file.empty()) {
        refuse_unused(request.config_file, read, {config});
        refuse_unused_parameters(read, read.loss_parameters);
    }
    return in_force(config, computes_on_gpu());
}

RunConfig resolve_resumed(const Request& request, const RunFolder& folder) {
    FACET_USAGE(request.given.empty() && request.loss_parameters.empty() &&
                    request.config_file.empty() && request.out.empty() && !globals().seed_given,
                "--resume goes on with the run as it is: no other setting may be given");
    RunConfig config;
    read_config(folder.config(), config);
    for (const auto& checkpoint : {folder.checkpoint(), folder.previous()}) {
        const std::vector<std::string> changes = compare_settings(checkpoint, config);
        for (const std::string& change : changes) {
            fmt::print(stderr, "warning: {}: {}\n", folder.config().string(), change);
        }
        if (!changes.empty()) break;
    }
    if (globals().threads > 0 && globals().threads != config.threads) {
        throw UsageError(fmt::format("{}: the run has {} threads, --threads {} would change its "
                                     "bits",
                                     folder.path().string(), config.threads, globals().threads),
                         "leave --threads out");
    }
    use_threads(static_cast<int>(config.threads));
    return config;
}

// What looks on while a run trains, as it was asked for.
class RunObservers {
public:
    RunObservers(const Request& request, Trainer& trainer, const RunFolder& folder)
        : write_page_(request.write_page),
          progress_(std::in_place, "train", trainer.total_steps(), trainer.steps_done()) {
        if (!request.profile.empty()) {
            const int64_t left = trainer.total_steps() - trainer.steps_done();
            FACET_USAGE(left > profile_skip, "--profile skips {} steps, the run has {} to go",
                        profile_skip, left);
            profile_.emplace(OutputFolder("--profile", request.profile, profile::report_files()),
                             profile_skip, profile_steps);
        }
        if (request.microscope) {
            microscope_.emplace(trainer.learner(), request.look, folder.path(),
                                trainer.steps_done());
        }
    }

    // The observers outlive the run.
    TrainEvents events(const Trainer& trainer) {
        TrainEvents events;
        events.step = [this](const StepReport& step) { after_step(step); };
        events.evaluating = [this, &trainer](int64_t done, int64_t total) {
            progress_->update(trainer.steps_done(), fmt::format("evaluating {}/{}", done, total));
        };
        events.evaluation = [this](int64_t step, const Verification& result) {
            progress_->say(
                fmt::format("step {}: accuracy {}", step, percent(result.cross_validated.mean)));
        };
        return events;
    }

    void say(const std::string& line) { progress_->say(line); }

    void finish_profile(const RunConfig& config, const Learner& learner) {
        if (!profile_ || !profile_->any()) return;
        progress_->say(profile_->finish(
            fmt::format("{} at {} px, batch {}, {}", config.network.backbone, config.network.image,
                        config.batch, learner.loss().describe()),
            device_line(learner.device()), learner, config.batch));
    }

    // Ends the bar, so that lines of the result stand below it.
    void finish(const Loss& loss) {
        progress_.reset();
        if (!microscope_ || !std::filesystem::exists(microscope_->file())) return;
        fmt::print("the gradients: {}\n",
                   write_page_(microscope_->file(), loss.describe()).string());
    }

private:
    static constexpr int64_t profile_skip = 10, profile_steps = 20;

    void after_step(const StepReport& step) {
        if (profile_) profile_->after_step();
        progress_->update(step.step,
                          fmt::format("epoch {} loss {:.3f} cos {:.3f} lr {:.4f} {:.0f} img/s",
                                      step.epoch + 1, step.result.loss, step.result.target_cosine,
                                      step.lr, step.images_per_second));
    }

    WriteMicroscopePage write_page_;
    std::optional<Progress> progress_;
    std::optional<profile::TrainProfile> profile_;
    std::optional<Microscope> microscope_;
};

void train(const Request& request, const RunConfig& config, RunFolder& folder) {
    const bool resume = !request.resume.empty();
    if (!config.pairs.empty()) read_pairs(config.pairs);
    const Dataset data = training_data(config);
    const std::optional<EvalSet> evaluation = evaluation_data(config);
    Device& device = chosen_device(precision_of(config));
    Trainer trainer(device, config, folder, data, evaluation ? &*evaluation : nullptr);
    print_start(config, trainer, data);
    warn_at_start(config, trainer, data, evaluation);
    if (request.summary) fmt::print("{}", trainer.learner().network().summary(config.batch));
    if (resume) {
        warn_at_resume(trainer.resume());
        fmt::print("resumed  after step {} of {}\n", trainer.steps_done(), trainer.total_steps());
    }
    RunObservers observers(request, trainer, folder);
    // Only now, when nothing is left to refuse, is anything written.
    if (!resume) {
        folder.claim();
        write_config(folder, config, trainer.learner(), data);
    }

    const std::atomic<bool>& interrupted = watch_for_interrupt();
    const Outcome outcome = trainer.run(interrupted, observers.events(trainer));
    observers.finish_profile(config, trainer.learner());
    if (outcome == Outcome::Interrupted || interrupted) {
        observers.say(fmt::format("interrupted after step {}; go on with: facet train --resume {}",
                                  trainer.steps_done(), folder.path().string()));
        set_exit_status(interrupted_status());
        return;
    }
    stop_watching_for_interrupt();
    observers.finish(trainer.learner().loss());
    warn_of_empty_batches(trainer);
    if (evaluation) report(config, folder, *evaluation, data, *trainer.last_evaluation());
    fmt::print("\nthe run is in {}\n", folder.path().string());
}

void run(const Request& request) {
    std::optional<RunFolder> folder;
    if (!request.resume.empty()) {
        folder.emplace(RunFolder::open(request.resume));
        folder->claim();  // from before it is read to the end
    }
    const RunConfig config = folder ? resolve_resumed(request, *folder) : resolve(request);
    FACET_USAGE(!config.data.empty(), "--data is needed: {}", all_sources_text());
    check_config(config);
    make_loss(config.loss, config.loss_parameters);  // refuse before any picture is made
    if (!folder) {
        FACET_USAGE(!request.out.empty(), "--out is needed: the folder of the new run");
        folder.emplace(RunFolder::planned(request.out));
    }
    train(request, config, *folder);
}

}  // namespace

void add_train_command(CLI::App& app, WriteMicroscopePage write_page) {
    CLI::App* command =
        app.add_subcommand("train", "train a network on faces and evaluate it on people unseen");
    auto request = std::make_shared<Request>();
    request->write_page = write_page;
    command->add_option("--config", request->config_file, "TOML file; options override it");
    command->add_option("--out", request->out, "folder of the new run: a new or an empty one");
    command->add_option("--resume", request->resume, "go on with the run in this folder");
    command->add_option("--set", request->loss_parameters,
                        "parameters of the loss, as k=v (see `facet losses NAME`)");
    command->add_flag("--summary", request->summary, "print the layers, their shapes and costs");
    command->add_option(
        "--profile", request->profile,
        "folder for tables, a trace and a roofline of steps 11 to 30; replaces only what "
        "facet wrote there");
    command->add_flag(
        "--microscope", request->microscope,
        "write what the gradients look like: microscope.jsonl and, at the end, .html");
    command->add_option("--microscope-every", request->look.every, "steps from look to look")
        ->capture_default_str();
    command
        ->add_option("--microscope-others", request->look.others,
                     "losses whose gradient it compares (default: three that fit)")
        ->delimiter(',');
    add_settings(*command, request->given);
    act_only(*command,
             {{"--microscope-every", "--microscope", [request] { return request->microscope; }},
              {"--microscope-others", "--microscope", [request] { return request->microscope; }}});
    command->footer(
        "Example: facet train --data synth --loss npt --set delta=1 k=1 --epochs 5 --out runs/npt\n"
        "         facet train --resume runs/npt");
    command->callback([request] { run(*request); });
}

}  // namespace facet
