#include "losses/proof/held_constants.h"

#include <utility>

#include "engine/error.h"

namespace facet {
namespace {

thread_local HeldConstants* current = nullptr;

}  // namespace

Tensor HeldConstants::hold(Tensor now) {
    if (recording_) return recorded_.emplace_back(std::move(now));
    FACET_CHECK(at_ < recorded_.size(),
                "held constants: a further evaluation asks for more than {}", recorded_.size());
    expect_shape("held constants", "a further evaluation", now, recorded_[at_].shape());
    return recorded_[at_++];
}

void HeldConstants::next_evaluation() {
    recording_ = false;
    at_ = 0;
}

Holding::Holding(HeldConstants& held) : before_(std::exchange(current, &held)) {}
Holding::~Holding() { current = before_; }

HeldConstants* held_constants() { return current; }

}  // namespace facet
