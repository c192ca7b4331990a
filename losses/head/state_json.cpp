#include "losses/head/state_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "losses/head/parameters.h"

namespace facet {
namespace {

using nlohmann::ordered_json;

ordered_json values_to_json(const StateArray& array, const std::vector<double>& values) {
    if (array.scalar && values.size() == 1) return values[0];
    if (array.columns == 0) return values;
    ordered_json rows = ordered_json::array();
    for (auto row = values.begin(); row != values.end(); row += array.columns) {
        rows.push_back(std::vector<double>(row, row + array.columns));
    }
    return rows;
}

std::vector<double> values_from_json(const ordered_json& json, const std::string& where,
                                     const std::string& name) {
    const auto one = [&](const ordered_json& item) {
        FACET_CHECK(item.is_number(), "{}: {} holds {}, expected numbers", where, name,
                    item.type_name());
        const double value = item.get<double>();
        FACET_CHECK(std::isfinite(value), "{}: {} is not finite", where, name);
        return value;
    };
    if (!json.is_array()) return {one(json)};
    std::vector<double> values;
    for (const ordered_json& item : json) {
        if (item.is_array()) {
            for (const ordered_json& inner : item) values.push_back(one(inner));
        } else {
            values.push_back(one(item));
        }
    }
    return values;
}

}  // namespace

std::string state_to_json(const State& state) {
    ordered_json json = ordered_json::object();
    for (const auto& array : state.arrays()) {
        json[array->name] = values_to_json(*array, array->value);
        if (!array->gradient.empty()) {
            json["grad_" + array->name] = values_to_json(*array, array->gradient);
        }
    }
    return json.dump() + "\n";
}

void state_from_json(const std::string& text, const std::string& where, State& state) {
    const ordered_json json = ordered_json::parse(text, nullptr, false);
    FACET_CHECK(json.is_object(), "{}: not a JSON object of names and numbers", where);
    std::vector<std::string> names;
    for (const auto& array : state.arrays()) names.push_back(array->name);
    for (const auto& [name, value] : json.items()) {
        if (name.starts_with("grad_")) continue;
        StateArray* array = state.find(name);
        FACET_CHECK(array != nullptr, "{}: unknown state {}; this loss keeps {}", where, name,
                    names.empty() ? "none" : join_names(names));
        std::vector<double> values = values_from_json(value, where, name);
        check_values(*array, values, where);
        array->value = std::move(values);
        array->given = true;
    }
}

}  // namespace facet
