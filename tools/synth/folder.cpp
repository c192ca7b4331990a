#include "tools/synth/folder.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "train/files/atomic.h"
#include "train/files/folder_claim.h"
#include "train/files/text.h"

namespace facet::synth {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

void make_folder(const fs::path& folder) {
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure || !fs::is_directory(folder))
        throw Error(fmt::format("synth: cannot create the folder {}: {}", folder.string(),
                                failure ? failure.message() : "a file is in the way"),
                    "choose a folder that you may write to");
}

void need_empty(const fs::path& folder) {
    std::error_code failure;
    const bool empty = fs::is_empty(folder, failure);
    if (failure)
        throw Error(
            fmt::format("synth: cannot look into {}: {}", folder.string(), failure.message()),
            "choose a folder that you may read and write");
    if (!empty)
        throw Error(fmt::format("synth: the folder {} is not empty, expected a new or empty one",
                                folder.string()),
                    "choose another folder or remove this one first");
}

// A JSON number with the fewest digits that read back as the same float.
ordered_json number(float value) { return ordered_json::parse(fmt::format("{}", value)); }

ordered_json head_of(const SynthSet& set) {
    ordered_json traits = ordered_json::array();
    for (const TraitInfo& trait : trait_table())
        traits.push_back(
            {{"group", trait.group}, {"name", trait.name}, {"meaning", trait.meaning}});
    ordered_json knobs;
    for (const KnobInfo& knob : knob_table())
        knobs[std::string(knob.name)] = number(set.knobs.*knob.value);
    return {{"seed", set.seed},
            {"size", set.size},
            {"first_person", set.first_person},
            {"look_alikes", set.look_alikes},
            {"knobs", knobs},
            {"traits", traits}};
}

ordered_json people_of(const SynthSet& set) {
    const std::vector<Identity> people = identities_of(set);
    std::vector<Neighbour> nearest;
    if (people.size() > 1) nearest = nearest_others(people);
    ordered_json list = ordered_json::array();
    for (size_t p = 0; p < people.size(); ++p) {
        ordered_json coordinates = ordered_json::array();
        for (const float z : people[p].z) coordinates.push_back(number(z));
        ordered_json entry = {{"name", person_name(set.first_person + p)},
                              {"identity", coordinates}};
        if (!nearest.empty())
            entry["nearest"] = {{"name", person_name(set.first_person + nearest[p].index)},
                                {"distance", number(nearest[p].distance)}};
        list.push_back(entry);
    }
    return list;
}

ordered_json picture_entry(const std::string& file, const std::string& person, const Factors& f) {
    ordered_json entry = {
        {"file", file}, {"person", person}, {"difficulty", number(difficulty(f))}};
    nlohmann::json factors = f;
    for (auto& value : factors)
        if (value.is_number_float())
            value = nlohmann::json::parse(fmt::format("{}", value.get<float>()));
    entry["factors"] = factors;
    return entry;
}

}  // namespace

void check_new_folder(const fs::path& folder) {
    check_can_be_made(folder, "the folder of the pictures");
    if (fs::exists(folder)) need_empty(folder);
}

std::string person_name(uint64_t person) { return fmt::format("person_{:05}", person); }

void write_folder(const SynthSet& set, const fs::path& folder, const std::string& extension,
                  const std::function<void(int64_t)>& progress) {
    check(set);
    FACET_USAGE(extension == ".png" || extension == ".jpg",
                "synth: pictures are written as .png or .jpg, found {}", extension);
    make_folder(folder);
    need_empty(folder);

    // A few hundred pictures at a time, so that memory does not grow with the set.
    const int batch = std::max(1, 400 / set.images);
    ordered_json pictures = ordered_json::array();
    for (int first = 0; first < set.people; first += batch) {
        SynthSet part = set;
        part.first_person += first;
        part.people = std::min(batch, set.people - first);
        const Faces faces = render(part);
        for (size_t k = 0; k < faces.images.size(); ++k) {
            const std::string person = person_name(part.first_person + faces.labels[k]);
            const std::string file = fmt::format("{}/{:04}{}", person, k % set.images, extension);
            if (k % set.images == 0) make_folder(folder / person);
            save_image(faces.images[k], folder / file);
            pictures.push_back(picture_entry(file, person, faces.factors[k]));
            if (progress) progress(static_cast<int64_t>(pictures.size()));
        }
    }
    ordered_json document = head_of(set);
    document["people"] = people_of(set);
    document["images"] = std::move(pictures);
    write_file_atomically(folder / "factors.json", json_text(document, 1) + "\n");
}

}  // namespace facet::synth
