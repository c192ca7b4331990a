#include "train/blame.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "losses/head/geometry.h"
#include "losses/head/state_json.h"
#include "train/files/atomic.h"
#include "train/files/npy.h"

namespace facet {
namespace {

// The step itself has left the running statistics not finite, if anything was.
bool is_statistic(const std::string& name) {
    return name.ends_with(".running_mean") || name.ends_with(".running_var");
}

std::vector<BadTensor> bad_inputs(const Learner& learner, const Tensor& pixels) {
    std::vector<BadTensor> bad;
    const auto look = [&](const std::string& name, const Tensor& x) {
        if (const auto number = first_not_finite(x)) bad.push_back({name, x.shape(), *number});
    };
    look("pixels", pixels);
    for (const auto& [name, value] : learner.tensors()) {
        if (!is_statistic(name)) look(name, value);
    }
    return bad;
}

std::vector<int64_t> zero_rows(const Tensor& x) {
    const std::vector<double> values = x.to_doubles();
    const auto D = static_cast<size_t>(x.size(1));
    std::vector<int64_t> rows;
    for (size_t row = 0; row * D < values.size(); ++row) {
        double squares = 0;
        for (size_t d = 0; d < D; ++d) squares += values[row * D + d] * values[row * D + d];
        if (std::sqrt(squares) < shortest_norm<float>()) rows.push_back(static_cast<int64_t>(row));
    }
    return rows;
}

HeadRow head_row(const HeadDiagnostics& head, const std::vector<int64_t>& labels, size_t row) {
    constexpr double degrees = 180 / std::numbers::pi;
    HeadRow result{static_cast<int64_t>(row), labels[row], head.x_norm[row], std::nan(""),
                   head.row_value[row]};
    if (row < head.target_cosine.size()) {
        result.angle = std::acos(head.target_cosine[row]) * degrees;
    }
    return result;
}

// Of the sample that the finding names, else the first whose loss is not finite.
std::optional<HeadRow> row_of(const Learner& learner, const std::vector<int64_t>& labels,
                              const std::optional<int64_t>& sample) {
    const HeadDiagnostics& head = learner.head().step().diagnostics;
    if (head.row_value.size() != labels.size() || head.x_norm.size() != labels.size()) return {};
    if (sample) return head_row(head, labels, static_cast<size_t>(*sample));
    for (size_t row = 0; row < labels.size(); ++row) {
        if (!std::isfinite(head.row_value[row])) return head_row(head, labels, row);
    }
    return {};
}

bool in_head(const Blame& blame) { return blame.finding && blame.finding->part == "head"; }

nlohmann::ordered_json json_of(const NotFinite& number, const Shape& shape) {
    // JSON has no NaN.
    return {{"shape", shape},
            {"index", number.index},
            {"value", fmt::format("{}", number.value)},
            {"how_many", number.count}};
}

template <class T>
void save(const std::filesystem::path& path, const Shape& shape, const std::vector<T>& values) {
    write_npy(path, npy_from<T>(std::span<const T>(values), shape));
}

// The learner is watched as long as this lives, and its loss is afterwards what it was before.
class Watched {
public:
    Watched(Learner& learner, Watch& watch)
        : learner_(learner), state_(learner.loss().state().save()) {
        learner.watch(&watch);
    }
    ~Watched() {
        learner_.watch(nullptr);
        learner_.loss().state().restore(state_);
    }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

private:
    Learner& learner_;
    std::vector<StateArray> state_;
};

}  // namespace

std::optional<int64_t> Blame::sample() const {
    if (finding && finding->by_sample) return finding->number.index.at(0);
    if (row) return row->sample;
    return std::nullopt;
}

std::string Blame::sentence() const {
    std::string text = error;
    const size_t named = std::min<size_t>(inputs.size(), 3);
    for (size_t i = 0; i < named; ++i) {
        text += fmt::format("; {} already held {} at {}", inputs[i].name, inputs[i].number.value,
                            to_string(inputs[i].number.index));
    }
    if (named < inputs.size()) {
        text += fmt::format(" and {} more tensors too", inputs.size() - named);
    }
    if (finding) {
        text += fmt::format("; the first operation is {} of {}, {}: {} {} is {} at {}",
                            finding->operation, finding->part.empty() ? "no part" : finding->part,
                            finding->phase, finding->tensor, to_string(finding->shape),
                            finding->number.value, to_string(finding->number.index));
        if (finding->by_sample) {
            text += fmt::format(", sample {}, in {} of {} samples", finding->number.index.at(0),
                                finding->samples, finding->shape.at(0));
        }
    }
    if (row) {
        text +=
            fmt::format("; sample {} of class {} has norm {:.4g}, angle {:.4g} degrees, loss {}",
                        row->sample, row->label, row->norm, row->angle, row->value);
    }
    if (!zero_embeddings.empty()) {
        text +=
            fmt::format("; embeddings of length 0: samples {}", fmt::join(zero_embeddings, ", "));
    }
    return text;
}

Blame find_blame(Learner& learner, const Tensor& pixels, const std::vector<int64_t>& labels,
                 int64_t index, const std::string& error) {
    Blame blame;
    blame.error = error;
    blame.step = index;
    blame.inputs = bad_inputs(learner, pixels);
    Watch watch(learner.parameters(), pixels.size(0));
    {
        const Watched watched(learner, watch);
        try {
            learner.step(pixels, labels, 0, index);
        } catch (const Error&) {
            // The same error again; the watch knows more.
        }
    }
    blame.finding = watch.finding();
    if (const Tensor& x = learner.head().step().x; x.defined())
        blame.zero_embeddings = zero_rows(x);
    if (in_head(blame)) blame.row = row_of(learner, labels, blame.sample());
    return blame;
}

nlohmann::ordered_json to_json(const Blame& blame) {
    nlohmann::ordered_json json{{"step", blame.step}, {"error", blame.error}};
    json["inputs"] = nlohmann::ordered_json::array();
    for (const BadTensor& input : blame.inputs) {
        nlohmann::ordered_json entry{{"tensor", input.name}};
        entry.update(json_of(input.number, input.shape));
        json["inputs"].push_back(std::move(entry));
    }
    if (const auto& finding = blame.finding) {
        nlohmann::ordered_json entry{{"operation", finding->operation},
                                     {"part", finding->part},
                                     {"phase", finding->phase},
                                     {"tensor", finding->tensor}};
        entry.update(json_of(finding->number, finding->shape));
        if (finding->by_sample) {
            entry["sample"] = finding->number.index.at(0);
            entry["samples"] = finding->samples;
        }
        json["first_operation"] = std::move(entry);
    }
    if (const auto& row = blame.row) {
        json["row"] = {{"sample", row->sample},
                       {"class", row->label},
                       {"norm", row->norm},
                       {"angle_degrees", row->angle},
                       {"loss", fmt::format("{}", row->value)}};
    }
    json["embeddings_of_length_0"] = blame.zero_embeddings;
    return json;
}

std::string save_batch(const std::filesystem::path& folder, const Learner& learner,
                       const Tensor& pixels, const std::vector<int64_t>& labels) {
    std::filesystem::create_directories(folder);
    save(folder / "pixels.npy", pixels.shape(), pixels.to_vector<float>());
    save(folder / "labels.npy", {std::ssize(labels)}, labels);
    const HeadStep& head = learner.head().step();
    const Tensor &x = head.x, &w = head.w;
    if (!x.defined()) return "";
    const std::vector<int64_t>& y = head.labels;
    save(folder / "embeddings.npy", x.shape(), x.to_vector<float>());
    save(folder / "head_labels.npy", {std::ssize(y)}, y);
    std::string command = fmt::format("facet grad --loss {}", learner.loss().name());
    for (const auto& [name, value] : learner.loss().settings().all()) {
        if (!value.empty()) command += fmt::format(" --set {}={}", name, value);
    }
    const auto argument = [&](const char* option, const char* file) {
        command += fmt::format(" {} {}", option, (folder / file).string());
    };
    argument("--x", "embeddings.npy");
    if (w.defined()) {
        save(folder / "proxies.npy", w.shape(), w.to_vector<float>());
        argument("--w", "proxies.npy");
    }
    argument("--y", "head_labels.npy");
    const State& state = learner.loss().state();
    const bool finite = std::all_of(state.arrays().begin(), state.arrays().end(), [](auto& array) {
        return std::all_of(array->value.begin(), array->value.end(),
                           [](double v) { return std::isfinite(v); });
    });
    if (!state.arrays().empty() && finite) {
        write_file_atomically(folder / "state.json", state_to_json(state));
        argument("--state", "state.json");
    }
    argument("--out", "gradient");
    return command;
}

}  // namespace facet
