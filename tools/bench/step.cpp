// `facet bench step`: whole training steps beside the bare primitives they are made of.
#include <omp.h>
#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/memory.h"
#include "tools/bench/bare.h"
#include "tools/bench/bench.h"
#include "tools/bench/gpu_step.h"
#include "tools/bench/timing.h"
#include "tools/bench/workload.h"
#include "tools/terminal.h"

namespace facet::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double mib = 1 << 20;

double peak_process_mib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;  // Linux counts in KiB
}

struct Total {
    int64_t calls = 0;
    double seconds = 0, flops = 0, bytes = 0;
};

struct Result {
    Spread step;
    double peak_process = 0, peak_engine = 0;  // MiB, before the bare primitives need buffers
    std::map<std::string, Total> by_name;      // of one step, from the ledger
    double ledger_step = 0;                    // seconds of that step
};

// The convolutions of one step: what a step adds to the uses.
std::vector<onednn::ConvUse> convolutions_of_a_step(Workload& workload) {
    const auto before = onednn::convolution_uses();
    workload.step();
    std::vector<onednn::ConvUse> during;
    for (onednn::ConvUse use : onednn::convolution_uses()) {
        for (const onednn::ConvUse& old : before) {
            if (old.shape == use.shape && old.direction == use.direction) use.calls -= old.calls;
        }
        if (use.calls > 0) during.push_back(use);
    }
    return during;
}

// Three blocks of whole steps with two of bare primitives in between, so that a machine that slows
// down or speeds up does so for both.
Result run(const StepBench& options, Workload& workload, BareCost& bare) {
    constexpr int blocks = 3, bare_samples = 4;
    Result result;
    std::vector<double> samples;
    Progress progress("bench", options.steps);
    for (int block = 0; block < blocks; ++block) {
        workload.step();
        const int until = options.steps * (block + 1) / blocks;
        while (std::ssize(samples) < until) {
            samples.push_back(seconds_of([&] { workload.step(); }));
            progress.update(std::ssize(samples));
        }
        if (block + 1 == blocks) break;
        for (int i = 0; i < bare_samples; ++i) bare.measure();
    }
    result.step = spread_of(samples);
    const Workload::Costs costs = workload.costs_of_a_step();
    result.ledger_step = costs.seconds;
    for (const LedgerEntry& entry : costs.entries) {
        Total& total = result.by_name[entry.name];
        total.calls += entry.calls;
        total.seconds += entry.seconds;
        total.flops += entry.flops;
        total.bytes += entry.bytes;
    }
    return result;
}

std::vector<std::pair<std::string, Total>> costliest_first(const Result& result) {
    std::vector<std::pair<std::string, Total>> list(result.by_name.begin(), result.by_name.end());
    std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
        return a.second.seconds > b.second.seconds;
    });
    return list;
}

// Loss head, bookkeeping: what no primitive of the device accounts for.
double outside_primitives(const Result& result) {
    double sum = 0;
    for (const auto& [name, total] : result.by_name) sum += total.seconds;
    return std::max(0.0, result.ledger_step - sum);
}

Json to_json(const BarePrimitive& primitive) {
    Json json{{"name", primitive.name},
              {"shape", primitive.shape},
              {"calls", primitive.calls},
              {"gflop", primitive.flops / 1e9}};
    for (const char* name : {"direct", "winograd", "sgemm"}) {
        const Variant* variant = primitive.variant(name);
        const bool product = primitive.name == "gemm";
        if (product != (std::string(name) == "sgemm")) continue;
        Json& ms = json[std::string(name) + "_ms"];
        if (variant) ms = spread_of(variant->samples).median * 1e3;
    }
    json["best_ms"] = primitive.seconds() * 1e3;
    return json;
}

Json to_json(const StepBench& options, const Result& result, const BareCost& bare) {
    const double images = static_cast<double>(options.batch);
    Json json = to_json(options);
    json.update(Json{
        {"conv", options.conv},
        {"device", cpu_device().description()},
        {"threads", omp_get_max_threads()},
        {"steps", options.steps},
        {"images_per_s", images / result.step.median},
        {"step_ms",
         {{"median", result.step.median * 1e3},
          {"min", result.step.min * 1e3},
          {"max", result.step.max * 1e3}}},
        {"bare_ms", bare.seconds() * 1e3},
        {"ratio", result.step.median / bare.seconds()},
        {"peak_memory_mib", {{"process", result.peak_process}, {"engine", result.peak_engine}}},
        {"bare", Json::array()},
        {"ledger", Json::array()},
        {"ledger_step_ms", result.ledger_step * 1e3}});
    for (const BarePrimitive& primitive : bare.primitives())
        json["bare"].push_back(to_json(primitive));
    for (const auto& [name, total] : costliest_first(result)) {
        json["ledger"].push_back({{"name", name},
                                  {"calls", total.calls},
                                  {"ms", total.seconds * 1e3},
                                  {"gflop", total.flops / 1e9},
                                  {"mib", total.bytes / mib}});
    }
    return json;
}

void print_bare(const BareCost& bare) {
    fmt::print("\nBare primitives of a step, ms a call (the faster counts):\n");
    Table table({"primitive", "shape", "calls", "direct", "winograd", "sgemm", "GFLOP/s"});
    for (const BarePrimitive& primitive : bare.primitives()) {
        const auto cell = [&](const char* name) {
            const Variant* variant = primitive.variant(name);
            return variant ? fmt::format("{:.3f}", spread_of(variant->samples).median * 1e3) : "";
        };
        table.row({primitive.name, primitive.shape, fmt::format("{}", primitive.calls),
                   cell("direct"), cell("winograd"), cell("sgemm"),
                   fmt::format("{:.0f}", primitive.flops / primitive.seconds() / 1e9)});
    }
    table.print();
}

void print_ledger(const Result& result) {
    fmt::print("\nOne step by primitive ({:.1f} ms with the ledger on):\n",
               result.ledger_step * 1e3);
    Table table({"primitive", "calls", "ms", "share %", "GFLOP/s", "GiB/s"});
    for (const auto& [name, total] : costliest_first(result)) {
        table.row({name, fmt::format("{}", total.calls), fmt::format("{:.2f}", total.seconds * 1e3),
                   fmt::format("{:.1f}", 100 * total.seconds / result.ledger_step),
                   fmt::format("{:.1f}", total.flops / total.seconds / 1e9),
                   fmt::format("{:.1f}", total.bytes / total.seconds / (1024 * mib))});
    }
    const double rest = outside_primitives(result);
    table.row({"loss head and the rest", "", fmt::format("{:.2f}", rest * 1e3),
               fmt::format("{:.1f}", 100 * rest / result.ledger_step), "", ""});
    table.print();
}

void print(const StepBench& options, const Result& result, const BareCost& bare) {
    fmt::print("{}\n{}\n\n", title_of(options), cpu_device().description());
    fmt::print("images/s     {:.1f}\n", static_cast<double>(options.batch) / result.step.median);
    fmt::print("whole step   {:.2f} ms, median of {} (from {:.2f} to {:.2f})\n",
               result.step.median * 1e3, options.steps, result.step.min * 1e3,
               result.step.max * 1e3);
    fmt::print("bare         {:.2f} ms, its convolutions and matrix products alone\n",
               bare.seconds() * 1e3);
    fmt::print("ratio        {:.2f}\n", result.step.median / bare.seconds());
    fmt::print("peak memory  {:.0f} MiB, of which tensors {:.0f} MiB\n", result.peak_process,
               result.peak_engine);
    print_bare(bare);
    print_ledger(result);
}

}  // namespace

void step(const StepBench& options) {
    Workload workload(options);
    if (!workload.device().has_host_memory()) return gpu_step(options, workload);
    for (int i = 0; i < options.warmup; ++i) workload.step();
    const auto convolutions = convolutions_of_a_step(workload);
    const double peak_process = peak_process_mib();
    const double peak_engine = static_cast<double>(memory_use().peak) / mib;
    BareCost bare(convolutions, workload.learner(), options.batch);
    Result result = run(options, workload, bare);
    result.peak_process = peak_process;
    result.peak_engine = peak_engine;
    if (options.json) {
        fmt::print("{}\n", to_json(options, result, bare).dump(2));
    } else {
        print(options, result, bare);
    }
}

}  // namespace facet::bench
