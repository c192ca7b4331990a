// Every option of `facet synth`, each with a value of its own: the pictures and the true factors
// are those of the set that these values name.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "tools/synth/dataset.h"
#include "tools/synth/folder.h"
#include "tools/synth/sheet.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

// No two of the knobs are the same, so that two that were exchanged would show.
const std::string kSet =
    "--people 4 --images 2 --image 40 --seed 3 --first-person 6 --look-alikes 0.5 --pose 0.5 "
    "--alignment 0.75 --expression 1.25 --light 1.5 --style 0.25 --background 1.75 --occlusion 2 "
    "--blur 0.125 --noise 0.625 --resolution 1.125 ";

synth::SynthSet named_set() {
    synth::SynthSet set;
    set.people = 4;
    set.images = 2;
    set.size = 40;
    set.seed = 3;
    set.first_person = 6;
    set.look_alikes = 0.5;
    set.knobs = {.pose = 0.5,
                 .alignment = 0.75,
                 .expression = 1.25,
                 .light = 1.5,
                 .style = 0.25,
                 .background = 1.75,
                 .occlusion = 2,
                 .blur = 0.125,
                 .noise = 0.625,
                 .resolution = 1.125};
    return set;
}

class SynthOptions : public testing::Test {
protected:
    static void SetUpTestSuite() {
        folder = new TemporaryFolder;
        const Outcome outcome = run("synth " + kSet + "--out '" + at("faces") + "' --sheet '" +
                                    at("sheet.png") + "' 2>/dev/null");
        ASSERT_EQ(outcome.status, 0);
        EXPECT_TRUE(contains(outcome.text, "sheet.png: 4 people in rows, 2 pictures of each\n"));
        EXPECT_TRUE(contains(outcome.text, "wrote 8 pictures of 4 people and their true factors"));
    }
    static void TearDownTestSuite() { delete folder; }
    static std::string at(const std::string& name) { return (folder->path() / name).string(); }

    static TemporaryFolder* folder;
};
TemporaryFolder* SynthOptions::folder = nullptr;

TEST_F(SynthOptions, ThePicturesAreThoseOfTheSetThatIsNamed) {
    const synth::Faces faces = synth::render(named_set());
    for (size_t k = 0; k < faces.images.size(); ++k) {
        const std::string file =
            fmt::format("faces/{}/{:04}.png", synth::person_name(6 + k / 2), k % 2);
        EXPECT_EQ(load_image(at(file)).rgb, faces.images[k].rgb) << file;
    }
    EXPECT_EQ(std::distance(fs::directory_iterator(at("faces")), fs::directory_iterator()), 5);
    EXPECT_EQ(load_image(at("sheet.png")).rgb, synth::contact_sheet(faces.images, 2).rgb);
}

TEST_F(SynthOptions, TheFactorsAreWrittenAsTheyWereDrawn) {
    const auto json = nlohmann::json::parse(content(at("faces/factors.json")));
    EXPECT_EQ(json["seed"], 3);
    EXPECT_EQ(json["size"], 40);
    EXPECT_EQ(json["first_person"], 6);
    EXPECT_EQ(json["look_alikes"], 0.5);
    EXPECT_EQ(json["knobs"], nlohmann::json(named_set().knobs));
    ASSERT_EQ(json["images"].size(), 8u);
    ASSERT_EQ(json["people"].size(), 4u);
    const synth::Faces faces = synth::render(named_set());
    for (size_t k = 0; k < 8; ++k) {
        const auto found = json["images"][k]["factors"].get<synth::Factors>();
        EXPECT_EQ(nlohmann::json(found), nlohmann::json(faces.factors[k])) << k;
        EXPECT_EQ(json["images"][k]["difficulty"].get<float>(),
                  synth::difficulty(faces.factors[k]));
        EXPECT_EQ(json["images"][k]["person"], synth::person_name(6 + k / 2));
    }
    for (size_t p = 0; p < 4; ++p) {
        EXPECT_EQ(json["people"][p]["name"], synth::person_name(6 + p));
        EXPECT_EQ(json["people"][p]["identity"].get<std::vector<float>>(),
                  std::vector<float>(faces.identities[p].z.begin(), faces.identities[p].z.end()));
    }
    const auto nearest = synth::nearest_others(faces.identities);
    EXPECT_EQ(json["people"][0]["nearest"]["name"], synth::person_name(6 + nearest[0].index));
}

TEST_F(SynthOptions, TheFormatIsThatOfTheFiles) {
    ASSERT_EQ(run("synth --people 1 --images 2 --image 32 --format jpg --out '" + at("jpg") +
                  "' 2>/dev/null")
                  .status,
              0);
    EXPECT_TRUE(content(at("jpg/person_00000/0001.jpg")).starts_with("\xff\xd8\xff"));
    EXPECT_FALSE(fs::exists(at("jpg/person_00000/0001.png")));
    EXPECT_TRUE(content(at("faces/person_00006/0001.png")).starts_with("\x89PNG"));
}

}  // namespace
}  // namespace facet::test
