// The ledger: what each primitive cost, and where.
//
// A LedgerScope around a primitive records its name, shapes, place (engine/place.h),
// floating-point operations, bytes and time while the ledger is on; while it is off a scope costs
// one test of a flag. Scopes may lie in each other: a scope's own time is what its inner ones do
// not account for, so own times add up.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/place.h"

namespace facet {

struct LedgerEvent {
    const char* name = nullptr;  // primitive, e.g. "conv_forward"
    std::string detail;          // shapes
    Place place;
    int thread = 0;             // 0: the one that started the ledger
    int64_t start = 0;          // nanoseconds since ledger_start()
    int64_t duration = 0;       // nanoseconds
    int64_t own = 0;            // of them, outside the scopes within it
    double flops = 0;           // floating-point operations, a multiply-add counts as two
    double bytes = 0;           // bytes read and written, each tensor counted once
    int64_t instructions = -1;  // own, of the calling thread; -1: not counted
    bool on_device = false;     // start and duration are those of the device's work
};

// The clock of a device that works beside the host: marks are passed by the device's work.
class DeviceClock {
public:
    virtual ~DeviceClock() = default;
    virtual int64_t mark() = 0;                                // enqueued; its number
    virtual double seconds_between(int64_t a, int64_t b) = 0;  // waits for b
    virtual void forget_marks() = 0;
    virtual void open_range(const char* name) = 0;  // for a profiler that watches from outside
    virtual void close_range() = 0;
};

// Empties the ledger and turns it on. `instructions`, if given, counts those of the calling thread.
void ledger_start(std::function<int64_t()> instructions = nullptr);
// Turns it off; the scopes that ended meanwhile, in the order of their start.
std::vector<LedgerEvent> ledger_stop();
bool ledger_is_on();
int64_t ledger_now();  // nanoseconds since ledger_start()

// Events that have something in common.
struct LedgerEntry {
    std::string name, detail;
    int64_t calls = 0;
    double seconds = 0;  // own
    double flops = 0, bytes = 0;
    double instructions = 0;
};

// One entry for each (name, detail) that `key` gives, costliest first.
using LedgerKey = std::function<std::pair<std::string, std::string>(const LedgerEvent&)>;
std::vector<LedgerEntry> ledger_entries(const std::vector<LedgerEvent>& events,
                                        const LedgerKey& key);
std::pair<std::string, std::string> name_and_detail(const LedgerEvent& event);

class LedgerScope {
public:
    // `detail` is called only while the ledger is on. `clock`: of the device that does the work, if
    // it works beside the host.
    template <class Detail>
    LedgerScope(const char* name, double flops, double bytes, Detail detail,
                DeviceClock* clock = nullptr)
        : on_(ledger_is_on()) {
        if (on_) begin(name, flops, bytes, detail(), clock);
    }
    LedgerScope(const char* name, double flops, double bytes)
        : LedgerScope(name, flops, bytes, [] { return std::string(); }) {}
    ~LedgerScope() {
        if (on_) end();
    }
    LedgerScope(const LedgerScope&) = delete;
    LedgerScope& operator=(const LedgerScope&) = delete;

private:
    void begin(const char* name, double flops, double bytes, std::string detail,
               DeviceClock* clock);
    void end();

    const bool on_;
    DeviceClock* clock_ = nullptr;
    size_t index_ = 0;     // of its event
    int64_t session_ = 0;  // of the ledger
    int64_t outer_ = -1;   // the event that it lies in
};

}  // namespace facet
