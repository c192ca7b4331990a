// `facet grad --method tape`: the files of the analytic method, from the other derivation.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "train/files/npy.h"

namespace facet::test {
namespace {

class GradTape : public testing::Test {
protected:
    void SetUp() override {
        std::vector<double> x, w;
        for (int i = 0; i < 12; ++i) x.push_back(std::sin(3.0 * i + 1));
        for (int i = 0; i < 20; ++i) w.push_back(std::cos(5.0 * i + 2));
        const std::vector<int64_t> y = {4, -1, 0};
        write_npy(folder.path() / "x.npy", npy_from<double>(std::span<const double>(x), {3, 4}));
        write_npy(folder.path() / "w.npy", npy_from<double>(std::span<const double>(w), {5, 4}));
        write_npy(folder.path() / "y.npy", npy_from<int64_t>(std::span<const int64_t>(y), {3}));
    }
    std::string command(const std::string& method, const std::string& rest) const {
        const std::string at = folder.path().string();
        return fmt::format(
            "grad --x '{0}/x.npy' --w '{0}/w.npy' --y '{0}/y.npy' --out '{0}/{1}' "
            "--method {1} {2}",
            at, method, rest);
    }
    std::vector<double> result(const std::string& file) const {
        return npy_as<double>(read_npy(folder.path() / file));
    }
    TemporaryFolder folder;
};

TEST_F(GradTape, WritesWhatTheAnalyticMethodWrites) {
    for (const std::string loss : {"softmax", "arcface", "npt"}) {
        for (const char* method : {"analytic", "tape"}) {
            ASSERT_EQ(run(command(method, "--dcos --loss " + loss + " >/dev/null")).status, 0);
        }
        for (const std::string name : {"value.npy", "dx.npy", "dw.npy", "dcos.npy"}) {
            const std::vector<double> hand = result("analytic/" + name),
                                      tape = result("tape/" + name);
            ASSERT_EQ(hand.size(), tape.size());
            for (size_t i = 0; i < hand.size(); ++i) {
                EXPECT_NEAR(hand[i], tape[i], 1e-11) << loss << " " << name << " " << i;
            }
        }
        const auto state = content(folder.path() / "tape/state.json");
        EXPECT_EQ(state.find("grad_b") != std::string::npos, loss == "softmax") << state;
    }
}

TEST_F(GradTape, RefusesWhatItCannotDo) {
    for (const char* option : {"--dtype f32", "--head streamed"}) {
        const Outcome outcome = errors_of(command("tape", fmt::format("--loss npt {}", option)));
        EXPECT_EQ(outcome.status, 2);
        EXPECT_NE(outcome.text.find(option), std::string::npos) << outcome.text;
    }
}

}  // namespace
}  // namespace facet::test
