// Optimisers: stochastic gradient descent with (Nesterov) momentum, and AdamW.
//
// A parameter may be moved by rows: a step then has a gradient for some of its rows only, and
// leaves the others exactly as they are: no decay, no movement by momentum, and their moments do
// not decay either. So a row's values follow from the steps that had a gradient for it as if there
// had been no others. AdamW corrects the bias of a row's moments by the number of those steps, not
// of the whole run's (with which a row's first update, late in the run, would be up to
// (1 - beta1) / sqrt(1 - beta2) = 3.2 times as long).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/cuda/device_update.h"
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

// The gradient of some rows of a parameter moved by rows.
struct RowGradient {
    Var parameter;              // value (C, ...)
    std::vector<int64_t> rows;  // (n), each at most once
    Tensor gradient;            // (n, ...), row k for row rows[k] of the parameter
};

class Optimizer {
public:
    // `network` is clipped by its common gradient norm, as the field does; `head` (proxies and
    // what else a loss learns) is not, nor is `by_rows`. Throws as check_optimizer does.
    Optimizer(const OptimizerConfig& config, std::vector<Parameter> network,
              std::vector<Parameter> head, std::vector<Parameter> by_rows = {});

    void clear_gradients();

    // Moves every parameter that has a gradient, and the rows that have one of those moved by rows;
    // returns the network's gradient norm before clipping. Throws Error, before anything is moved,
    // if a gradient is not finite or its rows do not fit their parameter.
    double step(double lr, std::vector<RowGradient> rows = {});

    // The same in three parts. open() and close() speak with the host; run(), which moves what is
    // moved as a whole, only enqueues work on a device beside the host and may be recorded
    // (Device::record): what is recorded is right for as long as head_gradients() are the same.
    void open(double lr, std::vector<RowGradient> rows = {});
    void run();
    double close();
    // Where the gradients lie that the head's parameters have now.
    std::vector<const void*> head_gradients() const;

    // The moments by name ("conv1.weight.momentum"), to be saved and restored. AdamW by rows has
    // "<name>.steps" (C), the number of steps of each row, beside them.
    struct Moment {
        std::string name;
        Tensor value;
    };
    const std::vector<Moment>& moments() const { return moments_; }
    int64_t steps() const { return steps_; }
    void set_steps(int64_t steps) { steps_ = steps; }

private:
    struct Entry {
        Parameter parameter;
        size_t moments;        // position of its first moment
        bool by_rows = false;  // then "steps" are its third moment with AdamW
    };

    // Rows with as many steps behind them as each other: that number, this step included, and their
    // places in the list of rows. Sgd does not count: one group.
    using Groups = std::map<int64_t, std::vector<int64_t>>;

    void add(const Parameter& parameter, bool by_rows);
    const Entry& entry_of(const Var& parameter) const;
    bool of_network(const Entry& entry) const { return &entry < entries_.data() + network_; }
    std::vector<const Entry*> moved_as_a_whole() const;  // in the step in progress
    std::vector<Tensor> moments_of(const Entry& entry) const;
    void check_rows(const RowGradient& gradient) const;
    // Squares of gradients: of those moved as a whole, then of the rows'.
    void check_finite(std::span<const double> squares) const;
    double norm_on_host() const;
    SgdStep sgd(const Entry& entry, double gradient_scale) const;
    AdamWStep adamw(const Entry& entry, double gradient_scale, int64_t steps) const;
    void move(const Entry& entry, const std::vector<Tensor>& moments, double gradient_scale,
              int64_t steps, const Tensor& dw, const Tensor& w) const;
    void enqueue_on_device() const;
    Groups count_steps(const Entry& entry, std::span<const int64_t> rows) const;
    void move_rows(const RowGradient& gradient) const;

    OptimizerConfig config_;
    std::vector<Entry> entries_;  // network, head, by rows
    size_t network_;              // how many of them are the network's
    std::vector<Moment> moments_;
    int64_t steps_ = 0;
    std::unique_ptr<DeviceUpdate> device_update_;  // null: the host decides
    // The step in progress.
    double lr_ = 0, norm_ = 0;
    std::vector<RowGradient> rows_;
};

}  // namespace facet
