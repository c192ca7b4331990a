#include "tools/run_options.h"

#include <omp.h>

#include <CLI/CLI.hpp>

#include "tools/commands.h"
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
    if (config.threads == 0) config.threads = omp_get_max_threads();
    omp_set_num_threads(static_cast<int>(config.threads));
    for (std::string* path : {&config.data, &config.people, &config.eval_data, &config.pairs}) {
        if (!path->empty() && *path != "synth") *path = std::filesystem::absolute(*path).string();
    }
}

void refuse_unused(const GivenSettings& given, const RunConfig& config) {
    const bool learns_synth = config.data == "synth";
    const bool judges_synth =
        config.pairs.empty() &&
        (config.eval_data.empty() ? learns_synth : config.eval_data == "synth");
    for (const auto& [option, text] : given) {
        const auto refuse_unless = [&, &option = option](bool used, const char* needs) {
            FACET_USAGE(used, "{} has no meaning here: it needs {}", option, needs);
        };
        if (option.starts_with("--synth-eval-")) {
            refuse_unless(judges_synth, "procedural faces to evaluate on (--eval-data synth)");
        } else if (option == "--synth-people" || option == "--synth-images") {
            refuse_unless(learns_synth, "--data synth");
        } else if (option.starts_with("--synth-")) {
            refuse_unless(learns_synth || judges_synth, "--data synth");
        } else if (option == "--people" || option == "--min-images") {
            refuse_unless(!learns_synth, "a folder of pictures to learn from (--data DIR)");
        }
    }
}

void apply_settings(const GivenSettings& given, RunConfig& config) {
    for (const auto& [option, text] : given) {
        for (const Setting& setting : settings_of(config)) {
            if (setting.option == option) assign(setting, text);
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
