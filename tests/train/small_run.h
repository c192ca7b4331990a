// Data of a run that takes a second, and the run: r10 on pictures of noise.
#pragma once

#include "tests/train/data_fixture.h"
#include "train/config.h"
#include "train/data/dataset.h"

namespace facet::test {

// Pictures of 32 pixels; the n-th of them is noise_image(32, 32, first + n).
inline Dataset noise_data(int people, int pictures_of_each, uint64_t first = 0) {
    Dataset data;
    data.size = 32;
    for (int person = 0; person < people; ++person) {
        data.people.push_back(fmt::format("{}", person));
        for (int picture = 0; picture < pictures_of_each; ++picture) {
            data.images.push_back(noise_image(32, 32, first + data.images.size()));
            data.labels.push_back(person);
            data.files.push_back(fmt::format("{}/{}", person, picture));
        }
    }
    return data;
}

// On noise_data(5, 4) an epoch has 5 steps.
inline RunConfig noise_run() {
    RunConfig config;
    config.data = "noise";
    config.network.image = 32;
    config.network.embedding = 8;
    config.batch = 4;
    config.epochs = 1;
    config.schedule.warmup = 2;
    return config;
}

// faces/, with 4 pictures of Ann, 3 of Bob and one of Cy, and pairs.txt, two pairs of a kind of
// them.
inline void write_faces(const TemporaryFolder& folder) {
    for (const auto& [name, count] : {std::pair("Ann", 4), {"Bob", 3}, {"Cy", 1}}) {
        for (int i = 1; i <= count; ++i) {
            folder.write(fmt::format("faces/{0}/{0}_{1:04}.jpg", name, i),
                         noise_image(40, 40, name[0] * 10 + i));
        }
    }
    folder.write("pairs.txt", "2\nAnn\t1\t2\nBob\t1\t3\nAnn\t1\tBob\t1\nAnn\t4\tCy\t1\n");
}

}  // namespace facet::test
