// What the ledger says of some training steps: tables by kernel and by layer, a trace, a roofline.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "engine/ledger.h"
#include "layers/resnet.h"
#include "tools/outputs.h"
#include "tools/profile/peaks.h"

namespace facet::profile {

// Steps that ran with the ledger on, on a time line of their own.
class Recording {
public:
    // Events of one stretch of the ledger, in which the steps lay at [start, end), nanoseconds. The
    // stretch is put behind those before it.
    void add(std::vector<LedgerEvent> events,
             const std::vector<std::pair<int64_t, int64_t>>& steps);

    const std::vector<LedgerEvent>& events() const { return events_; }
    const std::vector<std::pair<int64_t, int64_t>>& steps() const { return steps_; }
    double step_seconds() const;  // mean
    // Events of the thread that trains, within steps: what a step's time went to.
    std::vector<LedgerEvent> of_steps() const;

private:
    std::vector<LedgerEvent> events_;
    std::vector<std::pair<int64_t, int64_t>> steps_;
};

// Cost of a step, of events that have something in common.
struct Row {
    std::string part, name, shape;  // empty: not told apart
    std::string phase;
    double calls = 0, seconds = 0, flops = 0, bytes = 0;
    // What the machine would need at its peaks: max(flops / peak, bytes / bandwidth) of each call.
    double bound = 0;

    double percent_of_roofline() const { return seconds > 0 ? 100 * bound / seconds : 0; }
};

enum class By { Kernel, Place };  // (name, phase); (part, phase, name, shape)
std::vector<Row> rows_of(const Recording& recording, const Peaks& peaks, By by);

// Floating-point operations of a step by the layers' own counts and by the ledger. They are equal.
struct FlopCheck {
    double analytic = 0, ledger = 0;
    std::vector<std::string> differing;  // parts
};
FlopCheck check_flops(const Recording& recording, const ResNet& network, int64_t batch);

struct Report {
    std::string title, device;
    int64_t batch = 0;
    Peaks peaks;
    Recording recording;
    FlopCheck flops;
    double seconds_without = 0;  // of a step with the ledger off, median; 0: not measured
    double seconds_with = 0;     // with it on, median

    double accounted() const;  // share of the steps' time that the ledger names
};

std::string kernel_table(const Report& report);  // costliest first
std::string layer_tree(const Report& report);    // forward, backward, update; parts within parts
std::string csv(const Report& report);           // every place, phase, primitive and shape
nlohmann::ordered_json to_json(const Report& report);
std::string chrome_trace(const Recording& recording);  // JSON, for Perfetto or chrome://tracing
std::string roofline_picture(const Report& report);    // SVG

// profile.json, table.csv, tree.txt, trace.json, roofline.svg.
std::vector<std::string> report_files();
void write_report(const OutputFolder& folder, const Report& report);
void print_report(const Report& report);

}  // namespace facet::profile
