#include "tools/option_rules.h"

#include <CLI/CLI.hpp>
#include <map>

#include "engine/error.h"

namespace facet {
namespace {

// By the command's name: a command that is built again, as tests do, states its rules again.
std::map<std::string, std::vector<OptionRule>>& all_rules() {
    static std::map<std::string, std::vector<OptionRule>> rules;
    return rules;
}

}  // namespace

void act_only(CLI::App& command, std::vector<OptionRule> rules) {
    std::vector<OptionRule>& known = all_rules()[name_of(command)];
    for (OptionRule& rule : rules) {
        command.get_option(rule.option);  // throws for one that it does not have
        std::erase_if(known, [&](const OptionRule& old) {
            return old.option == rule.option && old.needs == rule.needs;
        });
        known.push_back(std::move(rule));
    }
}

const std::vector<OptionRule>& option_rules(const std::string& command) {
    return all_rules()[command];
}

void check_rules(const CLI::App& command) {
    const std::string name = name_of(command);
    for (const OptionRule& rule : option_rules(name)) {
        if (command.count(rule.option) == 0 || rule.holds()) continue;
        refuse_unused(name + ": " + rule.option, rule.needs);
    }
}

std::string name_of(const CLI::App& command) {
    const CLI::App* parent = command.get_parent();
    if (parent == nullptr) return "";
    const std::string before = name_of(*parent);
    return (before.empty() ? "" : before + " ") + command.get_name();
}

void refuse_unused(const std::string& what, const std::string& needs) {
    throw UsageError(fmt::format("{} has no meaning here: it needs {}", what, needs),
                     "leave it out, or give what it needs");
}

}  // namespace facet
