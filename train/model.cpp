#include "train/model.h"

#include <set>

#include "train/stored.h"

namespace facet {
namespace {

constexpr const char* format_name = "facet-model-1";
constexpr const char* model_hint = "give the model.safetensors of a run folder";
constexpr const char* pictures_key = "training_pictures";
constexpr const char* names_key = "training_names";

ResNetConfig config_of(const StoredFile& file) {
    ResNetConfig config;
    config.backbone = file.text("backbone");
    config.image = file.number("image");
    config.embedding = file.number("embedding");
    // A damaged number must not become an allocation: the linear layer's size is in the file too.
    const auto fc = file.content.tensors.find("fc.bias");
    FACET_CHECK(fc != file.content.tensors.end() && fc->second.shape == Shape{config.embedding},
                "{}: tensor 'fc.bias' does not have the {} values of the embedding",
                file.path.string(), config.embedding);
    try {
        check_resnet(config);
    } catch (const UsageError& error) {
        throw Error(fmt::format("{}: {}", file.path.string(), error.what()), error.hint());
    }
    return config;
}

}  // namespace

SafeTensors pack_model(const ResNet& network, const TrainedOn& training) {
    SafeTensors content;
    const Inventory inventory = network.inventory();
    for (const Parameter& parameter : inventory.parameters) {
        content.tensors[parameter.name] = store(parameter.var->value);
    }
    for (const Statistic& statistic : inventory.statistics) {
        content.tensors[statistic.name] = store(statistic.value);
    }
    content.metadata = {{"format", format_name},
                        {"backbone", network.config().backbone},
                        {"image", std::to_string(network.config().image)},
                        {"embedding", std::to_string(network.config().embedding)},
                        {pictures_key, training.pictures.text()},
                        {names_key, training.names.text()}};
    return content;
}

std::unique_ptr<ResNet> load_model(Device& device, const std::filesystem::path& path) {
    const StoredFile file(path, format_name, model_hint);
    Initialiser init(device, 0);
    auto network = std::make_unique<ResNet>(init, config_of(file));
    const Inventory inventory = network->inventory();
    std::set<std::string> known;
    const auto take = [&](const std::string& name, const Tensor& tensor) {
        file.restore(name, tensor);
        known.insert(name);
    };
    for (const Parameter& parameter : inventory.parameters) {
        take(parameter.name, parameter.var->value);
    }
    for (const Statistic& statistic : inventory.statistics) take(statistic.name, statistic.value);
    for (const auto& [name, tensor] : file.content.tensors) {
        FACET_CHECK(known.contains(name), "{}: tensor '{}' does not belong to {}", path.string(),
                    name, network->config().backbone);
    }
    return network;
}

std::optional<TrainedOn> load_trained_on(const std::filesystem::path& path) {
    const StoredFile file(path, format_name, model_hint);
    if (!file.content.metadata.contains(pictures_key)) return std::nullopt;
    const auto set = [&](const char* key) {
        const std::optional<HashSet> read = HashSet::from_text(file.text(key));
        FACET_CHECK(read.has_value(), "{}: metadata '{}' are no count and hashes", path.string(),
                    key);
        return *read;
    };
    return TrainedOn{set(pictures_key), set(names_key)};
}

}  // namespace facet
