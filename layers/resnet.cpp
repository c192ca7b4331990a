#include "layers/resnet.h"

#include <fmt/ranges.h>

#include <array>

#include "engine/place.h"

namespace facet {
namespace {

struct Architecture {
    const char* name;
    std::array<int, 4> blocks;
    std::array<int64_t, 4> widths;
};

constexpr Architecture architectures[] = {
    {"r10", {1, 1, 1, 1}, {32, 64, 128, 256}},
    {"r18", {2, 2, 2, 2}, {64, 128, 256, 512}},
    {"r34", {3, 4, 6, 3}, {64, 128, 256, 512}},
    {"r50", {3, 4, 14, 3}, {64, 128, 256, 512}},
};

const Architecture& architecture_of(const ResNetConfig& config) {
    for (const Architecture& architecture : architectures) {
        if (config.backbone == architecture.name) return architecture;
    }
    throw UsageError(fmt::format("unknown backbone '{}', expected one of {}", config.backbone,
                                 fmt::join(backbone_names(), ", ")));
}

// Four halvings, rounding up: 32 -> 2, 64 -> 4, 112 -> 7.
int64_t final_size(int64_t image) {
    for (int stage = 0; stage < 4; ++stage) image = (image + 1) / 2;
    return image;
}

int64_t flat_size(const ResNetConfig& config) {
    const int64_t side = final_size(config.image);
    return architecture_of(config).widths.back() * side * side;
}

std::string thousands(double value) {
    if (value >= 1e9) return fmt::format("{:.2f} G", value / 1e9);
    if (value >= 1e6) return fmt::format("{:.2f} M", value / 1e6);
    if (value >= 1e3) return fmt::format("{:.1f} k", value / 1e3);
    return fmt::format("{:.0f}", value);
}

}  // namespace

std::vector<std::string> backbone_names() {
    std::vector<std::string> names;
    for (const Architecture& architecture : architectures) names.emplace_back(architecture.name);
    return names;
}

void check_resnet(const ResNetConfig& config) {
    architecture_of(config);
    FACET_USAGE(config.image == 32 || config.image == 64 || config.image == 112,
                "the image size must be 32, 64 or 112 pixels, found {}", config.image);
    FACET_USAGE(config.embedding >= 1, "the embedding must have at least 1 dimension, found {}",
                config.embedding);
    FACET_USAGE(config.dropout >= 0 && config.dropout < 1,
                "the dropout probability must lie in [0, 1), found {}", config.dropout);
}

// The configuration, checked before anything is built from it.
static const ResNetConfig& checked(const ResNetConfig& config) {
    check_resnet(config);
    return config;
}

ResNet::ResNet(Initialiser& init, const ResNetConfig& config)
    : device_(init.device()),
      config_(checked(config)),
      conv1_(init, 3, architecture_of(config).widths[0], 3, 1),
      bn1_(init, architecture_of(config).widths[0]),
      bn2_(init, architecture_of(config).widths[3]),
      dropout_(config.dropout, 0),
      fc_(init, flat_size(config), config.embedding),
      features_(init, config.embedding) {
    bn1_.with_prelu(init);
    features_.with_fixed_scale();
    const Architecture& architecture = architecture_of(config);
    int64_t C = architecture.widths[0];
    for (int stage = 0; stage < 4; ++stage) {
        for (int i = 0; i < architecture.blocks[stage]; ++i) {
            const int64_t K = architecture.widths[stage];
            blocks_.emplace_back(fmt::format("layer{}.{}", stage + 1, i),
                                 std::make_unique<ResidualBlock>(init, C, K, i == 0 ? 2 : 1));
            C = K;
        }
    }
}

Var ResNet::forward(const Pass& pass, const Var& x) {
    const Shape& in = x->value.shape();
    FACET_CHECK(in.size() == 4 && in[1] == 3 && in[2] == config_.image && in[3] == config_.image,
                "{}: expected images (N, 3, {}, {}), found {}", config_.backbone, config_.image,
                config_.image, to_string(in));
    const auto run = [&](const std::string& name, Layer& layer, const Var& input) {
        const InPart part(name);
        return layer.forward(pass, input);
    };
    const InPhase phase(Phase::Forward);
    Var y = run("bn1", bn1_, run("conv1", conv1_, x));
    for (auto& [name, block] : blocks_) y = run(name, *block, y);
    y = run("flatten", flatten_, run("bn2", bn2_, y));
    y = run("fc", fc_, run("dropout", dropout_, y));
    return run("features", features_, y);
}

void ResNet::collect(const std::string& prefix, Inventory& inventory) const {
    conv1_.collect(prefix + "conv1", inventory);
    bn1_.collect(prefix + "bn1", prefix + "prelu", inventory);
    for (const auto& [name, block] : blocks_) block->collect(prefix + name, inventory);
    bn2_.collect(prefix + "bn2", inventory);
    fc_.collect(prefix + "fc", inventory);
    features_.collect(prefix + "features", inventory);
}

Shape ResNet::describe(const std::string& prefix, const Shape& in,
                       std::vector<SummaryRow>& rows) const {
    Shape y = conv1_.describe(prefix + "conv1", in, rows);
    rows.back().backward_flops /= 2;  // images have no gradient
    y = bn1_.describe(prefix + "bn1", y, rows);
    for (const auto& [name, block] : blocks_) y = block->describe(prefix + name, y, rows);
    y = bn2_.describe(prefix + "bn2", y, rows);
    y = flatten_.describe(prefix + "flatten", y, rows);
    y = dropout_.describe(prefix + "dropout", y, rows);
    y = fc_.describe(prefix + "fc", y, rows);
    return features_.describe(prefix + "features", y, rows);
}

Inventory ResNet::inventory() const {
    Inventory all;
    collect("", all);
    return all;
}

std::string ResNet::summary(int64_t batch) const {
    std::vector<SummaryRow> rows;
    describe("", {3, config_.image, config_.image}, rows);
    SummaryRow total{"total", "", {}, 0, 0, 0};
    std::string text = fmt::format("{:<22} {:<20} {:>15} {:>12} {:>12} {:>12}\n", "layer", "type",
                                   "output", "parameters", "FLOPs", "kept");
    const auto line = [&](const SummaryRow& row) {
        text += fmt::format("{:<22} {:<20} {:>15} {:>12} {:>12} {:>12}\n", row.name, row.type,
                            row.output.empty() ? "" : to_string(row.output), row.parameters,
                            thousands(row.flops), thousands(static_cast<double>(row.activations)));
    };
    for (const SummaryRow& row : rows) {
        line(row);
        total.parameters += row.parameters;
        total.flops += row.flops;
        total.activations += row.activations;
    }
    line(total);
    text += fmt::format(
        "FLOPs: forward, one image. kept: float32 values kept for the backward pass, one image; "
        "{} MiB for a batch of {}\n",
        (total.activations * batch * 4) >> 20, batch);
    return text;
}

}  // namespace facet
