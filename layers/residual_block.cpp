#include "layers/residual_block.h"

#include "engine/place.h"

namespace facet {

ResidualBlock::ResidualBlock(Initialiser& init, int64_t C, int64_t K, int64_t stride)
    : bn1_(init, C),
      conv1_(init, C, K, 3, 1),
      bn2_(init, K),
      conv2_(init, K, K, 3, stride),
      bn3_(init, K) {
    bn2_.with_prelu(init);
    if (stride != 1 || C != K) {
        shortcut_conv_.emplace(init, C, K, 1, stride);
        shortcut_bn_.emplace(init, K);
    }
}

Var ResidualBlock::forward(const Pass& pass, const Var& x) {
    const auto run = [&](const char* name, auto& layer, const auto&... inputs) {
        const InPart part(name);
        return layer.forward(pass, inputs...);
    };
    Var y = run("bn1", bn1_, x);
    y = run("conv1", conv1_, y);
    y = run("bn2", bn2_, y);
    y = run("conv2", conv2_, y);
    // The shortcut is recorded after the main branch, so that on the way back its convolution
    // writes the gradient of x first and the cheap normalisation adds to it.
    Var shortcut = x;
    if (shortcut_conv_) {
        shortcut = run("downsample.0", *shortcut_conv_, x);
        shortcut = run("downsample.1", *shortcut_bn_, shortcut);
    }
    return run("bn3", bn3_, y, shortcut);
}

void ResidualBlock::collect(const std::string& name, Inventory& inventory) const {
    bn1_.collect(name + ".bn1", inventory);
    conv1_.collect(name + ".conv1", inventory);
    bn2_.collect(name + ".bn2", name + ".prelu", inventory);
    conv2_.collect(name + ".conv2", inventory);
    bn3_.collect(name + ".bn3", inventory);
    if (!shortcut_conv_) return;
    shortcut_conv_->collect(name + ".downsample.0", inventory);
    shortcut_bn_->collect(name + ".downsample.1", inventory);
}

Shape ResidualBlock::describe(const std::string& name, const Shape& in,
                              std::vector<SummaryRow>& rows) const {
    Shape y = bn1_.describe(name + ".bn1", in, rows);
    // On the way back it adds to the gradient that the shortcut has left.
    rows.back().backward_flops += static_cast<double>(count(in));
    y = conv1_.describe(name + ".conv1", y, rows);
    y = bn2_.describe(name + ".bn2", y, rows);
    y = conv2_.describe(name + ".conv2", y, rows);
    if (shortcut_conv_) {
        const Shape side = shortcut_conv_->describe(name + ".downsample.0", in, rows);
        shortcut_bn_->describe(name + ".downsample.1", side, rows);
    }
    Shape out = bn3_.describe(name + ".bn3", y, rows);
    rows.back().flops += static_cast<double>(count(out));  // the sum with the shortcut
    return out;
}

}  // namespace facet
