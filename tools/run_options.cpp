#include "tools/run_options.h"

#include <CLI/CLI.hpp>
#include <csignal>

#include "tools/versions.h"
#include "train/files/atomic.h"

namespace facet {
namespace {

std::atomic<bool> interrupted{false};

void on_interrupt(int) {
    interrupted = true;
    std::signal(SIGINT, SIG_DFL);
}

std::vector<std::pair<std::string, std::string>> versions(const Device& device) {
    std::vector<std::pair<std::string, std::string>> list{{"facet", kVersion}};
    for (const Library& library : libraries()) list.emplace_back(library.name, library.version);
    list.emplace_back("device", fmt::format("{}: {}", device.name(), device.description()));
    return list;
}

}  // namespace

void add_settings(CLI::App& command, GivenSettings& given, const std::string& left_out) {
    RunConfig defaults;
    for (const Setting& setting : settings_of(defaults)) {
        if (setting.option.empty() || setting.option == left_out) continue;
        command
            .add_option_function<std::string>(
                setting.option,
                [&given, option = setting.option](const std::string& text) {
                    given.emplace_back(option, text);
                },
                setting.help)
            ->default_str(current_text(setting))
            ->group(setting.section);
    }
}

void write_config(const RunFolder& folder, RunConfig config, Learner& learner,
                  const Dataset& data) {
    config.data_hash = data_hash(data);
    write_file_atomically(folder.config(),
                          to_toml(config, learner.loss(), versions(learner.device())));
}

const std::atomic<bool>& watch_for_interrupt() {
    interrupted = false;
    std::signal(SIGINT, on_interrupt);
    return interrupted;
}

void stop_watching_for_interrupt() { std::signal(SIGINT, SIG_DFL); }

}  // namespace facet
