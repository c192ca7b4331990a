#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "engine/error.h"
#include "layers/resnet.h"
#include "tests/plans/fixtures.h"

namespace facet::cuda {
namespace {

// A summary row tells the output and how many values came in, the weight tells C, K and R; the
// stride is the one that leads from the input's size to the output's.
ConvShape conv_shape(const SummaryRow& row, const Shape& weight) {
    const int64_t K = weight[0], C = weight[1], R = weight[2];
    const auto side = static_cast<int64_t>(
        std::llround(std::sqrt(static_cast<double>(row.activations) / static_cast<double>(C))));
    FACET_CHECK(C * side * side == row.activations, "{}: expected a square input", row.name);
    for (const int64_t stride : {1, 2}) {
        const ConvGeometry geometry{stride, R / 2};
        if (geometry.out(side, R) == row.output[1]) return {C, side, side, K, R, stride};
    }
    throw Error(fmt::format("{}: expected stride 1 or 2, found an output {} from {} pixels",
                            row.name, facet::to_string(row.output), side));
}

void add_convolutions(const ResNetConfig& config, std::set<ConvShape>& shapes) {
    Initialiser init(cpu_device(), 1);
    const ResNet network(init, config);
    std::map<std::string, Shape> weights;
    for (const Parameter& parameter : network.inventory().parameters) {
        weights[parameter.name] = parameter.var->value.shape();
    }
    std::vector<SummaryRow> rows;
    network.describe("", {3, config.image, config.image}, rows);
    for (const SummaryRow& row : rows) {
        const auto weight = weights.find(row.name + ".weight");
        if (weight == weights.end() || weight->second.size() != 4) continue;
        shapes.insert(conv_shape(row, weight->second));
    }
}

}  // namespace

std::vector<ConvShape> convolutions_of(const std::vector<std::string>& backbones) {
    std::set<ConvShape> shapes;
    for (const std::string& backbone : backbones) {
        for (const int64_t image : {64, 112}) {
            add_convolutions({.backbone = backbone, .image = image, .embedding = 1}, shapes);
        }
    }
    return {shapes.begin(), shapes.end()};
}

const std::vector<ConvShape>& network_convolutions() {
    static const std::vector<ConvShape> shapes = convolutions_of({"r10", "r18"});
    return shapes;
}

ConvKey key_of(const ConvShape& s, int64_t N, ConvOperation operation, ConvCompute compute,
               Grad mode) {
    return {operation, compute, N, s.C, s.H, s.W, s.K, s.R, s.stride, s.R / 2, mode};
}

const CudnnDevice& described_device(const std::string& name) {
    static std::map<std::string, CudnnDevice> devices;
    const auto known = devices.find(name);
    if (known != devices.end()) return known->second;
    const std::string path = "tests/plans/devices/" + name + ".json";
    std::ifstream file(path);
    FACET_CHECK(file.good(), "{} cannot be read; expected to run in the repository's root", path);
    std::ostringstream text;
    text << file.rdbuf();
    return devices.emplace(name, CudnnDevice(text.str())).first->second;
}

}  // namespace facet::cuda
