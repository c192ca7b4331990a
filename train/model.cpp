#include "train/model.h"

#include <charconv>
#include <cmath>
#include <set>

namespace facet {
namespace {

constexpr const char* format_name = "facet-model-1";

std::string metadata_of(const std::filesystem::path& file, const SafeTensors& content,
                        const std::string& key) {
    const auto entry = content.metadata.find(key);
    if (entry == content.metadata.end()) {
        throw Error(
            fmt::format("{}: not a facet model: its metadata lack '{}'", file.string(), key),
            "give the model.safetensors of a run folder");
    }
    return entry->second;
}

int64_t number_of(const std::filesystem::path& file, const SafeTensors& content,
                  const std::string& key) {
    const std::string text = metadata_of(file, content, key);
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    FACET_CHECK(
        error == std::errc() && end == text.data() + text.size() && value > 0 && value < 1 << 20,
        "{}: metadata '{}' is '{}', expected a positive number", file.string(), key, text);
    return value;
}

}  // namespace

StoredTensor store(const Tensor& tensor) {
    const std::vector<float> values = tensor.to_vector<float>();
    return stored_tensor(std::span<const float>(values), tensor.shape());
}

void restore(const std::filesystem::path& file, const SafeTensors& content, const std::string& name,
             const Tensor& tensor) {
    const auto entry = content.tensors.find(name);
    FACET_CHECK(entry != content.tensors.end(), "{}: tensor '{}' is missing", file.string(), name);
    FACET_CHECK(entry->second.shape == tensor.shape(), "{}: tensor '{}' has shape {}, expected {}",
                file.string(), name, to_string(entry->second.shape), to_string(tensor.shape()));
    const std::vector<float> values = tensor_values<float>(entry->second);
    for (const float value : values) {
        FACET_CHECK(std::isfinite(value), "{}: tensor '{}' holds a value that is not finite",
                    file.string(), name);
    }
    tensor.device().copy(
        Tensor::from(tensor.device(), tensor.shape(), std::span<const float>(values)), tensor);
}

SafeTensors pack_model(const ResNet& network) {
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
                        {"embedding", std::to_string(network.config().embedding)}};
    return content;
}

std::unique_ptr<ResNet> load_model(Device& device, const std::filesystem::path& file) {
    const SafeTensors content = read_safetensors(file);
    const std::string format = metadata_of(file, content, "format");
    FACET_CHECK(format == format_name, "{}: format '{}', expected '{}'", file.string(), format,
                format_name);
    ResNetConfig config;
    config.backbone = metadata_of(file, content, "backbone");
    config.image = number_of(file, content, "image");
    config.embedding = number_of(file, content, "embedding");
    Initialiser init(device, 0);
    std::unique_ptr<ResNet> network;
    try {
        network = std::make_unique<ResNet>(init, config);
    } catch (const UsageError& error) {
        throw Error(fmt::format("{}: {}", file.string(), error.what()));
    }

    const Inventory inventory = network->inventory();
    std::set<std::string> known;
    const auto take = [&](const std::string& name, const Tensor& tensor) {
        restore(file, content, name, tensor);
        known.insert(name);
    };
    for (const Parameter& parameter : inventory.parameters) {
        take(parameter.name, parameter.var->value);
    }
    for (const Statistic& statistic : inventory.statistics) take(statistic.name, statistic.value);
    for (const auto& [name, tensor] : content.tensors) {
        FACET_CHECK(known.contains(name), "{}: tensor '{}' does not belong to {}", file.string(),
                    name, config.backbone);
    }
    return network;
}

}  // namespace facet
