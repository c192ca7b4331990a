// What learns: a network, a loss with its proxies, an optimiser; and one step of learning.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "layers/resnet.h"
#include "losses/head/loss.h"
#include "train/network_pass.h"
#include "train/optimizer.h"

namespace facet {

struct LearnerConfig {
    ResNetConfig network;
    std::string loss = "cosface";
    KeyValues loss_parameters;
    HeadOptions head;
    double sample_rate = 1;  // of the classes, a step; 1: all (losses/head/class_sampling.h)
    OptimizerConfig optimizer;
    uint64_t seed = 0;
};

struct StepResult {
    double loss = 0;
    double gradient_norm = 0;  // of the network, before clipping
    double target_cosine = 0;  // mean cos(theta_y) over the batch
};

// The head of a step between its way back and the network's: for those who look on.
struct HeadStep {
    const Tensor& x;                     // (B, D) embeddings
    const Tensor& dx;                    // (B, D)
    const Tensor& w;                     // (C, D) proxies of this step; undefined for a pair loss
    const Tensor& dw;                    // (C, D)
    const std::vector<int64_t>& labels;  // (B) classes, rows of w
    const HeadDiagnostics& diagnostics;
};

class Learner {
public:
    // C classes. Proxies (C, D) start from N(0, 0.01). Throws UsageError for unknown names,
    // settings out of range, and a sample rate below 1 with a loss that has no proxies.
    Learner(Device& device, const LearnerConfig& config, int64_t C);

    // Forward, loss, backward, update. pixels (B, 3, S, S) plain, labels (B). `index` counts steps
    // over the whole run and names the random numbers of dropout and class sampling. Throws Error
    // when the loss or a gradient is not finite; no parameter has moved then; running statistics
    // have, and what the loss keeps between steps may have.
    StepResult step(const Tensor& pixels, const std::vector<int64_t>& labels, double lr,
                    int64_t index);

    // Called in every step from now on, after the head's gradients are known.
    void on_head(std::function<void(const HeadStep&)> look) { on_head_ = std::move(look); }
    // Every operation of a step is shown to the observer from now on; null: to nobody. It outlives
    // the steps.
    void watch(TapeObserver* observer);
    // Of the last step, as far as it came.
    const HeadDiagnostics& head() const { return diagnostics_; }
    const Tensor& embeddings() const { return embeddings_; }  // (B, D)
    // The classes and proxies (C, D) that the last step compared with; undefined for a pair loss.
    Tensor head_proxies() const;
    std::vector<int64_t> head_labels(const std::vector<int64_t>& labels) const;

    ResNet& network() { return network_; }
    const ResNet& network() const { return network_; }
    Loss& loss() { return *loss_; }
    const Loss& loss() const { return *loss_; }
    const HeadOptions& head_options() const { return config_.head; }
    Optimizer& optimizer() { return *optimizer_; }
    Device& device() const { return device_; }

    // Everything that must be saved to go on: parameters, statistics, proxies, moments, by name.
    struct Named {
        std::string name;
        Tensor value;
    };
    std::vector<Named> tensors() const;
    // What is trained, by the same names.
    std::vector<Parameter> parameters() const;
    // Writes the learned values into the loss's state, after a step or after restoring tensors().
    void publish_loss_parameters();

    // 16 hexadecimal digits that change with any bit of any parameter or statistic.
    std::string parameter_hash() const;

private:
    void create_head(Initialiser& init, int64_t C);
    // The loss, written to `value` too.
    Var apply(Tape& tape, const Var& embeddings, const std::vector<int64_t>& labels, int64_t index,
              double& value);
    std::vector<RowGradient> collect_head_gradients();

    Device& device_;
    LearnerConfig config_;
    Initialiser init_;
    ResNet network_;
    std::unique_ptr<Loss> loss_;
    Var proxies_;  // (C, D); null for a pair loss
    struct LossParameter {
        std::string array;  // its name in the loss's state
        Var var;
        bool per_class;
    };
    std::vector<LossParameter> loss_parameters_;
    // The sampled classes of the step in progress, and their proxies (n, D).
    struct Sampled {
        std::vector<int64_t> classes;
        std::vector<int64_t> labels;  // places of the batch's classes among them
        Var proxies;
    };
    std::optional<Sampled> sampled_;
    std::unique_ptr<Optimizer> optimizer_;
    NetworkPass pass_;
    HeadDiagnostics diagnostics_;
    Tensor embeddings_;  // of the last step
    std::function<void(const HeadStep&)> on_head_;
    TapeObserver* observer_ = nullptr;
};

}  // namespace facet
