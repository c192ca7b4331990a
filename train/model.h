// A trained network in a file: model.safetensors.
//
// Tensors have the names of published iResNet weights ("layer1.0.bn1.weight", statistics as
// "….running_mean"), float32, row-major, filters (K, C, R, R). The metadata say which network it
// is: format = facet-model-1, backbone, image, embedding.
#pragma once

#include <filesystem>
#include <memory>

#include "layers/resnet.h"
#include "train/files/safetensors.h"

namespace facet {

SafeTensors pack_model(const ResNet& network);

// Reads the network that the file describes. Throws Error naming file and tensor when one is
// missing, has another shape, is superfluous, or is not finite.
std::unique_ptr<ResNet> load_model(Device& device, const std::filesystem::path& file);

}  // namespace facet
