#include "tools/synth/source.h"

#include <fmt/format.h>

#include "tools/synth/folder.h"
#include "tools/synth/render.h"

namespace facet::synth {

Source::Source(const std::string&, const DataOptions& options) {
    const ProceduralOptions& wanted = options.procedural;
    set_.people = static_cast<int>(wanted.people);
    set_.images = static_cast<int>(wanted.images);
    set_.seed = wanted.seed;
    set_.size = options.size;
    set_.first_person = wanted.unseen ? kFirstUnseenPerson : 0;
    for (const KnobInfo& knob : knob_table()) {
        set_.knobs.*knob.value = static_cast<float>(wanted.difficulty);
    }
    check(set_);
    identities_ = identities_of(set_);
}

std::vector<SourcePerson> Source::people(std::vector<LeftOut>&) const {
    std::vector<SourcePerson> people;
    for (int64_t p = 0; p < set_.people; ++p) {
        people.push_back({person_name(set_.first_person + p), {}});
        SourcePerson& person = people.back();
        for (int64_t i = 0; i < set_.images; ++i) {
            person.pictures.push_back(
                {fmt::format("{}/{:04}", person.name, i), p * set_.images + i});
        }
    }
    return people;
}

Image Source::decode(const SourcePicture& picture) const {
    const int64_t person = picture.at / set_.images, image = picture.at % set_.images;
    return render_face(identities_[person],
                       draw_factors(set_.seed, set_.first_person + person, image, set_.knobs),
                       set_.size);
}

}  // namespace facet::synth
