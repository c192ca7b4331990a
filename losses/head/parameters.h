// The parameters of a loss, as its constructor asks for them: each call is the one entry of a
// parameter, with its name, its default, what is allowed and what it means.
//
//   explicit CosFace(Parameters& p)
//       : s(p.positive("s", 64, "scale of the cosines")),
//         m(p.number("m", 0.35, 0, 10, "margin on the target's cosine")) {}
//
// Asked with settings, Parameters answers with what was given or the default; asked without, it
// answers with the defaults and keeps the entries: so a loss's description is made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "losses/head/settings.h"

namespace facet {

class Parameters {
public:
    Parameters() = default;                                         // describes
    explicit Parameters(const Settings& given) : given_(&given) {}  // answers

    // A real number in [lowest, highest].
    double number(const char* name, double otherwise, double lowest, double highest,
                  const char* meaning);
    // The same, or nothing where it is not set, which is the default.
    std::optional<double> optional_number(const char* name, double lowest, double highest,
                                          const char* meaning);
    // A real number > 0.
    double positive(const char* name, double otherwise, const char* meaning);
    // An integer >= 0.
    std::int64_t count(const char* name, std::int64_t otherwise, const char* meaning);
    bool flag(const char* name, bool otherwise, const char* meaning);
    // One of `names`, the first where nothing is said.
    std::string choice(const char* name, const std::vector<std::string>& names,
                       const char* meaning);
    // The same as an enumerator: they are in the order of the names.
    template <class Enum>
    Enum choice(const char* name, const std::vector<std::string>& names, const char* meaning) {
        const std::string chosen = choice(name, names, meaning);
        std::size_t at = 0;
        while (names[at] != chosen) ++at;
        return static_cast<Enum>(at);
    }

    // The next parameter acts only where another one has one of these values: "margin=am|arc"; or
    // "lam=" where it is not set.
    Parameters& only_with(const char* needs);

    const std::vector<ParameterInfo>& described() const { return described_; }

private:
    void describe(ParameterInfo info);

    const Settings* given_ = nullptr;
    std::string needs_;  // of the next parameter
    std::vector<ParameterInfo> described_;
};

}  // namespace facet
