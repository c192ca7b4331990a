// What the explorer's page asks of the losses, as JSON. Compiled to WebAssembly into the page, and
// into the command, where it is tested.
//
//   {"do": "losses"}     every loss with its table of parameters
//   {"do": "typical"}    how a loss is shown as it works in training: |x| and a state
//   {"do": "grad"}       value and gradients, as `facet grad` writes them
//   {"do": "walk"}       the same for many places of the first sample, and where the gradient jumps
//
// All but the first name a "loss" and may have "settings" {name: text}. "grad" and "walk" have "x"
// (B, D), "w" (C, D) unless the loss has no proxies, "y" (B), and may have "state", an object as in
// state.json. What is wrong with a request is answered as {"error": message, "hint": hint}.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace facet::explorer {

using nlohmann::ordered_json;

// A request and its answer as text.
std::string explore(const std::string& request);

// The answers. Throw Error and UsageError.
ordered_json describe_losses();
ordered_json typical_of(const ordered_json& request);  // with "rows": B
ordered_json gradient_of(const ordered_json& request);
// "points" (N, D): directions in which the first sample stands in turn, its length unchanged;
// "edges" (E, 2): pairs of points between which jumps are searched; "classes": whether the answer
// has "dcos" (N, C) too; "largest": a force of another walk, by which the margin region is judged
// where no force is larger.
ordered_json walk(const ordered_json& request);

}  // namespace facet::explorer

// For the page: the answer stays valid until the next call.
extern "C" const char* facet_explore(const char* request);
