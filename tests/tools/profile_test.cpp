// The ledger of whole steps: it accounts for their time, counts what the layers count, changes
// nothing; its files are what other programs read.
#include "tools/profile/profile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/random.h"
#include "tests/noise.h"
#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "train/learner.h"

namespace facet::test {
namespace {

using profile::Recording, profile::Peaks, profile::Row, profile::By;

constexpr int64_t batch = 4;

class Workload {
public:
    Workload() : learner_(cpu_device(), config(), 50) {
        pixels_ = noise_images(cpu_device(), batch);
        step();  // prepares what the first step has to
    }

    Recording record(int steps) {
        Recording recording;
        for (int i = 0; i < steps; ++i) {
            ledger_start();
            const int64_t start = ledger_now();
            step();
            const int64_t end = ledger_now();
            recording.add(ledger_stop(), {{start, end}});
        }
        return recording;
    }
    const ResNet& network() const { return learner_.network(); }

private:
    static LearnerConfig config() {
        LearnerConfig config;
        config.network.embedding = 32;
        return config;
    }
    void step() { learner_.step(pixels_, {0, 7, 49, 7}, 0.01, steps_++); }

    Learner learner_;
    Tensor pixels_;
    int64_t steps_ = 0;
};

TEST(Profile, TheLedgerCountsTheOperationsThatTheLayersCountExactly) {
    Workload workload;
    const Recording recording = workload.record(2);
    const auto check = check_flops(recording, workload.network(), batch);
    EXPECT_TRUE(check.differing.empty()) << check.differing.front();
    EXPECT_EQ(check.ledger, check.analytic);
    EXPECT_GT(check.analytic, 0);
}

// 64 pixels, r10: the first convolution has 32 filters of 3 x 3 x 3 at 64 x 64 places; conv1 of the
// second stage 64 of 32 x 3 x 3 at 32 x 32. The head multiplies B x D with D x C three times.
TEST(Profile, OperationsByHand) {
    Workload workload;
    std::map<std::string, double> found;
    double head = 0, update = 0;
    for (const LedgerEvent& event : workload.record(1).of_steps()) {
        found[event.place.part + " " + name_of(event.place.phase)] += event.flops;
        if (std::string(event.name) == "head_gemm") head += event.flops;
        if (std::string(event.name) == "sgd_step") update += event.flops;
    }
    const double first = 2.0 * batch * 64 * 64 * 32 * 27, second = 2.0 * batch * 32 * 32 * 64 * 288;
    EXPECT_EQ(found["conv1 forward"], first);
    EXPECT_EQ(found["conv1 backward"], first);  // images have no gradient
    EXPECT_EQ(found["layer2.0.conv1 forward"], second);
    EXPECT_EQ(found["layer2.0.conv1 backward"], 2 * second);
    EXPECT_EQ(head, 3 * 2.0 * batch * 50 * 32);
    double parameters = 50 * 32;
    for (const Parameter& p : workload.network().inventory().parameters) {
        if (p.var->needs_grad) parameters += static_cast<double>(p.var->value.count());
    }
    EXPECT_EQ(update, 7 * parameters);
}

TEST(Profile, AMissingPartIsReported) {
    Workload workload;
    Recording whole = workload.record(1), part;
    std::vector<LedgerEvent> events = whole.events();
    std::erase_if(events, [](const LedgerEvent& e) { return e.place.part == "layer3.0.conv2"; });
    part.add(events, whole.steps());
    const auto check = check_flops(part, workload.network(), batch);
    EXPECT_EQ(check.differing,
              (std::vector<std::string>{"layer3.0.conv2 backward", "layer3.0.conv2 forward"}));
    EXPECT_LT(check.ledger, check.analytic);
}

TEST(Profile, RowsAddUpToTheEvents) {
    Recording recording;
    const Place place{Phase::Forward, "conv1"};
    std::vector<LedgerEvent> events(3);
    for (auto& event : events) event = {"conv_forward", "(1)", place, 0, 10, 400, 400, 2e3, 8e2};
    events[1].start = 500;
    events[2].thread = 1;  // a loader's
    recording.add(events, {{0, 1000}});
    recording.add({events[0]}, {{0, 1000}});
    const Peaks peaks{1e10, 1e9};  // 2e3 operations in 200 ns, 8e2 bytes in 800 ns
    const std::vector<Row> rows = rows_of(recording, peaks, By::Place);
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_DOUBLE_EQ(rows[0].calls, 1.5);
    EXPECT_DOUBLE_EQ(rows[0].seconds, 600e-9);
    EXPECT_DOUBLE_EQ(rows[0].flops, 3e3);
    EXPECT_DOUBLE_EQ(rows[0].bound, 1.5 * 800e-9);
    EXPECT_DOUBLE_EQ(rows[0].percent_of_roofline(), 200);
    EXPECT_DOUBLE_EQ(recording.step_seconds(), 1e-6);
    EXPECT_EQ(recording.steps()[1], (std::pair<int64_t, int64_t>(1000, 2000)));
    EXPECT_EQ(recording.events()[3].start, 1010);
}

// Slices of a track either lie in each other or apart, else no viewer can draw them.
void expect_nested(const nlohmann::json& trace) {
    std::map<int, std::vector<std::pair<double, double>>> tracks;
    for (const auto& event : trace) {
        if (event.at("ph") != "X") continue;
        const double start = event.at("ts");
        tracks[event.at("tid")].emplace_back(start, start + event.at("dur").get<double>());
    }
    for (auto& [track, slices] : tracks) {
        std::sort(slices.begin(), slices.end(), [](const auto& a, const auto& b) {
            return a.first != b.first ? a.first < b.first : a.second > b.second;
        });
        std::vector<double> open;
        for (const auto& [start, end] : slices) {
            while (!open.empty() && open.back() <= start + 1e-6) open.pop_back();
            if (!open.empty()) {
                EXPECT_LE(end, open.back() + 1e-6) << "track " << track;
            }
            open.push_back(end);
        }
    }
}

class ProfileCommand : public testing::Test {
protected:
    std::string out(const std::string& name) const { return (folder_.path() / name).string(); }
    TemporaryFolder folder_;
};

TEST_F(ProfileCommand, WritesTablesATraceAndARoofline) {
    const Outcome outcome =
        run("profile --batch 16 --classes 100 --embedding 64 --steps 3 --warmup 2 --out " +
            out("p") + " 2>/dev/null");
    ASSERT_EQ(outcome.status, 0);
    EXPECT_NE(outcome.text.find("as the layers count"), std::string::npos) << outcome.text;
    const auto json = nlohmann::json::parse(content(out("p/profile.json")));
    EXPECT_GT(json["accounted"], 0.95);
    EXPECT_LE(json["accounted"], 1.0);
    EXPECT_EQ(json["network_flops"]["ledger"], json["network_flops"]["analytic"]);
    double share = 0;
    for (const auto& row : json["places"]) share += row["share"].get<double>();
    EXPECT_NEAR(share, json["accounted"], 1e-9);

    const auto trace = nlohmann::json::parse(content(out("p/trace.json")));
    ASSERT_TRUE(trace.is_array());
    expect_nested(trace);
    int steps = 0;
    for (const auto& event : trace) steps += event.value("cat", "") == "step";
    EXPECT_EQ(steps, 3);
    EXPECT_NE(content(out("p/tree.txt")).find("layer4"), std::string::npos);
    EXPECT_EQ(content(out("p/table.csv")).find("part,phase,primitive"), 0u);
    EXPECT_NE(content(out("p/roofline.svg")).find("conv_forward"), std::string::npos);
}

TEST_F(ProfileCommand, TellsWhatALossCostsAnElement) {
    const Outcome outcome = run(
        "profile --loss-rows --losses cosface,supcon --batch 32 --classes 500 --json 2>/dev/null");
    ASSERT_EQ(outcome.status, 0);
    const auto json = nlohmann::json::parse(outcome.text);
    EXPECT_EQ(json["batch"], 32);
    EXPECT_EQ(json["classes"], 500);
    std::vector<std::string> kernels;
    for (const auto& kernel : json["kernels"]) {
        kernels.push_back(std::string(kernel["loss"]) + " " + std::string(kernel["kernel"]));
        EXPECT_GT(kernel["ns_per_element"], 0);
    }
    for (const char* kernel :
         {"cosface gather", "cosface close", "cosface differentiate", "supcon anchors"}) {
        EXPECT_EQ(std::count(kernels.begin(), kernels.end(), kernel), 1) << kernel;
    }
}

TEST_F(ProfileCommand, RefusesWhatItWouldNotHeed) {
    const Outcome rows = errors_of("profile --loss-rows --backbone r18");
    EXPECT_EQ(rows.status, 2);
    EXPECT_NE(rows.text.find("--backbone"), std::string::npos) << rows.text;
    const Outcome step = errors_of("profile --losses cosface");
    EXPECT_EQ(step.status, 2);
    EXPECT_NE(step.text.find("--loss-rows"), std::string::npos) << step.text;
}

std::vector<std::string> hashes(const std::string& folder) {
    std::vector<std::string> list;
    std::ifstream in(folder + "/log.jsonl");
    for (std::string line; std::getline(in, line);) {
        const auto json = nlohmann::json::parse(line);
        if (json.contains("hash")) list.push_back(json["hash"]);
    }
    return list;
}

TEST_F(ProfileCommand, ARunHasTheSameBitsWithAndWithoutLedgerAndMicroscope) {
    const std::string train =
        "train --data synth --synth-people 12 --synth-images 5 --synth-eval-people 4 "
        "--synth-eval-images 4 --batch 8 --embedding 32 ";
    const std::string plain = train + "--steps 13 --out " + out("plain");
    const std::string seen = train + "--steps 13 --out " + out("seen");
    ASSERT_EQ(run(plain + " >/dev/null 2>&1").status, 0);
    ASSERT_EQ(
        run(seen + " --microscope --microscope-every 5 --profile " + out("p") + " >/dev/null 2>&1")
            .status,
        0);
    EXPECT_EQ(hashes(out("plain")), hashes(out("seen")));
    EXPECT_EQ(content(out("plain/model.safetensors")), content(out("seen/model.safetensors")));
    const auto json = nlohmann::json::parse(content(out("p/profile.json")));
    EXPECT_EQ(json["steps"], 3);
    EXPECT_GT(json["accounted"], 0.95);
    expect_nested(nlohmann::json::parse(content(out("p/trace.json"))));
    EXPECT_NE(content(out("seen/microscope.html")).find("Beside other losses"), std::string::npos);
    EXPECT_NE(errors_of(train + "--steps 10 --out " + out("short") + " --profile " + out("q"))
                  .text.find("--profile skips 10"),
              std::string::npos);
}

}  // namespace
}  // namespace facet::test
