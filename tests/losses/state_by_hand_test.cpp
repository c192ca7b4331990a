// What losses keep from call to call: state and value of two calls, worked out by hand
// (tests/peers/losses_by_hand.py; the states also in the comments here).
#include <gtest/gtest.h>

#include <cmath>

#include "engine/random.h"
#include "losses/head/loss.h"

namespace facet {
namespace {

// A batch in the plane: rows by angle and length, four proxies, labels (0, 1, 1, 3, 0).
struct Call {
    std::vector<double> angles, lengths;
};
const Call first{{0.4, 1.45, 0.7, 1.9, -0.35}, {2, 5, 11, 3, 7}};
const Call second{{0.5, 1.2, 1.4, 2.2, -0.1}, {4, 5, 6, 13, 500}};

template <class T = double>
double value_of(Loss& loss, const Call& call, int64_t B = 5) {
    const std::vector<double> proxies{0.1, 0.9, -1.4, 2.6};
    const std::vector<int64_t> y{0, 1, 1, 3, 0};
    std::vector<T> x, w;
    for (int64_t i = 0; i < B; ++i) {
        x.push_back(T(call.lengths[i] * std::cos(call.angles[i])));
        x.push_back(T(call.lengths[i] * std::sin(call.angles[i])));
    }
    for (const double angle : proxies) {
        w.push_back(T(2 * std::cos(angle)));
        w.push_back(T(2 * std::sin(angle)));
    }
    HeadDiagnostics diagnostics;
    return loss.forward_backward(HeadBatch<T>{x.data(), w.data(), y.data(), B, 4, 2},
                                 HeadGradient<T>{}, diagnostics);
}

double state_of(Loss& loss, const char* name) { return loss.state().find(name)->value.at(0); }

// Lengths (2, 5, 11, 3, 7): mean 5.6, squares of the differences add up to 51.2, so the unbiased
// variance is 12.8. With t_alpha = 0.01, from 20 and 100: 0.01 x 5.6 + 0.99 x 20 = 19.856 and 0.01
// x sqrt(12.8) + 99 = 99.03577708764. Then (4, 5, 6, 13, 100), 500 clipped: mean 25.6, variance
// 1742.3.
TEST(LossStateByHand, AdaFaceMovesByTheUnbiasedDeviation) {
    const auto loss = make_loss("adaface");
    EXPECT_NEAR(value_of(*loss, first), 9.155650172536781, 1e-12);
    EXPECT_NEAR(state_of(*loss, "mean"), 19.856, 1e-13);
    EXPECT_NEAR(state_of(*loss, "std"), 99.03577708764, 1e-11);
    EXPECT_NEAR(value_of(*loss, second), 5.637699809861723, 1e-12);
    EXPECT_NEAR(state_of(*loss, "mean"), 0.01 * 25.6 + 0.99 * 19.856, 1e-13);
    EXPECT_NEAR(state_of(*loss, "std"), 0.01 * std::sqrt(1742.3) + 0.99 * 99.03577708764, 1e-11);

    const auto now = make_loss("adaface", {{"t_alpha", "1"}, {"s", "32"}});
    EXPECT_NEAR(value_of(*now, first), 5.4471760422244095, 1e-12);
    EXPECT_NEAR(state_of(*now, "std"), std::sqrt(12.8), 1e-13);
    EXPECT_NEAR(value_of(*now, second), 3.44644633312855, 1e-12);
    EXPECT_NEAR(state_of(*now, "mean"), 25.6, 1e-13);
}

TEST(LossStateByHand, AdaFaceKeepsItsAveragesInABatchOfOne) {
    const auto loss = make_loss("adaface");
    value_of(*loss, first, 1);
    EXPECT_EQ(state_of(*loss, "mean"), 20);
    EXPECT_EQ(state_of(*loss, "std"), 100);
}

// c_y = cos of 0.3, 0.55, 0.2, 0.7, 0.45: mean 0.89064337573270; t = 0.01 of it. Then of 0.4, 0.3,
// 0.5, 0.4, 0.2: t = 0.01 x 0.93102152337299 + 0.99 x 0.00890643375733. The new t is used at once.
TEST(LossStateByHand, CurricularFaceFollowsTheTargetCosines) {
    const auto loss = make_loss("curricularface");
    EXPECT_NEAR(value_of(*loss, first), 1.0473042473814564, 1e-12);
    EXPECT_NEAR(state_of(*loss, "t"), 0.008906433757327038, 1e-15);
    EXPECT_NEAR(value_of(*loss, second), 3.116034422936302, 1e-12);
    EXPECT_NEAR(state_of(*loss, "t"), 0.01812758465347975, 1e-15);

    const auto fast = make_loss("curricularface", {{"beta", "0.3"}, {"s", "8"}});
    EXPECT_NEAR(value_of(*fast, first), 1.1841273092567732, 1e-12);
    EXPECT_NEAR(value_of(*fast, second), 1.1862883736981493, 1e-12);
    EXPECT_NEAR(state_of(*fast, "t"), 0.46634156591564724, 1e-14);
}

// s_0 = sqrt(2) log 3. The median angle of (0.3, 0.55, 0.2, 0.7, 0.45) is 0.45; of the first four
// the lower one of the two in the middle, 0.3 and 0.55, counts.
TEST(LossStateByHand, AdaCosFollowsTheMedianAngleAndItsOwnScale) {
    const auto five = make_loss("adacos");
    EXPECT_NEAR(value_of(*five, first), 0.6966682304715909, 1e-13);
    EXPECT_NEAR(state_of(*five, "s"), 1.5640840303330645, 1e-13);
    EXPECT_NEAR(value_of(*five, second), 0.657039198311492, 1e-13);
    EXPECT_NEAR(state_of(*five, "s"), 1.432200170234764, 1e-13);

    const auto four = make_loss("adacos");
    EXPECT_NEAR(value_of(*four, first, 4), 0.7199069647839799, 1e-13);
    EXPECT_NEAR(state_of(*four, "s"), 1.4788913371232066, 1e-13);
    EXPECT_NEAR(value_of(*four, second, 4), 0.670500003645806, 1e-13);
    EXPECT_NEAR(state_of(*four, "s"), 1.3746824750408573, 1e-13);

    const auto fixed = make_loss("adacos", {{"dynamic", "false"}});
    EXPECT_NEAR(value_of(*fixed, first), 0.6992012232266289, 1e-13);
    value_of(*fixed, second);
    EXPECT_NEAR(state_of(*fixed, "s"), std::sqrt(2) * std::log(3), 1e-15);
}

// lambda = 1000 / (1 + 0.12 it), it = 1 in the first call: 892.86 and 806.45. With base 10, gamma 1
// and power 2: 10 / 2^2 = 2.5 and 10 / 3^2 = 1.11.
TEST(LossStateByHand, SphereFaceAnnealsFromItsFirstCall) {
    const auto loss = make_loss("sphereface");
    EXPECT_NEAR(value_of(*loss, first), 0.30516996177653966, 1e-13);
    EXPECT_EQ(state_of(*loss, "it"), 1);
    EXPECT_NEAR(value_of(*loss, {second.angles, {4, 5, 6, 13, 500}}), 0.1733916670745936, 1e-12);
    EXPECT_EQ(state_of(*loss, "it"), 2);

    const auto fast = make_loss(
        "sphereface", {{"base", "10"}, {"gamma", "1"}, {"power", "2"}, {"lam_min", "0.5"}});
    EXPECT_NEAR(value_of(*fast, first), 0.7610712859558328, 1e-13);
    EXPECT_NEAR(value_of(*fast, second), 0.7428773463186562, 1e-12);
}

TEST(LossStateByHand, ElasticFaceTakesTheMarginsOfItsState) {
    const auto with = [](const KeyValues& settings, const std::vector<double>& margins) {
        const auto loss = make_loss("elasticface", settings);
        StateArray& E = *loss->state().find("E");
        E.value = margins;
        E.given = true;
        return value_of(*loss, first);
    };
    const std::vector<double> rising{0.4, 0.45, 0.5, 0.55, 0.6};
    EXPECT_NEAR(with({}, rising), 5.240079021817232, 1e-12);
    EXPECT_NEAR(with({{"kind", "cos"}}, rising), 15.413683663556423, 1e-12);
    // Largest cosine first the rows are 2, 0, 4, 1, 3: margins (0.45, 0.55, 0.4, 0.6, 0.5).
    EXPECT_NEAR(with({{"plus", "true"}}, {0.6, 0.4, 0.55, 0.45, 0.5}), 5.509736908369897, 1e-12);
}

// Given for one call; the next draws its own, the second of the run.
TEST(LossStateByHand, ElasticFacesGivenMarginsAreThoseOfOneCall) {
    const auto loss = make_loss("elasticface");
    StateArray& E = *loss->state().find("E");
    E.value = {0.4, 0.45, 0.5, 0.55, 0.6};
    E.given = true;
    value_of(*loss, first);
    EXPECT_EQ(E.value.at(1), 0.45);
    value_of(*loss, first);
    EXPECT_EQ(E.value.at(1), 0.5 + 0.05 * Random(0, Purpose::Margin, 1, 1).normal());
}

// Row i of call n draws from (seed, n, i): another margin in every row, call and run.
TEST(LossStateByHand, ElasticFaceDrawsAnewInEveryCall) {
    const auto margins_of = [](uint64_t seed) {
        const auto loss = make_loss("elasticface");
        loss->state().seed = seed;
        std::vector<double> all;
        for (int call = 0; call < 3; ++call) {
            EXPECT_EQ(state_of(*loss, "draws"), call);
            value_of(*loss, first);
            const std::vector<double>& now = loss->state().find("E")->value;
            all.insert(all.end(), now.begin(), now.end());
        }
        return all;
    };
    const std::vector<double> margins = margins_of(3), others = margins_of(4);
    ASSERT_EQ(margins.size(), 15u);
    for (size_t k = 0; k < margins.size(); ++k) {
        EXPECT_EQ(margins[k], 0.5 + 0.05 * Random(3, Purpose::Margin, k / 5, k % 5).normal());
        EXPECT_NE(margins[k], others[k]);
        for (size_t l = 0; l < k; ++l) EXPECT_NE(margins[k], margins[l]);
    }
}

// In float32, too, which has its own form over the same state.
TEST(LossStateByHand, BothPrecisionsShareTheState) {
    const auto loss = make_loss("curricularface", {{"beta", "0.3"}, {"s", "8"}});
    EXPECT_NEAR(value_of<float>(*loss, first), 1.1841273092567732, 1e-5);
    EXPECT_NEAR(value_of(*loss, second), 1.1862883736981493, 1e-6);
    EXPECT_NEAR(state_of(*loss, "t"), 0.46634156591564724, 1e-6);
}

}  // namespace
}  // namespace facet
