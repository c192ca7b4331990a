// What the subcommands of `facet` share: the global options and how a command registers itself.
//
// Each add_X_command() adds one subcommand to the app: its options, a description, a footer with a
// worked example that contains the word "Example", and a callback that does the work. A callback
// reports what is wrong by throwing facet::Error or facet::UsageError (engine/error.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace CLI {
class App;
}

namespace facet {

// Options that mean the same for every subcommand, given before or after its name.
struct Globals {
    std::string device = "auto";  // auto|cpu|cuda as asked for; checked before any callback runs
    int threads = 0;              // 1..1024, or 0: as many as OpenMP would start
    uint64_t seed = 0;
    bool seed_given = false;  // false: `seed` is the default, a configuration file may set it
};
const Globals& globals();
Globals& globals_to_fill();  // for main(), which reads the command line

// The exit status of a command that ended neither well nor by an exception: 130 after Ctrl-C.
void set_exit_status(int status);
int exit_status();

// Draws microscope.jsonl as a page beside it and returns its path (tools/lab/microscope_page.h):
// training itself knows no charts.
using WriteMicroscopePage = std::filesystem::path (*)(const std::filesystem::path& jsonl,
                                                      const std::string& title);
void add_train_command(CLI::App& app, WriteMicroscopePage write_page);
void add_eval_command(CLI::App& app);
void add_embed_command(CLI::App& app);
void add_grad_command(CLI::App& app);
void add_atlas_command(CLI::App& app);
void add_explorer_command(CLI::App& app);
void add_compare_command(CLI::App& app);
void add_study_command(CLI::App& app);
void add_losses_command(CLI::App& app);
void add_synth_command(CLI::App& app);
void add_inspect_command(CLI::App& app);
void add_diff_command(CLI::App& app);
void add_verify_command(CLI::App& app);
void add_bench_command(CLI::App& app);
void add_profile_command(CLI::App& app);
void add_doctor_command(CLI::App& app);

// Each of these, in the order in which `facet --help` lists them.
void add_all_commands(CLI::App& app);

}  // namespace facet
