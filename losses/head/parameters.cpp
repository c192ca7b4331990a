#include "losses/head/parameters.h"

#include <limits>

namespace facet {
namespace {

using Kind = ParameterInfo::Kind;

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

std::string text_of(bool value) { return value ? "true" : "false"; }

}  // namespace

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

std::int64_t Parameters::count(const char* name, std::int64_t otherwise, const char* meaning) {
    describe({name, Kind::count, fmt::format("{}", otherwise), meaning, 0, kUnbounded});
    return given_ ? given_->count(name) : otherwise;
}

bool Parameters::flag(const char* name, bool otherwise, const char* meaning) {
    describe({name, Kind::flag, text_of(otherwise), meaning, 0, 0, false, {"true", "false"}});
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

}  // namespace facet
