// What the explorer's page asks of the losses (tools/lab/explorer/explore.h), without the page.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/error.h"
#include "engine/random.h"
#include "losses/head/loss.h"
#include "tools/lab/explorer/explore.h"

namespace facet::test {
namespace {

using explorer::ordered_json;

ordered_json asked(const ordered_json& request) {
    return ordered_json::parse(explorer::explore(request.dump()));
}

ordered_json direction(double degrees, double length = 1) {
    const double angle = degrees * std::numbers::pi / 180;
    return ordered_json::array({length * std::cos(angle), length * std::sin(angle)});
}

// The sample at an angle among proxies at 90, 210 and 330 degrees, of the first class.
ordered_json circle(const std::string& loss, double angle) {
    return {{"do", "grad"},
            {"loss", loss},
            {"x", ordered_json::array({direction(angle)})},
            {"w", ordered_json::array({direction(90), direction(210), direction(330)})},
            {"y", ordered_json::array({0})}};
}

// Directions a degree apart from `from` to `to` degrees, and the edges between neighbours.
void walk_along(ordered_json& request, int from, int to) {
    request["do"] = "walk";
    request["points"] = ordered_json::array();
    request["edges"] = ordered_json::array();
    for (int angle = from; angle <= to; ++angle) {
        request["points"].push_back(direction(angle));
        if (angle > from)
            request["edges"].push_back(ordered_json::array({angle - from - 1, angle - from}));
    }
}

std::vector<double> flat(const ordered_json& rows) {
    std::vector<double> all;
    for (const auto& row : rows) {
        for (const auto& entry : row) all.push_back(entry.get<double>());
    }
    return all;
}

std::string refusal(const ordered_json& request) {
    const ordered_json answer = asked(request);
    return answer.contains("error") ? answer["error"].get<std::string>() : "";
}

}  // namespace

TEST(Explorer, GivesTheBitsOfTheLoss) {
    constexpr int64_t B = 4, C = 3, D = 5;
    Random random(5, Purpose::Test);
    std::vector<double> x(B * D), w(C * D);
    for (double& v : x) v = random.normal();
    for (double& v : w) v = random.normal();
    const std::vector<int64_t> y = {0, 2, 2, 0};
    const auto rows = [](const std::vector<double>& values, int64_t n) {
        ordered_json all = ordered_json::array();
        for (int64_t i = 0; i < n; ++i)
            all.push_back(std::vector<double>(&values[i * D], &values[i * D] + D));
        return all;
    };
    for (const LossInfo* info : all_losses()) {
        const auto loss = make_loss(info->name);
        std::vector<double> dx(B * D), dw(C * D), dcos(B * C);
        HeadDiagnostics diagnostics;
        const bool proxies = loss->has_proxies(), cosines = loss->has_cosines();
        const double value = loss->forward_backward(
            {x.data(), proxies ? w.data() : nullptr, y.data(), B, proxies ? C : 0, D},
            {dx.data(), proxies ? dw.data() : nullptr, cosines ? dcos.data() : nullptr},
            diagnostics);
        const ordered_json answer = asked(
            {{"do", "grad"}, {"loss", info->name}, {"x", rows(x, B)}, {"w", rows(w, C)}, {"y", y}});
        ASSERT_FALSE(answer.contains("error")) << answer;
        EXPECT_EQ(answer["value"].get<double>(), value) << info->name;
        EXPECT_EQ(flat(answer["dx"]), dx) << info->name;
        EXPECT_EQ(answer.contains("dw"), proxies);
        EXPECT_EQ(answer.contains("dcos"), cosines);
        if (proxies) {
            EXPECT_EQ(flat(answer["dw"]), dw) << info->name;
        }
        if (cosines) {
            EXPECT_EQ(flat(answer["dcos"]), dcos) << info->name;
        }
    }
}

TEST(Explorer, SettingsAndStateDecide) {
    ordered_json request = circle("curricularface", 140);
    const double fresh = asked(request)["value"].get<double>();
    request["state"] = {{"t", 0.5}};
    const double later = asked(request)["value"].get<double>();
    request["settings"] = {{"s", "16"}};
    EXPECT_NE(fresh, later);
    EXPECT_LT(asked(request)["value"].get<double>(), later);
    EXPECT_NE(asked(request)["state"]["t"].get<double>(), 0.5);  // of after the call
}

TEST(Explorer, DescribesEveryParameter) {
    const ordered_json losses = asked({{"do", "losses"}});
    const auto infos = all_losses();
    ASSERT_EQ(losses.size(), infos.size());
    for (size_t k = 0; k < infos.size(); ++k) {
        EXPECT_EQ(losses[k]["name"], infos[k]->name);
        const auto& parameters = infos[k]->parameters;
        ASSERT_EQ(losses[k]["parameters"].size(), parameters.size());
        for (size_t p = 0; p < parameters.size(); ++p) {
            const ordered_json& found = losses[k]["parameters"][p];
            EXPECT_EQ(found["name"], parameters[p].name);
            EXPECT_EQ(found["default"], parameters[p].default_text);
            EXPECT_EQ(found["doc"], parameters[p].doc);
            EXPECT_EQ(found["choices"].size(), parameters[p].choices.size());
            EXPECT_EQ(found["lowest"].is_null(), !std::isfinite(parameters[p].lowest));
        }
    }
}

TEST(Explorer, ShowsALossAsItWorksInTraining) {
    EXPECT_EQ(asked({{"do", "typical"}, {"loss", "arcface"}, {"rows", 1}})["length"], 1);
    EXPECT_EQ(asked({{"do", "typical"}, {"loss", "curricularface"}, {"rows", 1}})["state"]["t"],
              0.3);
    const ordered_json drawn = asked(
        {{"do", "typical"}, {"loss", "elasticface"}, {"settings", {{"m", "0.4"}}}, {"rows", 2}});
    EXPECT_EQ(drawn["state"]["E"], ordered_json({0.4, 0.4}));
}

// NPCFace's mask opens for class j where theta_j = theta_y + m0; between the proxies at 90 and 210
// degrees theta_y + theta_j = 120 degrees.
TEST(Explorer, FindsTheBoundaryOfAMask) {
    ordered_json request = circle("npcface", 90);
    walk_along(request, 100, 160);
    const ordered_json answer = asked(request);
    const double expected = 90 + (120 - 0.4 * 180 / std::numbers::pi) / 2;
    int found = 0;
    for (const ordered_json& jump : answer["jumps"]) {
        const double x = jump["at"][0].get<double>(), y = jump["at"][1].get<double>();
        const double angle = std::atan2(y, x) * 180 / std::numbers::pi;
        if (std::abs(angle - expected) > 1e-6) continue;
        ++found;
        EXPECT_EQ(jump["edge"], 38);
        const auto classes = jump["classes"].get<std::vector<int>>();
        EXPECT_NE(std::find(classes.begin(), classes.end(), 1), classes.end());
    }
    EXPECT_EQ(found, 1) << answer["jumps"];
}

TEST(Explorer, FindsNoBoundaryInASmoothLoss) {
    ordered_json request = circle("cosface", 90);
    walk_along(request, 91, 269);
    EXPECT_TRUE(asked(request)["jumps"].empty());
}

TEST(Explorer, TellsTheMarginRegion) {
    ordered_json request = circle("arcface", 90);
    walk_along(request, 91, 200);
    const ordered_json answer = asked(request);
    const auto region = answer["region"].get<std::vector<std::string>>();
    // Nearer to the second class from 150 degrees; the margin of 0.5 turns the boundary by half of
    // it, 14.3 degrees.
    EXPECT_EQ(region.front(), "still");
    EXPECT_EQ(region[130 - 91], "still");
    EXPECT_EQ(region[142 - 91], "margin");
    EXPECT_EQ(region[149 - 91], "margin");
    EXPECT_EQ(region[151 - 91], "wrong");
    // Beside a larger force this one counts as none.
    request["largest"] = 1e6;
    EXPECT_EQ(asked(request)["region"][142 - 91], "still");
    // A place is what `grad` says of it.
    const ordered_json there = asked(circle("arcface", 142));
    EXPECT_NEAR(answer["value"][142 - 91].get<double>(), there["value"].get<double>(), 1e-13);
    EXPECT_NEAR(answer["force"][142 - 91][0].get<double>(), -there["dx"][0][0].get<double>(),
                1e-12);
}

TEST(Explorer, SaysWhatIsWrong) {
    const ordered_json good = circle("arcface", 30);
    EXPECT_EQ(refusal(good), "");
    const auto with = [&](const char* key, const ordered_json& value) {
        ordered_json request = good;
        request[key] = value;
        return refusal(request);
    };
    EXPECT_NE(with("settings", {{"s", "-1"}}).find("loss arcface: parameter s=-1"),
              std::string::npos);
    EXPECT_NE(with("settings", {{"q", "1"}}).find("unknown parameter q"), std::string::npos);
    EXPECT_NE(with("loss", "arcfase").find("unknown loss arcfase"), std::string::npos);
    EXPECT_NE(with("state", {{"t", 1}}).find("unknown state t"), std::string::npos);
    EXPECT_NE(with("y", ordered_json::parse("[3]")).find("3"), std::string::npos);
    EXPECT_NE(with("y", ordered_json::parse("[0, 1]")).find("labels"), std::string::npos);
    EXPECT_NE(with("w", ordered_json::parse("[[1, 0, 0]]")).find("proxies of 3"),
              std::string::npos);
    EXPECT_NE(with("x", ordered_json::parse("[[1, 0], [1]]")).find("rows"), std::string::npos);
    EXPECT_NE(with("do", "dance").find("dance"), std::string::npos);
    ordered_json stroll = good;
    walk_along(stroll, 1, 3);
    stroll["edges"] = ordered_json::parse("[[0, 7]]");
    EXPECT_NE(refusal(stroll).find("edge"), std::string::npos);
    const ordered_json garbled = ordered_json::parse(explorer::explore("{"));
    EXPECT_NE(garbled["error"].get<std::string>().find("request"), std::string::npos);
}

}  // namespace facet::test
