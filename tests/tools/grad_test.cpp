// `facet grad` and `facet losses` as outside checks use them: arrays in, arrays and state out.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/random.h"
#include "losses/head/loss.h"
#include "tests/tools/command.h"
#include "tests/tools/options/here.h"
#include "tests/train/data_fixture.h"
#include "train/files/npy.h"

namespace facet::test {
namespace {

constexpr int64_t B = 5, C = 7, D = 6;

class GradCommand : public testing::Test {
protected:
    void SetUp() override {
        Random random(3, Purpose::Test);
        for (double& v : x) v = random.normal();
        for (double& v : w) v = random.normal();
        write("x", std::span<const double>(x), {B, D});
        write("w", std::span<const double>(w), {C, D});
        write("y", std::span<const int64_t>(y), {B});
    }

    template <class T>
    void write(const std::string& name, std::span<const T> values, std::vector<int64_t> shape) {
        write_npy(folder.path() / (name + ".npy"), npy_from<T>(values, std::move(shape)));
    }
    std::string file(const std::string& name) const {
        return "'" + (folder.path() / name).string() + "'";
    }
    std::string command(const std::string& rest) const {
        return "grad --x " + file("x.npy") + " --w " + file("w.npy") + " --y " + file("y.npy") +
               " --out " + file("out") + " " + rest;
    }
    std::vector<double> result(const std::string& name) const {
        return npy_as<double>(read_npy(folder.path() / "out" / name));
    }

    TemporaryFolder folder;
    std::vector<double> x = std::vector<double>(B * D), w = std::vector<double>(C * D);
    std::vector<int64_t> y = {0, 6, 3, 3, 1};
};

void expect_close(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
    ASSERT_EQ(a.size(), b.size());
    double scale = 0;
    for (const double v : b) scale = std::max(scale, std::abs(v));
    for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance * scale) << i;
}

}  // namespace

TEST_F(GradCommand, WritesWhatTheLossComputesInBothTypesAndHeads) {
    for (const LossInfo* info : all_losses()) {
        auto loss = make_loss(info->name);
        std::vector<double> dx(B * D), dw(C * D);
        HeadDiagnostics diagnostics;
        const double value = loss->forward_backward({x.data(), w.data(), y.data(), B, C, D},
                                                    {dx.data(), dw.data()}, diagnostics);
        const bool proxies = loss->has_proxies();
        for (const char* head : {"dense", "streamed"}) {
            for (const auto& [dtype, tolerance] : {std::pair{"f64", 1e-12}, {"f32", 2e-4}}) {
                const std::string options =
                    fmt::format("--loss {} --head {} --dtype {}", info->name, head, dtype);
                printed_here(add_grad_command, command(options));
                ASSERT_TRUE(std::filesystem::exists(folder.path() / "out/state.json")) << options;
                expect_close(result("value.npy"), {value}, tolerance);
                expect_close(result("dx.npy"), dx, tolerance);
                if (proxies) expect_close(result("dw.npy"), dw, tolerance);
                EXPECT_EQ(std::filesystem::exists(folder.path() / "out/dw.npy"), proxies);
                std::filesystem::remove_all(folder.path() / "out");
            }
        }
    }
}

TEST_F(GradCommand, APairLossNeedsNoProxies) {
    const std::string arrays = "grad --loss supcon --x " + file("x.npy") + " --y " + file("y.npy") +
                               " --out " + file("out") + " --dtype f64";
    ASSERT_EQ(run(arrays + " >/dev/null").status, 0);
    const auto dx = result("dx.npy");
    ASSERT_EQ(run(arrays + " --method numeric >/dev/null").status, 0);
    expect_close(result("dx.npy"), dx, 1e-7);
    const Outcome ignored = errors_of(arrays + " --w " + file("w.npy"));
    EXPECT_EQ(ignored.status, 0);
    EXPECT_NE(ignored.text.find("--w is not read"), std::string::npos) << ignored.text;
    const Outcome refused = errors_of(arrays + " --dcos");
    EXPECT_EQ(refused.status, 2);
    EXPECT_NE(refused.text.find("proxies"), std::string::npos) << refused.text;
}

TEST_F(GradCommand, TheNumericMethodAgreesWithTheAnalyticOne) {
    ASSERT_EQ(run(command("--loss arcface --dtype f64 >/dev/null")).status, 0);
    const auto analytic = result("dx.npy");
    ASSERT_EQ(run(command("--loss arcface --dtype f64 --method numeric >/dev/null")).status, 0);
    expect_close(result("dx.npy"), analytic, 1e-7);
}

TEST_F(GradCommand, TheCosineGradientHasARowForEachSample) {
    ASSERT_EQ(run(command("--loss npt --dcos >/dev/null")).status, 0);
    const auto dcos = result("dcos.npy");
    ASSERT_EQ(dcos.size(), static_cast<size_t>(B * C));
    for (int64_t i = 0; i < B; ++i) {  // NPT's rows sum to 0
        double sum = 0;
        for (int64_t j = 0; j < C; ++j) sum += dcos[i * C + j];
        EXPECT_NEAR(sum, 0, 1e-6);
    }
}

TEST_F(GradCommand, TheBiasOfSoftmaxIsTakenFromTheStateAndItsGradientReported) {
    std::ofstream(folder.path() / "s.json") << R"({"b": [1, 2, 3, 4, 5, 6, 7]})";
    ASSERT_EQ(
        run(command("--loss softmax --dtype f64 --state " + file("s.json") + " >/dev/null")).status,
        0);
    const auto state = nlohmann::json::parse(content(folder.path() / "out/state.json"));
    EXPECT_EQ(state["b"], (std::vector<double>{1, 2, 3, 4, 5, 6, 7}));
    double sum = 0;  // softmax is invariant to a common bias
    for (const double g : state["grad_b"]) sum += g;
    EXPECT_NEAR(sum, 0, 1e-12);
}

TEST_F(GradCommand, RefusesBadInputInOneLine) {
    const auto refused = [&](const std::string& arguments, int status, const std::string& says) {
        const Outcome outcome = errors_of(arguments);
        EXPECT_EQ(outcome.status, status) << outcome.text;
        EXPECT_TRUE(outcome.text.starts_with("facet: error: ")) << outcome.text;
        EXPECT_NE(outcome.text.find(says), std::string::npos) << outcome.text;
    };
    refused(command("--loss arcfac"), 2, "arcface");
    refused(command("--loss arcface --set m=9"), 2, "m");
    refused(command("--loss arcface --method guess"), 2, "guess");
    refused("grad --loss arcface --x " + file("none.npy") + " --w " + file("w.npy") + " --y " +
                file("y.npy") + " --out " + file("out"),
            1, "none.npy");

    y[2] = 7;
    write("y", std::span<const int64_t>(y), {B});
    refused(command("--loss arcface"), 1, "7");
    y[2] = 3;
    write("y", std::span<const int64_t>(y), {B});
    x[1 * D + 4] = std::nan("");
    write("x", std::span<const double>(x), {B, D});
    refused(command("--loss arcface"), 1, "nan");
}

TEST(LossesCommand, ListsEveryLossWithItsParameters) {
    const Outcome outcome = run("losses --json");
    ASSERT_EQ(outcome.status, 0);
    const auto list = nlohmann::json::parse(outcome.text);
    ASSERT_EQ(list.size(), all_losses().size());
    const Outcome one = run("losses sv-softmax");
    EXPECT_EQ(one.status, 0);
    for (const char* word : {"margin", "1812.11317", "t"}) {
        EXPECT_NE(one.text.find(word), std::string::npos) << word;
    }
    EXPECT_EQ(errors_of("losses sv-softmacks").status, 2);
}

}  // namespace facet::test
