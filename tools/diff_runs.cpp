#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/tensor.h"
#include "tools/diff.h"
#include "train/files/json_lines.h"
#include "train/files/safetensors.h"
#include "train/run_folder.h"

namespace facet {
namespace {

namespace fs = std::filesystem;

using Texts = std::map<std::string, std::string>;

std::vector<SettingDifference> compare_settings(const RunFolder& a, const RunFolder& b) {
    const KeyValues in_file_a = a.settings(), in_file_b = b.settings();
    const Texts of_a(in_file_a.begin(), in_file_a.end()), of_b(in_file_b.begin(), in_file_b.end());
    Texts all = of_a;
    all.insert(of_b.begin(), of_b.end());
    std::vector<SettingDifference> found;
    for (const auto& [name, text] : all) {
        const auto in_a = of_a.find(name), in_b = of_b.find(name);
        SettingDifference one{name, in_a == of_a.end() ? "" : in_a->second,
                              in_b == of_b.end() ? "" : in_b->second};
        if (one.a != one.b) found.push_back(std::move(one));
    }
    return found;
}

// What a step of a log says that the machine's speed does not change.
struct LoggedStep {
    std::string loss, hash;
};

std::map<int64_t, LoggedStep> steps_of(const fs::path& file) {
    std::map<int64_t, LoggedStep> steps;
    each_json_line(file, [&](const nlohmann::json& entry) {
        if (!entry.contains("hash")) return;
        steps[entry.at("step")] = {entry.at("loss").dump(), entry.at("hash")};
    });
    return steps;
}

void compare_logs(const fs::path& a, const fs::path& b, RunDifference& found) {
    const auto of_a = steps_of(a), of_b = steps_of(b);
    for (const auto& [step, in_a] : of_a) {
        const auto in_b = of_b.find(step);
        if (in_b == of_b.end()) continue;
        ++found.common_steps;
        if (found.step) continue;
        if (in_a.loss != in_b->second.loss) {
            found.step = {step, "loss", in_a.loss, in_b->second.loss};
        } else if (in_a.hash != in_b->second.hash) {
            found.step = {step, "hash", in_a.hash, in_b->second.hash};
        }
    }
}

template <class T>
void compare_values(const StoredTensor& a, const StoredTensor& b, TensorDifference& found) {
    const std::vector<T> of_a = tensor_values<T>(a), of_b = tensor_values<T>(b);
    found.total = std::ssize(of_a);
    for (size_t i = 0; i < of_a.size(); ++i) {
        if (std::memcmp(&of_a[i], &of_b[i], sizeof(T)) == 0) continue;
        if (found.elements++ == 0) found.first = static_cast<int64_t>(i);
        const double distance =
            std::abs(static_cast<double>(of_a[i]) - static_cast<double>(of_b[i]));
        found.largest = std::isnan(distance) ? INFINITY : std::max(found.largest, distance);
    }
}

TensorDifference compare_tensors(const std::string& name, const StoredTensor& a,
                                 const StoredTensor& b) {
    TensorDifference found{.name = name, .shape = to_string(a.shape), .what = ""};
    if (a.dtype != b.dtype) {
        found.what = fmt::format("types differ: {} and {}", a.dtype, b.dtype);
    } else if (a.shape != b.shape) {
        found.what = fmt::format("shapes differ: {} and {}", found.shape, to_string(b.shape));
    } else if (a.dtype == "F32") {
        compare_values<float>(a, b, found);
    } else if (a.dtype == "F64") {
        compare_values<double>(a, b, found);
    } else if (a.bytes != b.bytes) {
        found.what = "bytes differ";
    }
    return found;
}

void compare_files(const SafeTensors& a, const SafeTensors& b, RunDifference& found) {
    std::map<std::string, const StoredTensor*> all;
    for (const SafeTensors* file : {&a, &b}) {
        for (const auto& [name, tensor] : file->tensors) all.emplace(name, &tensor);
    }
    for (const auto& [name, tensor] : all) {
        TensorDifference one{.name = name, .shape = to_string(tensor->shape), .what = ""};
        if (!b.tensors.contains(name)) {
            one.what = "only in the first run";
        } else if (!a.tensors.contains(name)) {
            one.what = "only in the second run";
        } else {
            one = compare_tensors(name, a.at(name), b.at(name));
        }
        if (!one.what.empty() || one.elements > 0) found.tensors.push_back(std::move(one));
    }
}

std::string steps_in(const SafeTensors& checkpoint) {
    const auto entry = checkpoint.metadata.find("steps");
    return entry == checkpoint.metadata.end() ? "?" : entry->second;
}

}  // namespace

RunDifference difference_of_runs(const fs::path& a, const fs::path& b) {
    const RunFolder run_a = RunFolder::open(a), run_b = RunFolder::open(b);
    RunDifference found;
    found.settings = compare_settings(run_a, run_b);
    compare_logs(run_a.log(), run_b.log(), found);
    if (!fs::exists(run_a.checkpoint()) || !fs::exists(run_b.checkpoint())) {
        found.why_not = "there is no checkpoint yet in both runs";
        return found;
    }
    const SafeTensors in_a = read_safetensors(run_a.checkpoint());
    const SafeTensors in_b = read_safetensors(run_b.checkpoint());
    if (steps_in(in_a) != steps_in(in_b)) {
        found.why_not =
            fmt::format("the checkpoints are of steps {} and {}", steps_in(in_a), steps_in(in_b));
        return found;
    }
    found.file = "checkpoint.safetensors";
    compare_files(in_a, in_b, found);
    return found;
}

}  // namespace facet
