#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>

#include "engine/error.h"
#include "tools/inspect.h"
#include "train/files/file_reader.h"
#include "train/files/npy.h"
#include "train/files/safetensors.h"
#include "train/run_folder.h"

namespace facet {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct Summary {
    int64_t nan = 0, infinite = 0;
    double min = std::numeric_limits<double>::infinity(), max = -min;
    double sum = 0, squares = 0;  // of the finite values
    int64_t finite = 0;
};

Summary summarise(const std::vector<double>& values) {
    Summary s;
    for (const double x : values) {
        if (std::isnan(x)) {
            ++s.nan;
        } else if (std::isinf(x)) {
            ++s.infinite;
        } else {
            ++s.finite;
            s.min = std::min(s.min, x);
            s.max = std::max(s.max, x);
            s.sum += x;
            s.squares += x * x;
        }
    }
    return s;
}

// The elements as doubles where C++ has their type, nothing for half-precision types.
std::optional<std::vector<double>> numbers(const StoredTensor& tensor) {
    const auto as = [&tensor]<class T>(T) {
        std::vector<double> result(tensor.bytes.size() / sizeof(T));
        for (size_t i = 0; i < result.size(); ++i) {
            T value;
            std::memcpy(&value, tensor.bytes.data() + i * sizeof(T), sizeof(T));
            result[i] = static_cast<double>(value);
        }
        return result;
    };
    if (tensor.dtype == "F32") return as(float{});
    if (tensor.dtype == "F64") return as(double{});
    if (tensor.dtype == "I64") return as(int64_t{});
    if (tensor.dtype == "U64") return as(uint64_t{});
    if (tensor.dtype == "I32") return as(int32_t{});
    if (tensor.dtype == "U32") return as(uint32_t{});
    if (tensor.dtype == "I16") return as(int16_t{});
    if (tensor.dtype == "U16") return as(uint16_t{});
    if (tensor.dtype == "I8") return as(int8_t{});
    if (tensor.dtype == "U8" || tensor.dtype == "BOOL") return as(uint8_t{});
    return std::nullopt;
}

// A list of hashes is as long as a data set.
std::string shortened(const std::string& text) {
    constexpr size_t kShown = 60;
    if (text.size() <= 2 * kShown) return text;
    return fmt::format("{}... ({} characters)", text.substr(0, kShown), text.size());
}

}  // namespace

ordered_json describe_npy(const fs::path& path) {
    const NpyArray array = read_npy(path);
    const Summary s = summarise(npy_as<double>(array));
    ordered_json result{{"kind", "NumPy array"},
                        {"dtype", array.dtype},
                        {"shape", array.shape},
                        {"elements", npy_count(array.shape)}};
    result["min"] = s.finite > 0 ? ordered_json(s.min) : nullptr;
    result["max"] = s.finite > 0 ? ordered_json(s.max) : nullptr;
    result["mean"] = s.finite > 0 ? ordered_json(s.sum / static_cast<double>(s.finite)) : nullptr;
    result["nan"] = s.nan;
    result["infinite"] = s.infinite;
    return result;
}

ordered_json describe_safetensors(const fs::path& path) {
    const SafeTensors content = read_safetensors(path);
    ordered_json tensors = ordered_json::array();
    int64_t elements = 0;
    for (const auto& [name, tensor] : content.tensors) {
        ordered_json row{{"tensor", name}, {"dtype", tensor.dtype}, {"shape", tensor.shape}};
        row["norm"] = nullptr;
        row["not finite"] = nullptr;
        if (const auto values = numbers(tensor)) {
            const Summary s = summarise(*values);
            row["norm"] = std::sqrt(s.squares);
            row["not finite"] = s.nan + s.infinite;
        }
        tensors.push_back(row);
        elements +=
            static_cast<int64_t>(tensor.bytes.size() / safetensors_element_size(tensor.dtype));
    }
    ordered_json result{{"kind", "safetensors"},
                        {"tensor count", content.tensors.size()},
                        {"elements", elements},
                        {"bytes", fs::file_size(path)},
                        {"checksum", content.checked ? "right" : "none"}};
    for (const auto& [key, value] : content.metadata) result["metadata " + key] = shortened(value);
    result["tensors"] = tensors;
    return result;
}

ordered_json describe_run(const fs::path& folder) {
    const RunFolder run = RunFolder::open(folder);
    ordered_json files = ordered_json::array();
    std::set<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder)) paths.insert(entry.path());
    for (const fs::path& path : paths) {
        ordered_json row{{"file", path.filename().string()}};
        row["bytes"] = fs::is_regular_file(path) ? ordered_json(fs::file_size(path)) : nullptr;
        files.push_back(row);
    }
    ordered_json result{{"kind", "run folder"}};
    for (const auto& [name, text] : run.settings()) result["config " + name] = text;
    std::istringstream log(std::filesystem::exists(run.log()) ? read_file(run.log()) : "");
    std::string last;
    int64_t lines = 0;
    for (std::string line; std::getline(log, line); ++lines) last = line;
    result["log lines"] = lines;
    if (lines > 0) result["last log line"] = last;
    result["files"] = files;
    return result;
}

}  // namespace facet
