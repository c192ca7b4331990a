// What the tests of whole networks share: the same small numbers on both devices, distances.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "engine/random.h"
#include "layers/resnet.h"
#include "tests/gpudoubles/fixtures.h"

namespace gpudoubles {

using facet::cpu_device;
using facet::cuda_device;
using facet::Device;
using facet::Precision;
using facet::Tensor;
using Doubles = std::vector<double>;
using Named = std::vector<std::pair<std::string, Doubles>>;

constexpr int64_t kBatch = 4, kEmbedding = 16;
constexpr int64_t kImage = 32;  // of what is trained: the doubles are slow

inline Tensor random_on(Device& device, const facet::Shape& shape, uint64_t seed) {
    facet::Random random(seed, facet::Purpose::Test);
    Doubles values(facet::count(shape));
    for (double& value : values) value = random.uniform(-1, 1);
    return Tensor::from(device, shape, values);
}

inline double root_mean_square(const Doubles& values) {
    double sum = 0;
    for (const double value : values) sum += value * value;
    return std::sqrt(sum / std::max<double>(1, std::size(values)));
}

// rms(found - expected) / max(rms(expected), scale); NaN if a number is.
inline double distance_of(const Doubles& found, const Doubles& expected, double scale = 0) {
    if (found.size() != expected.size()) return NAN;
    Doubles difference(found);
    for (size_t i = 0; i < found.size(); ++i) difference[i] -= expected[i];
    return root_mean_square(difference) / std::max(root_mean_square(expected), scale);
}

// The tensor that is furthest from where it should be.
struct Largest {
    double distance = 0;
    std::string name;
};
// Tensors that are 0 but for rounding, as gradients of biases before a batch normalisation are, are
// measured by the median size of all.
inline Largest largest_distance(const Named& found, const Named& expected) {
    Largest largest;
    EXPECT_EQ(found.size(), expected.size());
    Doubles sizes;
    for (const auto& [name, values] : expected) sizes.push_back(root_mean_square(values));
    std::nth_element(sizes.begin(), sizes.begin() + sizes.size() / 2, sizes.end());
    const double scale = sizes.at(sizes.size() / 2);
    for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(found[i].first, expected[i].first);
        const double distance = distance_of(found[i].second, expected[i].second, scale);
        if (!(distance <= largest.distance)) largest = {distance, expected[i].first};
    }
    return largest;
}

}  // namespace gpudoubles
