#include "tools/profile/profile.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "tools/terminal.h"
#include "train/files/atomic.h"
#include "train/files/text.h"

namespace facet::profile {

void Recording::add(std::vector<LedgerEvent> events,
                    const std::vector<std::pair<int64_t, int64_t>>& steps) {
    FACET_CHECK(!steps.empty(), "profile: a recording without a step");
    const int64_t shift = (steps_.empty() ? 0 : steps_.back().second) - steps.front().first;
    for (const auto& [start, end] : steps) steps_.emplace_back(start + shift, end + shift);
    for (LedgerEvent& event : events) {
        event.start += shift;
        events_.push_back(std::move(event));
    }
}

double Recording::step_seconds() const {
    double sum = 0;
    for (const auto& [start, end] : steps_) sum += static_cast<double>(end - start);
    return sum * 1e-9 / static_cast<double>(steps_.size());
}

std::vector<LedgerEvent> Recording::of_steps() const {
    std::vector<LedgerEvent> list;
    for (const LedgerEvent& event : events_) {
        const bool inside = std::any_of(steps_.begin(), steps_.end(), [&](const auto& step) {
            return event.start >= step.first && event.start < step.second;
        });
        if (inside && event.thread == 0) list.push_back(event);
    }
    return list;
}

std::vector<Row> rows_of(const Recording& recording, const Peaks& peaks, By by) {
    std::map<std::tuple<std::string, std::string, std::string, std::string>, Row> rows;
    const double steps = static_cast<double>(recording.steps().size());
    for (const LedgerEvent& event : recording.of_steps()) {
        const bool places = by == By::Place;
        const std::string part = places ? event.place.part : "";
        const std::string shape = places ? event.detail : "", phase = name_of(event.place.phase);
        Row& row = rows[{part, phase, event.name, shape}];
        std::tie(row.part, row.phase, row.name, row.shape) =
            std::tie(part, phase, event.name, shape);
        row.calls += 1 / steps;
        row.seconds += static_cast<double>(event.own) * 1e-9 / steps;
        row.flops += event.flops / steps;
        row.bytes += event.bytes / steps;
        row.bound += std::max(event.flops / peaks.flops, event.bytes / peaks.bandwidth) / steps;
    }
    std::vector<Row> list;
    for (auto& [key, row] : rows) list.push_back(std::move(row));
    std::stable_sort(list.begin(), list.end(),
                     [](const Row& a, const Row& b) { return a.seconds > b.seconds; });
    return list;
}

FlopCheck check_flops(const Recording& recording, const ResNet& network, int64_t batch) {
    std::map<std::pair<std::string, std::string>, double> missing;  // analytic - ledger
    FlopCheck check;
    std::vector<SummaryRow> layers;
    const int64_t size = network.config().image;
    network.describe("", {3, size, size}, layers);
    for (const SummaryRow& layer : layers) {
        const auto images = static_cast<double>(batch);
        missing[{layer.name, "forward"}] += images * layer.flops;
        missing[{layer.name, "backward"}] += images * layer.backward_flops;
        check.analytic += images * (layer.flops + layer.backward_flops);
    }
    // Whole numbers far below 2^53: sums and means are exact.
    const double steps = static_cast<double>(recording.steps().size());
    std::map<std::pair<std::string, std::string>, double> found;
    for (const LedgerEvent& event : recording.of_steps()) {
        const auto key = std::pair(event.place.part, std::string(name_of(event.place.phase)));
        if (missing.contains(key)) found[key] += event.flops;
    }
    for (const auto& [key, flops] : missing) {
        check.ledger += found[key] / steps;
        if (found[key] != flops * steps) check.differing.push_back(key.first + " " + key.second);
    }
    return check;
}

double Report::accounted() const {
    double sum = 0;
    for (const Row& row : rows_of(recording, peaks, By::Kernel)) sum += row.seconds;
    return sum / recording.step_seconds();
}

std::vector<std::string> report_files() {
    return {"profile.json", "table.csv", "tree.txt", "trace.json", "roofline.svg"};
}

void write_report(const OutputFolder& out, const Report& report) {
    const std::filesystem::path& folder = out.make();
    write_file_atomically(folder / "profile.json", json_text(to_json(report), 1) + "\n");
    write_file_atomically(folder / "table.csv", csv(report));
    write_file_atomically(folder / "tree.txt", layer_tree(report));
    write_file_atomically(folder / "trace.json", chrome_trace(report.recording));
    write_file_atomically(folder / "roofline.svg", roofline_picture(report));
}

void print_report(const Report& report) {
    fmt::print("{}\n{}\n\n", report.title, report.device);
    fmt::print("step       {:.2f} ms with the ledger, mean of {}\n",
               report.recording.step_seconds() * 1e3, report.recording.steps().size());
    if (report.seconds_without > 0) {
        fmt::print("overhead   {:+.2f} %: medians {:.2f} ms with, {:.2f} ms without, in turns\n",
                   100 * (report.seconds_with / report.seconds_without - 1),
                   report.seconds_with * 1e3, report.seconds_without * 1e3);
    }
    fmt::print("accounted  {:.1f} % of the step\n", 100 * report.accounted());
    fmt::print("FLOPs      {:.0f} of the network a step, {}\n", report.flops.ledger,
               report.flops.differing.empty()
                   ? "as the layers count"
                   : fmt::format("the layers count {:.0f}; they differ at {}",
                                 report.flops.analytic, fmt::join(report.flops.differing, ", ")));
    fmt::print("roofline   {:.0f} GFLOP/s, {:.1f} GB/s, measured before the steps\n\n",
               report.peaks.flops / 1e9, report.peaks.bandwidth / 1e9);
    fmt::print("{}\n{}", kernel_table(report), layer_tree(report));
}

}  // namespace facet::profile
