// The steps as a Chrome trace: a JSON array of complete events, which Perfetto nests by their
// times. step > way > part > primitive; the loader's threads and a device beside the host have
// tracks of their own.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tools/profile/profile.h"

namespace facet::profile {
namespace {

using Json = nlohmann::ordered_json;

constexpr int device_track = 1000;

// Microseconds.
Json slice(const std::string& name, const std::string& category, int track, int64_t start,
           int64_t end) {
    return {{"name", name},
            {"cat", category},
            {"ph", "X"},
            {"ts", static_cast<double>(start) * 1e-3},
            {"dur", static_cast<double>(end - start) * 1e-3},
            {"pid", 1},
            {"tid", track}};
}

int track_of(const LedgerEvent& event) { return event.on_device ? device_track : event.thread; }

Json name_of_track(int track, const std::string& name) {
    return {{"name", track < 0 ? "process_name" : "thread_name"},
            {"ph", "M"},
            {"pid", 1},
            {"tid", std::max(track, 0)},
            {"args", {{"name", name}}}};
}

std::string track_name(int track) {
    if (track == device_track) return "device";
    return track == 0 ? "training" : "loader " + std::to_string(track);
}

// One slice for every run of events that `label` names alike.
template <class Label>
void add_runs(const std::vector<const LedgerEvent*>& events, const char* category, Label label,
              Json& list) {
    for (size_t at = 0; at < events.size();) {
        const std::string name = label(*events[at]);
        size_t next = at;
        int64_t end = 0;
        while (next < events.size() && label(*events[next]) == name) {
            end = std::max(end, events[next]->start + events[next]->duration);
            ++next;
        }
        if (!name.empty()) list.push_back(slice(name, category, 0, events[at]->start, end));
        at = next;
    }
}

// Parts and ways, step by step.
void add_places(const Recording& recording, Json& list) {
    std::vector<LedgerEvent> all = recording.of_steps();
    std::erase_if(all, [](const LedgerEvent& event) { return event.on_device; });
    std::stable_sort(all.begin(), all.end(),
                     [](const LedgerEvent& a, const LedgerEvent& b) { return a.start < b.start; });
    for (const auto& [start, end] : recording.steps()) {
        std::vector<const LedgerEvent*> events;
        int64_t covered = start;
        for (const LedgerEvent& event : all) {
            // Scopes within a scope belong to its slice.
            if (event.start < covered || event.start >= end) continue;
            covered = event.start + event.duration;
            events.push_back(&event);
        }
        const auto way = [](const LedgerEvent& e) { return std::string(name_of(e.place.phase)); };
        add_runs(events, "phase", way, list);
        // Of two runs of one part, one forward and one back, each gets its slice.
        for (size_t at = 0; at < events.size();) {
            size_t next = at;
            while (next < events.size() && way(*events[next]) == way(*events[at])) ++next;
            add_runs(
                {events.begin() + static_cast<int64_t>(at),
                 events.begin() + static_cast<int64_t>(next)},
                "part", [](const LedgerEvent& e) { return e.place.part; }, list);
            at = next;
        }
    }
}

}  // namespace

std::string chrome_trace(const Recording& recording) {
    Json list = Json::array();
    list.push_back(name_of_track(-1, "facet"));
    std::set<int> tracks{0};
    for (const LedgerEvent& event : recording.events()) tracks.insert(track_of(event));
    for (const int track : tracks) list.push_back(name_of_track(track, track_name(track)));
    int number = 0;
    for (const auto& [start, end] : recording.steps()) {
        list.push_back(slice(fmt::format("step {}", number++), "step", 0, start, end));
    }
    add_places(recording, list);
    for (const LedgerEvent& event : recording.events()) {
        Json json = slice(event.name, "primitive", track_of(event), event.start,
                          event.start + event.duration);
        json["args"] = {{"shape", event.detail},
                        {"part", event.place.part},
                        {"phase", name_of(event.place.phase)},
                        {"flops", event.flops},
                        {"bytes", event.bytes}};
        list.push_back(std::move(json));
    }
    return list.dump() + "\n";
}

}  // namespace facet::profile
