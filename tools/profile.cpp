// `facet profile`: where the time of a training step goes.
#include "tools/profile/profile.h"

#include <omp.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "tools/bench/timing.h"
#include "tools/bench/workload.h"
#include "tools/commands.h"
#include "tools/devices.h"
#include "tools/option_rules.h"
#include "tools/profile/loss_rows.h"
#include "tools/terminal.h"
#include "train/files/text.h"

namespace facet {
namespace {

struct Request {
    bench::StepBench step;
    std::string out;
    bool loss_rows = false;
    profile::LossRows rows;
};

// Steps with the ledger and steps without it in turns, so that both meet the same machine.
profile::Report profile_steps(const bench::StepBench& options) {
    profile::Report report;
    report.title = bench::title_of(options);
    report.batch = options.batch;
    report.peaks = profile::measure_peaks();
    bench::Workload workload(options);
    report.device = device_line(workload.device());
    const auto timed = [&] {
        return bench::seconds_of([&] {
            workload.step();
            workload.device().synchronize();
        });
    };
    for (int i = 0; i < options.warmup; ++i) timed();
    std::vector<double> with, without;
    Progress progress("profile", options.steps);
    for (int i = 0; i < options.steps; ++i) {
        without.push_back(timed());
        ledger_start();
        const int64_t start = ledger_now();
        with.push_back(timed());
        const int64_t end = ledger_now();
        report.recording.add(ledger_stop(), {{start, end}});
        progress.update(i + 1);
    }
    report.seconds_with = bench::spread_of(with).median;
    report.seconds_without = bench::spread_of(without).median;
    report.flops =
        profile::check_flops(report.recording, workload.learner().network(), options.batch);
    return report;
}

// What --loss-rows takes of the options; its own defaults are larger than those of a step.
profile::LossRows rows_of(const CLI::App& command, const Request& request) {
    if (globals().device == "cuda")
        refuse_unused("profile: --device cuda", "a training step, which --loss-rows is not");
    profile::LossRows rows = request.rows;
    rows.json = request.step.json;
    if (command.count("--batch") > 0) rows.batch = request.step.batch;
    if (command.count("--classes") > 0) rows.classes = request.step.classes;
    if (command.count("--embedding") > 0) rows.embedding = request.step.embedding;
    if (command.count("--steps") > 0) rows.repetitions = request.step.steps;
    return rows;
}

void run(const CLI::App& command, const Request& request) {
    if (request.loss_rows) return profile::loss_rows(rows_of(command, request));
    std::optional<OutputFolder> out;
    if (!request.out.empty()) out.emplace("--out", request.out, profile::report_files());
    const profile::Report report = profile_steps(request.step);
    if (out) profile::write_report(*out, report);
    if (request.step.json) {
        fmt::print("{}\n", json_text(profile::to_json(report), 1));
        return;
    }
    profile::print_report(report);
    if (!request.out.empty()) {
        fmt::print(
            "\ntrace.json opens in ui.perfetto.dev; tables and the roofline are beside it "
            "in {}\n",
            request.out);
    }
}

}  // namespace

void add_profile_command(CLI::App& app) {
    CLI::App* command = app.add_subcommand(
        "profile", "where the time of a training step goes: by layer, by kernel, on the roofline");
    auto request = std::make_shared<Request>();
    bench::add_workload(*command, request->step);
    command->add_option(
        "--out", request->out,
        "folder for profile.json, table.csv, tree.txt, trace.json, roofline.svg; replaces "
        "only what facet wrote there");
    command->add_flag("--json", request->step.json, "print one JSON document");
    command->add_flag("--loss-rows", request->loss_rows,
                      "instead: what each loss costs an element, kernel by kernel, on one thread; "
                      "takes --batch, --classes, --embedding and --steps");
    command->add_option("--losses", request->rows.losses, "of which losses (default: all)")
        ->delimiter(',');
    const auto of_step = [request] { return !request->loss_rows; };
    for (const char* option :
         {"--backbone", "--image", "--loss", "--set", "--conv", "--precision", "--warmup", "--out"})
        act_only(*command, {{option, "a training step, which --loss-rows is not", of_step}});
    act_only(*command, {{"--losses", "--loss-rows", [request] { return request->loss_rows; }}});
    command->footer(
        "Example: facet profile --backbone r10 --batch 64 --steps 10 --out profiles/r10\n"
        "         facet profile --loss-rows --losses cosface,arcface,npt\n"
        "The steps of a real run: facet train --profile DIR");
    command->callback([command, request] { run(*command, *request); });
}

}  // namespace facet
