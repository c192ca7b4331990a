// What the tests of kernels share: the same numbers on the reference device, in float64, and in
// the simulated GPU's memory, channels last, in float32 or bfloat16.
#pragma once

#include <vector>

#include "engine/cuda/kernels.h"
#include "tests/engine/fixtures.h"
#include "tests/gpusim/orders.h"
#include "tests/gpusim/sim.h"

namespace facet::test {

using cuda::bfloat16;
using gpusim::DeviceArray;
using gpusim::in_every_order;

// The relative rounding error of a number stored as T.
template <class T>
constexpr double kRounding = sizeof(T) == 2 ? 0x1p-8 : 0x1p-22;

template <class T>
T stored(double value) {
    return cuda::from_float<T>(static_cast<float>(value));
}

// Random numbers that T holds exactly.
template <class T>
std::vector<double> exact_values(int64_t count, uint64_t seed, double low = -1, double high = 1) {
    std::vector<double> values = random_values(count, seed, low, high);
    for (double& value : values) value = cuda::to_float(stored<T>(value));
    return values;
}

template <class T>
std::vector<T> stored(const std::vector<double>& values) {
    std::vector<T> result;
    for (const double value : values) result.push_back(stored<T>(value));
    return result;
}

template <class T>
std::vector<double> to_doubles(const DeviceArray<T>& array) {
    std::vector<double> values;
    for (size_t i = 0; i < array.size(); ++i) values.push_back(cuda::to_float(array[i]));
    return values;
}

// (N, C, pixels) to (N, pixels, C), or back with C and pixels exchanged.
inline std::vector<double> transposed(const std::vector<double>& x, int64_t N, int64_t C,
                                      int64_t pixels) {
    std::vector<double> y(x.size());
    for (int64_t n = 0; n < N; ++n)
        for (int64_t c = 0; c < C; ++c)
            for (int64_t i = 0; i < pixels; ++i)
                y[(n * pixels + i) * C + c] = x[(n * C + c) * pixels + i];
    return y;
}

// A map (N, C, H, W) on both devices.
template <class T>
struct TestMap {
    Tensor reference;
    DeviceArray<T> device;

    TestMap(const Shape& shape, const std::vector<double>& values)
        : reference(tensor_of(reference_device(), shape, values, Layout::Map)),
          device(stored<T>(transposed(values, shape[0], shape[1], shape[2] * shape[3]))) {}
    TestMap(const Shape& shape, uint64_t seed, double low = -1, double high = 1)
        : TestMap(shape, exact_values<T>(count(shape), seed, low, high)) {}
};

// A vector or matrix of floats on both devices.
struct TestArray {
    Tensor reference;
    DeviceArray<float> device;

    TestArray(const Shape& shape, uint64_t seed, double low = -1, double high = 1)
        : reference(random_tensor(reference_device(), shape, seed, Layout::Plain, low, high)),
          device(stored<float>(reference.to_doubles())) {}
};

// A map's numbers as the reference device orders them.
template <class T>
std::vector<double> from_channels_last(const DeviceArray<T>& map, const Shape& shape) {
    return transposed(to_doubles(map), shape[0], shape[2] * shape[3], shape[1]);
}

// |found - expected| <= tolerance (1 + |expected|), which is not so for NaN.
inline void expect_near(const std::vector<double>& found, const std::vector<double>& expected,
                        double tolerance) {
    std::vector<double> magnitude = absolute(expected);
    for (double& value : magnitude) value += 1;
    expect_within(found, expected, magnitude, tolerance);
}

}  // namespace facet::test
