#include "train/checkpoint.h"

#include <charconv>
#include <sstream>
#include <tuple>

#include "train/stored.h"

namespace facet {
namespace {

constexpr const char* format_name = "facet-checkpoint-1";
const std::string state_prefix = "state.";

// Whether two descriptions ("cosface s=64 m=0.35") say the same, numbers compared as such: "1e-3"
// is "0.001".
bool same_loss(const std::string& a, const std::string& b) {
    std::istringstream words_of_a(a), words_of_b(b);
    const auto split = [](const std::string& word) {
        const size_t at = word.find('=') + 1;
        double number = 0;
        const char* end = word.data() + word.size();
        const bool numeric = std::from_chars(word.data() + at, end, number).ptr == end;
        return std::tuple(word.substr(0, at), numeric, number);
    };
    for (std::string x, y;;) {
        const bool more_a = bool(words_of_a >> x), more_b = bool(words_of_b >> y);
        if (!more_a || !more_b) return more_a == more_b;
        if (x == y) continue;
        const auto [name, numeric, number] = split(x);
        if (name.empty() || !numeric || split(y) != std::tuple(name, numeric, number)) return false;
    }
}

}  // namespace

void save_checkpoint(const std::filesystem::path& file, Learner& learner, const Position& position,
                     const std::filesystem::path& previous) {
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
                        {"settings", position.settings},
                        {"loss", learner.loss().describe()}};
    write_safetensors(file, content, previous);
}

Position load_checkpoint(const std::filesystem::path& path, Learner& learner) {
    const StoredFile file(path, format_name,
                          "give the checkpoint of a folder that `facet train --out` made");
    const std::string loss = file.text("loss");
    FACET_CHECK(same_loss(loss, learner.loss().describe()),
                "{}: it was written with the loss '{}', this run has '{}'", path.string(), loss,
                learner.loss().describe());
    for (const auto& [name, value] : learner.tensors()) file.restore(name, value);
    std::vector<StateArray> state = learner.loss().state().save();
    for (StateArray& array : state) {
        array.value = file.values<double>(state_prefix + array.name);
        if (!array.value.empty() || array.scalar) check_values(array, array.value, path.string());
    }
    learner.loss().state().restore(state);
    learner.head().publish();
    Position position{file.number("steps"), file.number("batch"), file.text("data_hash")};
    learner.optimiser().set_steps(position.steps);
    return position;
}

}  // namespace facet
