// The convolutions of the project's networks, asked from the networks themselves.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "layers/resnet.h"

namespace facet::cuda {

// A convolution's sizes, without the batch and what is done with it.
struct ConvShape {
    int64_t C, H, W, K, R, stride;
    auto operator<=>(const ConvShape&) const = default;
};

// Those of one network, in the order in which they run, repeats included.
std::vector<ConvShape> convolutions_in(const ResNetConfig& config);

// Every different convolution of these networks at 64 and 112 pixels, in ascending order.
std::vector<ConvShape> convolutions_of(const std::vector<std::string>& backbones);
// The same for r10 and r18, kept. Their blocks are those of r34 and r50, which only have more of
// them (a test with FACET_PLANS_FULL=1 compares; building those networks takes longer than all
// plans).
const std::vector<ConvShape>& network_convolutions();

}  // namespace facet::cuda
