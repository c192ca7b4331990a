// `facet atlas` with parameters typed beside the loss, on arrays: quick, as nothing is drawn.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/random.h"
#include "losses/head/loss.h"
#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "train/files/npy.h"

namespace facet::test {
namespace {

TEST(AtlasOptions, TheOnlyLossHasTheParametersThatAreSet) {
    constexpr int64_t B = 6, C = 5, D = 4;
    const TemporaryFolder folder;
    Random random(3, Purpose::Test);
    std::vector<double> x(B * D), w(C * D);
    for (double& v : x) v = random.normal();
    for (double& v : w) v = random.normal();
    const std::vector<int64_t> y = {0, 1, 2, 3, 4, 0};
    const std::string at = folder.path().string();
    write_npy(at + "/x.npy", npy_from<double>(std::span<const double>(x), {B, D}));
    write_npy(at + "/w.npy", npy_from<double>(std::span<const double>(w), {C, D}));
    write_npy(at + "/y.npy", npy_from<int64_t>(std::span<const int64_t>(y), {B}));
    const Outcome outcome = run(fmt::format(
        "atlas --loss arcface --set s=20 m=0.3 --x '{0}/x.npy' --w '{0}/w.npy' --y '{0}/y.npy' "
        "--out '{0}/a' 2>/dev/null",
        at));
    ASSERT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.text, fmt::format("1 loss in {}/a/index.html\n", at));

    const auto loss = make_loss("arcface", {{"s", "20"}, {"m", "0.3"}});
    std::vector<double> dx(B * D);
    HeadDiagnostics diagnostics;
    loss->forward_backward({x.data(), w.data(), y.data(), B, C, D}, {dx.data(), nullptr, nullptr},
                           diagnostics);
    const NpyArray written = read_npy(at + "/a/arcface_s=20_m=0.3/gradients.npy");
    const std::string head = content(at + "/a/arcface_s=20_m=0.3/gradients.csv");
    ASSERT_EQ(written.shape.at(0), B);
    const std::vector<double> cells = npy_as<double>(written);
    // Which column is the norm is in the first line of the table.
    const size_t column = static_cast<size_t>(
        std::count(head.begin(), head.begin() + head.find("gradient_norm"), ','));
    const auto columns = static_cast<size_t>(written.shape.at(1));
    for (size_t i = 0; i < size_t{B}; ++i) {
        const double norm = std::hypot(std::hypot(dx[4 * i], dx[4 * i + 1]),
                                       std::hypot(dx[4 * i + 2], dx[4 * i + 3]));
        EXPECT_NEAR(cells[i * columns + column], norm, 1e-12 * norm);
    }
}

}  // namespace
}  // namespace facet::test
