// What the tests of the engine share: reproducible inputs, outputs that betray what was not
// written, comparisons, central differences.
#pragma once

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "engine/device.h"
#include "engine/random.h"
#include "engine/tensor.h"
#include "tests/message_of.h"

namespace facet::test {

constexpr double kUnit = 0x1p-24;  // the relative rounding error of float32, "u"

// Uniform numbers that float32 holds exactly, so that every device starts from the same input.
inline std::vector<double> random_values(int64_t count, uint64_t seed, double low = -1,
                                         double high = 1) {
    Random random(seed, Purpose::Test);
    std::vector<double> values(count);
    for (double& value : values) value = static_cast<float>(random.uniform(low, high));
    return values;
}

inline Tensor tensor_of(Device& device, const Shape& shape, const std::vector<double>& values,
                        Layout layout = Layout::Plain) {
    const Tensor plain = Tensor::from(device, shape, values);
    if (layout == Layout::Plain) return plain;
    Tensor map(device, shape, layout);
    device.copy(plain, map);
    return map;
}

inline Tensor random_tensor(Device& device, const Shape& shape, uint64_t seed,
                            Layout layout = Layout::Plain, double low = -1, double high = 1) {
    return tensor_of(device, shape, random_values(count(shape), seed, low, high), layout);
}

// Calls use(pointer to the first stored number) with the device's own element type.
template <class Use>
void with_storage(const Tensor& tensor, Use use) {
    if (tensor.dtype() == DType::F32) {
        use(tensor.data<float>());
    } else {
        use(tensor.data<double>());
    }
}

// Every stored number is NaN, padding channels too: what a primitive does not write stays NaN.
inline Tensor poisoned(Device& device, const Shape& shape, Layout layout = Layout::Plain) {
    Tensor tensor(device, shape, layout);
    if (!device.has_host_memory()) {
        device.fill(tensor, NAN);
        return tensor;
    }
    with_storage(tensor, [&](auto* data) { std::fill_n(data, tensor.stored_count(), NAN); });
    return tensor;
}

// Where a gradient goes: NaN to be overwritten, or numbers to be added to.
inline Tensor gradient_target(Device& device, const Shape& shape, Grad mode,
                              Layout layout = Layout::Plain) {
    if (mode == Grad::Overwrite) return poisoned(device, shape, layout);
    return random_tensor(device, shape, 999, layout);
}

inline void expect_zero_padding(const Tensor& map) {
    if (map.layout() != Layout::Map || map.device().channel_block() == 1) return;
    const int64_t block = map.device().channel_block(), C = map.size(1);
    const int64_t blocks = (C + block - 1) / block, pixels = map.size(2) * map.size(3);
    int64_t nonzero = 0;  // NaN included
    with_storage(map, [&](auto* data) {
        for (int64_t i = 0; i < map.stored_count(); ++i) {
            const int64_t channel = i / (block * pixels) % blocks * block + i % block;
            if (channel >= C && !(data[i] == 0)) ++nonzero;
        }
    });
    EXPECT_EQ(nonzero, 0) << "padding channels of a map " << to_string(map.shape());
}

// The numbers of an output, after its padding has been looked at.
inline std::vector<double> result(const Tensor& tensor) {
    expect_zero_padding(tensor);
    return tensor.to_doubles();
}

inline double largest(const std::vector<double>& values) {
    double found = 0;
    for (const double value : values) found = std::max(found, std::abs(value));
    return found;
}

inline std::vector<double> absolute(std::vector<double> values) {
    for (double& value : values) value = std::abs(value);
    return values;
}

// The largest difference, relative to the largest number; infinite when one is not finite.
inline double relative_error(const std::vector<double>& found,
                             const std::vector<double>& expected) {
    if (found.size() != expected.size()) return std::numeric_limits<double>::infinity();
    double worst = 0;
    for (size_t i = 0; i < found.size(); ++i) {
        const double difference = std::abs(found[i] - expected[i]);
        if (!std::isfinite(difference)) return std::numeric_limits<double>::infinity();
        worst = std::max(worst, difference);
    }
    const double scale = std::max(largest(found), largest(expected));
    return worst == 0 ? 0 : worst / scale;
}

// |found - expected| <= tolerance * magnitude, element by element.
inline void expect_within(const std::vector<double>& found, const std::vector<double>& expected,
                          const std::vector<double>& magnitude, double tolerance) {
    ASSERT_EQ(found.size(), expected.size());
    ASSERT_EQ(found.size(), magnitude.size());
    for (size_t i = 0; i < found.size(); ++i) {
        ASSERT_TRUE(std::abs(found[i] - expected[i]) <= tolerance * magnitude[i])
            << "element " << i << ": found " << found[i] << ", expected " << expected[i]
            << ", allowed " << tolerance * magnitude[i];
    }
}

// The same with one magnitude for all elements.
inline void expect_within(const std::vector<double>& found, const std::vector<double>& expected,
                          double magnitude, double tolerance) {
    expect_within(found, expected, std::vector<double>(expected.size(), magnitude), tolerance);
}

// d loss / dx by central differences. `x` is a tensor of the reference device that `loss` reads.
inline std::vector<double> central_differences(const std::function<double()>& loss, const Tensor& x,
                                               double step = 1e-5) {
    std::vector<double> gradient(x.count());
    for (int64_t i = 0; i < x.count(); ++i) {
        double& x_i = x.data<double>()[i];
        const double saved = x_i;
        x_i = saved + step;
        const double above = loss();
        x_i = saved - step;
        const double below = loss();
        x_i = saved;
        gradient[i] = (above - below) / (2 * step);
    }
    return gradient;
}

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

// Runs `compute` with 1 and with 2 threads and expects the same bits.
inline void expect_same_bits_with_two_threads(const std::function<std::vector<double>()>& compute) {
    const int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    const std::vector<double> one = compute();
    omp_set_num_threads(2);
    const std::vector<double> two = compute();
    omp_set_num_threads(threads);
    EXPECT_EQ(one, two);  // exact; NaN would differ from itself
}

inline void append(std::vector<double>& values, const std::vector<double>& more) {
    values.insert(values.end(), more.begin(), more.end());
}

// The device whose primitives are compared with the reference. Every program of tests has one: the
// CPU device (tested_device.cpp), or the CUDA device (tests/gpudoubles).
Device& tested_device();

// The devices a test of common behaviour runs on.
inline std::vector<Device*> all_devices() { return {&reference_device(), &tested_device()}; }

constexpr Grad kBothModes[] = {Grad::Overwrite, Grad::Accumulate};

}  // namespace facet::test
