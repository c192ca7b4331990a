// The proof of a loss: its gradient, derived by hand, against gradients that know nothing of the
// derivation.
//
//   tape      automatic differentiation of an independent composition of the value
//   frozen    central differences of the composed value, its constants held
//   numeric   central differences of the loss's own value
//   float32   the same call in float32, dense and in tiles
//   streamed  float64 in tiles of classes that do not divide C
//
// Every combination of the choices and flags of a loss is judged, in every region (regions.h).
// A mode is exact unless it says grad=detached or its loss says what it holds constant
// (LossInfo::detached): then its gradient is not the derivative of the value, and `frozen` alone
// of the differences is asked. NaN and infinity never pass.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "losses/head/loss.h"
#include "losses/proof/regions.h"

namespace facet::proof {

struct Mode {
    std::string loss;
    KeyValues settings;

    std::string text() const;  // "grad=exact beyond=linear"; "" of a loss without modes
};

// All combinations of the choices and flags of a loss, those in `fixed` kept; `compat` is no mode.
std::vector<Mode> modes(const LossInfo& info, const KeyValues& fixed = {});

enum class Method { tape, frozen, numeric, float32, streamed };
const char* method_name(Method method);

// A comparison of the hand-derived result with a method's, in one problem. Gradients by a vector
// are taken per part of its length, so that all have the units of the value.
struct Check {
    Method method;
    std::string region;
    double side = 0;      // of a crossing
    std::string what;     // "gradient", "dcos", "value", ...: the worst of them by its bound
    double error = 0;     // relative to the largest entry
    double bound = 0;     // what is allowed, likewise
    bool plain = true;    // no boundary within 1e-2
    std::string message;  // what was thrown

    bool passed() const { return message.empty() && error <= bound; }  // false for NaN
};

// What happens where a crossing stands on its boundary: derivatives along its displacement, from
// both sides, and what the hand-derived gradient says there.
struct Kink {
    std::string region, direction;
    double left = 0, right = 0;  // derivatives just before and just behind
    double jump = 0;             // of the value
    double hand = 0;
    double tolerance = 0;
    bool exists = false;  // the sides differ; otherwise the loss is smooth here
    bool same = false;    // hand and tape agree, or each is one side's gradient
    bool zero = false;    // a vector is zero here: its gradient is 0 by convention
    std::string message;

    bool passed() const;  // hand is finite, at or between the sides, and the tape's
};

struct Verdict {
    std::vector<Check> checks;
    std::vector<Kink> kinks;   // one for every crossing
    double constant_part = 0;  // detached modes: relative distance to the value's derivative

    int count() const { return int(checks.size() + kinks.size()); }
    int failures() const;
};

using LossMaker = std::function<std::unique_ptr<Loss>()>;

// Judges the losses that `make` gives, each time a fresh one, in these regions.
Verdict judge(const LossMaker& make, const std::vector<Region>& where, bool quick);

struct Options {
    bool quick = false;
    std::string region;  // only regions whose name contains this
};

// One verdict a mode; the modes are spread over the threads. `done`: called with the number of
// modes finished.
std::vector<Verdict> judge_all(const std::vector<Mode>& modes, const Options& options,
                               const std::function<void(int)>& done = {});

}  // namespace facet::proof
