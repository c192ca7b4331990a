// Batch normalisation, optionally with the PReLU that follows it and the residual sum after that,
// in one pass over memory. On maps (N, C, H, W) and on embeddings (N, C).
#pragma once

#include "layers/layer.h"

namespace facet {

class BatchNormLayer : public Layer {
public:
    // running <- 0.9 running + 0.1 batch, with the unbiased batch variance; eps 1e-5.
    static constexpr double momentum = 0.1;
    static constexpr double eps = 1e-5;

    explicit BatchNormLayer(Initialiser& init, int64_t C);
    // The PReLU's slopes start at 0.25.
    BatchNormLayer& with_prelu(Initialiser& init);
    // Keeps gamma at 1, as the last normalisation of an iResNet does.
    BatchNormLayer& with_fixed_scale();

    Var forward(const Pass& pass, const Var& x) override { return forward(pass, x, nullptr); }
    // PReLU(BN(x)) + addend; addend may be null.
    Var forward(const Pass& pass, const Var& x, const Var& addend);
    void collect(const std::string& name, Inventory& inventory) const override;
    // The PReLU under a name of its own, as iResNet files have it.
    void collect(const std::string& name, const std::string& prelu_name,
                 Inventory& inventory) const;
    Shape describe(const std::string& name, const Shape& in,
                   std::vector<SummaryRow>& rows) const override;

private:
    BatchNormVars vars_;
    RunningStatistics running_;
};

}  // namespace facet
