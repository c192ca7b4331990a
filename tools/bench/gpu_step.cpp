#include "tools/bench/gpu_step.h"

#include <nlohmann/json.hpp>

#include "engine/cuda/device_timer.h"
#include "tools/bench/timing.h"
#include "tools/terminal.h"

namespace facet::bench {
namespace {

constexpr double mib = 1 << 20;

// Of `steps` steps, each waited for.
Spread time_on_gpu(const StepBench& options, Workload& workload) {
    std::vector<double> samples;
    Progress progress("bench", options.steps);
    for (int i = 0; i < options.steps; ++i) {
        samples.push_back(seconds_on(workload.device(), [&] { workload.step(); }));
        progress.update(i + 1);
    }
    return spread_of(std::move(samples));
}

// A step of as many in a row, waited for once: what training sees.
double seconds_in_a_row(const StepBench& options, Workload& workload) {
    const double seconds = seconds_of([&] {
        for (int i = 0; i < options.steps; ++i) workload.step();
        workload.device().synchronize();
    });
    return seconds / options.steps;
}

}  // namespace

void gpu_step(const StepBench& options, Workload& workload) {
    for (int i = 0; i < options.warmup; ++i) workload.step();
    workload.device().synchronize();
    const Spread step = time_on_gpu(options, workload);
    const double in_a_row = seconds_in_a_row(options, workload);
    const double images = static_cast<double>(options.batch);
    const double peak = static_cast<double>(workload.device().memory_use().peak) / mib;
    if (options.json) {
        nlohmann::ordered_json json = to_json(options);
        json.update(nlohmann::ordered_json{
            {"device", workload.device().description()},
            {"precision", options.precision},
            {"steps", options.steps},
            {"images_per_s", images / in_a_row},
            {"step_ms",
             {{"median", step.median * 1e3}, {"min", step.min * 1e3}, {"max", step.max * 1e3}}},
            {"host_ms", in_a_row * 1e3},
            {"peak_memory_mib", peak}});
        fmt::print("{}\n", json.dump(2));
        return;
    }
    fmt::print("{}, {}\n{}\n\n", title_of(options), options.precision,
               workload.device().description());
    fmt::print("images/s     {:.1f}\n", images / in_a_row);
    fmt::print("whole step   {:.3f} ms on the GPU, median of {} (from {:.3f} to {:.3f})\n",
               step.median * 1e3, options.steps, step.min * 1e3, step.max * 1e3);
    fmt::print("in a row     {:.3f} ms a step on the host's clock\n", in_a_row * 1e3);
    fmt::print("peak memory  {:.0f} MiB of the GPU\n", peak);
}

}  // namespace facet::bench
