// Every option of `facet bench head` and `facet bench loader`: what was done, by the ledger, beside
// what is printed of it.
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/ledger.h"
#include "losses/head/loss.h"
#include "tests/tools/command.h"
#include "tests/tools/options/here.h"
#include "tests/train/data_fixture.h"

namespace facet::test {
namespace {

struct Seen {
    std::string printed;
    std::set<std::string> products;  // shapes
    int64_t calls = 0;               // of a head
};

Seen bench_head(const std::string& options) {
    Seen seen;
    ledger_start();
    seen.printed = printed_here(add_bench_command, "bench head " + options);
    for (const LedgerEvent& event : ledger_stop()) {
        if (event.name == std::string("head_gemm")) seen.products.insert(event.detail);
        if (event.name == std::string("loss_close")) ++seen.calls;
    }
    return seen;
}

TEST(BenchHeadOptions, BothHeadsAreMeasuredOverTheClassesNamed) {
    const Seen seen = bench_head(
        "--loss cosface,arcface --classes 5,9 --batch 3 --embedding 6 --tile 4 --repetitions 2 "
        "--json");
    // Dense all classes at once, streamed four at a time and the rest.
    EXPECT_EQ(seen.products,
              (std::set<std::string>{"B 3 C 5 D 6", "B 3 C 9 D 6", "B 3 C 4 D 6", "B 3 C 1 D 6"}));
    // Two losses, two numbers of classes, two heads; memory, warming up and two that are timed.
    EXPECT_EQ(seen.calls, 2 * 2 * 2 * (1 + 1 + 2));
    std::vector<std::string> rows;
    for (const auto& row : nlohmann::json::parse(seen.printed)) {
        rows.push_back(fmt::format("{} {} {}", row["classes"].get<int>(),
                                   row["loss"].get<std::string>(), row["head"].get<std::string>()));
        EXPECT_EQ(row["batch"], 3);
        EXPECT_EQ(row["embedding"], 6);
        EXPECT_LE(row["min_ms"], row["ms"]);
        EXPECT_LE(row["ms"], row["max_ms"]);
        const double gflop = row["gflop_per_s"].get<double>() * row["ms"].get<double>() * 1e-3;
        EXPECT_NEAR(gflop, 3 * 2e-9 * 3 * 6 * row["classes"].get<double>(), 1e-15);
    }
    EXPECT_EQ(rows, (std::vector<std::string>{"5 cosface dense", "5 cosface streamed",
                                              "5 arcface dense", "5 arcface streamed",
                                              "9 cosface dense", "9 cosface streamed",
                                              "9 arcface dense", "9 arcface streamed"}));
    EXPECT_EQ(bench_head("--classes 5 --batch 3 --embedding 6 --repetitions 5").calls,
              2 * (1 + 1 + 5));
}

TEST(BenchHeadOptions, StreamedLeavesTheDenseHeadOut) {
    const Seen seen =
        bench_head("--streamed --classes 5 --batch 3 --embedding 6 --tile 4 --repetitions 1");
    EXPECT_EQ(seen.products, (std::set<std::string>{"B 3 C 4 D 6", "B 3 C 1 D 6"}));
    EXPECT_TRUE(seen.printed.starts_with("batch 3, D 6: ")) << seen.printed;
    EXPECT_FALSE(contains(seen.printed, "dense"));
}

TEST(BenchHeadOptions, AllLossesAreThoseWithProxies) {
    const Seen seen = bench_head(
        "--loss all --streamed --classes 4 --batch 2 --embedding 3 --repetitions 1 --json");
    std::vector<std::string> expected, found;
    for (const LossInfo* info : all_losses()) {
        if (make_loss(info->name)->has_proxies()) expected.push_back(info->name);
    }
    for (const auto& row : nlohmann::json::parse(seen.printed)) found.push_back(row["loss"]);
    EXPECT_EQ(found, expected);
}

TEST(BenchHeadOptions, ParametersAreThoseOfTheLosses) {
    const auto refused = [](const std::string& options, const std::string& says) {
        const Outcome outcome =
            errors_of("bench head --classes 4 --batch 2 --embedding 3 " + options);
        EXPECT_EQ(outcome.status, 2) << options;
        EXPECT_TRUE(contains(outcome.text, says)) << outcome.text;
    };
    refused("--loss arcface --set m=-1", "loss arcface: parameter m");
    refused("--loss arcface --set k=2", "unknown parameter k");
    refused("--loss cosface,unpg --set lm=0.3", "unknown parameter lm");
    refused("--loss unpg --set lm=0.3", "it needs base=mag");
}

TEST(BenchLoaderOptions, PicturesBatchesAndThreadsAreAsSaid) {
    const std::string tiny = "bench loader --image 10 --batch 3 --images 4 --seconds 0.01 ";
    const std::string text = printed_here(add_bench_command, tiny + "--workers 3");
    EXPECT_TRUE(text.starts_with("images of 10 x 10 pixels, batches of 3\n")) << text;
    const auto rows =
        nlohmann::json::parse(printed_here(add_bench_command, tiny + "--workers 3 --json"));
    ASSERT_EQ(rows.size(), 6u);
    for (size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(rows[i]["image"], 10);
        EXPECT_EQ(rows[i]["threads"], i == 5 ? 3 : 1);
    }
    EXPECT_EQ(
        nlohmann::json::parse(printed_here(add_bench_command, tiny + "--workers 1 --json")).size(),
        5u);
    const Outcome few = errors_of("bench loader --images 3 --batch 4");
    EXPECT_EQ(few.status, 2);
    EXPECT_TRUE(contains(few.text, "3 images do not fill a batch of 4")) << few.text;
}

// Five rows; the default is a second each.
TEST(BenchLoaderOptions, EachRowTakesTheSecondsNamed) {
    const auto seconds = [](const std::string& text) {
        const auto start = std::chrono::steady_clock::now();
        printed_here(add_bench_command,
                     "bench loader --image 8 --batch 2 --images 2 --workers 1 --seconds " + text);
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    EXPECT_GE(seconds("0.1"), 0.5);
    EXPECT_LT(seconds("0.01"), 5);
}

}  // namespace
}  // namespace facet::test
