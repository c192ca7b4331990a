// Which files of a folder are pictures, and of whom: the one rule for everything that reads one.
//
// The layout is DIR/<person>/<image>. A picture is told by its name: .jpg .jpeg .png .pgm .ppm, in
// capitals too, and not hidden. Symbolic links count as what they point to.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "train/data/left_out.h"

namespace facet {

inline constexpr const char* kFolderLayout =
    "the layout is DIR/<person>/<image>, images are .jpg .png .pgm .ppm";

bool is_picture_name(const std::filesystem::path& path);

// Person -> the names of the picture files, both in byte order.
using PeoplesPictures = std::map<std::string, std::vector<std::string>>;

// Everybody in the folder. What is neither a person nor a picture of one is counted by reason in
// `left_out`: hidden, directly in the folder, nested deeper, no picture by its name, a folder
// without pictures. Throws UsageError when the folder does not exist or holds no picture in the
// layout; Error when it cannot be listed.
PeoplesPictures find_pictures(const std::filesystem::path& folder, std::vector<LeftOut>& left_out);

// Finds the pictures that a list names without knowing their format: Ann/Ann_0001.jpg may be
// Ann/Ann_0001.PNG here.
class PictureFinder {
public:
    explicit PictureFinder(std::filesystem::path folder) : folder_(std::move(folder)) {}

    // The path below the folder of the one picture with this path up to its extension. Throws Error
    // if there is none, or several, which a list that names no format cannot tell apart.
    std::string find(const std::string& file);

private:
    const std::map<std::string, std::vector<std::string>>& pictures_in(const std::string& parent);

    std::filesystem::path folder_;
    // folder -> name without extension -> names
    std::map<std::string, std::map<std::string, std::vector<std::string>>> known_;
};

}  // namespace facet
