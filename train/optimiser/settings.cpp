#include "train/optimiser/settings.h"

#include "engine/error.h"

namespace facet {

const OptimiserSettings::Value* OptimiserSettings::Values::find(const std::string& name) const {
    for (const auto& [known, value] : all_) {
        if (known == name) return &value;
    }
    return nullptr;
}

const OptimiserSettings::Value& OptimiserSettings::Values::at(const std::string& name) const {
    const Value* value = find(name);
    FACET_CHECK(value, "optimizer: there is no setting {}", name);
    return *value;
}

OptimiserSettings::Value OptimiserSettings::answer(const char* name, Value usual,
                                                   const char* allowed, const char* meaning) {
    entries_.push_back({name, meaning, usual, allowed, std::exchange(where_positive_, {})});
    return given_ && given_->has(name) ? given_->at(name) : usual;
}

double OptimiserSettings::fraction(const char* name, double usual, const char* meaning) {
    const double value = std::get<double>(answer(name, usual, "in [0, 1)", meaning));
    FACET_USAGE(value >= 0 && value < 1, "optimizer: {} must lie in [0, 1), found {}", name, value);
    return value;
}

double OptimiserSettings::positive(const char* name, double usual, const char* meaning) {
    const double value = std::get<double>(answer(name, usual, "positive", meaning));
    FACET_USAGE(value > 0, "optimizer: {} must be positive, found {}", name, value);
    return value;
}

bool OptimiserSettings::flag(const char* name, bool usual, const char* meaning) {
    return std::get<bool>(answer(name, usual, "true or false", meaning));
}

OptimiserSettings& OptimiserSettings::where_positive(const char* name) {
    where_positive_ = name;
    return *this;
}

}  // namespace facet
