// Sets of procedural faces in memory and on disk.
#include <gtest/gtest.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "tests/message_of.h"
#include "tools/synth/dataset.h"
#include "tools/synth/folder.h"
#include "tools/synth/render.h"
#include "tools/synth/sheet.h"
#include "tools/synth/source.h"

using namespace facet;
using namespace facet::synth;
using facet::test::message_of;

namespace fs = std::filesystem;

namespace {

SynthSet small_set() {
    SynthSet set;
    set.people = 4;
    set.images = 3;
    set.size = 32;
    set.seed = 5;
    return set;
}

class SynthFolder : public testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("facet_synth_" + std::to_string(getpid()));
        fs::remove_all(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    fs::path folder_;
};

nlohmann::json read_json(const fs::path& path) {
    std::ifstream file(path);
    return nlohmann::json::parse(file);
}

}  // namespace

TEST(SynthDataset, TheNumberOfThreadsDoesNotChangeABit) {
    const int before = omp_get_max_threads();
    omp_set_num_threads(1);
    const Faces one = render(small_set());
    omp_set_num_threads(3);
    const Faces three = render(small_set());
    omp_set_num_threads(before);
    ASSERT_EQ(one.images.size(), 12u);
    for (size_t k = 0; k < one.images.size(); ++k)
        EXPECT_EQ(one.images[k].rgb, three.images[k].rgb) << k;
}

TEST(SynthDataset, PeopleKeepTheirFacesInAnyRange) {
    const Faces all = render(small_set());
    SynthSet tail = small_set();
    tail.first_person = 2;
    tail.people = 2;
    const Faces part = render(tail);
    EXPECT_EQ(part.identities[0].z, all.identities[2].z);
    for (size_t k = 0; k < part.images.size(); ++k) {
        EXPECT_EQ(part.images[k].rgb, all.images[6 + k].rgb) << k;
        EXPECT_EQ(part.labels[k], static_cast<int>(k / 3));
    }
}

TEST(SynthDataset, PicturesOfAPersonAreOfOtherMoments) {
    const SynthSet set = small_set();
    const Faces faces = render(set);
    for (size_t k = 1; k < faces.images.size(); ++k) {
        if (faces.labels[k] != faces.labels[k - 1]) continue;
        EXPECT_NE(faces.images[k].rgb, faces.images[k - 1].rgb) << k;
    }
}

TEST(SynthDataset, TheSourceDrawsThePicturesOfTheSet) {
    const SynthSet set = small_set();
    const Faces faces = render(set);
    const Source source("synth", {.size = set.size, .procedural = {4, 3, 1, set.seed}});
    std::vector<LeftOut> left_out;
    size_t k = 0;
    for (const SourcePerson& person : source.people(left_out)) {
        for (const SourcePicture& picture : person.pictures) {
            EXPECT_EQ(picture.file, fmt::format("person_{:05}/{:04}", faces.labels[k], k % 3));
            EXPECT_EQ(source.decode(picture).rgb, faces.images[k++].rgb);
        }
    }
    EXPECT_EQ(k, faces.images.size());
    EXPECT_TRUE(left_out.empty());
}

TEST(SynthDataset, RefusesSettingsOutOfRange) {
    const auto with = [](auto change) {
        SynthSet set = small_set();
        change(set);
        return set;
    };
    EXPECT_THROW(check(with([](SynthSet& s) { s.people = 0; })), UsageError);
    EXPECT_THROW(check(with([](SynthSet& s) { s.images = 0; })), UsageError);
    EXPECT_THROW(check(with([](SynthSet& s) { s.size = 31; })), UsageError);
    EXPECT_THROW(check(with([](SynthSet& s) { s.size = 513; })), UsageError);
    EXPECT_THROW(check(with([](SynthSet& s) { s.look_alikes = 0.7; })), UsageError);
    EXPECT_THROW(check(with([](SynthSet& s) { s.knobs.blur = -1; })), UsageError);
    EXPECT_THROW(render(with([](SynthSet& s) { s.knobs.blur = -1; })), UsageError);
    EXPECT_THROW(render_face({}, {}, 16), UsageError);
}

TEST(SynthDataset, ExtremeKnobsAndIdentitiesStillGivePictures) {
    SynthSet set = small_set();
    for (const KnobInfo& knob : knob_table()) set.knobs.*knob.value = kLargestKnob;
    for (const Image& image : render(set).images) EXPECT_EQ(image.rgb.size(), 32u * 32 * 3);
    for (const float z : {-8.0f, 8.0f}) {
        Identity extreme;
        extreme.z.fill(z);
        const Image image = render_face(extreme, {}, 32);
        EXPECT_NE(std::count(image.rgb.begin(), image.rgb.end(), image.rgb[0]),
                  static_cast<long>(image.rgb.size()));
    }
}

TEST(SynthSheet, LaysPicturesOutRowByRow) {
    const Faces faces = render(small_set());
    const Image sheet = contact_sheet(faces.images, 3);
    EXPECT_EQ(sheet.width, 3 * 35 + 3);
    EXPECT_EQ(sheet.height, 4 * 35 + 3);
    EXPECT_EQ(*sheet.at(0, 0), 255);
    const Image& second_row_third = faces.images[5];
    for (int x = 0; x < 32; ++x)
        EXPECT_EQ(sheet.at(3 + 2 * 35 + x, 3 + 35 + 10)[1], second_row_third.at(x, 10)[1]);
    EXPECT_THROW(contact_sheet({}, 3), Error);
    const Image mixed[] = {faces.images[0], render_face({}, {}, 33)};
    EXPECT_THROW(contact_sheet(mixed, 2), Error);
}

TEST_F(SynthFolder, HoldsThePicturesAndTheirTruth) {
    SynthSet set = small_set();
    set.first_person = 42;
    set.look_alikes = 0.5;
    write_folder(set, folder_ / "new", ".png");
    const nlohmann::json truth = read_json(folder_ / "new/factors.json");
    EXPECT_EQ(truth["seed"], 5);
    EXPECT_EQ(truth["traits"].size(), static_cast<size_t>(kTraits));
    ASSERT_EQ(truth["people"].size(), 4u);
    ASSERT_EQ(truth["images"].size(), 12u);

    // Everything needed to draw a picture again stands in the file.
    const nlohmann::json& entry = truth["images"][7];
    EXPECT_EQ(entry["file"], "person_00044/0001.png");
    EXPECT_EQ(entry["person"], "person_00044");
    Identity identity;
    truth["people"][2]["identity"].get_to(identity.z);
    const Factors factors = entry["factors"].get<Factors>();
    EXPECT_FLOAT_EQ(entry["difficulty"].get<float>(), difficulty(factors));
    const Image stored = load_image(folder_ / "new" / entry["file"].get<std::string>());
    EXPECT_EQ(stored.rgb, render_face(identity, factors, truth["size"]).rgb);
    for (const KnobInfo& knob : knob_table())
        EXPECT_EQ(truth["knobs"].get<Knobs>().*knob.value, set.knobs.*knob.value);

    // With half of the people look-alikes, person 43 resembles person 42.
    EXPECT_EQ(truth["people"][1]["nearest"]["name"], "person_00042");
    EXPECT_NEAR(truth["people"][1]["nearest"]["distance"].get<float>(), kLookAlikeDistance, 1e-4);
}

TEST_F(SynthFolder, ASinglePersonHasNoNearestOther) {
    SynthSet set = small_set();
    set.people = 1;
    write_folder(set, folder_, ".jpg");
    EXPECT_TRUE(fs::exists(folder_ / "person_00000/0002.jpg"));
    EXPECT_FALSE(read_json(folder_ / "factors.json")["people"][0].contains("nearest"));
}

TEST_F(SynthFolder, RefusesAFolderThatIsNotEmpty) {
    fs::create_directories(folder_);
    std::ofstream(folder_ / "mine.txt") << "keep";
    const std::string message = message_of([&] { write_folder(small_set(), folder_, ".png"); });
    EXPECT_NE(message.find("is not empty"), std::string::npos) << message;
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST_F(SynthFolder, RefusesAPlaceWhereAFileStandsAndAnUnknownFormat) {
    fs::create_directories(folder_);
    std::ofstream(folder_ / "file") << "x";
    const std::string message =
        message_of([&] { write_folder(small_set(), folder_ / "file/inside", ".png"); });
    EXPECT_NE(message.find("cannot create the folder"), std::string::npos) << message;
    EXPECT_THROW(write_folder(small_set(), folder_ / "gif", ".gif"), UsageError);
    EXPECT_FALSE(fs::exists(folder_ / "gif"));
}
