// A loss of tensors, on whichever device they lie.
//
// A loss is no operation of the tape: it forms its gradients together with its value, and the way
// back through a network begins with them (Tape::backward(embeddings, dx)).
#pragma once

#include <cstdint>
#include <vector>

#include "engine/tensor.h"
#include "losses/head/loss.h"

namespace facet {

// A batch and where its gradients go. float32 or float64, on a CUDA device float32.
struct LossTensors {
    const Tensor& x;                     // (B, D) raw embeddings
    const Tensor& w;                     // (C, D) raw proxies; undefined for a pair loss
    const std::vector<int64_t>& labels;  // (B) classes; -1: the row does not count
    const Tensor &dx, &dw;               // of these shapes; dw undefined as w is
};

// The value, rounded to the type of x. What the loss learns besides has its gradients in the loss's
// state. Throws what Loss::forward_backward() throws, and Error for shapes that do not fit.
double run_loss(Loss& loss, const LossTensors& in, HeadDiagnostics& diagnostics,
                const HeadOptions& options = {});

}  // namespace facet
