#include "tools/profile/loss_rows.h"

#include <omp.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/ledger.h"
#include "engine/random.h"
#include "losses/head/loss.h"
#include "tools/bench/timing.h"
#include "tools/commands.h"
#include "tools/profile/instructions.h"
#include "tools/terminal.h"

namespace facet::profile {
namespace {

struct Kernel {
    std::string loss, name;
    std::vector<double> seconds, instructions;  // of each repetition
    double elements = 0;                        // of one repetition

    double nanoseconds_each() const { return bench::spread_of(seconds).median * 1e9 / elements; }
    double instructions_each() const { return bench::spread_of(instructions).median / elements; }
};

struct Arrays {
    std::vector<float> x, w, dx, dw;
    std::vector<int64_t> y;

    explicit Arrays(const LossRows& o)
        : x(o.batch * o.embedding), w(o.classes * o.embedding), dx(x.size()), dw(w.size()) {
        Random random(globals().seed, Purpose::Test);
        for (float& v : x) v = static_cast<float>(random.normal());
        for (float& v : w) v = static_cast<float>(random.normal());
        // Two rows of a class, so that pair losses have something to compare.
        for (int64_t b = 0; b < o.batch; ++b) y.push_back(b / 2 % o.classes);
    }
};

bool is_of_the_loss(const std::string& name) { return name.starts_with("loss_"); }

std::vector<Kernel> measure(const std::string& name, const LossRows& options, Arrays& arrays,
                            const InstructionCounter& counter) {
    const auto loss = make_loss(name);
    const bool proxies = loss->has_proxies();
    const HeadBatch<float> batch{
        arrays.x.data(), proxies ? arrays.w.data() : nullptr, arrays.y.data(),
        options.batch,   proxies ? options.classes : 0,       options.embedding};
    const HeadGradient<float> gradient{arrays.dx.data(), proxies ? arrays.dw.data() : nullptr,
                                       nullptr};
    HeadDiagnostics diagnostics;
    loss->forward_backward(batch, gradient, diagnostics);
    std::map<std::string, Kernel> kernels;
    for (int i = 0; i < options.repetitions; ++i) {
        ledger_start(counter.works() ? std::function<int64_t()>([&] { return counter.read(); })
                                     : nullptr);
        loss->forward_backward(batch, gradient, diagnostics);
        const auto by_name = [](const LedgerEvent& event) {
            return std::pair(std::string(event.name), std::string());
        };
        for (const LedgerEntry& entry : ledger_entries(ledger_stop(), by_name)) {
            if (!is_of_the_loss(entry.name)) continue;
            Kernel& kernel = kernels[entry.name];
            kernel.loss = name;
            kernel.name = entry.name.substr(std::string("loss_").size());
            kernel.elements =
                static_cast<double>(options.batch * (proxies ? options.classes : options.batch));
            kernel.seconds.push_back(entry.seconds);
            kernel.instructions.push_back(entry.instructions);
        }
    }
    std::vector<Kernel> list;
    for (auto& [key, kernel] : kernels) list.push_back(std::move(kernel));
    return list;
}

void print_json(const std::vector<Kernel>& kernels, const LossRows& options,
                const InstructionCounter& counter) {
    nlohmann::ordered_json json{{"batch", options.batch},
                                {"classes", options.classes},
                                {"instructions", counter.works() ? "counted" : counter.why_not()},
                                {"kernels", nlohmann::ordered_json::array()}};
    for (const Kernel& kernel : kernels) {
        json["kernels"].push_back({{"loss", kernel.loss},
                                   {"kernel", kernel.name},
                                   {"elements", kernel.elements},
                                   {"ns_per_element", kernel.nanoseconds_each()}});
        if (counter.works()) {
            json["kernels"].back()["instructions_per_element"] = kernel.instructions_each();
        }
    }
    fmt::print("{}\n", json.dump(2));
}

void print(const std::vector<Kernel>& kernels, const LossRows& options,
           const InstructionCounter& counter) {
    fmt::print("One thread, {} rows of {} cosines or {} pairs, median of {}. {}\n", options.batch,
               options.classes, options.batch, options.repetitions,
               counter.works() ? "Instructions are of user code."
                               : "Instructions are not available: " + counter.why_not());
    std::vector<std::string> columns{"loss", "kernel", "ns an element"};
    if (counter.works()) columns.emplace_back("instructions an element");
    Table table(columns);
    for (const Kernel& kernel : kernels) {
        std::vector<std::string> cells{kernel.loss, kernel.name,
                                       fmt::format("{:.3f}", kernel.nanoseconds_each())};
        if (counter.works()) cells.push_back(fmt::format("{:.1f}", kernel.instructions_each()));
        table.row(cells);
    }
    table.print();
}

std::vector<Kernel> measure_all(const std::vector<std::string>& losses, const LossRows& options,
                                Arrays& arrays, const InstructionCounter& counter) {
    std::vector<Kernel> kernels;
    Progress progress("losses", std::ssize(losses));
    for (size_t i = 0; i < losses.size(); ++i) {
        for (Kernel& kernel : measure(losses[i], options, arrays, counter)) {
            kernels.push_back(std::move(kernel));
        }
        progress.update(static_cast<int64_t>(i) + 1, losses[i]);
    }
    return kernels;
}

}  // namespace

void loss_rows(const LossRows& options) {
    std::vector<std::string> losses = options.losses;
    if (losses.empty()) {
        for (const LossInfo* info : all_losses()) losses.push_back(info->name);
    }
    for (const std::string& name : losses) make_loss(name);  // refuse before the work
    omp_set_num_threads(1);
    const InstructionCounter counter;
    Arrays arrays(options);
    const std::vector<Kernel> kernels = measure_all(losses, options, arrays, counter);
    if (options.json) return print_json(kernels, options, counter);
    print(kernels, options, counter);
}

}  // namespace facet::profile
