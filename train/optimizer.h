// Optimisers: stochastic gradient descent with (Nesterov) momentum, and AdamW.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "layers/layer.h"

namespace facet {

struct OptimizerConfig {
    std::string kind = "sgd";    // sgd | adamw
    double momentum = 0.9;       // sgd
    bool nesterov = true;        // sgd
    double weight_decay = 5e-4;  // not on normalisation, slope and bias parameters
    double clip = 5;             // largest norm of the network's gradient; 0: no limit
    double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;  // adamw
};

// Throws UsageError naming the first setting out of range.
void check_optimizer(const OptimizerConfig& config);

class Optimizer {
public:
    // `network` is clipped by its common gradient norm, as the field does; `head` (proxies and
    // what else a loss learns) is not. Throws as check_optimizer does.
    Optimizer(const OptimizerConfig& config, std::vector<Parameter> network,
              std::vector<Parameter> head);

    void clear_gradients();

    // Moves every parameter that has a gradient; returns the network's gradient norm before
    // clipping. Throws Error, before anything is moved, if a gradient is not finite.
    double step(double lr);

    // The moments by name ("conv1.weight.momentum"), to be saved and restored.
    struct Moment {
        std::string name;
        Tensor value;
    };
    const std::vector<Moment>& moments() const { return moments_; }
    int64_t steps() const { return steps_; }
    void set_steps(int64_t steps) { steps_ = steps; }

private:
    double gradient_norm(size_t begin, size_t end) const;
    void move(size_t i, double lr, double gradient_scale);

    OptimizerConfig config_;
    std::vector<Parameter> parameters_;  // network, then head
    size_t network_;                     // how many of them are the network's
    std::vector<Moment> moments_;        // sgd: one a parameter; adamw: two
    int64_t steps_ = 0;
};

}  // namespace facet
