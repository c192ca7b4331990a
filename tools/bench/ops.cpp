// `facet bench ops`: every primitive of a training step, by shape, from the ledger.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "tools/bench/bench.h"
#include "tools/bench/timing.h"
#include "tools/bench/workload.h"
#include "tools/terminal.h"

namespace facet::bench {
namespace {

// One primitive at one shape, over several steps.
struct Cost {
    LedgerEntry entry;            // of one step
    std::vector<double> samples;  // seconds of all its calls in a step
};

std::vector<Cost> costs_of(Workload& workload, int steps) {
    std::map<std::pair<std::string, std::string>, Cost> costs;
    for (int i = 0; i < steps; ++i) {
        for (LedgerEntry& entry : workload.costs_of_a_step().entries) {
            Cost& cost = costs[{entry.name, entry.detail}];
            cost.samples.push_back(entry.seconds);
            cost.entry = std::move(entry);
        }
    }
    std::vector<Cost> list;
    for (auto& [key, cost] : costs) {
        cost.entry.seconds = spread_of(cost.samples).median;
        list.push_back(std::move(cost));
    }
    std::stable_sort(list.begin(), list.end(), [](const Cost& a, const Cost& b) {
        return a.entry.seconds > b.entry.seconds;
    });
    return list;
}

void print_json(const std::vector<Cost>& costs) {
    auto json = nlohmann::ordered_json::array();
    for (const Cost& cost : costs) {
        const LedgerEntry& entry = cost.entry;
        const Spread spread = spread_of(cost.samples);
        json.push_back({{"name", entry.name},
                        {"shape", entry.detail},
                        {"calls", entry.calls},
                        {"ms", spread.median * 1e3},
                        {"min_ms", spread.min * 1e3},
                        {"max_ms", spread.max * 1e3},
                        {"gflop", entry.flops / 1e9},
                        {"mib", entry.bytes / (1 << 20)}});
    }
    fmt::print("{}\n", json.dump(2));
}

}  // namespace

void ops(const StepBench& options) {
    Workload workload(options);
    // On a GPU a primitive only enqueues its work: the ledger would say how long that takes.
    FACET_USAGE(workload.device().has_host_memory(),
                "bench ops measures the primitives of the CPU, found device {}: say --device cpu",
                workload.device().name());
    for (int i = 0; i < options.warmup; ++i) workload.step();
    const std::vector<Cost> costs = costs_of(workload, options.steps);
    if (options.json) return print_json(costs);
    double sum = 0;
    for (const Cost& cost : costs) sum += cost.entry.seconds;
    Table table({"primitive", "shape", "calls", "ms a step", "share %", "GFLOP/s", "GiB/s"});
    for (const Cost& cost : costs) {
        const LedgerEntry& entry = cost.entry;
        table.row({entry.name, entry.detail, fmt::format("{}", entry.calls),
                   fmt::format("{:.3f}", entry.seconds * 1e3),
                   fmt::format("{:.1f}", 100 * entry.seconds / sum),
                   fmt::format("{:.1f}", entry.flops / entry.seconds / 1e9),
                   fmt::format("{:.1f}", entry.bytes / entry.seconds / (1 << 30))});
    }
    table.print();
}

}  // namespace facet::bench
