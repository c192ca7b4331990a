#include "tools/bench/bare.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "engine/random.h"
#include "tools/bench/timing.h"

namespace facet::bench {
namespace {

using onednn::Convolution;
using onednn::Direction;

int64_t padded(int64_t channels) {
    const int64_t block = onednn::channel_block();
    return (channels + block - 1) / block * block;
}

const char* primitive_name(Direction direction) {
    switch (direction) {
        case Direction::Forward:
            return "conv_forward";
        case Direction::BackwardData:
            return "conv_backward_data";
        case Direction::BackwardFilter:
            return "conv_backward_filter";
    }
    return "";
}

Tensor random_values(Device& device, int64_t n) {
    Random random(0, Purpose::Test);
    std::vector<float> values(n);
    for (float& value : values) value = static_cast<float>(random.uniform(-1, 1));
    return Tensor::from<float>(device, {n}, values);
}

// The matrices that take part in matrix products: rank 2, moments of the optimiser left out.
std::vector<Shape> weight_matrices(const Learner& learner) {
    std::vector<Shape> shapes;
    for (const auto& [name, value] : learner.tensors()) {
        if (value.rank() == 2 && name.ends_with(".weight")) shapes.push_back(value.shape());
    }
    return shapes;
}

}  // namespace

const Variant* BarePrimitive::variant(const std::string& wanted) const {
    for (const Variant& variant : variants) {
        if (variant.name == wanted) return &variant;
    }
    return nullptr;
}

double BarePrimitive::seconds() const {
    double best = std::numeric_limits<double>::infinity();
    for (const Variant& variant : variants) {
        best = std::min(best, spread_of(variant.samples).median);
    }
    return best;
}

BareCost::BareCost(const std::vector<onednn::ConvUse>& convolutions, const Learner& learner,
                   int64_t B) {
    const std::vector<Shape> matrices = weight_matrices(learner);
    int64_t map = 0, filter = 0;
    for (const auto& [z, direction, calls] : convolutions) {
        map = std::max(map, z.N * std::max(padded(z.C) * z.H * z.W,
                                           padded(z.K) * z.out_height() * z.out_width()));
        filter = std::max(filter, z.K * z.C * z.R * z.R);
    }
    for (const Shape& w : matrices) map = std::max({map, count(w), B * w[0], B * w[1]});
    Device& device = learner.device();
    first_ = random_values(device, map);
    second_ = first_.clone();
    result_ = first_.clone();
    filter_ = random_values(device, std::max<int64_t>(filter, 1));
    for (const onednn::ConvUse& use : convolutions) add(use);
    for (const Shape& w : matrices) add_products(w, B);
}

void BareCost::add(const onednn::ConvUse& use) {
    const auto& [z, direction, calls] = use;
    BarePrimitive primitive{primitive_name(direction),
                            fmt::format("x ({}, {}, {}, {}) w ({}, {}, {}, {}) stride {}", z.N, z.C,
                                        z.H, z.W, z.K, z.C, z.R, z.R, z.stride),
                            calls,
                            z.flops(),
                            {}};
    for (const bool winograd : {false, true}) {
        if (winograd && !onednn::has_winograd(z, direction)) continue;
        const auto conv = std::make_shared<Convolution>(z, direction, winograd);
        float *first = first_.data<float>(), *result = result_.data<float>();
        // The filter is brought into the library's order once; a step does it at every call.
        if (direction == Direction::Forward) conv->forward(first, filter_.data<float>(), result);
        if (direction == Direction::BackwardData) {
            conv->backward_data(first, filter_.data<float>(), result);
        }
        float* other = direction == Direction::BackwardFilter ? second_.data<float>() : result;
        const auto run = [conv, first, other] { conv->run_bare(first, other); };
        run();
        primitive.variants.push_back({winograd ? "winograd" : "direct", run, {}});
    }
    primitives_.push_back(std::move(primitive));
}

void BareCost::add_products(const Shape& w, int64_t B) {
    const int64_t K = w[0], D = w[1];
    add_product(false, true, B, K, D);   // y (B, K) = x W^T
    add_product(false, false, B, D, K);  // dx (B, D) = dy W
    add_product(true, false, K, D, B);   // dW (K, D) = dy^T x
}

void BareCost::add_product(bool transpose_a, bool transpose_b, int64_t M, int64_t N, int64_t K) {
    const float *a = first_.data<float>(), *b = second_.data<float>();
    float* c = result_.data<float>();
    const auto run = [=] { onednn::gemm(transpose_a, transpose_b, M, N, K, 1, a, b, 0, c); };
    run();
    primitives_.push_back({"gemm",
                           fmt::format("M {} N {} K {}", M, N, K),
                           1,
                           2.0 * static_cast<double>(M) * static_cast<double>(N * K),
                           {{"sgemm", run, {}}}});
}

void BareCost::measure() {
    for (BarePrimitive& primitive : primitives_) {
        for (Variant& variant : primitive.variants) {
            variant.samples.push_back(seconds_of(variant.run));
        }
    }
}

double BareCost::seconds() const {
    double sum = 0;
    for (const BarePrimitive& primitive : primitives_) {
        sum += primitive.seconds() * static_cast<double>(primitive.calls);
    }
    return sum;
}

}  // namespace facet::bench
