#include "tools/loss_curves.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <utility>

namespace facet {
namespace {

// Between the whole degrees, where switches of the losses lie: a rounding there would decide.
constexpr int kDegrees = 180;

// One curve: parameters of the loss, its state before the call, and what is special in the scene.
struct Variant {
    std::string label;
    KeyValues settings = {};
    std::vector<std::pair<std::string, double>> state = {};
    double length = 1;  // |x|
    double other = 0;   // degrees between the sample and one of another class; 0: it is alone
};

// Variants that differ in one parameter.
std::vector<Variant> over(const std::string& name, const std::vector<std::string>& values,
                          const KeyValues& fixed = {}) {
    std::vector<Variant> variants;
    for (const std::string& value : values) {
        KeyValues settings = fixed;
        settings.emplace_back(name, value);
        variants.push_back({name + "=" + value, settings});
    }
    return variants;
}

std::vector<Variant> over_length(const std::vector<double>& lengths, const KeyValues& settings = {},
                                 const std::vector<std::pair<std::string, double>>& state = {}) {
    std::vector<Variant> variants;
    for (const double length : lengths) {
        variants.push_back({fmt::format("|x|={}", length), settings, state, length});
    }
    return variants;
}

std::vector<Variant> over_margins_drawn(const std::vector<std::string>& margins) {
    std::vector<Variant> variants = over("m", margins, {{"sigma", "0"}});
    for (Variant& variant : variants) variant.label.replace(0, 1, "E");
    return variants;
}

std::vector<Variant> beside(std::vector<Variant> variants, double degrees) {
    for (Variant& variant : variants) variant.other = degrees;
    return variants;
}

std::vector<Variant> of_length(std::vector<Variant> variants, double length) {
    for (Variant& variant : variants) variant.length = length;
    return variants;
}

const std::map<std::string, std::vector<Variant>>& known_variants() {
    static const std::map<std::string, std::vector<Variant>> known = {
        {"softmax", over_length({8, 16, 32})},
        {"normface", over("s", {"16", "32", "64"})},
        {"cosface", over("m", {"0", "0.2", "0.35"})},
        {"arcface",
         {{"beyond=linear"},
          {"grad=detached", {{"grad", "detached"}}},
          {"beyond=none", {{"beyond", "none"}}},
          {"beyond=easy", {{"beyond", "easy"}}}}},
        {"combined",
         {{"m1=1 m2=0.3 m3=0.2"},
          {"m1=0.9 m2=0.4 m3=0.15", {{"m1", "0.9"}, {"m2", "0.4"}, {"m3", "0.15"}}},
          {"compat=insightface", {{"compat", "insightface"}}}}},
        {"sphereface", of_length(over("lam", {"0", "5", "100"}), 10)},
        {"sphereface-r", over("version", {"v0", "v1", "v2"}, {{"grad", "exact"}})},
        {"adacos", over("dynamic", {"true", "false"})},
        {"adaface", over_length({10, 20, 30}, {{"t_alpha", "0"}}, {{"mean", 20}, {"std", 10}})},
        {"curricularface",
         {{"t=0", {{"beta", "0"}}, {{"t", 0}}},
          {"t=0.5", {{"beta", "0"}}, {{"t", 0.5}}},
          {"t=1", {{"beta", "0"}}, {{"t", 1}}}}},
        {"elasticface", over_margins_drawn({"0.4", "0.5", "0.6"})},
        {"magface", over_length({10, 60, 110})},
        {"circle", over("m", {"0.1", "0.25", "0.4"})},
        {"focal", over("gamma", {"0", "1", "2"}, {{"s", "6"}})},
        {"hm-softmax", beside(over("save_rate", {"1", "0.5"}), 90)},
        {"arcneg", over("alpha", {"0.8", "1.2"})},
        {"uniface",
         {{"m=0.4"}, {"m=0", {{"m", "0"}}}, {"compat=released", {{"compat", "released"}}}}},
        {"sphereface2", over("kind", {"C", "A", "M"}, {{"grad", "exact"}})},
        {"sv-softmax", over("t", {"1", "1.2", "1.4"})},
        {"mv-softmax",
         {{"mode=adaptive"}, {"mode=fixed", {{"mode", "fixed"}}}, {"t=0", {{"t", "0"}}}}},
        {"npcface", {{"m1=0.2"}, {"m1=0", {{"m1", "0"}}}, {"easy=false", {{"easy", "false"}}}}},
        {"npt", over("delta", {"0.5", "1", "2"})},
        {"npt-lse", over("tau", {"4", "16", "64"})},
        {"unpg",
         {{"samples at 90°", {}, {}, 1, 90}, {"at 60°", {}, {}, 1, 60}, {"at 40°", {}, {}, 1, 40}}},
        {"proxy-nca-pp", over("T", {"0.1111", "0.5", "1"})},
        {"proxy-anchor", over("alpha", {"32", "8"})},
        {"contrastive", {{"margin=1"}, {"compat=pml", {{"compat", "pml"}}}}},
        {"triplet",
         {{"mining=all"},
          {"mining=hard", {{"mining", "hard"}}},
          {"squared=false", {{"squared", "false"}}},
          {"soft=true", {{"soft", "true"}}}}},
        {"npair", of_length({{"compat=none"}, {"compat=pml", {{"compat", "pml"}}}}, 3)},
        {"infonce", over("tau", {"0.07", "0.2", "0.5"})},
        {"supcon", over("tau", {"0.1", "0.2", "0.5"})},
        {"circle-pair", over("gamma", {"80", "40", "20"})},
        {"multi-similarity", over("mine", {"true", "false"})},
    };
    return known;
}

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

// What is evaluated: rows of x, proxies, labels, and the vector that turns with theta: its position
// among the gradients (a proxy, or a row of x) and its derivative by theta.
struct Scene {
    std::vector<double> x, w;
    std::vector<int64_t> y;
    size_t turning;               // first element in w, without proxies in x
    std::vector<double> tangent;  // (D)
    int64_t D;
};

// x along the first axis; w_y turns away from it in the plane of the first and the second; the
// other proxies lie in the plane of the first and the third. The other sample, of the class at 70
// degrees, leaves the first axis towards the fourth, at 90 degrees towards the third.
Scene class_scene(double theta, const Variant& variant) {
    Scene scene{.x = {variant.length, 0, 0, 0},
                .w = {std::cos(theta), std::sin(theta), 0, 0},
                .y = {0},
                .turning = 0,
                .tangent = {-std::sin(theta), std::cos(theta), 0, 0},
                .D = 4};
    for (const double degrees : {70.0, 90.0, 110.0}) {
        const double a = radians(degrees);
        scene.w.insert(scene.w.end(), {std::cos(a), 0, std::sin(a), 0});
    }
    if (variant.other > 0) {
        const double a = radians(variant.other);
        scene.x.insert(scene.x.end(), {std::cos(a), 0, 0, std::sin(a)});
        scene.y.push_back(1);
    }
    return scene;
}

// An anchor along the first axis, its positive turning away from it towards the second, and two
// rows of another class at 60 and 80 degrees towards the third.
Scene pair_scene(double theta, const Variant& variant) {
    const double a = variant.length;
    Scene scene{.x = {a, 0, 0, a * std::cos(theta), a * std::sin(theta), 0},
                .w = {},
                .y = {0, 0, 1, 1},
                .turning = 3,
                .tangent = {-a * std::sin(theta), a * std::cos(theta), 0},
                .D = 3};
    for (const double degrees : {60.0, 80.0}) {
        const double b = radians(degrees);
        scene.x.insert(scene.x.end(), {a * std::cos(b), 0, a * std::sin(b)});
    }
    return scene;
}

// L and dL/dtheta of a fresh loss.
std::pair<double, double> evaluate(const LossInfo& info, const Variant& variant, double theta) {
    const auto loss = make_loss(info.name, variant.settings);
    const bool proxies = loss->has_proxies();
    for (const auto& [name, value] : variant.state) loss->state().find(name)->value = {value};
    const Scene scene = proxies ? class_scene(theta, variant) : pair_scene(theta, variant);
    const int64_t B = int64_t(scene.y.size()), C = int64_t(scene.w.size()) / scene.D;

    std::vector<double> dx(scene.x.size()), dw(scene.w.size());
    HeadDiagnostics diagnostics;
    const HeadBatch<double> batch{
        scene.x.data(), proxies ? scene.w.data() : nullptr, scene.y.data(), B, C, scene.D};
    const double value = loss->forward_backward(
        batch, {dx.data(), proxies ? dw.data() : nullptr, nullptr}, diagnostics);

    const std::vector<double>& gradient = proxies ? dw : dx;
    double slope = 0;
    for (int64_t k = 0; k < scene.D; ++k) {
        slope += gradient[scene.turning + size_t(k)] * scene.tangent[size_t(k)];
    }
    return {value, slope};
}

// What all curves share and no label says: "With grad=exact.", or nothing.
std::string shared_settings(const std::vector<Variant>& variants) {
    std::vector<std::string> shared;
    const auto keep = [&](const std::string& text, auto has) {
        if (std::all_of(variants.begin(), variants.end(), has)) shared.push_back(text);
    };
    const Variant& one = variants.front();
    for (const auto& setting : one.settings) {
        keep(setting.first + "=" + setting.second, [&](const Variant& other) {
            return std::count(other.settings.begin(), other.settings.end(), setting) > 0;
        });
    }
    for (const auto& array : one.state) {
        keep(fmt::format("{}={}", array.first, array.second), [&](const Variant& other) {
            return std::count(other.state.begin(), other.state.end(), array) > 0;
        });
    }
    if (one.length != 1) {
        keep(fmt::format("|x|={}", one.length),
             [&](const Variant& other) { return other.length == one.length; });
    }
    return shared.empty() ? "" : fmt::format(" With {}.", join_names(shared));
}

std::string caption_of(bool proxies, const std::vector<Variant>& variants) {
    std::string text =
        proxies
            ? "One sample and C = 4 classes: the proxy of its class at the angle θ from it, the "
              "others at 70°, 90° and 110°."
            : "Four rows: an anchor, its positive at the angle θ from it, and two rows of another "
              "class at 60° and 80° from the anchor. The positive turns.";
    if (variants.front().other > 0) {
        text += " A second sample, of the class at 70°, stands in the batch.";
    }
    return text + shared_settings(variants);
}

}  // namespace

CurvePicture loss_curves(const LossInfo& info) {
    const auto known = known_variants().find(info.name);
    const std::vector<Variant> variants =
        known != known_variants().end() ? known->second : std::vector<Variant>{{"defaults"}};

    const bool proxies = make_loss(info.name)->has_proxies();
    CurvePicture picture{.angle = proxies ? "angle between sample and proxy, degrees"
                                          : "angle between anchor and positive, degrees",
                         .caption = caption_of(proxies, variants),
                         .curves = {}};
    for (const Variant& variant : variants) {
        Curve curve{variant.label, {}, {}};
        for (int degrees = 0; degrees < kDegrees; ++degrees) {
            const auto [value, slope] = evaluate(info, variant, radians(degrees + 0.5));
            curve.value.push_back(value);
            curve.slope.push_back(slope);
        }
        picture.curves.push_back(std::move(curve));
    }
    return picture;
}

}  // namespace facet
