// The state of a loss as a flat JSON object: {"t": 0.1, "b": [0.0, ...], "grad_b": [...]}.
#pragma once

#include <string>

#include "losses/head/state.h"

namespace facet {

// Arrays in the order of the state, numbers with all their digits; a learnable array that has a
// gradient is followed by "grad_<name>". Ends with a newline.
std::string state_to_json(const State& state);

// Sets the arrays named in the object; "grad_..." entries are read over. Throws Error for text that
// is not such an object, an unknown name, a value that is not a finite number; `where` names the
// source in the message.
void state_from_json(const std::string& text, const std::string& where, State& state);

}  // namespace facet
