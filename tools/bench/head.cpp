// `facet bench head`: value and gradients of a loss by embeddings and proxies, dense and streamed,
// over the number of classes.
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/cuda/device_timer.h"
#include "engine/random.h"
#include "losses/head/run_loss.h"
#include "tools/bench/bench.h"
#include "tools/bench/peak_memory.h"
#include "tools/bench/timing.h"
#include "tools/commands.h"
#include "tools/devices.h"
#include "tools/terminal.h"

namespace facet::bench {
namespace {

struct Row {
    std::string loss, head;
    int64_t classes;
    Spread time;
    double gflop;     // of the matrix products of the value and both gradients
    double peak_mib;  // of the first call, beyond x, w, dx and dw
};

std::vector<float> random_normal(int64_t n, uint64_t index) {
    Random random(globals().seed, Purpose::Test, 0, index);
    std::vector<float> values(n);
    for (float& value : values) value = static_cast<float>(random.normal());
    return values;
}

// Proxies and embeddings of one size, and the gradients they get.
struct Arrays {
    int64_t B, C, D;
    std::vector<float> x, w, dx, dw;
    std::vector<int64_t> y;

    Arrays(int64_t B, int64_t C, int64_t D)
        : B(B),
          C(C),
          D(D),
          x(random_normal(B * D, 0)),
          w(random_normal(C * D, 1)),
          dx(x.size()),
          dw(w.size()) {
        Random random(globals().seed, Purpose::Test, 0, 2);
        for (int64_t b = 0; b < B; ++b) y.push_back(static_cast<int64_t>(random.below(C)));
    }
};

double products_gflop(const Arrays& arrays) {
    return 3 * 2e-9 * static_cast<double>(arrays.B) * static_cast<double>(arrays.C * arrays.D);
}

// The same on a GPU, where x and w lie in its memory, timed by its own clock.
Row measure_on_gpu(Device& device, const std::string& name, const KeyValues& settings, Head head,
                   const Arrays& arrays, const HeadBench& options) {
    const auto loss = make_loss(name, settings);
    FACET_USAGE(loss->has_proxies(), "loss {} has no proxies, so no head to measure", name);
    const Tensor embeddings = Tensor::from<float>(device, {arrays.B, arrays.D}, arrays.x);
    const Tensor proxies = Tensor::from<float>(device, {arrays.C, arrays.D}, arrays.w);
    const Tensor dx = embeddings.like(), dw = proxies.like();
    HeadDiagnostics diagnostics;
    HeadOptions how;
    how.head = head;
    how.tile = options.tile;
    const auto call = [&] {
        run_loss(*loss, {embeddings, proxies, arrays.y, dx, dw}, diagnostics, how);
    };
    device.reset_peak_memory();
    const size_t before = device.memory_use().peak;
    call();
    const double peak = static_cast<double>(device.memory_use().peak - before) / (1 << 20);
    std::vector<double> samples;
    for (int i = 0; i < options.repetitions; ++i) samples.push_back(seconds_on(device, call));
    return {name,
            head == Head::dense ? "dense" : "streamed",
            arrays.C,
            spread_of(std::move(samples)),
            products_gflop(arrays),
            peak};
}

Row measure_head(const std::string& name, const KeyValues& settings, Head head, Arrays& a,
                 const HeadBench& options) {
    const auto loss = make_loss(name, settings);
    FACET_USAGE(loss->has_proxies(), "loss {} has no proxies, so no head to measure", name);
    HeadDiagnostics diagnostics;
    HeadOptions how;
    how.head = head;
    how.tile = options.tile;
    const auto call = [&] {
        loss->forward_backward({a.x.data(), a.w.data(), a.y.data(), a.B, a.C, a.D},
                               {a.dx.data(), a.dw.data(), nullptr}, diagnostics, how);
    };
    const double peak = peak_mib_of(call);
    const Spread time = measure(options.repetitions, 0, call);
    return {name, head == Head::dense ? "dense" : "streamed", a.C, time, products_gflop(a), peak};
}

void print_json(const std::vector<Row>& rows, const HeadBench& options) {
    auto list = nlohmann::ordered_json::array();
    for (const Row& row : rows) {
        list.push_back({{"loss", row.loss},
                        {"classes", row.classes},
                        {"head", row.head},
                        {"batch", options.batch},
                        {"embedding", options.embedding},
                        {"ms", row.time.median * 1e3},
                        {"min_ms", row.time.min * 1e3},
                        {"max_ms", row.time.max * 1e3},
                        {"gflop_per_s", row.gflop / row.time.median},
                        {"peak_mib", row.peak_mib}});
    }
    fmt::print("{}\n", list.dump(2));
}

std::vector<std::string> losses_of(const HeadBench& options) {
    if (options.losses != std::vector<std::string>{"all"}) return options.losses;
    std::vector<std::string> names;
    for (const LossInfo* info : all_losses()) {
        if (make_loss(info->name)->has_proxies()) names.push_back(info->name);
    }
    return names;
}

}  // namespace

void head(const HeadBench& options) {
    KeyValues settings;
    for (const std::string& text : options.set) settings.push_back(split_assignment(text));
    const std::vector<std::string> losses = losses_of(options);
    for (const std::string& name : losses) {  // before the work
        const auto loss = make_loss(name, settings);
        refuse_unused(loss->info(), loss->settings(), settings);
        for (const int64_t C : options.classes) loss->require_classes(C);
    }
    Device& device = chosen_device();
    std::vector<Row> rows;
    for (const int64_t C : options.classes) {
        Arrays arrays(options.batch, C, options.embedding);
        for (const std::string& name : losses) {
            for (const Head head : {Head::dense, Head::streamed}) {
                if (head == Head::dense && options.streamed_only) continue;
                rows.push_back(device.has_host_memory()
                                   ? measure_head(name, settings, head, arrays, options)
                                   : measure_on_gpu(device, name, settings, head, arrays, options));
            }
        }
    }
    if (options.json) return print_json(rows, options);
    fmt::print("batch {}, D {}: value and gradients by embeddings and proxies\n", options.batch,
               options.embedding);
    Table table({"loss", "classes", "head", "ms", "GFLOP/s", "peak MiB"});
    for (const Row& row : rows) {
        table.row({row.loss, fmt::format("{}", row.classes), row.head,
                   fmt::format("{:.2f}", row.time.median * 1e3),
                   fmt::format("{:.0f}", row.gflop / row.time.median),
                   fmt::format("{:.1f}", row.peak_mib)});
    }
    table.print();
}

}  // namespace facet::bench
