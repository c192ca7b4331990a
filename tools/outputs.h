// Where commands write: facet replaces what facet wrote, never anything else.
//
// A folder that a command writes into has a file .facet-files, which lists by name what facet wrote
// there. What is not listed belongs to somebody else. Run folders have a stricter rule of their own
// (train/run_folder.h).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace facet {

class OutputFolder {
public:
    // Looks only, before the long work. `names` are the files and folders that will be written
    // there; one that ends in * stands for all that begin so. Throws UsageError, beginning with the
    // option, for one that is there and that facet did not write, and Error if the folder cannot
    // be made or written to.
    OutputFolder(std::string option, std::filesystem::path folder, std::vector<std::string> names);

    // Makes the folder and lists the names.
    const std::filesystem::path& make() const;

    const std::filesystem::path& path() const { return folder_; }

private:
    std::filesystem::path folder_;
    std::vector<std::string> names_;
};

// The same for a single file, whose folder must exist. A file that is there may be replaced if
// `is_own` says that facet wrote it; without it, never.
void check_output_file(const std::string& option, const std::filesystem::path& file,
                       const std::function<bool(const std::filesystem::path&)>& is_own = nullptr);

}  // namespace facet
