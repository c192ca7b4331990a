// What learns: a network, a head, an optimiser; and one step of learning.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "layers/resnet.h"
#include "train/network_pass.h"
#include "train/optimiser/optimiser.h"
#include "train/training_head.h"

namespace facet {

struct LearnerConfig {
    ResNetConfig network;
    HeadConfig head;
    OptimiserConfig optimiser;
    uint64_t seed = 0;
};

struct StepResult {
    double loss = 0;
    double gradient_norm = 0;  // of the network, before clipping
    double target_cosine = 0;  // mean cos(theta_y) over the batch
};

class Learner {
public:
    // C classes. Throws UsageError for unknown names, settings out of range, and a sample rate
    // below 1 with a loss that has no proxies.
    Learner(Device& device, const LearnerConfig& config, int64_t C);

    // Forward, loss, backward, update. pixels (B, 3, S, S) plain, labels (B). `index` counts steps
    // over the whole run and names the random numbers of dropout and class sampling. Throws Error
    // when the loss or a gradient is not finite; no parameter has moved then; running statistics
    // have, and what the loss keeps between steps may have.
    StepResult step(const Tensor& pixels, const std::vector<int64_t>& labels, double lr,
                    int64_t index);

    // Called in every step from now on, after the head's gradients are known.
    void on_head(std::function<void(const HeadStep&)> look) { on_head_ = std::move(look); }
    // Every operation of a step is shown to the observer from now on; null: to none. It outlives
    // the steps.
    void watch(TapeObserver* observer);

    ResNet& network() { return network_; }
    const ResNet& network() const { return network_; }
    TrainingHead& head() { return head_; }
    const TrainingHead& head() const { return head_; }
    Loss& loss() { return head_.loss(); }
    const Loss& loss() const { return head_.loss(); }
    Optimiser& optimiser() { return *optimiser_; }
    Device& device() const { return device_; }

    // Everything that must be saved to go on: parameters, statistics, proxies, moments, by name.
    struct Named {
        std::string name;
        Tensor value;
    };
    std::vector<Named> tensors() const;
    // What is trained, by the same names.
    std::vector<Parameter> parameters() const;

    // 16 hexadecimal digits that change with any bit of any parameter or statistic.
    std::string parameter_hash() const;

private:
    std::vector<Named> network_and_head() const;

    Device& device_;
    LearnerConfig config_;
    Initialiser init_;
    ResNet network_;
    TrainingHead head_;
    std::unique_ptr<Optimiser> optimiser_;
    NetworkPass pass_;
    std::function<void(const HeadStep&)> on_head_;
    TapeObserver* observer_ = nullptr;
};

}  // namespace facet
