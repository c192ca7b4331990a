#include "tools/picture_notes.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "train/files/text.h"

namespace facet {
namespace {

constexpr size_t kShownUnreadable = 10;

void print_unreadable(const std::vector<SkippedFile>& files) {
    for (size_t i = 0; i < std::min(files.size(), kShownUnreadable); ++i) {
        fmt::print(stderr, "unreadable: {}\n", line_of(files[i].file + ": " + files[i].reason));
    }
}

// Writes a new temporary file that names all, a line each; returns its path, "" if that fails.
std::string list_of_unreadable(const std::vector<SkippedFile>& files) {
    std::error_code error;
    // mkstemps puts a name that is free in place of the capitals before the last four characters.
    std::string path = std::filesystem::temp_directory_path(error) / "facet-unreadable-XXXXXX.txt";
    const int descriptor = error ? -1 : mkstemps(path.data(), 4);
    if (descriptor < 0) return "";
    std::string text;
    for (const SkippedFile& file : files) text += line_of(file.file + "\t" + file.reason) + "\n";
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (close(descriptor) == 0 && written == std::ssize(text)) return path;
    std::filesystem::remove(path, error);
    return "";
}

}  // namespace

void print_notes(const std::string& source, const Dataset& data) {
    for (const std::string& warning : data.warnings) {
        fmt::print(stderr, "warning: {}\n", line_of(warning));
    }
    print_unreadable(data.skipped);
    if (data.skipped.size() > kShownUnreadable) {
        if (const std::string list = list_of_unreadable(data.skipped); !list.empty())
            fmt::print(stderr, "all {} unreadable images: {}\n", data.skipped.size(), list);
    }
    for (const LeftOut& one : data.left_out) {
        fmt::print(stderr, "left out: {}\n", to_string(one));
    }
    fmt::print(stderr, "{}: {} images of {} people, {} unreadable\n", line_of(source),
               data.images.size(), data.people.size(), data.skipped.size());
}

Error listed(const UnreadablePictures& error) {
    print_unreadable(error.files());
    const std::string list = list_of_unreadable(error.files());
    return Error(error.what(), list.empty()
                                   ? error.hint()
                                   : fmt::format("{}; all are listed in {}", error.hint(), list));
}

Overlap overlap_of(const Dataset& training, const EvalSet& evaluation) {
    return overlap(trained_on(training.hashes, training.people), evaluation.hashes,
                   evaluation.people);
}

void warn_of_overlap(const Overlap& common) {
    if (common.pictures > 0) {
        fmt::print(stderr,
                   "warning: {} of the {} pictures evaluated on are also trained on: the result "
                   "does not hold for others\n",
                   common.pictures, common.of_pictures);
    }
    if (common.names > 0) {
        fmt::print(stderr,
                   "warning: {} of the {} people evaluated on have names in common with training: "
                   "if they are the same people, the result does not hold for others\n",
                   common.names, common.of_names);
    }
}

}  // namespace facet
