// What a formula holds constant (masks, detached statistics), recorded when the formula is first
// evaluated and played back when it is evaluated again at other arguments. Differences of those
// evaluations then see only what the formula differentiates.
#pragma once

#include <vector>

#include "engine/tensor.h"

namespace facet {

class HeldConstants {
public:
    // The tensor recorded at this place in the evaluation; in the first one `now` itself. Throws
    // Error where a further evaluation asks for more tensors, or for one of another shape.
    Tensor hold(Tensor now);
    void next_evaluation();

private:
    std::vector<Tensor> recorded_;
    size_t at_ = 0;
    bool recording_ = true;
};

// While it lives, formulas that the thread evaluates (losses/proof/elementwise.h) hold constants.
class Holding {
public:
    explicit Holding(HeldConstants& held);
    ~Holding();
    Holding(const Holding&) = delete;
    Holding& operator=(const Holding&) = delete;

private:
    HeldConstants* before_;
};

// Those of the thread; null: constants are what they are.
HeldConstants* held_constants();

}  // namespace facet
