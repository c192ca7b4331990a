// Layers that own nothing: flatten and dropout.
#pragma once

#include "layers/layer.h"

namespace facet {

// A layer that owns nothing.
class PlainLayer : public Layer {
public:
    void collect(const std::string&, Inventory&) const override {}
};

// (N, C, H, W) -> (N, C H W) in row-major order.
class Flatten : public PlainLayer {
public:
    Var forward(const Pass& pass, const Var& x) override;
    Shape describe(const std::string& name, const Shape& in,
                   std::vector<SummaryRow>& rows) const override;
};

// Drops values with probability p in training, (B, D). `stream` numbers the dropouts of one
// network: layers of one pass with the same stream would drop the same places.
class Dropout : public PlainLayer {
public:
    Dropout(double p, uint32_t stream);
    Var forward(const Pass& pass, const Var& x) override;
    Shape describe(const std::string& name, const Shape& in,
                   std::vector<SummaryRow>& rows) const override;

private:
    double p_;
    uint32_t stream_;
};

}  // namespace facet
