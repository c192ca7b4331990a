#include "tools/lab/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "engine/error.h"

namespace facet::atlas {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    size_t at = 0;
    while (true) {
        const size_t end = std::min(text.find(separator, at), text.size());
        parts.push_back(text.substr(at, end - at));
        if (end == text.size()) return parts;
        at = end + 1;
    }
}

double number_of(const std::string& text, const std::string& spec) {
    double value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    FACET_USAGE(failed == std::errc() && end == text.data() + text.size(),
                "loss {}: the state \"{}\" is no number", spec, text);
    return value;
}

// NAME[:k=v,...][@k=v,...]
LossSpec parse(const std::string& text) {
    LossSpec spec;
    const size_t state_at = std::min(text.find('@'), text.size());
    const std::string head = text.substr(0, state_at);
    const size_t settings_at = std::min(head.find(':'), head.size());
    spec.name = head.substr(0, settings_at);
    if (settings_at < head.size()) {
        for (const std::string& part : split(head.substr(settings_at + 1), ','))
            spec.settings.push_back(split_assignment(part));
    }
    if (state_at < text.size()) {
        for (const std::string& part : split(text.substr(state_at + 1), ',')) {
            const auto [name, value] = split_assignment(part);
            spec.state.emplace_back(name, number_of(value, text));
        }
    }
    return spec;
}

}  // namespace

std::string LossSpec::label() const {
    std::string text = name;
    for (const auto& [key, value] : settings) text += fmt::format(" {}={}", key, value);
    for (const auto& [key, value] : state) text += fmt::format(" @{}={}", key, value);
    return text;
}

std::string LossSpec::folder() const {
    std::string text = label();
    std::replace(text.begin(), text.end(), ' ', '_');
    return text;
}

std::unique_ptr<Loss> LossSpec::make() const {
    auto loss = make_loss(name, settings);
    for (const auto& [key, value] : state) {
        StateArray* array = loss->state().find(key);
        FACET_USAGE(array != nullptr && array->scalar,
                    "loss {}: no number of its state is called {}", name, key);
        FACET_USAGE(value >= array->lowest, "loss {}: state {}={}, expected at least {}", name, key,
                    value, array->lowest);
        array->value = {value};
    }
    return loss;
}

LossSpec LossSpec::with(const KeyValues& more) const {
    LossSpec other = *this;
    for (const auto& setting : more) {
        const auto same = [&](const auto& old) { return old.first == setting.first; };
        std::erase_if(other.settings, same);
        other.settings.push_back(setting);
    }
    return other;
}

std::vector<LossSpec> parse_specs(const std::vector<std::string>& texts,
                                  const std::vector<std::string>& set) {
    std::vector<LossSpec> specs;
    for (const std::string& text : texts) {
        if (text == "all") {
            for (const LossInfo* info : all_losses()) specs.push_back({info->name});
        } else {
            specs.push_back(parse(text));
        }
    }
    FACET_USAGE(set.empty() || specs.size() == 1,
                "--set needs the one loss that it is for, found {} losses; write "
                "--loss NAME:k=v,k=v",
                specs.size());
    std::set<std::string> folders;
    for (LossSpec& spec : specs) {
        for (const std::string& text : set) spec.settings.push_back(split_assignment(text));
        const auto loss = spec.make();
        refuse_unused(loss->info(), loss->settings(), spec.settings);
        FACET_USAGE(folders.insert(spec.folder()).second, "loss {} is named twice", spec.label());
    }
    return specs;
}

}  // namespace facet::atlas
