#include "train/checkpoint.h"

#include <charconv>

#include "train/model.h"

namespace facet {
namespace {

constexpr const char* format_name = "facet-checkpoint-1";
const std::string state_prefix = "state.";

std::string text_of(const std::filesystem::path& file, const SafeTensors& content,
                    const std::string& key) {
    const auto entry = content.metadata.find(key);
    if (entry == content.metadata.end()) {
        throw Error(
            fmt::format("{}: not a facet checkpoint: its metadata lack '{}'", file.string(), key),
            "give the run folder that `facet train --out` made");
    }
    return entry->second;
}

int64_t number_of(const std::filesystem::path& file, const SafeTensors& content,
                  const std::string& key) {
    const std::string text = text_of(file, content, key);
    int64_t value = -1;
    std::from_chars(text.data(), text.data() + text.size(), value);
    FACET_CHECK(value >= 0, "{}: metadata '{}' is '{}', expected a number", file.string(), key,
                text);
    return value;
}

}  // namespace

void save_checkpoint(const std::filesystem::path& file, Learner& learner,
                     const Position& position) {
    SafeTensors content;
    for (const auto& [name, value] : learner.tensors()) content.tensors[name] = store(value);
    for (const StateArray& array : learner.loss().state().save()) {
        const auto length = static_cast<int64_t>(array.value.size());
        content.tensors[state_prefix + array.name] =
            stored_tensor(std::span<const double>(array.value), {length});
    }
    content.metadata = {{"format", format_name},
                        {"steps", std::to_string(position.steps)},
                        {"batch", std::to_string(position.batch)},
                        {"data_hash", position.data_hash},
                        {"loss", learner.loss().describe()}};
    write_safetensors(file, content);
}

Position load_checkpoint(const std::filesystem::path& file, Learner& learner) {
    const SafeTensors content = read_safetensors(file);
    const std::string format = text_of(file, content, "format");
    FACET_CHECK(format == format_name, "{}: format '{}', expected '{}'", file.string(), format,
                format_name);
    const std::string loss = text_of(file, content, "loss");
    FACET_CHECK(loss == learner.loss().describe(),
                "{}: it was written with the loss '{}', this run has '{}'", file.string(), loss,
                learner.loss().describe());
    for (const auto& [name, value] : learner.tensors()) restore(file, content, name, value);
    std::vector<StateArray> state = learner.loss().state().save();
    for (StateArray& array : state) {
        const auto entry = content.tensors.find(state_prefix + array.name);
        FACET_CHECK(entry != content.tensors.end(), "{}: tensor '{}{}' is missing", file.string(),
                    state_prefix, array.name);
        array.value = tensor_values<double>(entry->second);
    }
    learner.loss().state().restore(state);
    const Position position{number_of(file, content, "steps"), number_of(file, content, "batch"),
                            text_of(file, content, "data_hash")};
    learner.optimizer().set_steps(position.steps);
    return position;
}

}  // namespace facet
