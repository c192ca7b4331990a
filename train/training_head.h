// The head of a network in training: a loss and what is learned with it, its proxies and the
// numbers that some losses learn.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "layers/layer.h"
#include "losses/head/loss.h"
#include "train/optimiser/optimiser.h"

namespace facet {

struct HeadConfig {
    std::string loss = "cosface";
    KeyValues loss_parameters;
    HeadOptions options;
    double sample_rate = 1;  // of the classes, a step; 1: all (losses/head/class_sampling.h)
};

// What the head was given in a step and made of it, as far as the step came.
struct HeadStep {
    Tensor x;                     // (B, D) embeddings
    Tensor dx;                    // (B, D)
    Tensor w;                     // (C, D) proxies, or (n, D) of a sample; undefined: a pair loss
    Tensor dw;                    // of w's shape
    std::vector<int64_t> labels;  // (B) classes, rows of w
    HeadDiagnostics diagnostics;
};

class TrainingHead {
public:
    // Proxies (C, D) start from N(0, 0.01). Throws UsageError for an unknown loss, settings out of
    // range, and a sample rate below 1 with a loss that has no proxies.
    TrainingHead(Initialiser& init, const HeadConfig& config, int64_t C, int64_t D, uint64_t seed);

    // Begins a step with its embeddings and labels (B); nothing of the last one is left.
    void begin(const Tensor& x, const std::vector<int64_t>& labels);
    // The loss; its gradients are in step() and in parameters() afterwards. `index` names the
    // random numbers of class sampling. The observer, if given, is shown the loss as an operation.
    double run(uint64_t index, TapeObserver* observer);
    const HeadStep& step() const { return step_; }

    // Sets the gradients of the numbers that the loss learns; returns those of sampled rows.
    std::vector<RowGradient> collect_gradients();
    // Writes the learned numbers into the loss's state, after they moved.
    void publish();

    Loss& loss() { return *loss_; }
    const Loss& loss() const { return *loss_; }
    const HeadConfig& config() const { return config_; }

    // What is learned: "head.weight" and "head.<array of the state>".
    std::vector<Parameter> parameters() const { return moved(true, true); }
    // Of these what a step moves as a whole, and what it moves by rows, those of sampled classes.
    std::vector<Parameter> whole() const { return moved(true, false); }
    std::vector<Parameter> by_rows() const { return moved(false, true); }

private:
    // A number that the loss learns, or one for every class: the optimiser moves the variable, the
    // loss reads the array.
    struct Learned {
        StateArray* array;
        Var var;
    };
    bool sampling() const { return config_.sample_rate < 1; }
    std::vector<Parameter> moved(bool whole, bool by_rows) const;
    void show(TapeObserver& observer, double value) const;

    HeadConfig config_;
    uint64_t seed_;
    std::unique_ptr<Loss> loss_;
    Var proxies_;  // (C, D); null for a pair loss
    std::vector<Learned> learned_;
    HeadStep step_;
    std::vector<int64_t> sampled_;  // (n) classes of the step in progress, if sampling
};

}  // namespace facet
