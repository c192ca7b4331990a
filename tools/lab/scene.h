// The small worlds that losses are asked about: one sample and what it is compared with, every
// angle chosen. All numbers of the atlas come out of Loss::forward_backward, in float64.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tools/lab/spec.h"

namespace facet::atlas {

double radians(double degrees);

// What a loss needs beside angles to be shown as it works in training.
struct Typical {
    double length = 1;                                       // |x|, for losses that see it
    std::vector<std::pair<std::string, double>> state = {};  // where a fresh state is no example
    double companion = 0;  // degrees to a second sample, for a loss that sees pairs; 0: none
    // "|x| = 16, t = 0.3": what of it differs from a unit vector and a fresh state.
    std::string text() const;
};
Typical typical(const LossSpec& spec);

// A batch and a loss that is asked about it again and again, always in the same state.
class Trial {
public:
    // The typical state of the loss, where the spec gives none.
    explicit Trial(const LossSpec& spec);

    bool proxies() const { return loss_->has_proxies(); }
    bool cosines() const { return loss_->has_cosines(); }
    const Loss& loss() const { return *loss_; }

    int64_t D = 0;
    std::vector<double> x, w;  // (B, D), (C, D); w is empty for a pair loss
    std::vector<int64_t> y;    // (B)

    // L; fills dx (B, D) and, if asked for, dcos (B, C).
    double evaluate(bool want_cosines = false);
    std::vector<double> dx, dcos;

private:
    std::unique_ptr<Loss> loss_;
    std::vector<StateArray> before_;
    HeadDiagnostics diagnostics_;
};

// A vector of the given length at `angle` (radians) from the first axis, towards axis `to`.
void put(double* v, int64_t D, double length, double angle, int64_t to);

// L and its slopes where everything but one angle stays where it is.
struct Reading {
    double value = 0;
    double target = 0;    // dL/dtheta_y, per radian: positive where the loss pulls the sample in
    double negative = 0;  // dL/dcos_j of the hard negative: positive where it is pushed away
};

// One sample, what it belongs to at theta_y, one other class at theta_j, `rest` more classes at 90
// degrees. A class loss has a proxy a class and a batch of that one sample. A pair loss has rows of
// the batch instead: a second sample of the class, and two equal samples of every other class.
//
// Every direction has an axis of its own, so that the slopes can be read off the gradient of the
// sample: turned away from its class (and from nothing else), dL/dtheta_y = -|x| dx_1.
class Probe {
public:
    Probe(const LossSpec& spec, int64_t rest);

    Reading at(double theta_y, double theta_j);  // radians
    // |dL/dx| of the sample at that place when its length is `factor` times the typical one.
    double gradient_norm(double theta_y, double theta_j, double factor);

    const Trial& trial() const { return trial_; }
    std::string scene() const;  // in a sentence

private:
    void place(double theta_y, double theta_j, double length);

    Trial trial_;
    Typical typical_;
    int64_t rest_;
};

}  // namespace facet::atlas
