// `facet atlas`: its numbers against `facet grad` and closed forms, its page, its refusals.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <vector>

#include "engine/random.h"
#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "train/files/npy.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

// The rows of a table of the atlas, by the names of its columns.
using Row = std::map<std::string, double>;
std::vector<Row> table(const fs::path& stem) {
    const std::string csv = content(stem.string() + ".csv");
    std::stringstream head(csv.substr(0, csv.find('\n')));
    std::vector<std::string> names;
    for (std::string name; std::getline(head, name, ',');) names.push_back(name);
    const NpyArray array = read_npy(stem.string() + ".npy");
    const std::vector<double> cells = npy_as<double>(array);
    const auto width = size_t(array.shape.at(1));
    std::vector<Row> rows(size_t(array.shape.at(0)));
    for (size_t i = 0; i < rows.size(); ++i) {
        for (size_t k = 0; k < width; ++k) rows[i][names.at(k)] = cells[i * width + k];
    }
    return rows;
}

// A batch for `facet grad`, and what it says.
struct Asked {
    TemporaryFolder folder;

    void give(const std::string& name, const std::vector<double>& values, int64_t rows) const {
        write_npy(folder.path() / (name + ".npy"),
                  npy_from<double>(std::span<const double>(values),
                                   {rows, int64_t(values.size()) / rows}));
    }
    void labels(const std::vector<int64_t>& y) const {
        write_npy(folder.path() / "y.npy",
                  npy_from<int64_t>(std::span<const int64_t>(y), {int64_t(y.size())}));
    }
    std::string file(const std::string& name) const {
        return "'" + (folder.path() / name).string() + "'";
    }
    std::string arrays(bool proxies) const {
        return " --x " + file("x.npy") + " --y " + file("y.npy") +
               (proxies ? " --w " + file("w.npy") : "");
    }
    void grad(const std::string& loss, bool proxies) const {
        const std::string dcos = proxies ? " --dcos" : "";
        ASSERT_EQ(run("grad --loss " + loss + arrays(proxies) + dcos + " --dtype f64 --out " +
                      file("g") + " >/dev/null")
                      .status,
                  0);
    }
    std::vector<double> result(const std::string& name) const {
        return npy_as<double>(read_npy(folder.path() / "g" / name));
    }
};

// Both kinds of losses, drawn once for all tests.
class Atlas : public testing::Test {
protected:
    static void SetUpTestSuite() {
        drawn = new TemporaryFolder;
        ASSERT_EQ(run("atlas --loss arcface:beyond=none supcon --out '" + drawn->path().string() +
                      "' >/dev/null 2>&1")
                      .status,
                  0);
    }
    static void TearDownTestSuite() { delete drawn; }
    static fs::path at(const std::string& path) { return drawn->path() / path; }

    static TemporaryFolder* drawn;
};
TemporaryFolder* Atlas::drawn = nullptr;

// Every element is closed, in order. Attributes are quoted and hold no '>'.
std::string unbalanced(const std::string& html) {
    std::vector<std::string> open;
    for (size_t i = html.find('<'); i != std::string::npos; i = html.find('<', i + 1)) {
        if (html[i + 1] == '!') continue;
        const size_t end = html.find('>', i);
        if (end == std::string::npos) return "an element without an end";
        const std::string tag = html.substr(i + 1, end - i - 1);
        const std::string name = tag.substr(0, tag.find_first_of(" \n/", 1));
        if (tag[0] == '/') {
            if (open.empty() || "/" + open.back() != tag) return tag;
            open.pop_back();
        } else if (tag.back() != '/') {
            open.push_back(name);
            if (name == "script" || name == "style") i = html.find("</" + name, i) - 1;
        }
    }
    return open.empty() ? "" : open.back();
}

}  // namespace

TEST_F(Atlas, ExactArcFaceByDetachedIsTheQuotientOfSines) {
    const auto rows = table(at("arcface_beyond=none/ratio-grad=detached"));
    ASSERT_EQ(rows.size(), 179u);
    std::map<int, double> ratio;
    for (const Row& row : rows) {
        const double theta = radians(row.at("theta_y_degrees"));
        const double expected = std::sin(theta + 0.5) / std::sin(theta);
        EXPECT_NEAR(row.at("ratio"), expected, 1e-9 * std::abs(expected) + 1e-12);
        ratio[int(row.at("theta_y_degrees"))] = row.at("ratio");
    }
    EXPECT_NEAR(ratio[5], 6.4, 0.05);
    EXPECT_NEAR(ratio[75], 1.0, 0.05);
    EXPECT_NEAR(ratio[150], 0.05, 0.005);
    EXPECT_GT(ratio[151], 0);  // pi - m is 151.35 degrees
    EXPECT_LT(ratio[152], 0);
    // With the linear fallback the sign stays right.
    for (const Row& row : table(at("arcface_beyond=none/ratio-beyond=linear"))) {
        EXPECT_GT(row.at("dL_dtheta_y_variant"), -1e-9);
        EXPECT_EQ(row.at("ratio") < 0, row.at("theta_y_degrees") > 151.35);
    }
}

// The gradient of ArcFace in the atlas's scene: the target's proxy at y degrees from the feature,
// the nearest other one at j, the rest at 90.
void ask_arcface(Asked& asked, double y, double j, int classes) {
    std::vector<double> w = {std::cos(radians(y)),
                             std::sin(radians(y)),
                             0,
                             0,
                             std::cos(radians(j)),
                             0,
                             std::sin(radians(j)),
                             0};
    for (int k = 2; k < classes; ++k) w.insert(w.end(), {0, 0, 0, 1});
    asked.give("x", {1, 0, 0, 0}, 1);
    asked.give("w", w, classes);
    asked.labels({0});
    asked.grad("arcface --set beyond=none", true);
}

TEST_F(Atlas, TheCurvesAreWhatGradSays) {
    int compared = 0;
    for (const Row& row : table(at("arcface_beyond=none/curves"))) {
        const double y = row.at("theta_y_degrees"), j = row.at("theta_j_degrees");
        if (row.at("classes") != 10 || (y != 30.5 && y != 75.5 && y != 160.5)) continue;
        Asked asked;
        ask_arcface(asked, y, j, 10);
        const double value = asked.result("value.npy").at(0), slope = -asked.result("dx.npy").at(1);
        EXPECT_NEAR(row.at("value"), value, 1e-12 * value);
        EXPECT_NEAR(row.at("dL_dtheta_y"), slope, 1e-12 * std::abs(slope));
        ++compared;
    }
    EXPECT_EQ(compared, 3);
}

TEST_F(Atlas, ThePlaneIsWhatGradSays) {
    for (const Row& row : table(at("arcface_beyond=none/plane"))) {
        const double y = row.at("theta_y_degrees"), j = row.at("theta_j_degrees");
        if (y != 41 || j != 71) continue;
        Asked asked;
        ask_arcface(asked, y, j, 100);
        const double slope = asked.result("dcos.npy").at(1);
        EXPECT_GT(slope, 1);
        EXPECT_NEAR(row.at("dL_dcos_j"), slope, 1e-11 * slope);
        return;
    }
    FAIL() << "no cell at 41 and 71 degrees";
}

TEST_F(Atlas, APairLossIsShownOnABatch) {
    for (const Row& row : table(at("supcon/curves"))) {
        if (row.at("theta_y_degrees") != 80.5 || row.at("classes") != 3) continue;
        Asked asked;
        const double y = radians(80.5), j = radians(90);  // the sample's twin, two other classes
        const std::vector<double> other = {std::cos(j), 0, 1, 0}, third = {std::cos(j), 0, 0, 1};
        std::vector<double> x = {1, 0, 0, 0, std::cos(y), std::sin(y), 0, 0};
        for (const auto& v : {other, other, third, third}) x.insert(x.end(), v.begin(), v.end());
        asked.give("x", x, 6);
        asked.labels({0, 0, 1, 1, 2, 2});
        asked.grad("supcon", false);
        const double slope = -asked.result("dx.npy").at(1);
        EXPECT_GT(slope, 0.1);
        EXPECT_NEAR(row.at("dL_dtheta_y"), slope, 1e-9 * slope);
        return;
    }
    FAIL() << "no row at 80.5 degrees";
}

TEST_F(Atlas, TheSearchFindsWhereTheMarginPushesAway) {
    const auto rows = table(at("arcface_beyond=none/faults"));
    const auto away =
        std::find_if(rows.begin(), rows.end(), [](const Row& row) { return row.at("kind") == 0; });
    ASSERT_NE(away, rows.end());
    EXPECT_NEAR(away->at("theta_y_from"), 180 - 0.5 * 180 / std::numbers::pi, 1e-5);
    EXPECT_EQ(away->at("theta_y_to"), 180);
    EXPECT_NEAR(away->at("amount"), 64 * std::sin(radians(179) + 0.5), 1e-6);
    const auto fine = table(at("supcon/faults"));
    EXPECT_TRUE(
        std::none_of(fine.begin(), fine.end(), [](const Row& row) { return row.at("kind") < 3; }));
}

TEST_F(Atlas, ThePageNeedsNothingElse) {
    const std::string html = content(at("index.html"));
    EXPECT_EQ(unbalanced(html), "");
    for (const char* load : {"http:", "https:", " src=", "url(", "@import", "<link"}) {
        EXPECT_EQ(html.find(load), std::string::npos) << load;
    }
    for (const char* study : {"a", "b", "c", "d", "e", "f"}) {
        EXPECT_NE(html.find(fmt::format("<section class=\"study\" id=\"{}\"", study)),
                  std::string::npos);
    }
    for (const char* number : {" nan", "nan ", ">nan", " inf", "inf "}) {
        EXPECT_EQ(html.find(number), std::string::npos) << number;
    }
    for (const auto& entry : fs::recursive_directory_iterator(drawn->path())) {
        fs::path other = entry.path();
        if (other.extension() == ".csv") {
            EXPECT_TRUE(fs::exists(other.replace_extension(".npy"))) << other;
        }
    }
    for (const char* name : {"curves", "plane", "boundaries", "circle", "share-of-classes",
                             "share-over-scale", "ratio-grad=detached", "faults"}) {
        EXPECT_TRUE(fs::exists(at(fmt::format("arcface_beyond=none/{}.csv", name)))) << name;
    }
}

TEST(AtlasCommand, WritesTheSameBytesOnAnyNumberOfThreads) {
    TemporaryFolder one, two;
    const std::string losses = "atlas --loss triplet multi-similarity --out ";
    ASSERT_EQ(run(losses + "'" + one.path().string() + "' --threads 1 >/dev/null 2>&1").status, 0);
    ASSERT_EQ(run(losses + "'" + two.path().string() + "' --threads 2 >/dev/null 2>&1").status, 0);
    int files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(one.path())) {
        if (!entry.is_regular_file()) continue;
        const fs::path name = fs::relative(entry.path(), one.path());
        EXPECT_EQ(content(entry.path()), content(two.path() / name)) << name;
        ++files;
    }
    EXPECT_GT(files, 20);
}

TEST(AtlasCommand, ReplaysAFrozenState) {
    Asked asked;
    Random random(3, Purpose::Test);
    constexpr int64_t B = 12, C = 5, D = 6;
    std::vector<double> x(B * D), w(C * D);
    std::vector<int64_t> y(B);
    for (double& v : x) v = random.normal();
    for (double& v : w) v = random.normal();
    for (int64_t i = 0; i < B; ++i) y[size_t(i)] = i % C;
    asked.give("x", x, B);
    asked.give("w", w, C);
    asked.labels(y);
    ASSERT_EQ(run("atlas --loss arcface cosface supcon" + asked.arrays(true) + " --out " +
                  asked.file("atlas") + " >/dev/null 2>&1")
                  .status,
              0);
    const fs::path out = asked.folder.path() / "atlas";
    asked.grad("arcface", true);
    const auto dx = asked.result("dx.npy");
    const auto gradients = table(out / "arcface/gradients"), angles = table(out / "angles");
    ASSERT_EQ(gradients.size(), size_t(B));
    for (size_t i = 0; i < size_t(B); ++i) {
        const auto length = [](const double* v) {
            double sum = 0;
            for (int64_t k = 0; k < D; ++k) sum += v[k] * v[k];
            return std::sqrt(sum);
        };
        const double norm = length(&dx[i * D]);
        EXPECT_NEAR(gradients[i].at("gradient_norm"), norm, 1e-12 * norm);
        const double *a = &x[i * D], *b = &w[size_t(y[i]) * D];
        double product = 0;
        for (int64_t k = 0; k < D; ++k) product += a[k] * b[k];
        EXPECT_NEAR(std::cos(radians(angles[i].at("theta_y_degrees"))),
                    product / (length(a) * length(b)), 1e-12);
    }
    const auto cosines = table(out / "cosines");
    ASSERT_EQ(cosines.size(), 3u);
    EXPECT_NEAR(cosines[1].at("cosface"), 1, 1e-12);
    EXPECT_GT(cosines[0].at("cosface"), cosines[0].at("supcon"));
    EXPECT_EQ(unbalanced(content(out / "index.html")), "");
}

TEST(AtlasCommand, RefusesWhatItCannotDraw) {
    TemporaryFolder folder;
    const std::string out = " --out '" + folder.path().string() + "'";
    const auto refused = [&](const std::string& arguments, const std::string& says) {
        const Outcome outcome = errors_of("atlas " + arguments);
        EXPECT_EQ(outcome.status, 2) << arguments;
        EXPECT_NE(outcome.text.find(says), std::string::npos) << outcome.text;
    };
    refused("--loss arcface", "--out");
    refused("--loss arcfase" + out, "arcface");
    refused("--loss arcface:q=1" + out, "q");
    refused("--loss arcface:grad" + out, "grad");
    refused("--loss arcface arcface" + out, "twice");
    refused("--loss all --set m=0.4" + out, "--set");
    refused("--loss curricularface@t=much" + out, "no number");
    refused("--loss arcface@t=1" + out, "state");
    refused("--loss arcface --y y.npy" + out, "--x");
    refused("--loss arcface --x x.npy --y y.npy" + out, "--w");
}

}  // namespace facet::test
