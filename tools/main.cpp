// The command `facet`: global options, subcommands, and how a failure becomes an exit status.
//
//   0  success
//   1  the world is not as needed: facet::Error, any other exception
//   2  the request is wrong: facet::UsageError, anything that CLI11 refuses
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <new>
#include <string>

#include "engine/device.h"
#include "engine/error.h"
#include "engine/out_of_memory.h"
#include "engine/threads.h"
#include "tools/commands.h"
#include "tools/memory_hint.h"
#include "tools/option_rules.h"
#include "tools/signals.h"
#include "tools/versions.h"
#include "train/files/text.h"

namespace facet {
namespace {

constexpr int kFailure = 1;
constexpr int kWrongUsage = 2;

// One line each, whatever the message contains: scripts read standard error line by line.
int report(int status, std::string message, std::string hint = "") {
    std::replace(message.begin(), message.end(), '\n', ' ');
    std::replace(hint.begin(), hint.end(), '\n', ' ');
    fmt::print(stderr, "facet: error: {}\n", line_of(message));
    if (!hint.empty()) fmt::print(stderr, "facet: hint: {}\n", line_of(hint));
    return status;
}

void add_global_options(CLI::App& app) {
    Globals& options = globals_to_fill();
    app.add_option("--device", options.device, "where to compute: auto, cpu or cuda")
        ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
        ->type_name("NAME")
        ->capture_default_str();
    app.add_option("--threads", options.threads, "OpenMP threads, 1 to 1024 (default: one a core)")
        ->check(CLI::Range(1, 1024))
        ->type_name("N");
    app.add_option_function<uint64_t>(
           "--seed",
           [&options](const uint64_t& seed) {
               options.seed = seed;
               options.seed_given = true;
           },
           "names every random number: same seed, same bits (default 0)")
        ->check(CLI::Range(uint64_t{0}, uint64_t{1} << 62))
        ->type_name("N");
}

// The commands that compute where --device says, and the one that tells what there is: all others
// are on the CPU. (--threads and --seed are for every command: one that starts fewer threads, or
// draws no random number, keeps to them as it is.)
constexpr std::array<std::string_view, 9> kOnDevices = {
    "train", "eval", "embed", "compare", "study", "profile", "bench step", "bench head", "doctor"};

const CLI::App& chosen_command(const CLI::App& app) {
    const CLI::App* command = &app;
    while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
    return *command;
}

// Throws UsageError for what was given to the chosen command and changes nothing.
void refuse_unused_options(const CLI::App& app) {
    const CLI::App& command = chosen_command(app);
    if (&command == &app) return;
    check_rules(command);
    const std::string name = name_of(command);
    if (globals().device == "cuda" &&
        std::find(kOnDevices.begin(), kOnDevices.end(), name) == kOnDevices.end())
        refuse_unused(name + ": --device cuda", "a command that computes there, this one does not");
}

// Runs once the command line is understood and before the subcommand works.
void apply_global_options(const CLI::App& app) {
    refuse_unused_options(app);
    if (globals().device == "cuda") {
        const std::string reason = why_no_cuda();
        if (!reason.empty())
            throw Error(
                "device cuda was asked for, but there is none: " + reason,
                "leave --device out, or say --device cpu; `facet doctor` tells what was found");
    }
    use_threads(globals().threads > 0 ? globals().threads : max_threads());
}

std::string names_of_subcommands(const CLI::App& app) {
    std::string names;
    for (const CLI::App* command : app.get_subcommands(nullptr))
        names += (names.empty() ? "" : ", ") + command->get_name();
    return names;
}

int refuse(const CLI::App& app, const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    const CLI::App& command = chosen.empty() ? app : *chosen.front();
    const std::string name = chosen.empty() ? "" : command.get_name() + ": ";
    const std::string help =
        chosen.empty() ? "facet --help" : fmt::format("facet {} --help", command.get_name());

    // Where a subcommand is due, a first word that is no option was meant as one.
    const std::string known = names_of_subcommands(command);
    const auto unexpected = app.remaining(true);
    if (!known.empty() && command.get_subcommands().empty() && !unexpected.empty() &&
        !unexpected.front().starts_with('-'))
        return report(
            kWrongUsage,
            fmt::format("{}there is no subcommand '{}', only {}", name, unexpected.front(), known),
            help);
    return report(kWrongUsage, name + error.what(), help);
}

// Full disks and closed pipes show only when the output is flushed.
int finish() {
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
        return report(kFailure, "standard output could not be written to its end",
                      "is the disk that it goes to full?");
    return exit_status();
}

int run(int argc, char** argv) {
    CLI::App app("facet: a minimal deep learning engine for the study of face recognition losses",
                 "facet");
    app.set_version_flag("--version", version_text(),
                         "print the versions of facet and its libraries");
    app.fallthrough();             // global options are understood after the subcommand too
    app.require_subcommand(0, 1);  // a second subcommand name is a plain argument
    add_global_options(app);
    app.parse_complete_callback([&app] { apply_global_options(app); });
    add_all_commands(app);
    app.footer("Example: facet losses cosface\n\n`facet COMMAND --help` explains a command.");

    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        fmt::print("{}", app.help());
        return finish();
    } catch (const CLI::CallForVersion&) {
        fmt::print("{}\n", version_text());
        return finish();
    } catch (const CLI::ParseError& error) {
        return refuse(app, error);
    } catch (const OutOfMemory& error) {
        return report(kFailure, error.what(), memory_hint(chosen_command(app)));
    } catch (const std::bad_alloc&) {
        return report(kFailure, "out of memory: an allocation was refused",
                      memory_hint(chosen_command(app)));
    }
    if (app.get_subcommands().empty()) {
        fmt::print(stderr, "{}", app.help());
        return report(kWrongUsage, "a subcommand is needed", "facet --help");
    }
    return finish();
}

}  // namespace

}  // namespace facet

int main(int argc, char** argv) {
    using namespace facet;
    limit_spinning(argv);
    let_large_writes_fail();
    try {
        return run(argc, argv);
    } catch (const UsageError& error) {
        return report(kWrongUsage, error.what(), error.hint());
    } catch (const Error& error) {
        return report(kFailure, error.what(), error.hint());
    } catch (const std::filesystem::filesystem_error& error) {
        return report(kFailure,
                      fmt::format("{}: {}", error.path1().string(), error.code().message()));
    } catch (const std::exception& error) {
        return report(kFailure, fmt::format("unexpected: {}", error.what()));
    }
}
