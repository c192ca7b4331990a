#include "tools/run_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "engine/threads.h"
#include "tools/commands.h"
#include "tools/devices.h"
#include "tools/option_rules.h"
#include "tools/versions.h"
#include "train/files/atomic.h"

namespace facet {
namespace {

std::vector<std::pair<std::string, std::string>> versions(const Device& device) {
    std::vector<std::pair<std::string, std::string>> list{{"facet", kVersion}};
    for (const Library& library : libraries()) list.emplace_back(library.name, library.version);
    list.emplace_back("device", fmt::format("{}: {}", device.name(), device.description()));
    return list;
}

bool acts_in_any(const Setting& setting, const std::vector<RunConfig>& runs) {
    return std::any_of(runs.begin(), runs.end(), [&](const RunConfig& run) {
        return setting.acts.holds(run, computes_on_gpu());
    });
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

void settle(RunConfig& config) {
    if (globals().threads > 0) config.threads = globals().threads;
    if (config.threads == 0) config.threads = max_threads();
    use_threads(static_cast<int>(config.threads));
    for (std::string* path : {&config.data, &config.people, &config.eval_data, &config.pairs}) {
        if (!path->empty() && !source_kind(*path).page.procedural)
            *path = std::filesystem::absolute(*path).string();
    }
}

void refuse_unused(const GivenSettings& given, const std::vector<RunConfig>& runs) {
    RunConfig any;
    for (const auto& [option, text] : given) {
        for (const Setting& setting : settings_of(any)) {
            if (setting.option != option || acts_in_any(setting, runs)) continue;
            refuse_unused(option, setting.acts.needs);
        }
    }
}

void refuse_unused(const std::string& file, RunConfig read, const std::vector<RunConfig>& runs) {
    RunConfig defaults;
    const std::vector<Setting> standard = settings_of(defaults);
    const std::vector<Setting> settings = settings_of(read);
    RunConfig itself = read;  // a recipe for data that the command line names is of those data
    if (itself.data.empty()) itself.data = runs.front().data;
    for (size_t k = 0; k < settings.size(); ++k) {
        const std::string text = toml_text(settings[k]);
        if (text == toml_text(standard[k]) || settings[k].acts.holds(itself, false)) continue;
        if (acts_in_any(settings[k], runs)) continue;
        refuse_unused(fmt::format("{}: {} = {}", file, settings[k].name(), text),
                      settings[k].acts.needs);
    }
}

bool is_given(const GivenSettings& given, const std::string& option) {
    return std::any_of(given.begin(), given.end(),
                       [&](const auto& setting) { return setting.first == option; });
}

void apply_settings(const GivenSettings& given, RunConfig& config) {
    for (const auto& [option, text] : given) {
        for (const Setting& setting : settings_of(config)) {
            if (setting.option != option) continue;
            // Parameters of another loss would not fit.
            if (option == "--loss" && text != config.loss) config.loss_parameters.clear();
            assign(setting, text);
        }
    }
}

void write_config(const RunFolder& folder, RunConfig config, Learner& learner,
                  const Dataset& data) {
    config.data_hash = data_hash(data);
    write_file_atomically(folder.config(),
                          to_toml(config, learner.loss(), versions(learner.device())));
}

}  // namespace facet
