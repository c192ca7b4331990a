#include "tests/gpudoubles/reports.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace gpudoubles {
namespace {

std::vector<std::string>& reports = *new std::vector<std::string>;

constexpr std::pair<const char*, Fault> kFaults[] = {{"shifted-padding", Fault::ShiftedPadding},
                                                     {"plain-strides", Fault::PlainStrides},
                                                     {"ignored-beta", Fault::IgnoredBeta},
                                                     {"transposed-gemm", Fault::TransposedGemm},
                                                     {"lost-wait", Fault::LostWait},
                                                     {"lost-synchronise", Fault::LostSynchronise},

                                                     {"stale-upload", Fault::StaleUpload}};

Fault fault_of_environment() {
    const char* const chosen = std::getenv("FACET_DOUBLES_FAULT");
    if (!chosen) return Fault::None;
    for (const auto& [name, fault] : kFaults)
        if (std::string(chosen) == name) return fault;
    std::fprintf(stderr, "gpudoubles: FACET_DOUBLES_FAULT=%s: there is no such fault\n", chosen);
    std::_Exit(70);
}

Fault fault = fault_of_environment();

// When the program's own objects are gone.
struct LastWord {
    ~LastWord() {
        for (const std::string& line : reports)
            std::fprintf(stderr, "gpudoubles: %s\n", line.c_str());
        if (!reports.empty()) std::_Exit(70);
    }
} last_word;

}  // namespace

void report(std::string line) { reports.push_back(std::move(line)); }
std::vector<std::string> take_reports() { return std::exchange(reports, {}); }

Fault set_fault(Fault chosen) { return std::exchange(fault, chosen); }
bool faulty(Fault asked) { return fault == asked; }

std::recursive_mutex& Call::mutex() {
    static auto& mutex = *new std::recursive_mutex;
    return mutex;
}

}  // namespace gpudoubles
