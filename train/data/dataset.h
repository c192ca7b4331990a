// Labelled pictures in memory: what training and evaluation read.
//
// Every picture is cropped to its largest centred square, resized to size x size
// (train/data/image.h) and kept decoded, 3 * size^2 bytes each.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/error.h"
#include "train/data/source.h"

namespace facet {

struct SkippedFile {
    std::string file;    // as in Dataset::files
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

// Reads all pictures of the source that `name` names, with its people and their pictures in the
// source's order: labels do not depend on the order of a people list.
//
// Everything the source holds is in the data set or counted in `left_out`. Unreadable images are
// also listed in `skipped`; more than 1 % of them is an error.
// Throws UsageError for options out of range, and when the source holds no people, lacks a person
// of the people list, or all have fewer than min_images; UnreadablePictures for too many unreadable
// images, Error for a damaged people list.
Dataset load_data(const std::string& name, const DataOptions& options);

// A picture at the wanted size, or why it cannot be read.
struct Decoded {
    Image image;
    std::string failure;  // empty if the image is good
};

// Decodes on options.threads, crops to the largest centred square and resizes to options.size.
std::vector<Decoded> decode_all(const DataSource& source, std::span<const SourcePicture> pictures,
                                const DataOptions& options);

// Learning to tell people apart takes two of them: throws UsageError for fewer.
void require_trainable(const Dataset& dataset);

// Names the content: 16 hexadecimal digits that change with any name, label, size or pixel. It is
// FNV-1a (64 bits) over the little-endian hashes of the images in order; the hash of an image is
// FNV-1a over file name, 0, person's name, 0, width and height (u32, little-endian), pixels.
std::string data_hash(const Dataset& dataset);

}  // namespace facet
