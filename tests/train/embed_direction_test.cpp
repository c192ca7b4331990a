#include <limits>

#include "engine/device.h"
#include "tests/train/data_fixture.h"
#include "train/data/dataset.h"
#include "train/embed.h"

namespace facet::test {
namespace {

// A network whose last linear layer gives every picture the embedding `value`, ..., `value`.
std::unique_ptr<ResNet> network_of(float value) {
    Initialiser init(cpu_device(), 0);
    ResNetConfig config;
    config.backbone = "r10";
    config.image = 32;
    config.embedding = 8;
    auto network = std::make_unique<ResNet>(init, config);
    const auto fill = [](const Tensor& tensor, float with) {
        const std::vector<float> values(tensor.count(), with);
        tensor.device().copy(
            Tensor::from(tensor.device(), tensor.shape(), std::span<const float>(values)), tensor);
    };
    const Inventory inventory = network->inventory();
    for (const Parameter& parameter : inventory.parameters) {
        if (parameter.name == "fc.weight") fill(parameter.var->value, 0);
        if (parameter.name == "fc.bias") fill(parameter.var->value, 0);
        if (parameter.name == "features.bias") fill(parameter.var->value, value);
    }
    return network;
}

std::string refusal(float value, const std::vector<std::string>& files) {
    const auto network = network_of(value);
    const std::vector<Image> images(files.empty() ? 1 : files.size(), constant_image(32, 32, 9));
    return thrown_by<Error>([&] { embed_images(*network, images, true, {}, files); }).what();
}

}  // namespace

TEST(Embed, ADirectionlessEmbeddingIsRefusedAndItsPictureNamed) {
    EXPECT_TRUE(contains(refusal(0, {"Ann/1.png", "Ann/2.png"}),
                         "picture 0 (Ann/1.png) is zero and has no direction"));
    EXPECT_TRUE(contains(refusal(std::numeric_limits<float>::infinity(), {"Ann/1.png"}),
                         "picture 0 (Ann/1.png) holds NaN or infinity"));
    EXPECT_TRUE(contains(refusal(std::numeric_limits<float>::quiet_NaN(), {}), "picture 0 holds"));
    EXPECT_EQ(embed_images(*network_of(1), {constant_image(32, 32, 9)}, false),
              std::vector<float>(8, 1.0f));
}

}  // namespace facet::test
