// A matrix product with bias: (B, D) -> (B, K).
#pragma once

#include "layers/layer.h"

namespace facet {

class Linear : public Layer {
public:
    // Weight (K, D) and bias (K) uniform in +-1/sqrt(D), as PyTorch's.
    Linear(Initialiser& init, int64_t D, int64_t K);

    Var forward(const Pass& pass, const Var& x) override;
    void collect(const std::string& name, Inventory& inventory) const override;
    Shape describe(const std::string& name, const Shape& in,
                   std::vector<SummaryRow>& rows) const override;

private:
    Var weight_, bias_;
};

}  // namespace facet
