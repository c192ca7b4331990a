// Which losses an atlas is drawn of: names with parameters and, where wanted, with a state.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "losses/head/loss.h"

namespace facet::atlas {

struct LossSpec {
    std::string name;
    KeyValues settings = {};
    std::vector<std::pair<std::string, double>> state = {};  // scalars of the state before a call

    std::string label() const;   // "arcface grad=detached"
    std::string folder() const;  // "arcface_grad=detached": where its numbers are written
    // A fresh loss in that state.
    std::unique_ptr<Loss> make() const;
    // The same loss with more settings; one that is there already is replaced.
    LossSpec with(const KeyValues& more) const;
};

// "arcface", "arcface:grad=detached,s=32", "curricularface@t=0.5", or "all" for every loss with its
// defaults. `set` are settings for the only loss named. Throws UsageError for an unknown or
// repeated loss, and for a parameter or state that it does not have.
std::vector<LossSpec> parse_specs(const std::vector<std::string>& texts,
                                  const std::vector<std::string>& set);

}  // namespace facet::atlas
