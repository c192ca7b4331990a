// What moves the parameters of a run: an optimiser's update rule, clipping by the gradient's norm,
// and rows.
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

#include "layers/layer.h"
#include "train/optimiser/cuda/device_update.h"
#include "train/optimiser/update_rule.h"

namespace facet {

struct OptimiserConfig {
    std::string kind = kUsualOptimiser;  // its name
    double weight_decay = 5e-4;          // not on normalisation, slope and bias parameters
    double clip = 5;                     // largest norm of the network's gradient; 0: no limit
    // Of every optimiser, by name: those of another kind change nothing.
    OptimiserSettings::Values settings = usual_optimiser_settings();
};

// Throws UsageError naming the first setting out of range, of whatever kind.
void check_optimiser(const OptimiserConfig& config);

// The gradient of some rows of a parameter moved by rows.
struct RowGradient {
    Var parameter;              // value (C, ...)
    std::vector<int64_t> rows;  // (n), each at most once
    Tensor gradient;            // (n, ...), row k for row rows[k] of the parameter
};

class Optimiser {
public:
    // `network` is clipped by its common gradient norm, as the field does; `head` (proxies and
    // what else a loss learns) is not, nor is `by_rows`. Throws as check_optimiser does.
    Optimiser(const OptimiserConfig& config, std::vector<Parameter> network,
              std::vector<Parameter> head, std::vector<Parameter> by_rows = {});

    void clear_gradients();

    // Moves every parameter that has a gradient, and the rows that have one of those moved by rows;
    // returns the network's gradient norm before clipping. Throws Error, before anything is moved,
    // if a gradient is not finite or its rows do not fit their parameter.
    double step(double lr, std::vector<RowGradient> rows = {});

    // The same in three parts. open() and close() exchange numbers with the host; run(), which
    // moves what is moved as a whole, only enqueues work on a device beside the host and may be
    // recorded (Device::record): what is recorded is right for as long as head_gradients() are the
    // same.
    void open(double lr, std::vector<RowGradient> rows = {});
    void run();
    double close();
    // Where the gradients lie that the head's parameters have now.
    std::vector<const void*> head_gradients() const;

    // The moments by name ("conv1.weight.momentum"), to be saved and restored. A rule that counts
    // steps has "<name>.steps" (C), the number of steps of each row, beside those moved by rows.
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
        std::vector<Tensor> moments;
        bool by_rows = false;
        Tensor steps = {};  // (C) of a rule that counts them, by rows
    };

    // Rows with as many steps behind them as each other: that number, this step included, and their
    // places in the list of rows. Where steps are not counted: one group.
    using Groups = std::map<int64_t, std::vector<int64_t>>;

    void add(const Parameter& parameter, bool by_rows);
    const Entry& entry_of(const Var& parameter) const;
    bool of_network(const Entry& entry) const { return &entry < entries_.data() + network_; }
    std::vector<const Entry*> moved_as_a_whole() const;  // in the step in progress
    void check_rows(const RowGradient& gradient) const;
    // Squares of gradients: of those moved as a whole, then of the rows'.
    void check_finite(std::span<const double> squares) const;
    double norm_on_host() const;
    double decay_of(const Entry& entry) const;
    void enqueue_on_device() const;
    Groups count_steps(const Entry& entry, std::span<const int64_t> rows) const;
    void move_rows(const RowGradient& gradient) const;

    OptimiserConfig config_;
    std::unique_ptr<UpdateRule> rule_;
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
