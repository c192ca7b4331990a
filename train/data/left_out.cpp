#include "train/data/left_out.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "train/files/text.h"

namespace facet {

std::string count_text(int64_t count, const std::string& plural) {
    if (count != 1) return fmt::format("{} {}", count, plural);
    return "1 " + (plural == "people" ? "person" : plural.substr(0, plural.size() - 1));
}

void leave_out(std::vector<LeftOut>& all, const LeftOut& more) {
    const auto known = std::find_if(all.begin(), all.end(), [&](const LeftOut& one) {
        return one.reason == more.reason && one.what == more.what;
    });
    if (known == all.end()) {
        all.push_back(more);
        return;
    }
    known->count += more.count;
    known->people += more.people;
}

std::string to_string(const LeftOut& left_out) {
    const std::string counted = count_text(left_out.count, left_out.what);
    const std::string who =
        left_out.people == 0
            ? counted
            : fmt::format("{} ({})", count_text(left_out.people, "people"), counted);
    return line_of(fmt::format("{}: {}, first {}", who, left_out.reason, left_out.first));
}

nlohmann::ordered_json to_json(const std::vector<LeftOut>& all) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const LeftOut& one : all) {
        list.push_back({{"reason", one.reason},
                        {"what", one.what},
                        {"count", one.count},
                        {"people", one.people},
                        {"first", one.first}});
    }
    return list;
}

}  // namespace facet
