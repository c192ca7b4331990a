#include "train/network_pass.h"

#include "engine/ledger.h"

namespace facet {

Var NetworkPass::enqueue(const Tensor& pixels) {
    const Pass pass{tape_, Mode::Train, seed_, step_};
    return network_.forward(pass, tape_.constant(pixels));
}

Tensor NetworkPass::forward(const Tensor& pixels, uint64_t seed, uint64_t step) {
    if (recording_ && (recording_->pixels.shape() != pixels.shape() || seed_ != seed)) {
        recording_.reset();
    }
    const bool seen = seen_ == pixels.shape();
    seen_ = pixels.shape();
    seed_ = seed;
    step_ = step;
    replaying_ = !observer_ && !ledger_is_on();
    if (seen && replaying_ && !recording_) record();
    if (replays()) {
        network_.device().copy(pixels, recording_->pixels);
        recording_->forward->run(step);
        return recording_->embeddings->value;
    }
    tape_ = Tape(true, nullptr, observer_);  // a step that failed halfway left its nodes
    embeddings_ = enqueue(pixels);
    return embeddings_->value;
}

void NetworkPass::backward(const Tensor& dy) {
    if (!replays()) {
        tape_.backward(embeddings_, dy);
        embeddings_.reset();
        return;
    }
    network_.device().copy(dy, recording_->dy);
    recording_->backward->run(step_);
    for (const Parameter& parameter : network_.inventory().parameters) {
        if (parameter.var->needs_grad) parameter.var->contribute();
    }
}

void NetworkPass::record() {
    Device& device = network_.device();
    Recording recording;
    recording.forward = device.record([&] {
        recording.pixels = Tensor(device, seen_);
        tape_ = Tape();
        recording.embeddings = enqueue(recording.pixels);
        recording.dy = recording.embeddings->value.like();
    });
    if (!recording.forward) return;
    recording.backward = device.record([&] { tape_.backward(recording.embeddings, recording.dy); });
    recording_ = std::move(recording);
}

}  // namespace facet
