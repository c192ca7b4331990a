#include "train/data/folder.h"

#include "engine/error.h"
#include "train/data/picture_files.h"

namespace facet {
namespace {

void refuse_containers(const std::filesystem::path& folder) {
    const std::string extension = folder.extension();
    if (extension != ".rec" && extension != ".bin") return;
    throw UsageError(fmt::format("{}: {} files cannot be read yet", folder.string(), extension),
                     "give a folder DIR/<person>/<image>, or synth");
}

}  // namespace

std::vector<SourcePerson> Folder::people(std::vector<LeftOut>& left_out) const {
    refuse_containers(folder_);
    std::vector<SourcePerson> people;
    for (const auto& [name, images] : find_pictures(folder_, left_out)) {
        people.push_back({name, {}});
        for (const std::string& image : images)
            people.back().pictures.push_back({name + "/" + image});
    }
    return people;
}

Image Folder::decode(const SourcePicture& picture) const {
    return load_image(folder_ / picture.file);
}

}  // namespace facet
