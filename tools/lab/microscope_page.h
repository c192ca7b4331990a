// microscope.jsonl (train/microscope.h) as one HTML page that needs nothing else.
#pragma once

#include <filesystem>
#include <string>

namespace facet {

// Writes the page beside the file, which has at least one line; returns its path.
std::filesystem::path write_microscope_page(const std::filesystem::path& jsonl,
                                            const std::string& title);

}  // namespace facet
