// The ResNets of face recognition ("iResNet"), from compact r10 to r50.
//
//   conv 3x3, BN, PReLU | four stages of residual blocks, the first of each at stride 2 |
//   BN, flatten, dropout, linear, BN with fixed scale -> embedding (B, D)
//
//   name  blocks a stage   widths
//   r10   1, 1, 1, 1       32, 64, 128, 256    the compact default
//   r18   2, 2, 2, 2       64, 128, 256, 512
//   r34   3, 4, 6, 3       64, 128, 256, 512
//   r50   3, 4, 14, 3      64, 128, 256, 512
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "layers/batch_norm.h"
#include "layers/conv.h"
#include "layers/linear.h"
#include "layers/residual_block.h"
#include "layers/simple.h"

namespace facet {

struct ResNetConfig {
    std::string backbone = "r10";
    int64_t image = 64;       // pixels, height and width
    int64_t embedding = 256;  // D
    double dropout = 0.4;     // before the linear layer
};

std::vector<std::string> backbone_names();

// Throws UsageError for an unknown backbone, an image size other than 32, 64 or 112, D < 1, a
// dropout outside [0, 1).
void check_resnet(const ResNetConfig& config);

class ResNet : public Layer {
public:
    // Throws as check_resnet does.
    ResNet(Initialiser& init, const ResNetConfig& config);

    const ResNetConfig& config() const { return config_; }
    Device& device() const { return device_; }
    // x (N, 3, image, image) plain, values in [-1, 1] -> (N, D)
    Var forward(const Pass& pass, const Var& x) override;
    void collect(const std::string& prefix, Inventory& inventory) const override;
    Shape describe(const std::string& prefix, const Shape& in,
                   std::vector<SummaryRow>& rows) const override;

    Inventory inventory() const;
    // The summary as a table: layers, shapes, parameters, FLOPs, activation memory.
    std::string summary(int64_t batch) const;

private:
    Device& device_;
    ResNetConfig config_;
    Conv conv1_;
    BatchNormLayer bn1_;  // with PReLU
    std::vector<std::pair<std::string, std::unique_ptr<ResidualBlock>>> blocks_;
    BatchNormLayer bn2_;
    Flatten flatten_;
    Dropout dropout_;
    Linear fc_;
    BatchNormLayer features_;
};

}  // namespace facet
