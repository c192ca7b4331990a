// What a layer is: something that turns a variable into another, owns parameters and running
// statistics, and can say what it costs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/ops.h"
#include "engine/random.h"

namespace facet {

enum class Mode { Train, Eval };

// One pass of a batch through the network. In Train mode statistics move and dropout drops, drawn
// from (seed, step).
struct Pass {
    Tape& tape;
    Mode mode;
    uint64_t seed = 0;
    uint64_t step = 0;
};

// A trained array. `decay` is false for normalisation, slope and bias parameters.
struct Parameter {
    std::string name;
    Var var;
    bool decay;
};

// A running statistic: saved with the model, not trained.
struct Statistic {
    std::string name;
    Tensor value;
};

// Everything a layer owns, by the names under which iResNet weights are published
// ("layer1.0.bn1.weight"), so that files can be exchanged.
struct Inventory {
    std::vector<Parameter> parameters;
    std::vector<Statistic> statistics;
};

// One line of a model summary. Counts are for one image.
struct SummaryRow {
    std::string name, type;
    Shape output;             // without the batch
    int64_t parameters = 0;   // trained values
    double flops = 0;         // forward in training, a multiply-add counts as two
    int64_t activations = 0;  // values kept for the backward pass
    double backward_flops = 0;
};

// Draws initial values; each parameter has its own stream, so adding one leaves the others alone.
class Initialiser {
public:
    Initialiser(Device& device, uint64_t seed) : device_(device), seed_(seed) {}

    Device& device() const { return device_; }
    Var normal(Shape shape, double standard_deviation);
    Var uniform(Shape shape, double bound);  // in (-bound, bound)
    Var constant(Shape shape, double value);

private:
    template <class Draw>
    Var draw(Shape shape, Draw one);

    Device& device_;
    uint64_t seed_;
    uint64_t drawn_ = 0;  // parameters so far
};

class Layer {
public:
    virtual ~Layer() = default;
    virtual Var forward(const Pass& pass, const Var& x) = 0;
    // Adds what the layer owns under `name` ("conv1" gives "conv1.weight").
    virtual void collect(const std::string& name, Inventory& inventory) const = 0;
    // Appends its rows for one image of shape `in` and returns the shape that leaves the layer.
    // Throws Error when `in` does not fit.
    virtual Shape describe(const std::string& name, const Shape& in,
                           std::vector<SummaryRow>& rows) const = 0;
};

}  // namespace facet
