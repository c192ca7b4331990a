#include "train/optimiser/update_rule.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <tuple>

#include "engine/ledger.h"
#include "train/optimiser/all.h"

namespace facet {
namespace {

struct Registration {
    OptimiserInfo info;
    MakeRule make;
};

// A deque: rules refer to their description, so it may not move.
std::deque<Registration>& registry() {
    static std::deque<Registration> registered;
    return registered;
}

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "facet: %s\n", why.c_str());
    std::abort();
}

}  // namespace

void register_optimiser(OptimiserInfo info, MakeRule make) {
    for (const auto& [known, _] : registry()) {
        if (known.name == info.name) give_up("two optimisers are called " + info.name);
        for (const auto& entry : known.settings) {
            for (const auto& other : info.settings) {
                if (entry.name != other.name || entry.same_but_for_meaning(other)) continue;
                give_up(fmt::format(
                    "the optimisers {} and {} have {} with another usual value, range or condition",
                    known.name, info.name, entry.name));
            }
        }
    }
    registry().push_back({std::move(info), make});
}

void UpdateRule::check(const Tensor& dw, std::span<const Tensor> moments, const Tensor& w) const {
    const char* operation = info_.operation.c_str();
    FACET_CHECK(moments.size() == info_.moments.size(), "{}: {} moments, expected {}", operation,
                moments.size(), info_.moments.size());
    expect_layout(operation, "w", w, Layout::Plain);
    const auto expect_alike = [&](const std::string& what, const Tensor& tensor) {
        expect_shape(operation, what.c_str(), tensor, w.shape());
        expect_layout(operation, what.c_str(), tensor, Layout::Plain);
    };
    expect_alike("dw", dw);
    for (size_t k = 0; k < moments.size(); ++k) expect_alike(info_.moments[k], moments[k]);
}

double UpdateRule::bytes(const Tensor& w) const {
    return static_cast<double>(w.bytes() * (3 + 2 * info_.moments.size()));
}

void UpdateRule::move(const UpdateStep& step, const Tensor& dw, std::span<const Tensor> moments,
                      const Tensor& w) const {
    check(dw, moments, w);
    const LedgerScope scope(info_.operation.c_str(), info_.flops * static_cast<double>(w.count()),
                            bytes(w), [&] { return to_string(w.shape()); });
    move_elements(step, dw, moments, w);
}

std::vector<const OptimiserInfo*> all_optimisers() {
    std::vector<const OptimiserInfo*> infos;
    for (const Registration& registered : registry()) infos.push_back(&registered.info);
    const auto place = [](const OptimiserInfo* info) {
        return std::tuple(info->name != kUsualOptimiser, info->name);
    };
    std::sort(infos.begin(), infos.end(),
              [&](const auto* a, const auto* b) { return place(a) < place(b); });
    return infos;
}

OptimiserSettings::Values usual_optimiser_settings() {
    OptimiserSettings::Values values;
    for (const OptimiserInfo* info : all_optimisers()) {
        for (const auto& entry : info->settings) {
            if (!values.has(entry.name)) values.add(entry.name, entry.usual);
        }
    }
    return values;
}

std::vector<std::string> optimiser_names(const std::string& setting) {
    std::vector<std::string> names;
    for (const OptimiserInfo* info : all_optimisers()) {
        const bool has = std::any_of(info->settings.begin(), info->settings.end(),
                                     [&](const auto& entry) { return entry.name == setting; });
        if (setting.empty() || has) names.push_back(info->name);
    }
    return names;
}

std::string either_of(const std::vector<std::string>& names) {
    std::string text;
    for (size_t k = 0; k < names.size(); ++k) {
        if (k > 0) text += k + 1 < names.size() ? ", " : " or ";
        text += names[k];
    }
    return text;
}

std::unique_ptr<UpdateRule> make_update_rule(const std::string& name,
                                             const OptimiserSettings::Values& settings) {
    for (const auto& [info, make] : registry()) {
        if (info.name == name) return make(info, settings);
    }
    throw UsageError(
        fmt::format("unknown optimizer '{}', expected {}", name, either_of(optimiser_names())));
}

}  // namespace facet
