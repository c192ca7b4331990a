// A small residual network and what the tests of layers share.
#pragma once

#include <memory>

#include "layers/residual_block.h"
#include "layers/resnet.h"
#include "layers/simple.h"
#include "tests/engine/gradient_check.h"

namespace facet::test {

inline Inventory inventory_of(const Layer& layer) {
    Inventory inventory;
    layer.collect("layer", inventory);
    return inventory;
}

// Moves every parameter off its initial value, so that no scale is 1 and no bias 0 by chance.
inline void perturb(const Inventory& inventory) {
    uint64_t seed = 100;
    for (const Parameter& parameter : inventory.parameters) {
        const Tensor& value = parameter.var->value;
        const Tensor noise =
            random_tensor(value.device(), value.shape(), ++seed, Layout::Plain, -0.1, 0.1);
        value.device().axpby(1, noise, 1, value);
    }
}

inline std::vector<Var> trained(const Inventory& inventory) {
    std::vector<Var> vars;
    for (const Parameter& parameter : inventory.parameters)
        if (parameter.var->needs_grad) vars.push_back(parameter.var);
    return vars;
}

// The gradients of a layer with respect to its input and to all it trains.
inline void expect_exact_gradients(Layer& layer, const Var& x) {
    const Inventory inventory = inventory_of(layer);
    perturb(inventory);
    std::vector<Var> leaves = trained(inventory);
    leaves.push_back(x);
    expect_exact_gradients(
        [&](Tape& tape) {
            return layer.forward(Pass{tape, Mode::Train, 3, 4}, x);
        },
        leaves);
}

// A residual network of the shape of facet's, small enough for differences of every parameter:
// conv, BN + PReLU, a block that halves the map, one that keeps it, BN, flatten, dropout, linear,
// BN with fixed scale.
class TinyNet : public Layer {
public:
    TinyNet(Initialiser& init, int64_t width, int64_t image, int64_t D)
        : conv_(init, 3, width, 3, 1),
          bn1_(init, width),
          down_(init, width, width + 1, 2),
          keep_(init, width + 1, width + 1, 1),
          bn2_(init, width + 1),
          dropout_(0.2, 0),
          fc_(init, (width + 1) * (image / 2) * (image / 2), D),
          features_(init, D) {
        bn1_.with_prelu(init);
        features_.with_fixed_scale();
    }

    Var forward(const Pass& pass, const Var& x) override {
        Var y = bn1_.forward(pass, conv_.forward(pass, x));
        y = keep_.forward(pass, down_.forward(pass, y));
        y = flatten_.forward(pass, bn2_.forward(pass, y));
        y = fc_.forward(pass, dropout_.forward(pass, y));
        return features_.forward(pass, y);
    }

    void collect(const std::string& name, Inventory& inventory) const override {
        conv_.collect(name + ".conv", inventory);
        bn1_.collect(name + ".bn1", inventory);
        down_.collect(name + ".down", inventory);
        keep_.collect(name + ".keep", inventory);
        bn2_.collect(name + ".bn2", inventory);
        fc_.collect(name + ".fc", inventory);
        features_.collect(name + ".features", inventory);
    }

    Shape describe(const std::string& name, const Shape& in,
                   std::vector<SummaryRow>& rows) const override {
        Shape y = bn1_.describe(name, conv_.describe(name, in, rows), rows);
        y = bn2_.describe(name, keep_.describe(name, down_.describe(name, y, rows), rows), rows);
        return features_.describe(name, fc_.describe(name, flatten_.describe(name, y, rows), rows),
                                  rows);
    }

private:
    Conv conv_;
    BatchNormLayer bn1_;
    ResidualBlock down_, keep_;
    BatchNormLayer bn2_;
    Flatten flatten_;
    Dropout dropout_;
    Linear fc_;
    BatchNormLayer features_;
};

}  // namespace facet::test
