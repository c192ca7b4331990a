// `facet verify`: the proof table. Every loss, mode and region: the hand-written gradient against
// the tape's, against differences, against float32 and tiles.
#include "losses/proof/verify.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "tools/commands.h"
#include "tools/option_rules.h"
#include "tools/terminal.h"

namespace facet {
namespace {

using nlohmann::ordered_json;
using proof::Check;
using proof::Kink;
using proof::Method;
using proof::Mode;
using proof::Verdict;

struct Options {
    std::string loss = "all", region;
    std::vector<std::string> set;
    bool json = false, quick = false, verbose = false;
};

constexpr std::array kMethods = {Method::tape, Method::frozen, Method::numeric, Method::streamed,
                                 Method::float32};

std::vector<Mode> chosen_modes(const Options& options) {
    KeyValues fixed;
    for (const std::string& text : options.set) fixed.push_back(split_assignment(text));
    FACET_USAGE(fixed.empty() || options.loss != "all",
                "verify: --set needs the loss that it is for, found --loss all");
    std::vector<Mode> all;
    for (const LossInfo* info : all_losses()) {
        if (options.loss != "all" && options.loss != info->name) continue;
        for (Mode& mode : proof::modes(*info, fixed)) all.push_back(std::move(mode));
    }
    if (all.empty()) loss_info(options.loss);  // throws, naming the losses
    for (const Mode& mode : all) {
        const auto loss = make_loss(mode.loss, mode.settings);
        refuse_unused(loss->info(), loss->settings(), fixed);
    }
    return all;
}

// --- the table ---

std::string small(double v) { return v == 0 ? "0" : fmt::format("{:.0e}", v); }

// The largest error of a method where no boundary is near.
std::string worst_error(const Verdict& verdict, Method method) {
    double most = 0;
    bool asked = false;
    for (const Check& check : verdict.checks) {
        if (check.method != method || !check.message.empty()) continue;
        asked = true;
        if (check.plain) most = std::max(most, check.error);
    }
    if (method == Method::numeric && !asked && verdict.constant_part > 0)
        return fmt::format("[{}]", small(verdict.constant_part));
    return asked ? small(most) : "-";
}

// The largest part of what is allowed that an error takes up, over all checks.
double worst_of_bound(const Verdict& verdict) {
    double most = 0;
    for (const Check& check : verdict.checks) most = std::max(most, check.error / check.bound);
    return most;
}

void print_table(const std::vector<Mode>& modes, const std::vector<Verdict>& verdicts) {
    Table table({"loss", "mode", "tape", "frozen", "numeric", "streamed", "float32", "ulps",
                 "of bound", "kinks", "checks", "verdict"});
    for (size_t k = 0; k < modes.size(); ++k) {
        const Verdict& v = verdicts[k];
        double single = 0;
        for (const Check& check : v.checks) {
            if (check.method == Method::float32 && check.plain)
                single = std::max(single, check.error);
        }
        std::vector<std::string> cells = {modes[k].loss, modes[k].text()};
        for (const Method method : kMethods) cells.push_back(worst_error(v, method));
        cells.push_back(fmt::format("{:.0f}", single * 0x1p23));
        cells.push_back(fmt::format("{:.2f}", worst_of_bound(v)));
        const auto exists = [](const Kink& kink) { return kink.exists; };
        cells.push_back(fmt::format("{}", std::count_if(v.kinks.begin(), v.kinks.end(), exists)));
        cells.push_back(fmt::format("{}", v.count()));
        cells.push_back(v.failures() == 0 ? "pass" : fmt::format("FAIL {}", v.failures()));
        table.row(std::move(cells));
    }
    table.print();
    fmt::print(
        "\nErrors are relative to the largest entry, where no boundary is near; of bound: the "
        "largest\nerror by what is allowed, over all regions. ulps: float32's errors in units of "
        "2^-23. []: the\ngradient holds a statistic constant and differs from the value's "
        "derivative by that much.\n");
}

// Kinks that several modes of a loss share are listed once, in the words of the first.
void print_kinks(const std::vector<Mode>& modes, const std::vector<Verdict>& verdicts) {
    Table table({"loss", "mode", "region", "direction", "left", "right", "jump", "hand"});
    bool any = false;
    for (size_t first = 0, end; first < modes.size(); first = end) {
        end = first;
        std::vector<std::pair<const Kink*, size_t>> listed;  // with the mode it was met in
        std::map<std::string, int> times;
        for (; end < modes.size() && modes[end].loss == modes[first].loss; ++end) {
            for (const Kink& kink : verdicts[end].kinks) {
                if (kink.exists && times[kink.region]++ == 0) listed.emplace_back(&kink, end);
            }
        }
        for (const auto& [kink, mode] : listed) {
            std::string text = modes[mode].text();
            if (times[kink->region] > 1)
                text += fmt::format(" and {} more", times[kink->region] - 1);
            const auto number = [](double v) { return fmt::format("{:.4g}", v); };
            table.row({modes[first].loss, text, kink->region, kink->direction, number(kink->left),
                       number(kink->right), number(kink->jump), number(kink->hand)});
            any = true;
        }
    }
    if (!any) return;
    fmt::print("\nkinks: derivatives along a displacement that crosses a boundary\n\n");
    table.print();
}

// --- one line a check ---

std::string text_of(const Check& check) {
    if (!check.message.empty()) return check.message;
    return fmt::format("{}: error {:.2e}, allowed {:.2e}", check.what, check.error, check.bound);
}

std::string text_of(const Kink& kink) {
    if (!kink.message.empty()) return kink.message;
    return fmt::format("slopes {:.6g} and {:.6g}, hand {:.6g}{}", kink.left, kink.right, kink.hand,
                       kink.same ? "" : ", and the tape's gradient is neither side's");
}

void print_checks(const Mode& mode, const Verdict& verdict, bool passed_too) {
    const auto line = [&](bool passed, const char* method, const std::string& region, double side,
                          const std::string& text) {
        if (passed && !passed_too) return;
        fmt::print("{} {} {}, {}{}: {}: {}\n", passed ? "pass" : "FAIL", mode.loss, mode.text(),
                   region, side == 0 ? "" : fmt::format(" {:+.0e}", side), method, text);
    };
    for (const Check& c : verdict.checks) {
        line(c.passed(), proof::method_name(c.method), c.region, c.side, text_of(c));
    }
    for (const Kink& kink : verdict.kinks) {
        line(kink.passed(), kink.exists ? "kink" : "smooth", kink.region, 0, text_of(kink));
    }
}

// --- JSON ---

ordered_json to_json(const Check& check) {
    ordered_json entry = {{"region", check.region},
                          {"side", check.side},
                          {"method", proof::method_name(check.method)},
                          {"worst", check.what},
                          {"error", check.error},
                          {"bound", check.bound},
                          {"passed", check.passed()}};
    if (!check.message.empty()) entry["message"] = check.message;
    return entry;
}

ordered_json to_json(const Kink& kink) {
    ordered_json entry = {{"region", kink.region}, {"direction", kink.direction},
                          {"kink", kink.exists},   {"left", kink.left},
                          {"right", kink.right},   {"jump", kink.jump},
                          {"hand", kink.hand},     {"passed", kink.passed()}};
    if (!kink.message.empty()) entry["message"] = kink.message;
    return entry;
}

ordered_json to_json(const std::vector<Mode>& modes, const std::vector<Verdict>& verdicts) {
    ordered_json list = ordered_json::array();
    int checks = 0, failures = 0;
    for (size_t k = 0; k < modes.size(); ++k) {
        ordered_json settings = ordered_json::object(), done = ordered_json::array(),
                     kinks = ordered_json::array();
        for (const auto& [name, value] : modes[k].settings) settings[name] = value;
        for (const Check& check : verdicts[k].checks) done.push_back(to_json(check));
        for (const Kink& kink : verdicts[k].kinks) kinks.push_back(to_json(kink));
        list.push_back({{"loss", modes[k].loss},
                        {"settings", settings},
                        {"failures", verdicts[k].failures()},
                        {"checks", done},
                        {"kinks", kinks}});
        checks += verdicts[k].count();
        failures += verdicts[k].failures();
    }
    return {{"checks", checks}, {"failures", failures}, {"modes", list}};
}

void run(const Options& options) {
    const std::vector<Mode> modes = chosen_modes(options);
    const auto verdicts = [&] {
        Progress progress("verify", int64_t(modes.size()));
        return proof::judge_all(modes, {options.quick, options.region},
                                [&](int done) { progress.update(done); });
    }();
    int checks = 0, failures = 0;
    for (const Verdict& verdict : verdicts) {
        checks += verdict.count();
        failures += verdict.failures();
    }
    if (checks == 0) {
        std::vector<std::string> names;
        for (const proof::Region& region : proof::regions(*make_loss(modes.front().loss), false)) {
            names.push_back(region.name);
        }
        throw UsageError(fmt::format("verify: no region has \"{}\" in its name", options.region),
                         "the regions are: " + join_names(names));
    }
    if (failures > 0) set_exit_status(1);
    if (options.json) {
        fmt::print("{}\n", to_json(modes, verdicts).dump(1));
        return;
    }
    if (!options.verbose) print_kinks(modes, verdicts);
    fmt::print("\n");
    print_table(modes, verdicts);
    fmt::print("\n");
    for (size_t k = 0; k < modes.size(); ++k) {
        print_checks(modes[k], verdicts[k], options.verbose);
    }
    fmt::print("{} checks, {} failures\n", checks, failures);
}

}  // namespace

void add_verify_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "verify", "the proof table: every loss's gradient against independent ones");
    command->add_option("--loss", options->loss, "name of a loss, or all")
        ->type_name("NAME")
        ->capture_default_str();
    command->add_option("--set", options->set, "parameters of the loss, k=v")->type_name("k=v");
    command->add_option("--region", options->region, "only regions with this in their name")
        ->type_name("TEXT");
    command->add_flag("--quick", options->quick,
                      "only boundaries of a loss's own margins, at two distances");
    command->add_flag("--verbose,-v", options->verbose, "one line a check");
    command->add_flag("--json", options->json, "print JSON: every check");
    act_only(*command, {{"--verbose", "a table: --json has every check anyway",
                         [options] { return !options->json; }}});
    command->footer(
        "Example: facet verify --loss arcface --region \"target at\" -v\n"
        "  judges all modes of ArcFace where the target crosses a boundary. The gradient derived "
        "by\n"
        "  hand is compared, in float64, with the tape's, with central differences of the "
        "composed\n"
        "  value (frozen: its constants held) and of the loss's own value (numeric), then in "
        "tiles\n"
        "  of classes (streamed) and with float32. Exit status 1 if anything fails.");
    command->callback([options] { run(*options); });
}

}  // namespace facet
