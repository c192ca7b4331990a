// The static report of the project's own kernels, and its gate.
//
//   report OUTPUT FOLDER...     FOLDER/*.log is what ptxas -v printed, FOLDER/*.ptx the PTX beside
//   it
//
// Writes OUTPUT.md and OUTPUT.json and ends with "N passed, N failed": a kernel passes on an
// architecture when nothing of it spills, it has no stack frame, its launch bound is stated and at
// least one block fits. The exit status is 1 if one fails or there is none.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/error.h"
#include "tests/gpureport/kernels.h"

namespace facet::cuda {
namespace {

struct Row {
    std::string file;
    KernelUse kernel;
    Occupancy occupancy;
    bool passed() const {
        return kernel.spill_bytes == 0 && kernel.stack_bytes == 0 && kernel.block_threads > 0 &&
               occupancy.blocks > 0;
    }
};

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path);
    FACET_CHECK(file.good(), "{} cannot be read", path.string());
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<DeviceLimits> devices() {
    std::vector<DeviceLimits> all;
    for (const char* name : {"a100", "h100", "b200"}) {
        all.push_back(read_limits(fmt::format("tests/plans/devices/{}.json", name)));
    }
    return all;
}

const DeviceLimits& device_of(const std::vector<DeviceLimits>& all, const std::string& arch) {
    const auto device =
        std::find_if(all.begin(), all.end(), [&](const auto& d) { return d.architecture == arch; });
    FACET_CHECK(device != all.end(), "no described device has the architecture {}", arch);
    return *device;
}

void add_file(const std::filesystem::path& log, const std::vector<DeviceLimits>& all,
              std::vector<Row>& rows) {
    const auto bounds =
        parse_launch_bounds(read(std::filesystem::path(log).replace_extension("ptx")));
    for (KernelUse kernel : parse_ptxas(read(log))) {
        const auto bound = bounds.find(kernel.symbol);
        if (bound != bounds.end()) kernel.block_threads = bound->second;
        Occupancy computed;
        if (bound != bounds.end()) {
            computed = occupancy(kernel, device_of(all, kernel.architecture));
        }
        rows.push_back({log.stem().string(), kernel, computed});
    }
}

std::string markdown(const std::vector<Row>& rows) {
    std::string text =
        "# Kernels, as the compiler leaves them\n\n"
        "Registers, shared memory, stack and spills are ptxas's. Occupancy is computed by "
        "cuda_occupancy.h from the launch bound, static shared memory and data-sheet figures. "
        "Nothing here was measured on a GPU.\n\n"
        "| kernel | file | architecture | registers | shared, bytes | stack | spills | block | "
        "blocks an SM (computed) | occupancy (computed) | limited by |\n"
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n";
    for (const Row& r : rows) {
        const KernelUse& k = r.kernel;
        text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.0f} % | {} |\n",
                            k.name, r.file, k.architecture, k.registers, k.shared_bytes,
                            k.stack_bytes, k.spill_bytes, k.block_threads, r.occupancy.blocks,
                            100 * r.occupancy.share, r.occupancy.limited_by);
    }
    return text;
}

nlohmann::ordered_json json(const Row& r) {
    const KernelUse& k = r.kernel;
    return {{"kernel", k.name},
            {"file", r.file},
            {"architecture", k.architecture},
            {"registers", k.registers},
            {"shared_bytes", k.shared_bytes},
            {"stack_bytes", k.stack_bytes},
            {"spill_bytes", k.spill_bytes},
            {"block_threads", k.block_threads},
            {"blocks_computed", r.occupancy.blocks},
            {"occupancy_computed", r.occupancy.share},
            {"limited_by", r.occupancy.limited_by},
            {"passed", r.passed()}};
}

void write(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    file.flush();
    FACET_CHECK(file.good(), "{} cannot be written", path);
}

int run(int count, char** arguments) {
    FACET_USAGE(count >= 3, "expected: report OUTPUT FOLDER...");
    const auto all = devices();
    std::vector<Row> rows;
    for (int i = 2; i < count; ++i) {
        for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) {
            if (entry.path().extension() == ".log") add_file(entry.path(), all, rows);
        }
    }
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
        return std::tie(a.file, a.kernel.name, a.kernel.architecture) <
               std::tie(b.file, b.kernel.name, b.kernel.architecture);
    });
    nlohmann::ordered_json list;
    int passed = 0, failed = 0;
    for (const Row& row : rows) {
        list.push_back(json(row));
        ++(row.passed() ? passed : failed);
        if (row.passed()) continue;
        fmt::print("{} for {}: {} bytes of stack, {} spilled, launch bound {}, {} blocks an SM\n",
                   row.kernel.name, row.kernel.architecture, row.kernel.stack_bytes,
                   row.kernel.spill_bytes, row.kernel.block_threads, row.occupancy.blocks);
    }
    const std::string output = arguments[1];
    write(output + ".json", list.dump(1) + "\n");
    write(output + ".md", markdown(rows));
    fmt::print("kernels: {0}.md, {0}.json\n{1} passed, {2} failed\n", output, passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace facet::cuda

int main(int count, char** arguments) {
    try {
        return facet::cuda::run(count, arguments);
    } catch (const std::exception& error) {
        fmt::print(stderr, "report: error: {}\n", error.what());
        return 2;
    }
}
