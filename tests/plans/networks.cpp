#include "tests/plans/networks.h"

#include <cmath>
#include <map>
#include <set>

#include "engine/error.h"

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

}  // namespace

std::vector<ConvShape> convolutions_in(const ResNetConfig& config) {
    Initialiser init(cpu_device(), 1);
    const ResNet network(init, config);
    std::map<std::string, Shape> weights;
    for (const Parameter& parameter : network.inventory().parameters) {
        weights[parameter.name] = parameter.var->value.shape();
    }
    std::vector<SummaryRow> rows;
    std::vector<ConvShape> shapes;
    network.describe("", {3, config.image, config.image}, rows);
    for (const SummaryRow& row : rows) {
        const auto weight = weights.find(row.name + ".weight");
        if (weight == weights.end() || weight->second.size() != 4) continue;
        shapes.push_back(conv_shape(row, weight->second));
    }
    return shapes;
}

std::vector<ConvShape> convolutions_of(const std::vector<std::string>& backbones) {
    std::set<ConvShape> shapes;
    for (const std::string& backbone : backbones) {
        for (const int64_t image : {64, 112}) {
            const auto found =
                convolutions_in({.backbone = backbone, .image = image, .embedding = 1});
            shapes.insert(found.begin(), found.end());
        }
    }
    return {shapes.begin(), shapes.end()};
}

const std::vector<ConvShape>& network_convolutions() {
    static const std::vector<ConvShape> shapes = convolutions_of({"r10", "r18"});
    return shapes;
}

}  // namespace facet::cuda
