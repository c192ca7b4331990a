// The parameters of a loss: how it describes them, what a user gave, and how its members ask
// for them.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/error.h"

namespace facet {

class State;  // state.h

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
    int64_t fewest_classes = 1;
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
    int64_t count(std::string_view name) const { return int64_t(number(name)); }
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

// The parameters of a loss, as its members ask for them while it is made: each call is the one
// entry of a parameter, with its name, its default, what is allowed and what it means.
//
//   T s = ask().positive("s", 64, "scale of the cosines");
//   T m = ask().number("m", 0.35, 0, 10, "margin on the target's cosine");
//
// Asked with settings, Parameters answers with what was given or the default; asked without, it
// answers with the defaults and keeps the entries: so a loss's description is made.
class Parameters {
public:
    explicit Parameters(State& state) : state_(&state) {}  // describes
    Parameters(const Settings& given, State& state) : given_(&given), state_(&state) {}  // answers

    // A real number in [lowest, highest].
    double number(const char* name, double otherwise, double lowest, double highest,
                  const char* meaning);
    // An angle in [0, pi], in radians.
    double angle(const char* name, double otherwise, const char* meaning);
    // A number, or nothing where it is not set, which is the default.
    std::optional<double> optional_number(const char* name, double lowest, double highest,
                                          const char* meaning);
    // A real number > 0.
    double positive(const char* name, double otherwise, const char* meaning);
    // An integer >= 0.
    int64_t count(const char* name, int64_t otherwise, const char* meaning);
    bool flag(const char* name, bool otherwise, const char* meaning);
    // One of `names`, the first where nothing is said.
    std::string choice(const char* name, const std::vector<std::string>& names,
                       const char* meaning);
    // The same as an enumerator: they are in the order of the names. As bool: is it the second?
    template <class Enum>
    Enum choice(const char* name, const std::vector<std::string>& names, const char* meaning) {
        const std::string chosen = choice(name, names, meaning);
        size_t at = 0;
        while (names[at] != chosen) ++at;
        return static_cast<Enum>(at);
    }

    // The next parameter acts only where another one has one of these values: "margin=am|arc"; or
    // "lam=" where it is not set.
    Parameters& only_with(const char* needs);

    const std::vector<ParameterInfo>& described() const { return described_; }

    // What the loss keeps between steps or learns.
    State& state() const { return *state_; }

private:
    void describe(ParameterInfo info);

    const Settings* given_ = nullptr;
    State* state_;
    std::string needs_;  // of the next parameter
    std::vector<ParameterInfo> described_;
};

// The parameters of the form that this thread makes, which its members ask. Throws Error where none
// is made.
Parameters& ask();

// While one lives, ask() means its parameters.
class Asked {
public:
    explicit Asked(Parameters& parameters);
    ~Asked();
    Asked(const Asked&) = delete;
    Asked& operator=(const Asked&) = delete;

private:
    Parameters* const before_;  // of the form that makes this one
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
