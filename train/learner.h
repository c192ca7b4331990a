// What learns: a network, a loss with its proxies, an optimiser; and one step of learning.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "layers/resnet.h"
#include "losses/loss.h"
#include "train/network_pass.h"
#include "train/optimizer.h"

namespace facet {

struct LearnerConfig {
    ResNetConfig network;
    std::string loss = "cosface";
    KeyValues loss_parameters;
    HeadOptions head;
    double sample_rate = 1;  // of the classes, a step; 1: all (losses/class_sampling.h)
    OptimizerConfig optimizer;
    uint64_t seed = 0;
};

struct StepResult {
    double loss = 0;
    double gradient_norm = 0;  // of the network, before clipping
    double target_cosine = 0;  // mean cos(theta_y) over the batch
};

class Learner {
public:
    // C classes. Proxies (C, D) start from N(0, 0.01). Throws UsageError for unknown names,
    // settings out of range, and a sample rate below 1 with a loss that has no proxies.
    Learner(Device& device, const LearnerConfig& config, int64_t C);

    // Forward, loss, backward, update. pixels (B, 3, S, S) plain, labels (B). `index` counts steps
    // over the whole run and names the random numbers of dropout and class sampling. Throws Error
    // when the loss or a gradient is not finite; no parameter has moved then, running statistics
    // have.
    StepResult step(const Tensor& pixels, const std::vector<int64_t>& labels, double lr,
                    int64_t index);

    ResNet& network() { return network_; }
    Loss& loss() { return *loss_; }
    Optimizer& optimizer() { return *optimizer_; }
    Device& device() const { return device_; }

    // Everything that must be saved to go on: parameters, statistics, proxies, moments, by name.
    struct Named {
        std::string name;
        Tensor value;
    };
    std::vector<Named> tensors() const;
    // Writes the learned values into the loss's state, after a step or after restoring tensors().
    void publish_loss_parameters();

    // 16 hexadecimal digits that change with any bit of any parameter or statistic.
    std::string parameter_hash() const;

private:
    void create_head(Initialiser& init, int64_t C);
    Var apply(Tape& tape, const Var& embeddings, const std::vector<int64_t>& labels, int64_t index);
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
        Var proxies;
    };
    std::optional<Sampled> sampled_;
    std::unique_ptr<Optimizer> optimizer_;
    NetworkPass pass_;
    HeadWorkspace<float> workspace_;
};

}  // namespace facet
