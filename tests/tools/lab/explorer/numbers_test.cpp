// The numbers of the page are those of `facet grad`.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/random.h"
#include "losses/head/loss.h"
#include "tests/tools/lab/explorer/page.h"

namespace facet::test {
namespace {

using nlohmann::json;

// A parameter somewhere in what is allowed, not far from its default.
std::string some_value(const ParameterInfo& p, Random& random) {
    if (!p.choices.empty()) return p.choices[random.below(p.choices.size())];
    if (p.default_text.empty()) return "";
    const double d = std::stod(p.default_text);
    if (p.kind == ParameterInfo::Kind::count)
        return fmt::format("{}", int(d) + int(random.below(3)));
    return fmt::format("{:.4g}",
                       std::clamp(d * (0.6 + 0.8 * random.uniform()), p.lowest, p.highest));
}

json some_loss(const LossInfo& info, bool defaults, Random& random) {
    json settings = json::object();
    for (const ParameterInfo& p : info.parameters) {
        const std::string value = defaults ? "" : some_value(p, random);
        if (!value.empty()) settings[p.name] = value;
    }
    return {{"name", info.name}, {"settings", settings}, {"state", json::object()}};
}

// Unit vectors of three numbers; in the plane the third is 0.
json some_direction(int D, Random& random) {
    double v[3], square = 0;
    for (int k = 0; k < 3; ++k) {
        v[k] = k < D ? random.normal() : 0;
        square += v[k] * v[k];
    }
    return {v[0] / std::sqrt(square), v[1] / std::sqrt(square), v[2] / std::sqrt(square)};
}

json some_view(int round, const LossInfo& first, const LossInfo& second, Random& random) {
    const int D = round == 1 ? 3 : 2, C = 2 + int(random.below(round == 0 ? 3 : 11));
    json view = {{"D", D}, {"length", round == 0 ? 1 : std::exp(3 * random.uniform())}};
    view["x"] = some_direction(D, random);
    view["w"] = json::array();
    for (int j = 0; j < C; ++j) view["w"].push_back(some_direction(D, random));
    view["losses"] = {some_loss(first, round == 0, random), some_loss(second, round == 0, random)};
    return view;
}

}  // namespace

TEST_F(ExplorerPage, ShowsTheNumbersOfGrad) {
    const auto infos = all_losses();
    Random random(17, Purpose::Test);
    json views = json::array();
    for (int round = 0; round < 3; ++round) {
        for (size_t k = 0; k < infos.size(); k += 2)
            views.push_back(some_view(round, *infos[k], *infos[(k + 1) % infos.size()], random));
    }
    const json all = examined(
        "await explorer.ready; document.getElementById('digits').checked = true;"
        "return " +
        views.dump() + ".map(view => { explorer.show(view); return shown(); });");
    ASSERT_EQ(all.size(), views.size());
    size_t compared = 0;
    for (const json& view : all) {
        EXPECT_EQ(view["refused"], json::array());
        for (const json& loss : view["losses"]) {
            expect_equal(loss);
            ++compared;
        }
    }
    EXPECT_EQ(compared, 2 * views.size());
}

// Every control that a hand can move: the numbers change, and are still those of `facet grad`.
TEST_F(ExplorerPage, FollowsWhatIsMoved) {
    const json all = examined(R"js(
        await explorer.ready;
        const $ = id => document.getElementById(id);
        $("digits").checked = true;
        const steps = [shown()];
        const enter = (node, value, kind = "input") => {
          node.value = value;
          node.dispatchEvent(new Event(kind, {bubbles: true}));
          steps.push(shown());
        };
        const handles = () => [...document.querySelectorAll("#picture .handle")];
        const drag = (handle, x, y) => {
          const box = $("picture").getBoundingClientRect();
          const at = (kind, u, v) => handle.dispatchEvent(new PointerEvent(kind, {bubbles: true,
            pointerId: 1, clientX: box.left + box.width * u, clientY: box.top + box.height * v}));
          handle.setPointerCapture = () => {};  // the pointer of this script is no real one
          at("pointerdown", 0.5, 0.5);
          at("pointermove", x, y);
          at("pointerup", x, y);
          steps.push(shown());
        };
        const press = (handle, key) => {
          handle.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
          steps.push(shown());
        };
        enter($("parameter-0-s"), 20);
        enter(document.querySelector("[aria-label='m as a number']"), "0.3");
        enter($("parameter-0-grad"), "detached", "change");
        enter($("length"), 0.7);
        enter($("classes"), 6);
        enter($("longitude"), 40);
        drag(handles().at(-1), 0.1, 0.3);
        drag(handles()[1], 0.9, 0.1);
        press(handles().at(-1), "ArrowLeft");
        enter(document.querySelector("[aria-label='second loss']"), "curricularface", "change");
        enter($("state-1-t"), "0.6");
        document.querySelector("input[name=space][value='3']").click();
        steps.push(shown());
        drag(handles().at(-1), 0.6, 0.55);
        press(handles()[2], "ArrowUp");
        enter($("latitude"), 33);
        $("spread").click();
        steps.push(shown());
        $("random").click();
        steps.push(shown());
        return steps;)js");
    ASSERT_EQ(all.size(), 18u);
    for (size_t k = 0; k < all.size(); ++k) {
        const json& step = all[k];
        EXPECT_EQ(step["refused"], json::array());
        ASSERT_EQ(step["losses"].size(), k < 10 ? 1u : 2u) << k;
        for (const json& loss : step["losses"]) expect_equal(loss);
        if (k > 0) {
            EXPECT_NE(step["losses"], all[k - 1]["losses"]) << "step " << k;
        }
    }
}

}  // namespace facet::test
