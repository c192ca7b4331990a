#include "losses/head/state.h"

#include <cmath>

#include "engine/error.h"

namespace facet {

void check_values(const StateArray& array, const std::vector<double>& values,
                  const std::string& where) {
    FACET_CHECK(!array.scalar || values.size() == 1, "{}: {} has {} values, expected one", where,
                array.name, values.size());
    for (const double value : values) {
        FACET_CHECK(std::isfinite(value), "{}: {} is not finite", where, array.name);
        FACET_CHECK(value >= array.lowest, "{}: {} is {}, expected at least {}", where, array.name,
                    value, array.lowest);
    }
}

StateArray* State::find(std::string_view name) {
    for (auto& array : arrays_) {
        if (array->name == name) return array.get();
    }
    return nullptr;
}

StateArray& State::declare(std::string_view name, bool scalar, bool learnable) {
    if (StateArray* existing = find(name)) return *existing;
    arrays_.push_back(std::make_unique<StateArray>());
    arrays_.back()->name = name;
    arrays_.back()->scalar = scalar;
    arrays_.back()->learnable = learnable;
    return *arrays_.back();
}

StateArray* State::number(std::string_view name, double first, double lowest) {
    StateArray& array = declare(name, true, false);
    array.lowest = lowest;
    if (array.value.empty()) array.value = {first};
    return &array;
}

void State::end_call() {
    for (auto& array : arrays_) array->given = false;
}

std::vector<StateArray> State::save() const {
    std::vector<StateArray> copies;
    for (const auto& array : arrays_) copies.push_back(*array);
    return copies;
}

void State::restore(const std::vector<StateArray>& saved) {
    for (const StateArray& from : saved) {
        StateArray* to = find(from.name);
        FACET_CHECK(to != nullptr, "loss state: no array is called {}", from.name);
        FACET_CHECK(!to->scalar || from.value.size() <= 1,
                    "loss state: {} is one number, found {} values", from.name, from.value.size());
        to->value = from.value;
        to->gradient = from.gradient;
        to->given = from.given;
    }
}

}  // namespace facet
