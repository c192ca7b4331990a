// What a reader of pictures passed over, and why: nothing is dropped without a line that says so.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace facet {

struct LeftOut {
    std::string reason;  // "not in the list people.txt"
    std::string what;    // what is counted, in the plural: "images", "files", "folders"
    int64_t count = 0;
    int64_t people = 0;  // where whole people are left out
    std::string first;   // a person, or a path below the data folder
};

// Counts more of what has that reason; a reason stays where it was first met.
void leave_out(std::vector<LeftOut>& all, const LeftOut& more);

// "1215 people (1215 images): fewer than 2 images, first AJ_Cook"
std::string to_string(const LeftOut& left_out);

// [{"reason", "what", "count", "people", "first"}, ...]
nlohmann::ordered_json to_json(const std::vector<LeftOut>& all);

// "1 file", "3 files", "2 people".
std::string count_text(int64_t count, const std::string& plural);

}  // namespace facet
