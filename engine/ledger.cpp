#include "engine/ledger.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <utility>

namespace facet {
namespace {

std::atomic<bool> on{false};
std::mutex mutex;
std::map<std::pair<std::string, std::string>, LedgerEntry> entries;  // (name, detail) -> entry

}  // namespace

bool ledger_is_on() { return on.load(std::memory_order_relaxed); }

void ledger_start() {
    const std::scoped_lock lock(mutex);
    entries.clear();
    on = true;
}

std::vector<LedgerEntry> ledger_stop() {
    on = false;
    const std::scoped_lock lock(mutex);
    std::vector<LedgerEntry> list;
    for (auto& [key, entry] : entries) list.push_back(std::move(entry));
    entries.clear();
    std::stable_sort(list.begin(), list.end(), [](const LedgerEntry& a, const LedgerEntry& b) {
        return a.seconds > b.seconds;
    });
    return list;
}

LedgerScope::~LedgerScope() {
    if (!name_) return;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
    const std::scoped_lock lock(mutex);
    LedgerEntry& entry = entries[{name_, detail_}];
    if (entry.calls == 0) {
        entry.name = name_;
        entry.detail = detail_;
    }
    ++entry.calls;
    entry.seconds += elapsed.count();
    entry.flops += flops_;
    entry.bytes += bytes_;
}

}  // namespace facet
