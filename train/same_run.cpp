#include "train/same_run.h"

#include <map>
#include <optional>
#include <sstream>

#include "train/files/safetensors.h"

namespace facet {
namespace {

KeyValues settings_for(Decides what, const RunConfig& config) {
    KeyValues list = settings_that_decide(what, config);
    if (what != Decides::Training) return list;
    const auto loss = make_loss(config.loss, config.loss_parameters);
    for (const auto& [name, value] : loss->settings().all()) {
        list.emplace_back("loss." + name, toml_text(value));
    }
    return list;
}

using ByName = std::map<std::string, std::string>;

ByName parse(const std::string& text) {
    ByName settings;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const size_t at = line.find(" = ");
        if (at != line.npos) settings[line.substr(0, at)] = line.substr(at + 3);
    }
    return settings;
}

std::optional<ByName> stored_settings(const std::filesystem::path& checkpoint) {
    if (!std::filesystem::exists(checkpoint)) return std::nullopt;
    try {
        const auto metadata = read_safetensors(checkpoint).metadata;
        const auto settings = metadata.find("settings");
        if (settings == metadata.end()) return std::nullopt;
        return parse(settings->second);
    } catch (const Error&) {
        return std::nullopt;
    }
}

// "schedule.lr is 0.2, it was 0.1 when checkpoint.safetensors was written", one for each.
std::vector<std::string> differences(const ByName& stored, const KeyValues& now,
                                     const std::filesystem::path& checkpoint) {
    std::vector<std::string> list;
    for (const auto& [name, value] : now) {
        const auto before = stored.find(name);
        if (before != stored.end() && before->second == value) continue;
        list.push_back(fmt::format("{} is {}, it was {} when {} was written", name, value,
                                   before == stored.end() ? "not in use" : before->second,
                                   checkpoint.filename().string()));
    }
    return list;
}

}  // namespace

std::string deciding_settings(const RunConfig& config) {
    std::string text;
    for (const Decides what : {Decides::Training, Decides::Evaluation}) {
        for (const auto& [name, value] : settings_for(what, config)) {
            text += fmt::format("{} = {}\n", name, value);
        }
    }
    return text;
}

std::vector<std::string> compare_settings(const std::filesystem::path& checkpoint,
                                          const RunConfig& config) {
    const std::optional<ByName> stored = stored_settings(checkpoint);
    if (!stored) return {};
    const auto of = [&](Decides what) {
        return differences(*stored, settings_for(what, config), checkpoint);
    };
    if (const auto changed = of(Decides::Training); !changed.empty()) {
        throw Error(fmt::format("{}: {}", checkpoint.parent_path().string(), changed.front()),
                    "put config.toml back as it was; for a run with other settings: facet train "
                    "--config FILE --out ANOTHER");
    }
    return of(Decides::Evaluation);
}

}  // namespace facet
