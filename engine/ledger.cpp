#include "engine/ledger.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "engine/error.h"

namespace facet {
namespace {

// An event while its scope is open, and what becomes part of it when the ledger is stopped.
struct Record {
    LedgerEvent event;
    int64_t outer = -1;
    bool ended = false;
    DeviceClock* clock = nullptr;
    int64_t first_mark = 0, last_mark = 0;
    int64_t instructions = 0;  // at its start, then during it
};

std::atomic<bool> on{false};
std::mutex mutex;
std::vector<Record> records;
std::chrono::steady_clock::time_point origin;
int64_t session = 0;  // counts the calls of ledger_start()
int threads = 0;
std::function<int64_t()> counter;

thread_local int64_t innermost = -1;  // open scope of this thread
thread_local int64_t known_session = 0;
thread_local int thread_number = 0;

// Within the mutex: this thread's number in the session, and a fresh stack of scopes.
void join_session() {
    if (known_session == session) return;
    known_session = session;
    thread_number = threads++;
    innermost = -1;
}

// Device times: from the mark of the device's first event on.
void read_device_clocks() {
    std::map<DeviceClock*, const Record*> first;
    for (Record& record : records) {
        if (!record.clock || !record.ended) continue;
        const Record& base = *first.try_emplace(record.clock, &record).first->second;
        const double since = record.clock->seconds_between(base.first_mark, record.first_mark);
        const double lasted = record.clock->seconds_between(record.first_mark, record.last_mark);
        record.event.start = base.event.start + static_cast<int64_t>(since * 1e9);
        record.event.duration = static_cast<int64_t>(lasted * 1e9);
        record.event.on_device = true;
    }
    for (const auto& [clock, record] : first) clock->forget_marks();
}

void subtract_inner_scopes() {
    for (Record& record : records) {
        record.event.own += record.event.duration;
        record.event.instructions += counter ? record.instructions : 0;
        if (record.outer < 0 || !record.ended) continue;
        LedgerEvent& outer = records[record.outer].event;
        outer.own -= record.event.duration;
        if (counter) outer.instructions -= record.instructions;
    }
}

}  // namespace

bool ledger_is_on() { return on.load(std::memory_order_relaxed); }

void ledger_start(std::function<int64_t()> instructions) {
    const std::scoped_lock lock(mutex);
    records.clear();
    ++session;
    threads = 0;
    join_session();
    counter = std::move(instructions);
    origin = std::chrono::steady_clock::now();
    on = true;
}

std::vector<LedgerEvent> ledger_stop() {
    on = false;
    const std::scoped_lock lock(mutex);
    ++session;  // scopes still open are not charged any more
    read_device_clocks();
    subtract_inner_scopes();
    std::vector<LedgerEvent> events;
    for (Record& record : records) {
        if (record.ended) events.push_back(std::move(record.event));
    }
    records.clear();
    return events;
}

int64_t ledger_now() {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now() - origin).count();
}

void LedgerScope::begin(const char* name, double flops, double bytes, std::string detail,
                        DeviceClock* clock) {
    Record record;
    record.event = {name, std::move(detail), current_place(), 0, 0, 0, 0, flops, bytes, -1};
    record.clock = clock_ = clock;
    if (clock) {
        clock->open_range(name);
        record.first_mark = clock->mark();
    }
    const std::scoped_lock lock(mutex);
    join_session();
    session_ = session;
    outer_ = record.outer = innermost;
    record.event.thread = thread_number;
    if (counter) {
        record.event.instructions = 0;
        record.instructions = counter();
    }
    index_ = records.size();
    innermost = static_cast<int64_t>(index_);
    record.event.start = ledger_now();
    records.push_back(std::move(record));
}

void LedgerScope::end() {
    const int64_t now = ledger_now();
    if (clock_) clock_->close_range();
    const std::scoped_lock lock(mutex);
    if (session_ != session) return;
    innermost = outer_;
    Record& record = records[index_];
    if (counter) record.instructions = counter() - record.instructions;
    try {
        if (clock_) record.last_mark = clock_->mark();
    } catch (const Error&) {
        return;  // of a device that failed: its error is on its way, the event counts as not ended
    }
    record.event.duration = now - record.event.start;
    record.ended = true;
}

std::pair<std::string, std::string> name_and_detail(const LedgerEvent& event) {
    return {event.name, event.detail};
}

std::vector<LedgerEntry> ledger_entries(const std::vector<LedgerEvent>& events,
                                        const LedgerKey& key) {
    std::map<std::pair<std::string, std::string>, LedgerEntry> entries;
    for (const LedgerEvent& event : events) {
        const auto names = key(event);
        LedgerEntry& entry = entries[names];
        std::tie(entry.name, entry.detail) = names;
        ++entry.calls;
        entry.seconds += static_cast<double>(event.own) * 1e-9;
        entry.flops += event.flops;
        entry.bytes += event.bytes;
        entry.instructions += static_cast<double>(std::max<int64_t>(event.instructions, 0));
    }
    std::vector<LedgerEntry> list;
    for (auto& [names, entry] : entries) list.push_back(std::move(entry));
    std::stable_sort(list.begin(), list.end(), [](const LedgerEntry& a, const LedgerEntry& b) {
        return a.seconds > b.seconds;
    });
    return list;
}

}  // namespace facet
