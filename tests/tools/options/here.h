// Commands run inside the test, which can then look at what they leave in the process.
#pragma once

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <string>

#include "tools/commands.h"

namespace facet::test {

using AddCommand = void (*)(CLI::App&);

// All of `facet`; that none is missing is for listed_test.cpp.
inline void add_all_commands(CLI::App& app) {
    for (const AddCommand add :
         {add_train_command, add_eval_command, add_embed_command, add_grad_command,
          add_atlas_command, add_explorer_command, add_compare_command, add_study_command,
          add_losses_command, add_synth_command, add_inspect_command, add_diff_command,
          add_verify_command, add_bench_command, add_profile_command, add_doctor_command}) {
        add(app);
    }
}

// What it prints, on the CPU. Not for commands that change how many threads the process has.
inline std::string printed_here(AddCommand add, const std::string& arguments) {
    const std::string device = globals().device;
    globals_to_fill().device = "cpu";
    CLI::App app("facet");
    add(app);
    testing::internal::CaptureStdout();
    std::string failure;
    try {
        app.parse(arguments);
    } catch (const std::exception& error) {
        failure = error.what();
    }
    globals_to_fill().device = device;
    EXPECT_EQ(failure, "") << arguments;
    return testing::internal::GetCapturedStdout();
}

}  // namespace facet::test
