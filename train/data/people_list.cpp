#include "train/data/people_list.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "engine/error.h"
#include "train/files/file_reader.h"
#include "train/files/text.h"

namespace facet {
namespace {

std::optional<int> parse_count(std::string_view text) {
    const auto count = number_of<int>(text);
    return count && *count >= 1 ? count : std::nullopt;
}

std::string_view without_blanks(std::string_view text) {
    const size_t first = std::min(text.find_first_not_of(' '), text.size());
    return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

struct Announcement {
    int count;
    int line;
    size_t names_before;  // people already read when it was met
};

void check_section(const std::string& path, const Announcement& section, size_t names_after) {
    const size_t found = names_after - section.names_before;
    if (found != static_cast<size_t>(section.count))
        throw Error(fmt::format("{}: line {} announces {} people, {} follow", path, section.line,
                                section.count, found),
                    "the list is cut short or edited: restore it, or remove the lines that hold "
                    "only a number");
}

void check_announcements(const std::string& path, const std::vector<Announcement>& sections,
                         size_t names) {
    if (sections.empty()) return;
    if (sections.size() == 1) return check_section(path, sections[0], names);
    const Announcement& folds = sections[0];
    FACET_CHECK(static_cast<size_t>(folds.count) == sections.size() - 1,
                "{}: line {} announces {} folds, {} follow", path, folds.line, folds.count,
                sections.size() - 1);
    for (size_t i = 1; i < sections.size(); ++i)
        check_section(path, sections[i],
                      i + 1 < sections.size() ? sections[i + 1].names_before : names);
}

// A name becomes a folder below the data folder and must not lead out of it.
bool is_folder_name(std::string_view name) {
    return !name.empty() && name != "." && name != ".." &&
           name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

}  // namespace

std::vector<ListedPerson> read_people_list(const std::filesystem::path& path) {
    if (!std::filesystem::is_regular_file(path))
        throw UsageError(
            fmt::format("cannot read the people list {}: it is no file", path.string()),
            "give a text file with one name<TAB>count a line");
    std::vector<ListedPerson> people;
    std::vector<Announcement> sections;
    std::set<std::string, std::less<>> names;
    int number = 0;
    for (const std::string& line : lines_of_text(read_file(path), path.string())) {
        ++number;
        if (line.empty()) continue;
        if (const std::optional<int> count = parse_count(line)) {
            sections.push_back({*count, number, people.size()});
            continue;
        }
        const size_t tab = std::min(line.find('\t'), line.size());
        const std::string name(without_blanks(std::string_view(line).substr(0, tab)));
        const auto count = tab < line.size()
                               ? parse_count(without_blanks(std::string_view(line).substr(tab + 1)))
                               : std::nullopt;
        if (!count || !is_folder_name(name))
            throw Error(fmt::format("{}, line {}: expected name<TAB>count, found '{:.60}'",
                                    path.string(), number, line),
                        "the format is that of LFW's people.txt (pairs.txt is another one)");
        FACET_CHECK(names.insert(name).second, "{}, line {}: {} is listed twice", path.string(),
                    number, name);
        people.push_back({name, *count});
    }
    FACET_CHECK(!people.empty(), "the people list {} names nobody", path.string());
    check_announcements(path.string(), sections, people.size());
    return people;
}

}  // namespace facet
