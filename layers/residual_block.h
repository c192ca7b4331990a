// The improved residual block of the face recognition ResNets (Deng et al. 2019, section 3.2.2;
// Han et al. 2017): BN, conv 3x3, BN, PReLU, conv 3x3 (stride), BN, plus the shortcut. Where the
// shape changes the shortcut is conv 1x1 (stride), BN; else it is the input itself.
#pragma once

#include <optional>

#include "layers/batch_norm.h"
#include "layers/conv.h"

namespace facet {

class ResidualBlock : public Layer {
public:
    ResidualBlock(Initialiser& init, int64_t C, int64_t K, int64_t stride);

    Var forward(const Pass& pass, const Var& x) override;  // (N, C, H, W) -> (N, K, H', W')
    void collect(const std::string& name, Inventory& inventory) const override;
    Shape describe(const std::string& name, const Shape& in,
                   std::vector<SummaryRow>& rows) const override;

private:
    BatchNormLayer bn1_;
    Conv conv1_;
    BatchNormLayer bn2_;  // with PReLU
    Conv conv2_;
    BatchNormLayer bn3_;  // adds the shortcut
    std::optional<Conv> shortcut_conv_;
    std::optional<BatchNormLayer> shortcut_bn_;
};

}  // namespace facet
