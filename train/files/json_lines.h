// A file of JSON objects, one a line: log.jsonl and microscope.jsonl of a run folder.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace facet {

// Hands every line to `each`, in order. A last line without its newline is what a killed run left
// and is passed over. Throws Error naming the file, and the line that is no JSON object.
void each_json_line(const std::filesystem::path& file,
                    const std::function<void(const nlohmann::json&)>& each);

std::vector<nlohmann::json> json_lines(const std::filesystem::path& file);

}  // namespace facet
