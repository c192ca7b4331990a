#include "layers/residual_block.h"

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
    Var y = bn1_.forward(pass, x);
    y = conv1_.forward(pass, y);
    y = bn2_.forward(pass, y);
    y = conv2_.forward(pass, y);
    // The shortcut is recorded after the main branch, so that on the way back its convolution
    // writes the gradient of x first and the cheap normalisation adds to it.
    Var shortcut = x;
    if (shortcut_conv_) shortcut = shortcut_bn_->forward(pass, shortcut_conv_->forward(pass, x));
    return bn3_.forward(pass, y, shortcut);
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
    y = conv1_.describe(name + ".conv1", y, rows);
    y = bn2_.describe(name + ".bn2", y, rows);
    y = conv2_.describe(name + ".conv2", y, rows);
    if (shortcut_conv_) {
        const Shape side = shortcut_conv_->describe(name + ".downsample.0", in, rows);
        shortcut_bn_->describe(name + ".downsample.1", side, rows);
    }
    return bn3_.describe(name + ".bn3", y, rows);
}

}  // namespace facet
