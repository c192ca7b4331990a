// Options of a command that change something only together with others: which, and with what.
//
// A command states them beside its options, as one table; main() asks it once the command line is
// understood and before the command works. What a run's settings need stands in train/settings.cpp,
// which tools/run_options.h asks.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace facet {

struct OptionRule {
    std::string option;           // "--tile", as it was added
    std::string needs;            // completes "it needs ..."
    std::function<bool()> holds;  // asked after parsing, and only if the option was given
};

// Throws std::exception if the command has no such option. A later call adds to an earlier one's.
void act_only(CLI::App& command, std::vector<OptionRule> rules);

// Those of a command by its name: "grad", "bench step".
const std::vector<OptionRule>& option_rules(const std::string& command);

// Throws UsageError for the first option given that changes nothing.
void check_rules(const CLI::App& command);

// "bench step"
std::string name_of(const CLI::App& command);

[[noreturn]] void refuse_unused(const std::string& what, const std::string& needs);

}  // namespace facet
