// A network's way forward and back within a training step, and the update that follows.
//
// The same primitives run in every step on tensors of the same shapes. A device that can record
// them (Device::record) does so once, after a step has shown what memory and plans they need: the
// way forward is one recording, the way back and the update are the other, and from then on a step
// is two replays with the loss between them. Elsewhere they are called one by one. The bits are the
// same.
#pragma once

#include <memory>
#include <optional>

#include "layers/resnet.h"
#include "train/optimiser/optimiser.h"

namespace facet {

class NetworkPass {
public:
    // The network outlives it.
    explicit NetworkPass(ResNet& network) : network_(network) {}

    // pixels (B, 3, S, S) plain -> embeddings (B, D), valid until the next forward(). `step` names
    // the random numbers of dropout.
    Tensor forward(const Tensor& pixels, uint64_t seed, uint64_t step);
    // Every operation is shown to the observer from now on; null: to none. It outlives this.
    void watch(TapeObserver* observer) { observer_ = observer; }
    // Contributes to the gradients of the network's parameters, given that of the embeddings, then
    // runs the optimiser's step, which is open (Optimiser::open). Once after each forward(), before
    // which all gradients were cleared.
    void backward_and_update(const Tensor& dy, Optimiser& optimiser);

private:
    // What the replays read and write, always in the same place. The way back is recorded when the
    // step gets there: then the gradients of the head, which the update reads, are in their place.
    struct Recording {
        Tape tape;
        Tensor pixels, dy;
        Var embeddings;
        std::unique_ptr<RecordedWork> forward, backward;
        std::vector<const void*> head_gradients;
    };

    // The ledger and an observer look at single primitives.
    bool replays() const { return recording_ && replaying_; }

    Var enqueue(Tape& tape, const Tensor& pixels);
    void record_forward();
    void record_backward(Optimiser& optimiser);

    ResNet& network_;
    uint64_t seed_ = 0, step_ = 0;
    Tape tape_;
    Var embeddings_;
    TapeObserver* observer_ = nullptr;
    std::optional<Recording> recording_;
    bool replaying_ = false;  // in the step in progress
    Shape seen_;              // pixels of the last step
};

}  // namespace facet
