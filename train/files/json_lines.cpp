#include "train/files/json_lines.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/error.h"
#include "train/files/file_reader.h"

namespace facet {

void each_json_line(const std::filesystem::path& file,
                    const std::function<void(const nlohmann::json&)>& each) {
    std::istringstream in(read_file(file));
    int64_t number = 0;
    for (std::string line; std::getline(in, line) && !in.eof();) {
        ++number;
        const auto object = nlohmann::json::parse(line, nullptr, false);
        FACET_CHECK(object.is_object(), "{}: line {} is no JSON object: {}", file.string(), number,
                    line);
        each(object);
    }
}

std::vector<nlohmann::json> json_lines(const std::filesystem::path& file) {
    std::vector<nlohmann::json> lines;
    each_json_line(file, [&](const nlohmann::json& line) { lines.push_back(line); });
    return lines;
}

}  // namespace facet
