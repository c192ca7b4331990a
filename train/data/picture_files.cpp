#include "train/data/picture_files.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <system_error>

#include "engine/error.h"

namespace facet {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

// Sorted, so that what is called the first is the same on every file system.
std::vector<fs::directory_entry> entries(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::directory_entry> found;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        found.push_back(*it);
    FACET_CHECK(!error, "cannot list the folder {}: {}", folder.string(), error.message());
    std::sort(found.begin(), found.end());
    return found;
}

bool is_folder(const fs::directory_entry& entry) {
    std::error_code error;
    return entry.is_directory(error);
}

// Pictures at any depth below a folder, in order. Links to folders are not followed: they may lead
// in circles.
std::vector<fs::path> pictures_below(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code error;
    const auto options = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator it(folder, options, error), end; !error && it != end;
         it.increment(error)) {
        if (!is_folder(*it) && is_picture_name(it->path())) found.push_back(it->path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

// Walks a data folder and counts what it passes over.
class Listing {
public:
    Listing(const fs::path& folder, std::vector<LeftOut>& left_out)
        : folder_(folder), left_out_(left_out) {}

    PeoplesPictures people() {
        PeoplesPictures people;
        for (const fs::directory_entry& entry : entries(folder_)) {
            if (is_hidden(entry.path())) {
                pass_over(entry, "hidden");
            } else if (is_folder(entry)) {
                std::vector<std::string> pictures = pictures_of(entry);
                if (!pictures.empty())
                    people.emplace(entry.path().filename().string(), std::move(pictures));
            } else if (is_picture_name(entry.path())) {
                pass_over("directly in the folder, not in a person's", "images", entry.path());
            } else {
                pass_over(entry, kNoPicture);
            }
        }
        return people;
    }

private:
    static constexpr const char* kNoPicture = "not .jpg, .png, .pgm or .ppm by their names";

    std::vector<std::string> pictures_of(const fs::directory_entry& person) {
        std::vector<std::string> pictures;
        bool nested = false;
        for (const fs::directory_entry& entry : entries(person.path())) {
            if (is_hidden(entry.path())) {
                pass_over(entry, "hidden");
            } else if (is_folder(entry)) {
                nested = pass_over_nested(entry) || nested;
            } else if (is_picture_name(entry.path())) {
                pictures.push_back(entry.path().filename().string());
            } else {
                pass_over(entry, kNoPicture);
            }
        }
        if (pictures.empty() && !nested) pass_over("without a picture", "folders", person.path());
        return pictures;
    }

    bool pass_over_nested(const fs::directory_entry& entry) {
        const std::vector<fs::path> pictures = pictures_below(entry.path());
        for (const fs::path& picture : pictures)
            pass_over("in a folder within a person's", "images", picture);
        if (pictures.empty()) pass_over("without a picture", "folders", entry.path());
        return !pictures.empty();
    }

    void pass_over(const fs::directory_entry& entry, const char* reason) {
        pass_over(reason, is_folder(entry) ? "folders" : "files", entry.path());
    }
    void pass_over(const char* reason, const char* what, const fs::path& path) {
        leave_out(left_out_, {reason, what, 1, 0, path.lexically_relative(folder_).string()});
    }

    fs::path folder_;
    std::vector<LeftOut>& left_out_;
};

// Why a folder holds no images in the expected layout, as far as can be told.
[[noreturn]] void throw_no_images(const fs::path& folder) {
    std::string hint = kFolderLayout;
    int64_t direct = 0;
    for (const fs::directory_entry& entry : entries(folder)) {
        if (is_picture_name(entry.path()) && !is_folder(entry)) ++direct;
        if (!is_folder(entry) || is_hidden(entry.path())) continue;
        for (const fs::directory_entry& inner : entries(entry.path()))
            if (is_folder(inner))
                hint = fmt::format("{}; did you mean {}?", kFolderLayout, entry.path().string());
    }
    if (direct > 0)
        hint =
            fmt::format("{}; {} directly in the folder: give each person a folder", kFolderLayout,
                        count_text(direct, "images") + (direct == 1 ? " lies" : " lie"));
    throw UsageError(fmt::format("no images of people in {}", folder.string()), hint);
}

}  // namespace

bool is_picture_name(const fs::path& path) {
    static const std::set<std::string> kExtensions = {".jpg", ".jpeg", ".png", ".pgm", ".ppm"};
    std::string extension = path.extension().string();
    for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return kExtensions.contains(extension) && !is_hidden(path);
}

PeoplesPictures find_pictures(const fs::path& folder, std::vector<LeftOut>& left_out) {
    std::error_code error;
    if (!fs::exists(folder, error))
        throw UsageError(fmt::format("there is no folder {}", folder.string()), kFolderLayout);
    if (!fs::is_directory(folder, error))
        throw UsageError(fmt::format("{} is not a folder", folder.string()), kFolderLayout);
    PeoplesPictures people = Listing(folder, left_out).people();
    if (people.empty()) throw_no_images(folder);
    return people;
}

const std::map<std::string, std::vector<std::string>>& PictureFinder::pictures_in(
    const std::string& parent) {
    const auto [known, is_new] = known_.try_emplace(parent);
    std::error_code error;
    if (!is_new || !fs::is_directory(folder_ / parent, error)) return known->second;
    for (const fs::directory_entry& entry : entries(folder_ / parent)) {
        if (!is_picture_name(entry.path()) || is_folder(entry)) continue;
        known->second[entry.path().stem().string()].push_back(entry.path().filename().string());
    }
    return known->second;
}

std::string PictureFinder::find(const std::string& file) {
    const fs::path path = file;
    const std::string parent = path.parent_path().string();
    const auto& pictures = pictures_in(parent);
    const auto found = pictures.find(path.stem().string());
    FACET_CHECK(found != pictures.end(),
                "cannot read {}: no such file, nor one in another format (.png, .pgm, .ppm)",
                (folder_ / path).string());
    const std::vector<std::string>& names = found->second;
    FACET_CHECK(names.size() == 1, "{}: which picture is meant, {} or {}?",
                (folder_ / path).replace_extension().string(), names[0], names[1]);
    return parent.empty() ? names[0] : parent + "/" + names[0];
}

}  // namespace facet
