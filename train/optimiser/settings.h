// The settings of an optimiser, as its constructor asks for them: each call is the one entry of a
// setting, with its name, its usual value, what is allowed and what it means.
//
//   explicit Sgd(OptimiserSettings& s) : momentum(s.fraction("momentum", 0.9, "...")) {}
//
// Asked with values, OptimiserSettings answers with them or the usual ones; asked without, with the
// usual ones. It keeps the entries: of them the options of `facet train` and the keys of
// `config.toml` are made. An entry may be that of several optimisers.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace facet {

class OptimiserSettings {
public:
    using Value = std::variant<double, bool>;
    // By name. They stay in their places when as many others are assigned.
    class Values {
    public:
        Values(std::initializer_list<std::pair<std::string, Value>> all = {}) : all_(all) {}

        bool has(const std::string& name) const { return find(name) != nullptr; }
        // Throws Error for a name that is not there.
        const Value& at(const std::string& name) const;
        Value& at(const std::string& name) {
            return const_cast<Value&>(std::as_const(*this).at(name));
        }
        void add(const std::string& name, Value value) { all_.emplace_back(name, value); }

    private:
        const Value* find(const std::string& name) const;

        std::vector<std::pair<std::string, Value>> all_;
    };
    struct Entry {
        std::string name, meaning;
        Value usual;
        std::string allowed;         // "in [0, 1)"
        std::string where_positive;  // the setting without which this one changes nothing; "": none

        // Whether optimisers that both have such a setting may share it: all but the meaning.
        bool same_but_for_meaning(const Entry& other) const {
            return usual == other.usual && allowed == other.allowed &&
                   where_positive == other.where_positive;
        }
    };

    OptimiserSettings() = default;
    explicit OptimiserSettings(const Values& given) : given_(&given) {}

    // All throw UsageError naming a setting that is out of range.
    double fraction(const char* name, double usual, const char* meaning);  // in [0, 1)
    double positive(const char* name, double usual, const char* meaning);
    bool flag(const char* name, bool usual, const char* meaning);

    // The next setting acts only where that one is above 0.
    OptimiserSettings& where_positive(const char* name);

    const std::vector<Entry>& entries() const { return entries_; }

private:
    Value answer(const char* name, Value usual, const char* allowed, const char* meaning);

    const Values* given_ = nullptr;
    std::string where_positive_;  // of the next setting
    std::vector<Entry> entries_;
};

}  // namespace facet
