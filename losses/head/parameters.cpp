#include "losses/head/parameters.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <numbers>

#include "engine/error.h"

namespace facet {
namespace {

using Kind = ParameterInfo::Kind;

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

thread_local Parameters* asked = nullptr;

// Parses the whole of `text` as a finite number.
bool parse_number(const std::string& text, double& value) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return error == std::errc() && stop == end && std::isfinite(value);
}

bool in_range(const ParameterInfo& info, double value) {
    if (info.kind == Kind::count && value != std::floor(value)) return false;
    const bool above = info.open_below ? value > info.lowest : value >= info.lowest;
    return above && value <= info.highest;
}

double checked_number(const LossInfo& loss, const ParameterInfo& info, const std::string& text) {
    double value = 0;
    if (!parse_number(text, value) || !in_range(info, value)) {
        throw UsageError(fmt::format("loss {}: parameter {}={}: expected {}", loss.name, info.name,
                                     text, info.allowed()));
    }
    return value;
}

std::string checked_word(const LossInfo& loss, const ParameterInfo& info, std::string text) {
    if (info.kind == Kind::flag) {
        if (text == "1" || text == "on" || text == "yes") text = "true";
        if (text == "0" || text == "off" || text == "no") text = "false";
    }
    const auto& allowed = info.choices;
    if (std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
        throw UsageError(fmt::format("loss {}: parameter {}={}: expected {}", loss.name, info.name,
                                     text, info.allowed()));
    }
    return text;
}

// In half edits: a letter in the other case is one, every other edit two.
int edit_distance(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    std::vector<int> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) row[j] = 2 * int(j);
    for (size_t i = 1; i <= a.size(); ++i) {
        int diagonal = row[0];
        row[0] = 2 * int(i);
        for (size_t j = 1; j <= b.size(); ++j) {
            const char p = a[i - 1], q = b[j - 1];
            const int substitute = diagonal + (p == q ? 0 : lower(p) == lower(q) ? 1 : 2);
            diagonal = row[j];
            row[j] = std::min({row[j] + 2, row[j - 1] + 2, substitute});
        }
    }
    return row[b.size()];
}

[[noreturn]] void refuse_unknown(const LossInfo& loss, const std::string& name) {
    std::vector<std::string> names;
    for (const ParameterInfo& p : loss.parameters) names.push_back(p.name);
    if (names.empty()) {
        throw UsageError(fmt::format("loss {}: unknown parameter {}", loss.name, name),
                         "this loss has no parameters");
    }
    const std::string near = closest_name(name, names);
    throw UsageError(fmt::format("loss {}: unknown parameter {}; expected one of {}", loss.name,
                                 name, join_names(names)),
                     near.empty() ? "" : fmt::format("did you mean {}?", near));
}

}  // namespace

std::string ParameterInfo::allowed() const {
    if (kind == Kind::flag) return "true or false";
    if (kind == Kind::choice) return fmt::format("one of {}", join_names(choices, "|"));
    const char* what = kind == Kind::count ? "an integer" : "a number";
    if (std::isfinite(highest)) return fmt::format("{} in [{}, {}]", what, lowest, highest);
    return fmt::format("{} {} {}", what, open_below ? ">" : ">=", lowest);
}

std::vector<const ParameterInfo*> LossInfo::gradient_modes() const {
    std::vector<const ParameterInfo*> modes;
    for (const ParameterInfo& p : parameters) {
        if (p.name == "grad" || p.name == "beyond") modes.push_back(&p);
    }
    return modes;
}

Settings::Settings(const LossInfo& info, const KeyValues& given) {
    const auto named = [](const std::string& name) {
        return [&name](const auto& p) { return p.name == name; };
    };
    for (const ParameterInfo& p : info.parameters) values_.push_back({p.name, p.default_text});
    std::vector<std::string> seen;
    for (const auto& [name, text] : given) {
        const auto value = std::find_if(values_.begin(), values_.end(), named(name));
        if (value == values_.end()) refuse_unknown(info, name);
        FACET_USAGE(std::find(seen.begin(), seen.end(), name) == seen.end(),
                    "loss {}: parameter {} is given twice", info.name, name);
        FACET_USAGE(!text.empty(), "loss {}: parameter {} has no value", info.name, name);
        seen.push_back(name);
        value->text = text;
    }
    for (size_t k = 0; k < values_.size(); ++k) {
        const ParameterInfo& p = info.parameters[k];
        Value& value = values_[k];
        if (value.text.empty()) continue;
        if (p.kind == Kind::number || p.kind == Kind::count) {
            value.number = checked_number(info, p, value.text);
        } else {
            value.text = checked_word(info, p, value.text);
        }
    }
}

bool Settings::declares(std::string_view name) const {
    return std::any_of(values_.begin(), values_.end(),
                       [&](const Value& value) { return value.name == name; });
}

const Settings::Value& Settings::find(std::string_view name) const {
    for (const Value& value : values_) {
        if (value.name == name) return value;
    }
    throw Error(fmt::format("settings: no parameter is called {}", name));
}

double Settings::number(std::string_view name) const { return find(name).number; }

const std::string& Settings::text(std::string_view name) const { return find(name).text; }

KeyValues Settings::all() const {
    KeyValues result;
    for (const Value& value : values_) result.emplace_back(value.name, value.text);
    return result;
}

void refuse_unused(const LossInfo& info, const Settings& settings, const KeyValues& given) {
    for (const ParameterInfo& p : info.parameters) {
        const auto typed = std::find_if(given.begin(), given.end(),
                                        [&](const auto& entry) { return entry.first == p.name; });
        if (p.needs.empty() || typed == given.end()) continue;
        const bool usual = p.kind == Kind::number || p.kind == Kind::count
                               ? typed->second == p.default_text ||
                                     settings.number(p.name) == std::stod(p.default_text)
                               : settings.text(p.name) == p.default_text;
        const auto [other, values] = split_assignment(p.needs);
        if (usual ||
            ("|" + values + "|").find("|" + settings.text(other) + "|") != std::string::npos)
            continue;
        throw UsageError(fmt::format("loss {}: parameter {}={} has no meaning here: it needs {}",
                                     info.name, p.name, typed->second,
                                     values.empty() ? "that " + other + " is not set" : p.needs),
                         "leave it out, or give what it needs");
    }
}

void Parameters::describe(ParameterInfo info) {
    if (!needs_.empty()) {
        info.needs = needs_;
        if (!needs_.ends_with('=')) info.doc += ", for " + needs_;
        needs_.clear();
    }
    described_.push_back(std::move(info));
}

double Parameters::number(const char* name, double otherwise, double lowest, double highest,
                          const char* meaning) {
    describe({name, Kind::number, fmt::format("{}", otherwise), meaning, lowest, highest});
    return given_ ? given_->number(name) : otherwise;
}

double Parameters::angle(const char* name, double otherwise, const char* meaning) {
    return number(name, otherwise, 0, std::numbers::pi, meaning);
}

std::optional<double> Parameters::optional_number(const char* name, double lowest, double highest,
                                                  const char* meaning) {
    describe({name, Kind::number, "", meaning, lowest, highest});
    if (given_ && given_->has(name)) return given_->number(name);
    return {};
}

double Parameters::positive(const char* name, double otherwise, const char* meaning) {
    describe({name, Kind::number, fmt::format("{}", otherwise), meaning, 0, kUnbounded, true});
    return given_ ? given_->number(name) : otherwise;
}

int64_t Parameters::count(const char* name, int64_t otherwise, const char* meaning) {
    describe({name, Kind::count, fmt::format("{}", otherwise), meaning, 0, kUnbounded});
    return given_ ? given_->count(name) : otherwise;
}

bool Parameters::flag(const char* name, bool otherwise, const char* meaning) {
    describe(
        {name, Kind::flag, otherwise ? "true" : "false", meaning, 0, 0, false, {"true", "false"}});
    return given_ ? given_->flag(name) : otherwise;
}

std::string Parameters::choice(const char* name, const std::vector<std::string>& names,
                               const char* meaning) {
    describe({name, Kind::choice, names.front(), meaning, 0, 0, false, names});
    return given_ ? given_->text(name) : names.front();
}

Parameters& Parameters::only_with(const char* needs) {
    needs_ = needs;
    return *this;
}

Parameters& ask() {
    FACET_CHECK(asked, "a form of a loss is made by make_form(), which knows its parameters");
    return *asked;
}

Asked::Asked(Parameters& parameters) : before_(asked) { asked = &parameters; }
Asked::~Asked() { asked = before_; }

std::pair<std::string, std::string> split_assignment(const std::string& text) {
    const size_t at = text.find('=');
    if (at == std::string::npos || at == 0) {
        throw UsageError(fmt::format("\"{}\" is not a setting; expected name=value", text),
                         "for example --set s=32");
    }
    return {text.substr(0, at), text.substr(at + 1)};
}

std::string join_names(const std::vector<std::string>& names, const char* separator) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : separator) + name;
    return text;
}

std::string closest_name(std::string_view word, const std::vector<std::string>& candidates) {
    std::string best;
    // At most half the word's letters, at least two: of a word of one letter only its case.
    int least = word.size() == 1 ? 2 : std::max<int>(4, int(word.size())) + 1;
    for (const std::string& candidate : candidates) {
        const int distance = edit_distance(word, candidate);
        if (distance < least) {
            least = distance;
            best = candidate;
        }
    }
    return best;
}

}  // namespace facet
