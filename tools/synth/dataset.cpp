#include "tools/synth/dataset.h"

#include "engine/error.h"
#include "tools/synth/render.h"

namespace facet::synth {

void check(const SynthSet& set) {
    FACET_USAGE(set.people >= 1 && set.people <= 1'000'000,
                "synth: the number of people must lie in [1, 1000000], found {}", set.people);
    FACET_USAGE(set.images >= 1 && set.images <= 100'000,
                "synth: the images of a person must lie in [1, 100000], found {}", set.images);
    FACET_USAGE(set.size >= kSmallestImage && set.size <= kLargestImage,
                "synth: the image size must lie in [{}, {}], found {}", kSmallestImage,
                kLargestImage, set.size);
    draw_identity(set.seed, set.first_person, set.look_alikes);
    draw_factors(set.seed, set.first_person, 0, set.knobs);
}

std::vector<Identity> identities_of(const SynthSet& set) {
    std::vector<Identity> identities;
    identities.reserve(set.people);
    for (int p = 0; p < set.people; ++p)
        identities.push_back(draw_identity(set.seed, set.first_person + p, set.look_alikes));
    return identities;
}

Faces render(const SynthSet& set) {
    check(set);  // here, because an exception must not leave the parallel loop below
    Faces faces;
    faces.identities = identities_of(set);
    const int64_t count = int64_t{set.people} * set.images;
    faces.images.resize(count);
    faces.labels.resize(count);
    faces.factors.resize(count);
#pragma omp parallel for schedule(dynamic, 8)
    for (int64_t k = 0; k < count; ++k) {
        const int64_t person = k / set.images;
        faces.labels[k] = static_cast<int>(person);
        faces.factors[k] =
            draw_factors(set.seed, set.first_person + person, k % set.images, set.knobs);
        faces.images[k] = render_face(faces.identities[person], faces.factors[k], set.size);
    }
    return faces;
}

}  // namespace facet::synth
