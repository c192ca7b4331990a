#include "train/learner.h"

#include <cmath>
#include <numeric>

#include "engine/ledger.h"

namespace facet {
namespace {

Error diverged(const char* what, int64_t step) {
    return Error(fmt::format("{} at step {}", what, step),
                 "a smaller learning rate or a longer warm-up usually helps");
}

double mean(const std::vector<double>& values) {
    if (values.empty()) return 0;
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

Learner::Learner(Device& device, const LearnerConfig& config, int64_t C)
    : device_(device),
      config_(config),
      init_(device, config.seed),
      network_(init_, config.network),
      head_(init_, config.head, C, config.network.embedding, config.seed),
      optimiser_(std::make_unique<Optimiser>(config.optimiser, network_.inventory().parameters,
                                             head_.whole(), head_.by_rows())),
      pass_(network_) {}

StepResult Learner::step(const Tensor& pixels, const std::vector<int64_t>& labels, double lr,
                         int64_t index) {
    optimiser_->clear_gradients();
    head_.begin({}, labels);
    const auto at = static_cast<uint64_t>(index);
    head_.begin(pass_.forward(pixels, config_.seed, at), labels);
    const HeadStep& head = head_.step();
    StepResult result;
    {
        const InPart in_head("head");
        const InPhase forward(Phase::Forward);
        if (!std::isfinite(device_.sum_of_squares(head.x)))
            throw diverged("the embeddings are not finite", index);
        result.loss = head_.run(at, observer_);
        if (!std::isfinite(result.loss)) throw diverged("the loss is not finite", index);
        result.target_cosine = mean(head.diagnostics.target_cosine);
        if (on_head_) on_head_(head);
    }
    {
        const InPhase update(Phase::Update);
        optimiser_->open(lr, head_.collect_gradients());
    }
    pass_.backward_and_update(head.dx, *optimiser_);
    const InPhase update(Phase::Update);
    result.gradient_norm = optimiser_->close();
    head_.publish();
    return result;
}

void Learner::watch(TapeObserver* observer) {
    observer_ = observer;
    pass_.watch(observer);
}

std::vector<Parameter> Learner::parameters() const {
    std::vector<Parameter> all = network_.inventory().parameters;
    for (Parameter& parameter : head_.parameters()) all.push_back(std::move(parameter));
    return all;
}

std::vector<Learner::Named> Learner::network_and_head() const {
    std::vector<Named> all;
    const Inventory inventory = network_.inventory();
    for (const auto& [name, var, decay] : inventory.parameters) all.push_back({name, var->value});
    for (const auto& [name, value] : inventory.statistics) all.push_back({name, value});
    for (const auto& [name, var, decay] : head_.parameters()) all.push_back({name, var->value});
    return all;
}

std::vector<Learner::Named> Learner::tensors() const {
    std::vector<Named> all = network_and_head();
    for (const auto& moment : optimiser_->moments()) all.push_back({moment.name, moment.value});
    return all;
}

std::string Learner::parameter_hash() const {
    const LedgerScope scope("hash", 0, 0);
    std::vector<Tensor> all;
    for (const Named& named : network_and_head()) all.push_back(named.value);
    Hash hash;
    device_.add_to_hash(all, hash);
    return hash.hex();
}

}  // namespace facet
