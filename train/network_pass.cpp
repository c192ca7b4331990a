#include "train/network_pass.h"

#include "engine/ledger.h"

namespace facet {

Var NetworkPass::enqueue(Tape& tape, const Tensor& pixels) {
    const Pass pass{tape, Mode::Train, seed_, step_};
    return network_.forward(pass, tape.constant(pixels));
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
    if (seen && replaying_ && !recording_) record_forward();
    if (replays()) {
        network_.device().copy(pixels, recording_->pixels);
        recording_->forward->run(step);
        return recording_->embeddings->value;
    }
    tape_ = Tape(true, observer_);  // a step that failed halfway left its nodes
    embeddings_ = enqueue(tape_, pixels);
    return embeddings_->value;
}

void NetworkPass::backward_and_update(const Tensor& dy, Optimiser& optimiser) {
    if (!replays()) {
        tape_.backward(embeddings_, dy);
        embeddings_.reset();
        const InPhase phase(Phase::Update);
        optimiser.run();
        return;
    }
    network_.device().copy(dy, recording_->dy);
    if (!recording_->backward) record_backward(optimiser);
    FACET_CHECK(
        optimiser.head_gradients() == recording_->head_gradients,
        "network pass: the head's gradients are not where they were when the step was recorded");
    recording_->backward->run(step_);
    for (const Parameter& parameter : network_.inventory().parameters) {
        if (parameter.var->needs_grad) parameter.var->contribute();
    }
}

void NetworkPass::record_forward() {
    Device& device = network_.device();
    Recording recording;
    recording.forward = device.record([&] {
        recording.pixels = Tensor(device, seen_);
        recording.embeddings = enqueue(recording.tape, recording.pixels);
        recording.dy = recording.embeddings->value.like();
    });
    if (recording.forward) recording_ = std::move(recording);
}

void NetworkPass::record_backward(Optimiser& optimiser) {
    try {
        recording_->backward = network_.device().record([&] {
            recording_->tape.backward(recording_->embeddings, recording_->dy);
            optimiser.run();
        });
        recording_->head_gradients = optimiser.head_gradients();
    } catch (...) {
        recording_.reset();  // its tape is used up
        throw;
    }
}

}  // namespace facet
