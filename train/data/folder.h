// A folder of people, DIR/<person>/<image> (picture_files.h); people and their pictures are in byte
// order of their names, so labels do not depend on the file system.
#pragma once

#include "train/data/source.h"

namespace facet {

class Folder : public DataSource {
public:
    static constexpr SourcePage page{
        .what = "a folder DIR/<person>/<image>", .recognises = nullptr, .has_files = true};

    explicit Folder(const std::string& folder, const DataOptions& = {}) : folder_(folder) {}

    // Throws UsageError when the folder does not exist or holds no picture in the layout.
    std::vector<SourcePerson> people(std::vector<LeftOut>& left_out) const override;
    Image decode(const SourcePicture& picture) const override;

private:
    std::filesystem::path folder_;
};
inline const RegisteredSource<Folder> folder_source;

}  // namespace facet
