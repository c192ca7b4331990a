// Convolution without bias, square kernel: 3x3 with padding 1 or 1x1 without.
#pragma once

#include "layers/layer.h"

namespace facet {

class Conv : public Layer {
public:
    // Weights (K, C, R, R) from N(0, 0.1), as iResNets are initialised.
    Conv(Initialiser& init, int64_t C, int64_t K, int64_t R, int64_t stride);

    Var forward(const Pass& pass, const Var& x) override;  // (N, C, H, W) -> (N, K, H', W')
    void collect(const std::string& name, Inventory& inventory) const override;
    Shape describe(const std::string& name, const Shape& in,
                   std::vector<SummaryRow>& rows) const override;

private:
    Var weight_;
    ConvGeometry geometry_;
};

}  // namespace facet
