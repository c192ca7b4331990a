// Every option of `facet grad`: what it writes is, bit for bit, what the library gives for that
// value, and that is not what it gives for the default.
#include <gtest/gtest.h>

#include "engine/random.h"
#include "losses/head/loss.h"
#include "losses/head/state_json.h"
#include "losses/proof/composition.h"
#include "losses/proof/numeric.h"
#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "train/files/npy.h"

namespace facet::test {
namespace {

constexpr int64_t B = 4, C = 37, D = 16;

template <class T>
struct Found {
    double value = 0;
    std::vector<T> dx, dw, dcos;
};

class GradOptions : public testing::Test {
protected:
    void SetUp() override {
        Random random(5, Purpose::Test);
        for (auto& v : x) v = static_cast<float>(random.normal());
        for (auto& v : w) v = static_cast<float>(random.normal());
        write<double>("x.npy", x, {B, D});
        write<double>("w.npy", w, {C, D});
        write<int64_t>("y.npy", y, {B});
    }
    template <class T, class Values>
    void write(const std::string& name, const Values& values, std::vector<int64_t> shape) const {
        const std::vector<T> as(values.begin(), values.end());
        write_npy(folder.path() / name, npy_from<T>(std::span<const T>(as), std::move(shape)));
    }

    // The arrays are numbers of float32, so that both types see the same.
    template <class T>
    Found<T> of_library(Loss& loss, const HeadOptions& head = {}) const {
        const std::vector<T> x_as(x.begin(), x.end()), w_as(w.begin(), w.end());
        Found<T> found{0, std::vector<T>(B * D), std::vector<T>(C * D),
                       std::vector<T>(size_t{B} * C)};
        HeadDiagnostics diagnostics;
        found.value =
            loss.forward_backward({x_as.data(), w_as.data(), y.data(), B, C, D},
                                  {found.dx.data(), found.dw.data(), nullptr}, diagnostics, head);
        return found;
    }
    template <class T>
    Found<T> of_library(const std::string& name, const KeyValues& parameters = {},
                        const HeadOptions& head = {}) const {
        return of_library<T>(*make_loss(name, parameters), head);
    }

    // What it prints.
    std::string grad(const std::string& options, const std::string& x_name = "x") const {
        const Outcome outcome =
            run(fmt::format("grad --x '{0}/{1}.npy' --w '{0}/w.npy' --y '{0}/y.npy' --out '{0}/g' ",
                            folder.path().string(), x_name) +
                options);
        EXPECT_EQ(outcome.status, 0) << options;
        return outcome.text;
    }
    std::filesystem::path out(const std::string& name) const { return folder.path() / "g" / name; }

    template <class T>
    void expect_written(const Found<T>& expected) const {
        EXPECT_EQ(npy_as<double>(read_npy(out("value.npy"))).at(0), expected.value);
        const NpyArray dx = read_npy(out("dx.npy"));
        EXPECT_EQ(dx.dtype, sizeof(T) == 4 ? "<f4" : "<f8");
        EXPECT_EQ(npy_as<T>(dx), expected.dx);
        EXPECT_EQ(npy_as<T>(read_npy(out("dw.npy"))), expected.dw);
    }

    TemporaryFolder folder;
    std::vector<double> x = std::vector<double>(B * D), w = std::vector<double>(C * D);
    std::vector<int64_t> y = {0, 36, -1, 5};
};

TEST_F(GradOptions, TheLossHasItsParameters) {
    const std::string printed = grad("--loss arcface --set s=20 m=0.3");
    const Found<double> expected = of_library<double>("arcface", {{"s", "20"}, {"m", "0.3"}});
    expect_written(expected);
    EXPECT_NE(expected.dx, of_library<double>("arcface").dx);
    EXPECT_NE(expected.dx, of_library<double>("cosface", {{"s", "20"}, {"m", "0.3"}}).dx);
    EXPECT_TRUE(contains(printed, "arcface s=20 m=0.3 "));
    EXPECT_TRUE(contains(printed, fmt::format("value {:.17g}\n", expected.value))) << printed;
}

TEST_F(GradOptions, TheTypeIsTheOneAskedForOrElseThatOfX) {
    const Found<float> single = of_library<float>("cosface");
    const Found<double> whole = of_library<double>("cosface");
    grad("--loss cosface");
    expect_written(whole);
    grad("--loss cosface --dtype f32");
    expect_written(single);
    write<float>("x32.npy", x, {B, D});
    grad("--loss cosface", "x32");
    expect_written(single);
    grad("--loss cosface --dtype f64", "x32");
    expect_written(whole);
}

// Sums of float32 in another order have other bits: those of that head and tile.
TEST_F(GradOptions, TheHeadAndItsTileAreThoseOfTheBits) {
    const Found<float> dense = of_library<float>("cosface"),
                       one = of_library<float>("cosface", {}, {Head::streamed, 4096}),
                       tiles = of_library<float>("cosface", {}, {Head::streamed, 5});
    ASSERT_NE(tiles.dx, dense.dx);
    ASSERT_NE(tiles.dx, one.dx);
    grad("--loss cosface --dtype f32 --head streamed --tile 5");
    expect_written(tiles);
    grad("--loss cosface --dtype f32 --head streamed");
    expect_written(one);
    grad("--loss cosface --dtype f32");
    expect_written(dense);
}

TEST_F(GradOptions, TheMethodFindsItAndTheStepIsThatOfTheDifferences) {
    const HeadBatch<double> batch{x.data(), w.data(), y.data(), B, C, D};
    const auto loss = make_loss("arcface");
    const NumericGradient usual = numeric_gradient(*loss, batch),
                          wide = numeric_gradient(*loss, batch, 0.02);
    const TapeGradient tape = tape_gradient(*loss, batch);
    ASSERT_NE(usual.dx, wide.dx);
    grad("--loss arcface --method numeric --step 0.02");
    expect_written(Found<double>{wide.value, wide.dx, wide.dw, {}});
    grad("--loss arcface --method numeric");
    expect_written(Found<double>{usual.value, usual.dx, usual.dw, {}});
    grad("--loss arcface --method tape");
    expect_written(Found<double>{tape.value, tape.dx, tape.dw, {}});
}

TEST_F(GradOptions, TheGradientByCosinesIsWrittenWhenAskedFor) {
    grad("--loss arcface");
    EXPECT_FALSE(std::filesystem::exists(out("dcos.npy")));
    grad("--loss arcface --dcos");
    std::vector<double> dx(B * D), dw(C * D), dcos(size_t{B} * C);
    HeadDiagnostics diagnostics;
    make_loss("arcface")->forward_backward({x.data(), w.data(), y.data(), B, C, D},
                                           {dx.data(), dw.data(), dcos.data()}, diagnostics);
    const NpyArray written = read_npy(out("dcos.npy"));
    EXPECT_EQ(written.shape, (std::vector<int64_t>{B, C}));
    EXPECT_EQ(npy_as<double>(written), dcos);
}

TEST_F(GradOptions, TheStateIsThatBeforeTheCall) {
    const auto loss = make_loss("curricularface");
    loss->state().find("t")->value = {0.75};
    const Found<double> expected = of_library<double>(*loss);
    folder.write("s.json", "{\"t\": 0.75}");
    grad("--loss curricularface --state '" + (folder.path() / "s.json").string() + "'");
    expect_written(expected);
    EXPECT_NE(expected.dx, of_library<double>("curricularface").dx);
    EXPECT_EQ(content(out("state.json")), state_to_json(loss->state()));
}

TEST_F(GradOptions, TheSeedIsThatOfTheRandomMargins) {
    const auto loss = make_loss("elasticface");
    loss->state().seed = 9;
    const Found<double> expected = of_library<double>(*loss);
    grad("--loss elasticface --seed 9");
    expect_written(expected);
    EXPECT_EQ(content(out("state.json")), state_to_json(loss->state()));
    EXPECT_NE(expected.dx, of_library<double>("elasticface").dx);
}

}  // namespace
}  // namespace facet::test
