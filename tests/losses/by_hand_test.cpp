// Values of every loss on one small batch, worked out from its formula by
// tests/peers/losses_by_hand.py, which shares nothing with the product: a formula that the loss and
// its composition for the tape misread alike, and a default that changes, show here. Gradients
// follow from values by differences, see proof/.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "losses/head/loss.h"

namespace facet {
namespace {

// Six vectors and four proxies in the plane, by angle and length. Row 3 is 2.78 radians from its
// proxy, past pi - m for every margin; row 0 is nearer to proxy 1 than to its own.
struct Plane {
    std::vector<double> x, w;
    std::vector<int64_t> y{0, 1, 1, 3, 0, 1};

    Plane() {
        const std::vector<double> angles{0.55, 1.6, 0.45, -0.9, -0.2, 1.05};
        add(angles, {2, 5, 11, 3, 7, 12}, x);
        add({0.1, 0.9, -1.4, 2.6}, {1, 2, 0.5, 3}, w);
    }
    static void add(const std::vector<double>& angles, const std::vector<double>& lengths,
                    std::vector<double>& to) {
        for (size_t i = 0; i < angles.size(); ++i) {
            to.push_back(lengths[i] * std::cos(angles[i]));
            to.push_back(lengths[i] * std::sin(angles[i]));
        }
    }
    HeadBatch<double> batch(bool proxies) const {
        return {x.data(), proxies ? w.data() : nullptr, y.data(), 6, proxies ? 4 : 0, 2};
    }
};

struct Known {
    std::string loss;
    KeyValues settings;
    double value;
};

const std::vector<Known>& known() {
    static const std::vector<Known> all = {
        {"softmax", {}, 2.3704925489223307},
        {"normface", {}, 10.174514636902147},
        {"focal", {}, 9.976090798675129},
        {"normface", {{"s", "4"}}, 1.6406144418020974},
        {"focal", {{"s", "4"}}, 1.3330036872950666},
        {"cosface", {}, 32.722731898891645},
        {"arcface", {}, 31.435477477500083},
        {"arcface", {{"beyond", "none"}}, 29.449589904247258},
        {"arcface", {{"beyond", "easy"}}, 28.878541271610995},
        {"arcface", {{"beyond", "clip"}}, 29.556336607175833},
        {"arcneg", {}, 26.61844576101483},
        {"cosface", {{"s", "4"}}, 2.4604439354317797},
        {"arcface", {{"s", "4"}}, 2.3088870108266764},
        {"arcface", {{"beyond", "none"}, {"s", "4"}}, 2.184808242247906},
        {"arcface", {{"beyond", "easy"}, {"s", "4"}}, 2.1491355279127515},
        {"arcface", {{"beyond", "clip"}, {"s", "4"}}, 2.1914769819783135},
        {"arcneg", {{"s", "4"}}, 2.0805348219046924},
        {"combined", {}, 32.97336686259927},
        {"combined", {{"s", "4"}, {"m1", "1.1"}}, 2.489963949258732},
        {"sphereface-r", {{"version", "v1"}}, 11.231895569452194},
        {"sphereface-r", {{"version", "v2"}}, 10.346351804807872},
        {"sphereface-r", {{"version", "v1"}, {"s", "4"}}, 1.8673674188265128},
        {"sphereface-r", {{"version", "v2"}, {"s", "4"}}, 1.9713068388482065},
        {"sphereface-r", {}, 13.671468183242991},
        {"sphereface-r", {{"s", "4"}, {"lw", "3"}}, 6.577746666414467},
        {"magface", {}, 30.944156084267483},
        {"magface", {{"s", "4"}}, 5.453403726999049},
        {"magface", {{"s", "4"}, {"easy", "false"}}, 5.5838431767564},
        {"circle", {}, 275.1202455593544},
        {"circle", {{"gamma", "4"}}, 4.795193748534416},
        {"hm-softmax", {}, 12.209417541846175},
        {"hm-softmax", {{"s", "4"}, {"save_rate", "0.5"}}, 3.01845972327802},
        {"sphereface2", {{"kind", "C"}}, 0.5143014136345945},
        {"sphereface2", {{"kind", "A"}}, 0.42091111429809885},
        {"sphereface2", {{"kind", "M"}}, 0.15978528190295985},
        {"sphereface2", {{"r", "4"}, {"kind", "C"}}, 0.6762125366737916},
        {"sphereface2", {{"r", "4"}, {"kind", "A"}}, 0.4904187130865742},
        {"sphereface2", {{"r", "4"}, {"kind", "M"}}, 0.20785361802718635},
        {"uniface", {}, 66.0019340568911},
        {"uniface", {{"s", "4"}}, 3.5573326153413944},
        {"sv-softmax", {{"margin", "none"}}, 15.215980764607004},
        {"sv-softmax", {{"s", "4"}, {"margin", "none"}}, 2.247129409320679},
        {"sv-softmax", {{"margin", "am"}}, 22.662885855309984},
        {"sv-softmax", {{"s", "4"}, {"margin", "am"}}, 3.3119700781406958},
        {"sv-softmax", {{"margin", "arc"}}, 19.324717473068326},
        {"sv-softmax", {{"s", "4"}, {"margin", "arc"}}, 2.784972537739529},
        {"mv-softmax", {{"margin", "am"}, {"mode", "adaptive"}}, 24.168507293326854},
        {"mv-softmax", {{"s", "4"}, {"margin", "am"}, {"mode", "adaptive"}}, 3.3119700781406958},
        {"mv-softmax", {{"margin", "am"}, {"mode", "fixed"}}, 20.652109518149995},
        {"mv-softmax", {{"s", "4"}, {"margin", "am"}, {"mode", "fixed"}}, 2.913530476459123},
        {"mv-softmax", {{"margin", "arc"}, {"mode", "adaptive"}}, 20.613013444590138},
        {"mv-softmax", {{"s", "4"}, {"margin", "arc"}, {"mode", "adaptive"}}, 2.784972537739529},
        {"mv-softmax", {{"margin", "arc"}, {"mode", "fixed"}}, 17.09667937626748},
        {"mv-softmax", {{"s", "4"}, {"margin", "arc"}, {"mode", "fixed"}}, 2.4010860281431445},
        {"npcface", {{"avg", "raw"}}, 44.71266537785835},
        {"npcface", {{"s", "4"}, {"avg", "raw"}}, 2.993234241928352},
        {"npcface", {{"avg", "modulated"}}, 46.614282351069136},
        {"npcface", {{"s", "4"}, {"avg", "modulated"}}, 3.1048769487787964},
        {"npt", {{"k", "0"}}, 2.3154253953462374},
        {"npt", {{"k", "1"}}, 1.2534208667606885},
        {"npt", {{"k", "2"}}, 1.9123405311470008},
        {"npt", {{"k", "1"}, {"r", "2"}, {"delta", "6"}}, 7.0113629767760495},
        {"npt-lse", {{"k", "0"}}, 0.6283848888832816},
        {"npt-lse", {{"tau", "4"}, {"k", "0"}}, 0.7287821906252159},
        {"npt-lse", {{"k", "1"}}, 0.6283813118383389},
        {"npt-lse", {{"tau", "4"}, {"k", "1"}}, 0.6983902817381139},
        {"unpg", {{"base", "cos"}, {"scope", "batch"}, {"wisk", "0"}}, 57.57411294459754},
        {"unpg",
         {{"s", "4"}, {"base", "cos"}, {"scope", "batch"}, {"wisk", "0"}},
         4.802202705343029},
        {"unpg", {{"base", "cos"}, {"scope", "anchor"}, {"wisk", "0"}}, 48.128372393844074},
        {"unpg",
         {{"s", "4"}, {"base", "cos"}, {"scope", "anchor"}, {"wisk", "0"}},
         3.8318205038218878},
        {"unpg", {{"base", "arc"}, {"scope", "batch"}, {"wisk", "0"}}, 42.052676926871094},
        {"unpg",
         {{"s", "4"}, {"base", "arc"}, {"scope", "batch"}, {"wisk", "0"}},
         3.868569297227143},
        {"unpg", {{"base", "arc"}, {"scope", "anchor"}, {"wisk", "0"}}, 32.60809373596972},
        {"unpg",
         {{"s", "4"}, {"base", "arc"}, {"scope", "anchor"}, {"wisk", "0"}},
         2.9534770406817685},
        {"unpg", {{"base", "norm"}, {"scope", "batch"}, {"wisk", "0"}}, 25.6730735821762},
        {"unpg",
         {{"s", "4"}, {"base", "norm"}, {"scope", "batch"}, {"wisk", "0"}},
         2.946056683872333},
        {"unpg", {{"base", "norm"}, {"scope", "anchor"}, {"wisk", "0"}}, 21.377428441532306},
        {"unpg",
         {{"s", "4"}, {"base", "norm"}, {"scope", "anchor"}, {"wisk", "0"}},
         2.185162070692901},
        {"unpg", {{"base", "mag"}, {"scope", "batch"}, {"wisk", "0"}}, 42.904423927140165},
        {"unpg",
         {{"s", "4"}, {"base", "mag"}, {"scope", "batch"}, {"wisk", "0"}},
         7.098996123786103},
        {"unpg", {{"base", "mag"}, {"scope", "anchor"}, {"wisk", "0"}}, 33.4655809333859},
        {"unpg",
         {{"s", "4"}, {"base", "mag"}, {"scope", "anchor"}, {"wisk", "0"}},
         6.197034422004835},
        {"proxy-anchor", {}, 40.62858380648057},
        {"proxy-anchor", {{"alpha", "4"}}, 5.380585924222562},
        {"proxy-nca", {}, 0.5979934355192095},
        {"proxy-nca-pp", {}, 5.813972754084625},
        {"center", {}, 22.70851609366063},
        {"contrastive", {}, 8.246251606365998},
        {"contrastive", {{"margin", "6"}}, 8.588695557688444},
        {"triplet", {{"mining", "all"}, {"squared", "true"}, {"soft", "false"}}, 0.525031935889506},
        {"triplet", {{"mining", "all"}, {"squared", "true"}, {"soft", "true"}}, 0.5917709782038115},
        {"triplet",
         {{"mining", "all"}, {"squared", "false"}, {"soft", "false"}},
         0.4465754940025561},
        {"triplet",
         {{"mining", "all"}, {"squared", "false"}, {"soft", "true"}},
         0.6932067291811562},
        {"triplet",
         {{"mining", "hard"}, {"squared", "true"}, {"soft", "false"}},
         0.6222230017846291},
        {"triplet",
         {{"mining", "hard"}, {"squared", "true"}, {"soft", "true"}},
         1.0695674508260375},
        {"triplet",
         {{"mining", "hard"}, {"squared", "false"}, {"soft", "false"}},
         0.5791403031496165},
        {"triplet",
         {{"mining", "hard"}, {"squared", "false"}, {"soft", "true"}},
         1.039303771244651},
        {"triplet",
         {{"mining", "semihard"}, {"squared", "true"}, {"soft", "false"}},
         0.017687045909844414},
        {"triplet",
         {{"mining", "semihard"}, {"squared", "true"}, {"soft", "true"}},
         0.48081639871459203},
        {"triplet",
         {{"mining", "semihard"}, {"squared", "false"}, {"soft", "false"}},
         0.023787223690070372},
        {"triplet",
         {{"mining", "semihard"}, {"squared", "false"}, {"soft", "true"}},
         0.6104480136601853},
        {"npair", {}, 5.872978110963491},
        {"infonce", {}, 2.5163849086211147},
        {"infonce", {{"tau", "0.5"}}, 1.1838683832517418},
        {"supcon", {}, 2.3990273594651224},
        {"supcon", {{"tau", "0.5"}}, 1.4355152886728433},
        {"circle-pair", {}, 62.17751734163481},
        {"circle-pair", {{"gamma", "4"}}, 3.7923824791156},
        {"multi-similarity", {{"mine", "true"}}, 0.568998743625669},
        {"multi-similarity", {{"beta", "4"}, {"mine", "true"}}, 0.6788041426004193},
        {"multi-similarity", {{"mine", "false"}}, 0.6300166677509265},
        {"multi-similarity", {{"beta", "4"}, {"mine", "false"}}, 0.7708513946172313},
    };
    return all;
}

TEST(LossByHand, ValuesAreThoseOfTheFormula) {
    const Plane plane;
    for (const Known& entry : known()) {
        const auto loss = make_loss(entry.loss, entry.settings);
        HeadDiagnostics diagnostics;
        const double value =
            loss->forward_backward(plane.batch(loss->has_proxies()), {}, diagnostics);
        EXPECT_NEAR(value, entry.value, 1e-12 * std::abs(entry.value) + 1e-14) << loss->describe();
    }
}

// Those that keep a state are in state_by_hand_test.cpp.
TEST(LossByHand, EveryLossIsThereWithItsDefaults) {
    std::set<std::string> there{"adacos", "adaface", "curricularface", "elasticface", "sphereface"};
    for (const Known& entry : known()) there.insert(entry.loss);
    for (const LossInfo* info : all_losses()) EXPECT_TRUE(there.contains(info->name)) << info->name;
}

}  // namespace
}  // namespace facet
