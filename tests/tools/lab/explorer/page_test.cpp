// What the page draws, refuses and remembers, and what it is without WebAssembly or scripts.
#include "tests/tools/lab/explorer/page.h"

#include <gtest/gtest.h>

#include "losses/head/loss.h"
#include "tests/tools/command.h"

namespace facet::test {

using nlohmann::json;

TEST_F(ExplorerPage, ShowsWhatALossRefuses) {
    const json all = examined(R"js(
        await explorer.ready;
        const field = document.querySelector("[aria-label='m as a number']");
        const enter = text => {
          field.value = text;
          field.dispatchEvent(new Event("input"));
          return shown();
        };
        return [enter("9"), enter("much"), enter("0.2")];)js");
    ASSERT_EQ(all.size(), 3u);
    for (const char* text : {"m=9", "m=much"}) {
        const json& refused = all[text[2] == '9' ? 0 : 1]["refused"];
        ASSERT_EQ(refused.size(), 1u);
        const std::string says = errors_of(std::string("grad --loss arcface --x x --y y --w w "
                                                       "--out g --set ") +
                                           text)
                                     .text;
        EXPECT_NE(says.find(refused[0].get<std::string>()), std::string::npos) << says;
    }
    EXPECT_EQ(all[2]["refused"], json::array());
}

// Curve, field, mask and region are drawn of what the losses say.
TEST_F(ExplorerPage, DrawsBothSpaces) {
    const json all = examined(R"js(
        await explorer.ready;
        const count = what => [...document.querySelectorAll(what)]
          .filter(node => node.getAttribute("d") !== "").length;
        const two = ["npcface", "arcface"].map(name => ({name, settings: {}, state: {}}));
        return [2, 3].map(D => {
          explorer.show({D, losses: two});
          return {d: D, curves: count("#charts .curves path"), field: count("#picture .field"),
            forces: count("#picture .force"), margin: count("#picture .region.margin"),
            wrong: count("#picture .region.wrong"), jumps: count("#picture .step"),
            strips: count("#masks .strip"), shades: count("#masks .push, #masks .pull"),
            marks: count("#masks .step"), handles: count("#picture .handle"),
            text: document.getElementById("picture").innerHTML};
        });)js");
    for (const json& drawn : all) {
        EXPECT_EQ(drawn["curves"], 4);
        EXPECT_EQ(drawn["forces"], 2);
        EXPECT_GE(drawn["field"], 2);
        EXPECT_GE(drawn["margin"], 1);
        EXPECT_GE(drawn["wrong"], 1);
        EXPECT_GE(drawn["jumps"], 1);
        EXPECT_EQ(drawn["strips"], 2);
        EXPECT_GE(drawn["shades"], 10);
        EXPECT_GE(drawn["marks"], 1);
        EXPECT_EQ(drawn["handles"], 4);
        EXPECT_EQ(drawn["text"].get<std::string>().find("NaN"), std::string::npos);
    }
}

TEST_F(ExplorerPage, LaysTwoLossesOverEachOther) {
    const json all = examined(R"js(
        await explorer.ready;
        const ids = [...document.querySelectorAll("[id]")].map(node => node.id);
        const two = ["64", "32"].map(s => ({name: "arcface", settings: {s}, state: {}}));
        explorer.show({losses: two});
        const drawn = () => [...document.querySelectorAll("#charts .curves path")]
          .map(path => path.getAttribute("d"));
        const same = drawn();
        document.getElementById("same").checked = false;
        explorer.show();
        return {repeated: ids.filter((id, k) => ids.indexOf(id) !== k), same, own: drawn()};)js");
    EXPECT_EQ(all["repeated"], json::array());
    ASSERT_EQ(all["same"].size(), 4u);
    // Value and gradient of the first stay, those of the second were enlarged.
    for (size_t k = 0; k < 4; ++k) EXPECT_EQ(all["same"][k] == all["own"][k], k % 2 == 0) << k;
}

TEST_F(ExplorerPage, RemembersTheViewInItsAddress) {
    const json all = examined(R"js(
        await explorer.ready;
        const loss = {name: "circle", settings: {m: "0.4"}, state: {}};
        explorer.show({losses: [loss, null], length: 3});
        await new Promise(resolve => setTimeout(resolve, 1000));
        const before = shown();
        document.getElementById("reset").click();
        const reset = shown(), address = location.hash;
        location.hash = "";
        location.hash = address;
        await new Promise(resolve => setTimeout(resolve, 1000));
        return [before, reset, shown()];)js");
    EXPECT_EQ(all[0], all[2]);
    EXPECT_NE(all[0], all[1]);
}

TEST_F(ExplorerPage, WithoutWebAssemblyThereAreThePictures) {
    const json seen = examined(R"js(
        await new Promise(resolve => setTimeout(resolve, 500));
        const visible = what => [...document.querySelectorAll(what)]
          .filter(node => node.getClientRects().length > 0).length;
        return {live: visible("#live"), says: visible("#without"), charts: visible("svg.chart"),
          circles: visible("section.study svg.circle"),
          choices: document.getElementById("first").options.length};)js",
                               "<script>delete window.WebAssembly;</script>");
    EXPECT_EQ(seen["live"], 0);
    EXPECT_EQ(seen["says"], 1);
    EXPECT_EQ(seen["charts"], 4);
    EXPECT_EQ(seen["circles"], 1);
    EXPECT_EQ(seen["choices"], all_losses().size());
}

TEST_F(ExplorerPage, WithoutScriptsThereAreAllPictures) {
    const std::string dom =
        opened("<meta http-equiv=\"Content-Security-Policy\" content=\"script-src 'none'\"/>", "");
    EXPECT_NE(dom.find("<html lang=\"en\">"), std::string::npos);  // no script marked it
    EXPECT_NE(dom.find("<section id=\"live\" hidden=\"\""), std::string::npos);
    size_t circles = 0;
    for (size_t at = 0; (at = dom.find("<svg class=\"circle\"", at)) != std::string::npos; ++at)
        ++circles;
    EXPECT_EQ(circles, all_losses().size());
}

TEST_F(ExplorerPage, NeedsNothingElse) {
    for (const char* load : {"http:", "https:", " src=\"", "@import", "<link"})
        EXPECT_EQ(html.find(load), std::string::npos) << load;
}

}  // namespace facet::test
