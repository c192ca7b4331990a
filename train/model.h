// A trained network in a file: model.safetensors.
//
// Tensors have the names of published iResNet weights ("layer1.0.bn1.weight", statistics as
// "….running_mean"), float32, row-major, filters (K, C, R, R). The metadata say which network it
// is: format = facet-model-1, backbone, image, embedding; and what it was trained on, by hashes of
// the pictures and of the names of people (train/data/picture_hash.h): training_pictures,
// training_names. Without these two, as in a model of another origin, nothing is known of that.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "layers/resnet.h"
#include "train/data/picture_hash.h"
#include "train/files/safetensors.h"

namespace facet {

SafeTensors pack_model(const ResNet& network, const TrainedOn& training);

// Reads the network that the file describes. Throws Error naming file and tensor when one is
// missing, has another shape, is superfluous, or is not finite.
std::unique_ptr<ResNet> load_model(Device& device, const std::filesystem::path& file);

// What the network in the file was trained on; none if the file does not say. Throws Error naming
// the file for metadata that are damaged.
std::optional<TrainedOn> load_trained_on(const std::filesystem::path& file);

}  // namespace facet
