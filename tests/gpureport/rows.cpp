#include "tests/gpureport/rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

namespace facet::cuda {
namespace {

const DeviceLimits& limits_of(const Peaks& gpu) {
    static std::map<std::string, DeviceLimits> known;
    const auto found = known.find(gpu.limits);
    if (found != known.end()) return found->second;
    const std::string path = fmt::format("tests/plans/devices/{}.json", gpu.limits);
    return known.emplace(gpu.limits, read_limits(path)).first->second;
}

void check_use(Row& row, const KernelUse& use) {
    const auto fault = [&](const std::string& what) {
        row.faults.push_back(fmt::format("{} for {}", what, use.architecture));
    };
    if (use.stack_bytes > 0) fault(fmt::format("{} bytes of stack", use.stack_bytes));
    if (use.spill_bytes > 0) fault(fmt::format("{} bytes of registers spilled", use.spill_bytes));
    if (use.ptx.block_threads == 0) fault("no launch bound");
}

void check_simulation(Row& row) {
    const Simulated& s = row.simulated;
    if (s.launches == 0) {
        row.faults.push_back("no test of the simulated GPU launched it");
        return;
    }
    if (s.accesses == 0) row.faults.push_back("no access of it was checked for races");
    for (const char* order : {"forward", "reverse", "random"})
        if (!s.orders.count(order))
            row.faults.push_back(fmt::format("never launched in {} order", order));
    for (const std::string& test : s.failed_tests)
        row.faults.push_back(fmt::format("test {} failed on the simulated GPU", test));
}

std::string use_cells(const Row& row, int KernelUse::*number) {
    std::vector<int> numbers;
    for (const auto& [architecture, use] : row.uses) numbers.push_back(use.*number);
    const bool equal =
        std::adjacent_find(numbers.begin(), numbers.end(), std::not_equal_to<>()) == numbers.end();
    if (equal && !numbers.empty()) return std::to_string(numbers.front());
    return fmt::format("{}", fmt::join(numbers, " / "));
}

std::string simulation_cell(const Row& row) {
    const Simulated& s = row.simulated;
    if (s.launches == 0) return "not launched";
    return s.failed_tests.empty() && s.orders.size() == 3 ? "passed in 3 orders" : "**failed**";
}

std::string row_of(const Row& row) {
    std::string text = fmt::format(
        "| `{}` | {} | {} | {} | {} | {} | {} | {} |", row.name, row.file, simulation_cell(row),
        row.simulated.accesses > 0 ? fmt::format("none in {} accesses", row.simulated.accesses)
                                   : "not checked",
        use_cells(row, &KernelUse::registers), use_cells(row, &KernelUse::shared_bytes),
        use_cells(row, &KernelUse::spill_bytes), use_cells(row, &KernelUse::stack_bytes));
    for (const Peaks& gpu : kPeaks) {
        const auto found = row.occupancy.find(gpu.name);
        text += found == row.occupancy.end()
                    ? " – |"
                    : fmt::format(" {:.0f} % |", 100 * found->second.share);
    }
    return text + "\n";
}

std::string bounds_of(const Row& row) {
    if (!row.work) return "";
    std::string text = fmt::format("| `{}` | {} | {:.3f} | {:.2f} | {:.2f} |", row.name,
                                   row.work->shape, row.work->bytes / 1e6,
                                   row.work->flops_float32 / 1e6, row.work->flops_float64 / 1e6);
    for (const Peaks& gpu : kPeaks)
        text += fmt::format(" {:.2f} |", 1e6 * bound_seconds(*row.work, gpu));
    return text + "\n";
}

nlohmann::ordered_json json_of(const Row& row) {
    nlohmann::ordered_json uses, gpus;
    for (const auto& [architecture, use] : row.uses)
        uses[architecture] = {{"registers", use.registers},
                              {"shared_bytes", use.shared_bytes},
                              {"stack_bytes", use.stack_bytes},
                              {"spill_bytes", use.spill_bytes},
                              {"block_threads", use.ptx.block_threads}};
    for (const Peaks& gpu : kPeaks) {
        const auto found = row.occupancy.find(gpu.name);
        if (found == row.occupancy.end()) continue;
        gpus[gpu.name] = {{"blocks_computed", found->second.blocks},
                          {"occupancy_computed", found->second.share},
                          {"limited_by", found->second.limited_by}};
        if (row.work) gpus[gpu.name]["seconds_computed"] = bound_seconds(*row.work, gpu);
    }
    nlohmann::ordered_json json = {{"kernel", row.name},
                                   {"file", row.file},
                                   {"simulated_launches", row.simulated.launches},
                                   {"simulated_orders", row.simulated.orders},
                                   {"accesses_checked", row.simulated.accesses},
                                   {"architectures", uses},
                                   {"gpus", gpus}};
    if (row.work)
        json["launch"] = {{"shape", row.work->shape},
                          {"bytes_computed", row.work->bytes},
                          {"flops_float32_computed", row.work->flops_float32},
                          {"flops_float64_computed", row.work->flops_float64}};
    json["faults"] = row.faults;
    return json;
}

}  // namespace

void complete(Row& row, const Simulated& simulated) {
    row.simulated = simulated;
    row.work = work_of(row.uses.begin()->second);
    check_simulation(row);
    for (const auto& [architecture, use] : row.uses) check_use(row, use);
    for (const Peaks& gpu : kPeaks) {
        const DeviceLimits& limits = limits_of(gpu);
        const auto use = row.uses.find(limits.architecture);
        if (use == row.uses.end() || use->second.ptx.block_threads == 0) continue;
        const Occupancy computed = occupancy(use->second, limits);
        row.occupancy[gpu.name] = computed;
        if (computed.blocks == 0)
            row.faults.push_back(fmt::format("no block of it fits on a {}", gpu.name));
    }
    if (!row.work) row.faults.push_back("tests/gpureport/work.cpp does not say what it does");
}

std::string markdown_of(const std::vector<Row>& rows) {
    std::string architectures;
    if (!rows.empty())
        for (const auto& [architecture, use] : rows.front().uses)
            architectures += (architectures.empty() ? "" : " / ") + architecture;
    std::string text = fmt::format(
        "# The CUDA kernels: what is verified, and computed bounds\n\n"
        "Written by `make gpu-docs`. Nothing here was measured on a GPU.\n\n"
        "Simulated: every test that launches the kernel on the simulated GPU (`tests/gpusim`) "
        "gives "
        "the reference device's numbers with threads run forward, in reverse and at random. Races: "
        "every access of these launches was checked for races, bounds and alignment. Registers, "
        "shared memory (static, bytes a block), spills and stack (bytes) are those of ptxas for "
        "{}, one number where all agree. Occupancy is *computed* by NVIDIA's cuda_occupancy.h.\n\n"
        "| kernel | file | simulated | races | registers | shared | spills | stack |",
        architectures);
    for (const Peaks& gpu : kPeaks) text += fmt::format(" {}, computed |", gpu.name);
    text += "\n| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for (const Row& row : rows) text += row_of(row);
    text +=
        "\n## One launch: computed bounds\n\n"
        "The shapes are those of r10 at 64 pixels in batches of 64, and of a head of 100,000 "
        "classes. Bytes count every array once. FLOPs are counted by hand from the source "
        "(`tests/gpureport/work.cpp`); those of the losses' kernels from their PTX, every "
        "instruction once for the four cosines that a thread takes together. The time is "
        "*computed*: the longer of bytes over bandwidth "
        "and FLOPs over the peak of float32 or float64, both from data sheets. What starting a "
        "kernel costs, a few microseconds, is not in it.\n\n"
        "| kernel | shape | MB | MFLOP, float32 | float64 |";
    for (const Peaks& gpu : kPeaks) text += fmt::format(" {}, µs computed |", gpu.name);
    text += "\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for (const Row& row : rows) text += bounds_of(row);
    return text;
}

std::string json_of(const std::vector<Row>& rows) {
    nlohmann::ordered_json list = nlohmann::json::array();
    for (const Row& row : rows) list.push_back(json_of(row));
    return list.dump(1) + "\n";
}

}  // namespace facet::cuda
