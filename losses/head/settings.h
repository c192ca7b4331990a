// What a loss says about itself, and the parameters of one instance after parsing.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/error.h"

namespace facet {

struct ParameterInfo {
    enum class Kind { number, count, flag, choice };

    std::string name;
    Kind kind;
    std::string default_text;  // as a person would type it; "" = not set
    std::string doc;
    double lowest = -std::numeric_limits<double>::infinity();
    double highest = std::numeric_limits<double>::infinity();
    bool open_below = false;  // lowest itself is excluded
    std::vector<std::string> choices = {};
    // Another parameter without one of whose values this one changes nothing: "margin=am|arc", or
    // "lam=" for one that is not set; "": it always acts.
    std::string needs = {};

    // "number > 0", "one of linear|none", ...: what may be given.
    std::string allowed() const;
};

// The one description of a loss: `facet losses`, the parser and the documentation print it.
struct LossInfo {
    std::string name;      // as in --loss
    std::string paper;     // authors, title, venue
    std::string group;     // the heading under which it is listed;
    int place;             // the number of that heading
    std::string file;      // "losses/arcface.h"
    std::string text;      // all of its page: lines of at most 98 columns
    std::string formula;   // L_i in terms of c_ij, y = y_i
    std::string gradient;  // dL_i/dc_ij
    std::vector<ParameterInfo> parameters;
    std::string state;  // what is kept between steps; "" = nothing
    // The statistic that the gradient holds constant, whatever the modes; "" = none. The gradient
    // is then not the derivative of the value.
    std::string detached = {};
    // Over fewer classes its formula is not defined; too_few says why.
    std::int64_t fewest_classes = 1;
    std::string too_few = {};

    // The parameters that choose which gradient is computed: grad, beyond.
    std::vector<const ParameterInfo*> gradient_modes() const;
};

using KeyValues = std::vector<std::pair<std::string, std::string>>;

// Resolved parameters of one loss: what was given, else the default.
class Settings {
public:
    // Throws UsageError for an unknown or repeated name and for a value that does not parse or is
    // out of range; the message lists what is allowed.
    Settings(const LossInfo& info, const KeyValues& given);

    // Whether the loss has such a parameter, and whether it is set.
    bool declares(std::string_view name) const;
    bool has(std::string_view name) const { return !text(name).empty(); }
    double number(std::string_view name) const;
    std::int64_t count(std::string_view name) const { return std::int64_t(number(name)); }
    bool flag(std::string_view name) const { return text(name) == "true"; }
    bool is(std::string_view name, std::string_view value) const { return text(name) == value; }
    // The value as text: what was typed, or the default.
    const std::string& text(std::string_view name) const;
    // Name and value of every parameter, in the order of the description.
    KeyValues all() const;

private:
    struct Value {
        std::string name, text;
        double number = 0;
    };
    const Value& find(std::string_view name) const;

    std::vector<Value> values_;
};

// Splits "s=32" at the first '='. Throws UsageError without one.
std::pair<std::string, std::string> split_assignment(const std::string& text);

// Throws UsageError for a parameter that was given another value than its default and that changes
// nothing, as another one of `settings` has not the value that it needs.
void refuse_unused(const LossInfo& info, const Settings& settings, const KeyValues& given);

// "a, b, c"
std::string join_names(const std::vector<std::string>& names, const char* separator = ", ");

// The candidate with the smallest edit distance to `word`, where a letter in the other case is half
// an edit; "" when none is close.
std::string closest_name(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace facet
