#include "tools/outputs.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "engine/error.h"
#include "train/files/atomic.h"
#include "train/files/file_reader.h"
#include "train/files/folder_claim.h"

namespace facet {
namespace {

namespace fs = std::filesystem;

constexpr const char* kList = ".facet-files";
constexpr const char* kListHead = "# What facet wrote here and may replace.\n";

std::set<std::string> listed_in(const fs::path& folder) {
    std::set<std::string> names;
    const fs::path list = folder / kList;
    std::istringstream in(fs::exists(list) ? read_file(list) : "");
    for (std::string line; std::getline(in, line);) {
        if (!line.empty() && line[0] != '#') names.insert(line);
    }
    return names;
}

bool stands_for(const std::string& pattern, const std::string& name) {
    if (!pattern.ends_with('*')) return pattern == name;
    return name.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
}

template <class Patterns>
bool is_among(const Patterns& patterns, const std::string& name) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::string& pattern) { return stands_for(pattern, name); });
}

}  // namespace

OutputFolder::OutputFolder(std::string option, fs::path folder, std::vector<std::string> names)
    : folder_(std::move(folder)), names_(std::move(names)) {
    FACET_USAGE(!folder_.empty(), "{}: expected the name of a folder, found none", option);
    check_can_be_made(folder_, option);
    if (!fs::exists(folder_)) return;
    const std::set<std::string> own = listed_in(folder_);
    for (const auto& entry : fs::directory_iterator(folder_)) {
        const std::string name = entry.path().filename().string();
        if (!is_among(names_, name) || is_among(own, name)) continue;
        throw UsageError(fmt::format("{}: {} is there already and was not written by facet", option,
                                     entry.path().string()),
                         "choose another folder, or move it away first");
    }
}

const fs::path& OutputFolder::make() const {
    std::error_code error;
    fs::create_directories(folder_, error);
    FACET_CHECK(!error, "{}: the folder cannot be made: {}", folder_.string(), error.message());
    std::set<std::string> listed = listed_in(folder_);
    listed.insert(names_.begin(), names_.end());
    std::string text = kListHead;
    for (const std::string& name : listed) text += name + "\n";
    write_file_atomically(folder_ / kList, text);
    return folder_;
}

void check_output_file(const std::string& option, const fs::path& file,
                       const std::function<bool(const fs::path&)>& is_own) {
    const fs::path parent = fs::absolute(file).parent_path();
    FACET_USAGE(fs::is_directory(parent), "{}: there is no folder {}", option, parent.string());
    check_can_be_made(parent, option);
    std::error_code error;
    if (!fs::exists(file, error) || fs::is_character_file(file, error)) return;
    bool own = false;
    try {
        own = is_own && fs::is_regular_file(file) && is_own(file);
    } catch (const Error&) {  // it cannot be read as what facet writes
    }
    if (own) return;
    throw UsageError(fmt::format("{}: {} is there already{}", option, file.string(),
                                 is_own ? " and was not written by facet" : ""),
                     "choose another name, or move it away first");
}

}  // namespace facet
