// Layers with no or one parameter vector: activations, pooling, dropout, shape and length.
#pragma once

#include "layers/layer.h"

namespace facet {

// A layer that owns nothing.
class PlainLayer : public Layer {
public:
    void collect(const std::string&, Inventory&) const override {}
};

// PReLU with a slope a channel, from 0.25.
class PRelu : public Layer {
public:
    PRelu(Initialiser& init, int64_t C) : slope_(init.constant({C}, 0.25)) {}
    Var forward(const Pass& pass, const Var& x) override;
    void collect(const std::string& name, Inventory& inventory) const override;
    Shape describe(const std::string& name, const Shape& in,
                   std::vector<SummaryRow>& rows) const override;

private:
    Var slope_;
};

// max(x, 0): PReLU whose slopes stay 0.
class Relu : public PlainLayer {
public:
    Relu(Device& device, int64_t C);
    Var forward(const Pass& pass, const Var& x) override;
    Shape describe(const std::string& name, const Shape& in,
                   std::vector<SummaryRow>& rows) const override;

private:
    Var slope_;
};

// The mean over each channel: (N, C, H, W) -> (N, C).
class GlobalAveragePool : public PlainLayer {
public:
    Var forward(const Pass& pass, const Var& x) override;
    Shape describe(const std::string& name, const Shape& in,
                   std::vector<SummaryRow>& rows) const override;
};

class MaxPool : public PlainLayer {
public:
    MaxPool(int64_t window, int64_t stride, int64_t pad);
    Var forward(const Pass& pass, const Var& x) override;
    Shape describe(const std::string& name, const Shape& in,
                   std::vector<SummaryRow>& rows) const override;

private:
    int64_t window_;
    ConvGeometry geometry_;
};

// (N, C, H, W) -> (N, C H W) in row-major order.
class Flatten : public PlainLayer {
public:
    Var forward(const Pass& pass, const Var& x) override;
    Shape describe(const std::string& name, const Shape& in,
                   std::vector<SummaryRow>& rows) const override;
};

// Drops values with probability p in training, (B, D). `stream` tells the dropouts of one network
// apart: layers of one pass with the same stream would drop the same places.
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

// Rows to unit length, (B, D).
class NormaliseRows : public PlainLayer {
public:
    Var forward(const Pass& pass, const Var& x) override;
    Shape describe(const std::string& name, const Shape& in,
                   std::vector<SummaryRow>& rows) const override;
};

}  // namespace facet
