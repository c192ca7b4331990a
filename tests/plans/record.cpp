// plans.json lists every plan; plans.md counts them by device, operation and compute mode.
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "engine/error.h"
#include "tests/plans/fixtures.h"

namespace facet::cuda {
namespace {

struct Row {
    std::string device, architecture;
    ConvKey key;
    int64_t engine, workspace, passed_over;
    std::set<std::string> notes;
};

std::vector<Row> rows;

nlohmann::ordered_json to_json(const Row& row) {
    const ConvKey& k = row.key;
    return {{"device", row.device},
            {"architecture", row.architecture},
            {"operation", to_string(k.operation)},
            {"compute", to_string(k.compute)},
            {"accumulate", k.mode == Grad::Accumulate},
            {"x", {k.N, k.C, k.H, k.W}},
            {"w", {k.K, k.C, k.R, k.R}},
            {"stride", k.stride},
            {"pad", k.pad},
            {"engine", row.engine},
            {"workspace_bytes", row.workspace},
            {"passed_over", row.passed_over},
            {"notes", row.notes}};
}

struct Group {
    int64_t plans = 0, tensor_core = 0, no_workspace = 0, most_passed_over = 0;
    std::set<int64_t> engines;
    std::set<std::string> other_notes;
    const Row* largest = nullptr;  // workspace
};

void add(const Row& row, Group& group) {
    ++group.plans;
    group.engines.insert(row.engine);
    for (const std::string& note : row.notes) {
        if (note == to_string(CUDNN_NUMERICAL_NOTE_TENSOR_CORE)) {
            ++group.tensor_core;
        } else {
            group.other_notes.insert(note);
        }
    }
    group.no_workspace += row.workspace == 0;
    group.most_passed_over = std::max(group.most_passed_over, row.passed_over);
    if (!group.largest || row.workspace > group.largest->workspace) group.largest = &row;
}

std::string markdown() {
    std::map<std::tuple<std::string, ConvCompute, ConvOperation, Grad>, Group> groups;
    for (const Row& row : rows) {
        add(row, groups[{row.architecture, row.key.compute, row.key.operation, row.key.mode}]);
    }
    const size_t version = cudnnGetVersion();  // 91900 for 9.19.0
    std::string text = fmt::format(
        "# cuDNN {}.{}.{}: plans of the networks' convolutions\n\n"
        "Finalised by cuDNN's own planner from described devices, not yet run on a GPU. Passed "
        "over: engines that cuDNN proposed first and that do not qualify.\n\n"
        "| device | compute | operation | plans | tensor cores | other notes | engines | most "
        "passed over | no workspace | largest workspace, MiB | of |\n"
        "| --- | --- | --- | ---: | ---: | --- | --- | ---: | ---: | ---: | --- |\n",
        version / 10000, version / 100 % 100, version % 100);
    for (const auto& [id, g] : groups) {
        const auto& [architecture, compute, operation, mode] = id;
        const ConvKey& k = g.largest->key;
        text += fmt::format(
            "| {} | {} | {}{} | {} | {} | {} | {} | {} | {} | {:.1f} | x ({}, {}, {}, {}), K {}, "
            "{}x{}/{} |\n",
            architecture, to_string(compute), to_string(operation),
            mode == Grad::Accumulate ? ", accumulated" : "", g.plans, g.tensor_core,
            fmt::join(g.other_notes, ", "), fmt::join(g.engines, " "), g.most_passed_over,
            g.no_workspace, static_cast<double>(g.largest->workspace) / (1 << 20), k.N, k.C, k.H,
            k.W, k.K, k.R, k.R, k.stride);
    }
    return text;
}

void write(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    file.flush();
    FACET_CHECK(file.good(), "{} cannot be written", path);
}

class Record : public testing::Environment {
    void TearDown() override {
        if (rows.empty()) return;
        const char* folder = std::getenv("FACET_PLANS");
        const std::string path = std::string(folder ? folder : "build") + "/plans";
        std::string lines;
        for (const Row& row : rows) {
            lines += (lines.empty() ? "[\n" : ",\n") + to_json(row).dump();
        }
        write(path + ".json", lines + "\n]\n");
        write(path + ".md", markdown());
    }
};

const testing::Environment* const environment = testing::AddGlobalTestEnvironment(new Record);

}  // namespace

void record(const CudnnDevice& device, const ConvPlan& plan) {
    Row row{device.name(),          device.architecture(), plan.key(), plan.engine(),
            plan.workspace_bytes(), plan.passed_over(),    {}};
    for (const auto note : plan.notes()) row.notes.insert(to_string(note));
    rows.push_back(std::move(row));
}

}  // namespace facet::cuda
