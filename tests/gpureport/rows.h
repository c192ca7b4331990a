// A row of the report: all that is known of one kernel.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/gpureport/kernels.h"
#include "tests/gpureport/simulated.h"
#include "tests/gpureport/work.h"

namespace facet::cuda {

// sm_80 before sm_100.
struct ByNumber {
    bool operator()(const std::string& a, const std::string& b) const {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    }
};

struct Row {
    std::string name, file;
    std::map<std::string, KernelUse, ByNumber> uses;  // by architecture
    Simulated simulated;
    std::optional<Work> work;
    std::map<std::string, Occupancy> occupancy;  // by GPU (peaks.h), where it was compiled for it
    std::vector<std::string> faults;             // why it is refused, one a line
};

// Adds what the simulator found, what a launch has to do, occupancies, and what is wrong.
void complete(Row& row, const Simulated& simulated);

std::string markdown_of(const std::vector<Row>& rows);
std::string json_of(const std::vector<Row>& rows);

}  // namespace facet::cuda
