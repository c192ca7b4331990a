// The microscope against counts made by hand, and: a run does not notice that it is looked at.
#include "train/look.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "engine/random.h"
#include "tests/noise.h"
#include "tests/train/data_fixture.h"
#include "train/microscope.h"

namespace facet {
namespace {

int64_t total(const Histogram& h) {
    return std::accumulate(h.counts.begin(), h.counts.end(), int64_t{0});
}

Tensor rows(Shape shape, const std::vector<double>& values) {
    return Tensor::from(cpu_device(), std::move(shape), values);
}

TEST(Histogram, CountsAtTheEndsWhatLiesOutside) {
    Histogram h{0, 10, std::vector<int64_t>(5)};
    for (const double v : {-1.0, 0.0, 1.9, 2.0, 9.9, 10.0, 11.0}) h.add(v);
    EXPECT_EQ(h.counts, (std::vector<int64_t>{3, 1, 0, 0, 3}));
}

TEST(Histogram, QuantilesAreLinearWithinABin) {
    const Histogram h{0, 4, {2, 0, 2, 0}};
    EXPECT_DOUBLE_EQ(h.quantile(0.25), 0.5);
    EXPECT_DOUBLE_EQ(h.quantile(0.5), 1);
    EXPECT_DOUBLE_EQ(h.quantile(0.75), 2.5);
    EXPECT_TRUE(std::isnan((Histogram{0, 1, {0, 0}}.quantile(0.5))));
}

// In the plane: proxies at 0, 90 and 180 degrees; rows at 30 degrees of class 0 and, too near to
// its neighbour, at 100 degrees of class 2.
TEST(Look, AnglesAndHardNegativesInThePlane) {
    const Tensor w = rows({3, 2}, {1, 0, 0, 2, -3, 0});
    const double a = 30 * M_PI / 180, b = 100 * M_PI / 180;
    const Tensor x = rows({2, 2}, {5 * std::cos(a), 5 * std::sin(a), std::cos(b), std::sin(b)});
    // Only the second row has a gradient, and of the proxies the first has three times the last's.
    const Tensor dx = rows({2, 2}, {0, 0, 0, 0.02}), dw = rows({3, 2}, {3, 0, 0, 0, 0, 1});
    const std::vector<int64_t> labels{0, 2};
    const HeadDiagnostics diagnostics;
    const Look look = look_at({x, dx, w, dw, labels, diagnostics}, {});

    EXPECT_EQ(look.target_angle.counts[30 / 3], 1);
    EXPECT_EQ(look.target_angle.counts[80 / 3], 1);
    EXPECT_EQ(look.nearest_angle.counts[60 / 3], 1);  // 90 - 30
    EXPECT_EQ(look.nearest_angle.counts[10 / 3], 1);  // 100 - 90
    EXPECT_EQ(total(look.negative), 4);
    EXPECT_EQ(total(look.positive), 2);
    EXPECT_DOUBLE_EQ(look.hard_negatives, 0.25);  // of four, the proxy at 90 for the second row
    EXPECT_DOUBLE_EQ(look.hard_rows, 0.5);
    EXPECT_DOUBLE_EQ(look.active_rows, 0.5);
    EXPECT_DOUBLE_EQ(look.active_classes, 2.0 / 3);
    EXPECT_DOUBLE_EQ(look.top_classes[0], 0.75);
    EXPECT_DOUBLE_EQ(look.top_samples[0], 1);
    EXPECT_EQ(total(look.gradient), 1);
    EXPECT_EQ(look.gradient.counts[41], 1);  // (12 + log10 0.02) / 0.25 = 41.2
    EXPECT_EQ(total(look.pair_negative), 1);
    EXPECT_EQ(look.pair_negative.counts[static_cast<size_t>((std::cos(b - a) + 1) * 40)], 1);
}

TEST(Look, TheGapSeparatesPositivesFromNegatives) {
    // Two classes opposite each other, rows on their proxies: 1 against -1.
    const Tensor w = rows({2, 2}, {1, 0, -1, 0}), x = rows({4, 2}, {1, 0, 2, 0, -1, 0, -3, 0});
    const std::vector<int64_t> labels{0, 0, 1, 1};
    const HeadDiagnostics diagnostics;
    const Look look = look_at({x, x, w, w, labels, diagnostics}, {});
    EXPECT_NEAR(look.gap, 2, 0.05);  // a bin is 0.025 wide
    EXPECT_NEAR(look.pair_gap, 2, 0.05);
}

constexpr int64_t B = 4, C = 9000, D = 8;  // three tiles of classes

struct Batch {
    Tensor x, w;
    std::vector<int64_t> labels{0, 17, 4096, C - 1};

    Batch() {
        Random random(5, Purpose::Test);
        std::vector<double> values(B * D), proxies(C * D);
        for (double& v : values) v = random.normal();
        for (double& v : proxies) v = random.normal();
        x = rows({B, D}, values);
        w = rows({C, D}, proxies);
    }
};

TEST(Look, TilesOfClassesAreSeenOnceEach) {
    const Batch batch;
    const HeadDiagnostics diagnostics;
    const Look look = look_at({batch.x, batch.x, batch.w, batch.w, batch.labels, diagnostics}, {});
    EXPECT_EQ(total(look.negative), B * (C - 1));
    const std::vector<double> x = batch.x.to_doubles(), w = batch.w.to_doubles();
    const auto cosine = [&](int64_t i, int64_t j) {
        double product = 0, xx = 0, ww = 0;
        for (int64_t d = 0; d < D; ++d) {
            product += x[i * D + d] * w[j * D + d];
            xx += x[i * D + d] * x[i * D + d];
            ww += w[j * D + d] * w[j * D + d];
        }
        return product / std::sqrt(xx * ww);
    };
    Histogram nearest{0, 180, std::vector<int64_t>(60)};
    int64_t harder = 0;
    for (int64_t i = 0; i < B; ++i) {
        double largest = -2;
        for (int64_t j = 0; j < C; ++j) {
            if (j == batch.labels[i]) continue;
            largest = std::max(largest, cosine(i, j));
            harder += cosine(i, j) > cosine(i, batch.labels[i]);
        }
        nearest.add(std::acos(largest) * 180 / M_PI);
    }
    EXPECT_EQ(look.nearest_angle.counts, nearest.counts);
    EXPECT_NEAR(look.hard_negatives, static_cast<double>(harder) / (B * (C - 1)), 1e-4);
}

TEST(Look, ALossHasTheGradientOfItself) {
    const Batch batch;
    std::vector<std::unique_ptr<Loss>> others;
    others.push_back(make_loss("cosface"));
    others.push_back(make_loss("normface"));
    const std::vector<float> x = batch.x.to_vector<float>(), w = batch.w.to_vector<float>();
    std::vector<float> dx(x.size());
    HeadDiagnostics diagnostics;
    make_loss("cosface")->forward_backward({x.data(), w.data(), batch.labels.data(), B, C, D},
                                           {dx.data(), nullptr, nullptr}, diagnostics);
    const Tensor gradient = rows({B, D}, {dx.begin(), dx.end()});
    const Look look =
        look_at({batch.x, gradient, batch.w, batch.w, batch.labels, diagnostics}, others);
    ASSERT_EQ(look.others.size(), 2u);
    EXPECT_EQ(look.others[0].loss, "cosface");
    EXPECT_NEAR(look.others[0].cosine, 1, 1e-6);
    EXPECT_LT(look.others[1].cosine, 0.9999);
    EXPECT_GT(look.others[1].cosine, 0);
}

class MicroscopeTest : public testing::Test {
protected:
    MicroscopeTest() {
        config_.network.embedding = 16;
        pixels_ = test::noise_images(cpu_device(), B);
    }
    void steps(Learner& learner, int64_t first, int64_t end) {
        for (int64_t i = first; i < end; ++i) learner.step(pixels_, {0, 1, 2, 2}, 0.05, i);
    }
    std::vector<int64_t> steps_seen() const {
        std::vector<int64_t> seen;
        std::ifstream in(folder_.path() / "microscope.jsonl");
        for (std::string line; std::getline(in, line);) {
            seen.push_back(nlohmann::json::parse(line).at("step"));
        }
        return seen;
    }

    LearnerConfig config_;
    Tensor pixels_;
    test::TemporaryFolder folder_;
};

TEST_F(MicroscopeTest, ARunHasTheSameBitsWithAndWithout) {
    Learner plain(cpu_device(), config_, 3), seen(cpu_device(), config_, 3);
    steps(plain, 0, 4);
    const Microscope microscope(seen, {2, {}}, folder_.path(), 0);
    steps(seen, 0, 4);
    EXPECT_EQ(plain.parameter_hash(), seen.parameter_hash());
    EXPECT_EQ(steps_seen(), (std::vector<int64_t>{2, 4}));
}

TEST_F(MicroscopeTest, AResumedRunDropsWhatItWillSeeAgain) {
    Learner learner(cpu_device(), config_, 3);
    {
        const Microscope first(learner, {1, {"cosface"}}, folder_.path(), 0);
        steps(learner, 0, 3);
    }
    const Microscope second(learner, {1, {"cosface"}}, folder_.path(), 2);
    steps(learner, 2, 4);
    EXPECT_EQ(steps_seen(), (std::vector<int64_t>{1, 2, 3, 4}));
}

TEST_F(MicroscopeTest, PairLossesAreComparedWithPairLosses) {
    config_.head.loss = "contrastive";
    Learner learner(cpu_device(), config_, 3);
    EXPECT_THROW(Microscope(learner, {1, {"cosface"}}, folder_.path(), 0), UsageError);
    const Microscope microscope(learner, {1, {}}, folder_.path(), 0);
    steps(learner, 0, 1);
    EXPECT_EQ(steps_seen(), (std::vector<int64_t>{1}));
}

}  // namespace
}  // namespace facet
