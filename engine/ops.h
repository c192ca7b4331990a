// Differentiable operations: each runs a primitive of its input's device and records on the tape
// how gradients flow back. Shapes as in engine/device.h; errors name the operation and the shapes.
#pragma once

#include "engine/tape.h"

namespace facet {

Var conv2d(Tape& tape, const Var& x, const Var& w, ConvGeometry geometry);

struct BatchNormVars {
    Var gamma, beta;  // (C)
    Var slope;        // (C), null: no PReLU
    double eps;
};
// Training form: normalises with the batch's statistics and moves the running ones.
// `addend` may be null; then y = PReLU(BN(x)), else y = PReLU(BN(x)) + addend.
Var batch_norm_train(Tape& tape, const Var& x, const BatchNormVars& bn, const Var& addend,
                     const RunningStatistics& running);
// Evaluation form: normalises with the running statistics. Not differentiable: backward
// through it throws Error.
Var batch_norm_eval(Tape& tape, const Var& x, const BatchNormVars& bn, const Var& addend,
                    const RunningStatistics& running);

Var flatten(Tape& tape, const Var& x);  // (N, C, H, W) -> (N, C H W), row-major
// y (B, K) = x (B, D) w^T + b, w (K, D), b (K) or null
Var linear(Tape& tape, const Var& x, const Var& w, const Var& b);
Var dropout(Tape& tape, const Var& x, double p, uint64_t seed, uint64_t step);

}  // namespace facet
