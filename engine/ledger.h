// The ledger: what each primitive cost.
//
// A LedgerScope around a primitive records its name, shapes, floating-point operations and time
// while the ledger is on; while it is off a scope costs one test of a flag.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace facet {

struct LedgerEntry {
    std::string name;    // primitive, e.g. "conv_forward"
    std::string detail;  // shapes
    int64_t calls = 0;
    double seconds = 0;
    double flops = 0;  // floating-point operations, a multiply-add counts as two
    double bytes = 0;  // bytes read and written, each tensor counted once
};

void ledger_start();                     // empties the ledger and turns it on
std::vector<LedgerEntry> ledger_stop();  // turns it off; entries by (name, detail), costliest first
bool ledger_is_on();

class LedgerScope {
public:
    // `detail` is called only while the ledger is on.
    template <class Detail>
    LedgerScope(const char* name, double flops, double bytes, Detail detail)
        : name_(ledger_is_on() ? name : nullptr), flops_(flops), bytes_(bytes) {
        if (!name_) return;
        detail_ = detail();
        start_ = std::chrono::steady_clock::now();
    }
    ~LedgerScope();
    LedgerScope(const LedgerScope&) = delete;
    LedgerScope& operator=(const LedgerScope&) = delete;

private:
    const char* name_;
    double flops_, bytes_;
    std::string detail_;
    std::chrono::steady_clock::time_point start_;
};

}  // namespace facet
