// The ledger as text: by kernel, by layer, as CSV and as JSON.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "tools/profile/profile.h"
#include "tools/terminal.h"

namespace facet::profile {
namespace {

double per_second(double amount, const Row& row) {
    return row.seconds > 0 ? amount / row.seconds / 1e9 : 0;
}

// Empty where nothing was counted.
std::string cell(double value, double counted, int digits) {
    return counted > 0 ? fmt::format("{:.{}f}", value, digits) : "";
}

// Parts within parts; a part's cost includes that of the parts within it.
struct Node {
    std::map<std::string, double> seconds;  // by phase
    double flops = 0, bytes = 0, bound = 0;
    std::vector<std::string> children;  // in the order in which they first ran

    double total() const {
        double sum = 0;
        for (const auto& [phase, value] : seconds) sum += value;
        return sum;
    }
};

using Tree = std::map<std::string, Node>;  // "" is the step

std::string parent_of(const std::string& part) {
    const size_t dot = part.rfind('.');
    return dot == std::string::npos ? "" : part.substr(0, dot);
}

void enter(Tree& tree, const std::string& part) {
    if (part.empty() || tree.contains(part)) return;
    enter(tree, parent_of(part));
    tree[parent_of(part)].children.push_back(part);
    tree[part];
}

Tree tree_of(const Report& report) {
    Tree tree;
    tree[""];
    for (const LedgerEvent& event : report.recording.of_steps()) enter(tree, event.place.part);
    for (const Row& row : rows_of(report.recording, report.peaks, By::Place)) {
        for (std::string part = row.part;; part = parent_of(part)) {
            Node& node = tree.at(part);
            node.seconds[row.phase] += row.seconds;
            node.flops += row.flops;
            node.bytes += row.bytes;
            node.bound += row.bound;
            if (part.empty()) break;
        }
    }
    return tree;
}

void add_lines(const Tree& tree, const std::string& part, int depth, double step, Table& table) {
    const Node& node = tree.at(part);
    const auto ms = [&](const char* phase) {
        const auto at = node.seconds.find(phase);
        return at == node.seconds.end() ? "" : fmt::format("{:.2f}", at->second * 1e3);
    };
    const double total = node.total();
    const std::string name = part.empty() ? "step" : part.substr(parent_of(part).size());
    table.row({std::string(2 * depth, ' ') + (name.starts_with('.') ? name.substr(1) : name),
               fmt::format("{:.2f}", total * 1e3), fmt::format("{:.1f}", 100 * total / step),
               ms("forward"), ms("backward"), ms("update"), cell(node.flops / 1e9, node.flops, 3),
               cell(node.flops / total / 1e9, node.flops, 1),
               cell(node.bytes / total / 1e9, node.bytes, 1),
               cell(100 * node.bound / total, node.bound, 0)});
    for (const std::string& child : node.children) add_lines(tree, child, depth + 1, step, table);
}

nlohmann::ordered_json json_of(const Row& row, double step) {
    return {{"part", row.part},
            {"phase", row.phase},
            {"primitive", row.name},
            {"shape", row.shape},
            {"calls", row.calls},
            {"ms", row.seconds * 1e3},
            {"share", row.seconds / step},
            {"flops", row.flops},
            {"bytes", row.bytes},
            {"gflop_per_s", per_second(row.flops, row)},
            {"gb_per_s", per_second(row.bytes, row)},
            {"percent_of_roofline", row.percent_of_roofline()}};
}

}  // namespace

std::string kernel_table(const Report& report) {
    Table table({"primitive", "phase", "calls", "ms", "share %", "GFLOP", "GFLOP/s", "GB/s",
                 "% of roofline"});
    const double step = report.recording.step_seconds();
    double rest = step;
    for (const Row& row : rows_of(report.recording, report.peaks, By::Kernel)) {
        rest -= row.seconds;
        table.row({row.name, row.phase, fmt::format("{:g}", row.calls),
                   fmt::format("{:.2f}", row.seconds * 1e3),
                   fmt::format("{:.1f}", 100 * row.seconds / step),
                   cell(row.flops / 1e9, row.flops, 3),
                   cell(per_second(row.flops, row), row.flops, 1),
                   cell(per_second(row.bytes, row), row.bytes, 1),
                   cell(row.percent_of_roofline(), row.bound, 0)});
    }
    table.row({"not accounted for", "", "", fmt::format("{:.2f}", rest * 1e3),
               fmt::format("{:.1f}", 100 * rest / step), "", "", "", ""});
    return table.str();
}

std::string layer_tree(const Report& report) {
    Table table({"part", "ms", "share %", "forward", "backward", "update", "GFLOP", "GFLOP/s",
                 "GB/s", "% of roofline"});
    add_lines(tree_of(report), "", 0, report.recording.step_seconds(), table);
    return table.str();
}

std::string csv(const Report& report) {
    std::string text =
        "part,phase,primitive,shape,calls,ms,share,flops,bytes,gflop_per_s,gb_per_s,"
        "percent_of_roofline\n";
    const double step = report.recording.step_seconds();
    for (const Row& row : rows_of(report.recording, report.peaks, By::Place)) {
        text +=
            fmt::format("{},{},{},\"{}\",{:g},{:.6f},{:.6f},{:.0f},{:.0f},{:.3f},{:.3f},{:.2f}\n",
                        row.part, row.phase, row.name, row.shape, row.calls, row.seconds * 1e3,
                        row.seconds / step, row.flops, row.bytes, per_second(row.flops, row),
                        per_second(row.bytes, row), row.percent_of_roofline());
    }
    return text;
}

nlohmann::ordered_json to_json(const Report& report) {
    const double step = report.recording.step_seconds();
    nlohmann::ordered_json json{
        {"title", report.title},
        {"device", report.device},
        {"batch", report.batch},
        {"steps", report.recording.steps().size()},
        {"step_ms", step * 1e3},
        {"accounted", report.accounted()},
        {"median_ms",
         {{"ledger_on", report.seconds_with * 1e3}, {"ledger_off", report.seconds_without * 1e3}}},
        {"roofline",
         {{"flops_per_s", report.peaks.flops}, {"bytes_per_s", report.peaks.bandwidth}}},
        {"network_flops",
         {{"ledger", report.flops.ledger},
          {"analytic", report.flops.analytic},
          {"differing", report.flops.differing}}},
        {"kernels", nlohmann::ordered_json::array()},
        {"places", nlohmann::ordered_json::array()}};
    for (const Row& row : rows_of(report.recording, report.peaks, By::Kernel)) {
        json["kernels"].push_back(json_of(row, step));
    }
    for (const Row& row : rows_of(report.recording, report.peaks, By::Place)) {
        json["places"].push_back(json_of(row, step));
    }
    return json;
}

}  // namespace facet::profile
