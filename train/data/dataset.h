// Labelled pictures in memory: what training and evaluation read.
//
// A folder data set is `DIR/<person>/<image>`. Every picture is cropped to its largest centred
// square, resized to size x size (train/data/image.h) and kept decoded, 3 * size^2 bytes each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/error.h"
#include "train/data/image.h"
#include "train/data/left_out.h"

namespace facet {

struct SkippedFile {
    std::string file;    // relative to the data folder
    std::string reason;  // one line
};

struct Dataset {
    int size = 0;                       // width and height of every image
    std::vector<Image> images;          // (N)
    std::vector<int32_t> labels;        // (N), positions in `people`
    std::vector<std::string> files;     // (N) names, unique, `person/file` for a folder
    std::vector<std::string> people;    // (C), every one with at least one image
    std::vector<uint64_t> hashes;       // (N), see picture_hash.h: of the images as they were read
    std::vector<LeftOut> left_out;      // what the source holds beside them, by reason
    std::vector<SkippedFile> skipped;   // unreadable
    std::vector<std::string> warnings;  // what a person should know beyond, one line each
};

// More pictures than may be cannot be read.
class UnreadablePictures : public Error {
public:
    explicit UnreadablePictures(const std::string& message, std::string hint = "",
                                std::vector<SkippedFile> files = {})
        : Error(message, std::move(hint)), files_(std::move(files)) {}
    const std::vector<SkippedFile>& files() const { return files_; }

private:
    std::vector<SkippedFile> files_;
};

struct FolderOptions {
    int size = 112;
    std::optional<std::filesystem::path> people_list =
        {};              // only these people (train/data/people_list)
    int min_images = 1;  // people with fewer are left out
    int threads = 0;     // 0: as many as OpenMP uses
    // Told how many pictures are decoded, of how many; by the calling thread.
    std::function<void(int64_t done, int64_t total)> heard = {};
};

// Reads the pictures of a folder (picture_files.h); people and their images are in byte order of
// their names, so labels depend neither on the file system nor on the order of the people list.
//
// Everything the folder holds is in the data set or counted in `left_out`. Unreadable images are
// also listed in `skipped`; more than 1 % of them is an error.
// Throws UsageError for options out of range, and when the folder does not exist, holds no images
// in the expected layout, lacks somebody whom the people list names, or nobody has min_images;
// UnreadablePictures for too many unreadable images, Error for a damaged people list.
Dataset load_folder(const std::filesystem::path& folder, const FolderOptions& options);

// Learning to tell people apart takes two of them: throws UsageError for fewer.
void require_trainable(const Dataset& dataset);

// Names the content: 16 hexadecimal digits that change with any name, label, size or pixel. It is
// FNV-1a (64 bits) over the little-endian hashes of the images in order; the hash of an image is
// FNV-1a over file name, 0, person's name, 0, width and height (u32, little-endian), pixels.
std::string data_hash(const Dataset& dataset);

}  // namespace facet
