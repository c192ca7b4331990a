#include "losses/proof/verify.h"

#include <algorithm>
#include <cmath>
#include <exception>

#include "engine/error.h"
#include "losses/proof/verify_compare.h"

namespace facet::proof {
namespace {

// Judges one problem of a region: every method that there is for it.
class Judge {
public:
    Judge(const LossMaker& make, const Region& region, double side, Verdict& verdict)
        : region_(region),
          side_(side),
          problem_(region.at(side)),
          trial_(make, problem_),
          verdict_(verdict) {}

    void run() {
        try {
            hand_ = trial_.hand(problem_);
        } catch (const std::exception& error) {
            return add(Method::tape, {}, std::string("the hand-written gradient: ") + error.what());
        }
        guarded(Method::tape, [&] { compare_tape(); });
        if (!trial_.composed() && !trial_.exact_mode()) {
            add(Method::frozen, {}, "no composition, and no other judge of a detached gradient");
        }
        if (region_.crosses() && side_ == 0) return;  // on its boundary: verify_kinks.cpp
        if (trial_.composed()) {
            guarded(Method::frozen, [&] {
                compare_differences(Method::frozen, [&](double h) { return trial_.frozen(h); });
            });
        }
        guarded(Method::numeric, [&] { compare_numeric(); });
    }

private:
    template <class Work>
    void guarded(Method method, const Work& work) {
        try {
            work();
        } catch (const std::exception& error) {
            add(method, {}, error.what());
        }
    }

    void add(Method method, const Worst& worst, const std::string& message = "") {
        verdict_.checks.push_back({method, region_.name, side_, worst.what, worst.error,
                                   worst.bound, problem_.room > 1e-2 && !problem_.exact, message});
    }

    void compare_tape() {
        Allowance allowed = rounding(hand_, kAgreement, kCancellation, kUnderflow);
        if (!problem_.exact) widen(allowed, hand_, kDisplacement);
        if (trial_.composed()) add(Method::tape, worst(hand_, trial_.tape(problem_), allowed));
        if (!trial_.proxies()) return compare_single({}, "");
        // For C > 2 a tile that does not divide C.
        const HeadOptions tiles{Head::streamed, problem_.C == 2 ? 1 : problem_.C / 2 + 1};
        add(Method::streamed, worst(hand_, trial_.hand(problem_, tiles), allowed));
        compare_single({}, ", dense");
        compare_single(tiles, ", streamed");
    }

    void widen(Allowance& allowed, const Outcome& centre, double displacement) {
        for (const uint64_t seed : {1, 2}) {
            allowed.widen(trial_.hand(trial_.displaced(displacement, seed)), centre, kBeyondProbes);
        }
    }

    // Float32 against float64 on the same inputs, rounded to float32. Closer to a boundary than
    // float32 resolves, either side's gradient is right.
    void compare_single(const HeadOptions& options, const char* suffix) {
        if (!problem_.single) return;
        const Problem rounded = in_float(problem_);
        const Outcome found = trial_.hand32(rounded, options);
        Worst best = against(rounded, found);
        if (region_.crosses() && std::abs(side_) < kUnresolved && best.error > best.bound) {
            for (const double side : {-kUnresolved, kUnresolved}) {
                const Worst other = against(in_float(region_.at(side)), found);
                if (other.error / other.bound < best.error / best.bound) best = other;
            }
        }
        best.what += suffix;
        add(Method::float32, best);
    }

    Worst against(const Problem& p, const Outcome& found) {
        const Outcome centre = trial_.hand(p);
        Allowance allowed = rounding(centre, kAgreement32, kAgreement32, kUnderflow32);
        widen(allowed, centre, kDisplacement32);
        return worst(centre, found, allowed);
    }

    static Problem in_float(Problem p) {
        for (double& v : p.x) v = float(v);
        for (double& v : p.w) v = float(v);
        return p;
    }

    // A step that is too long for a boundary nearby is shortened; a gradient that is wrong is so
    // for every step.
    template <class Differences>
    void compare_differences(Method method, const Differences& differences) {
        double h = std::min(kStep, problem_.room / kStepsPerRoom);
        Worst best{"", std::numeric_limits<double>::infinity(), 1};
        for (int k = 0; k < kSteps && best.error > best.bound; ++k, h /= kShrink) {
            const Worst found = worst(hand_, differences(h), allowance(h, method));
            if (k == 0 || found.error / found.bound < best.error / best.bound) best = found;
        }
        add(method, best);
    }

    Allowance allowance(double h, Method method) const {
        const double size = hand_.gradient_size();
        const double terms = method == Method::frozen ? kComposedTerms : 0;
        const double noise = kRounding * (std::abs(hand_.value) + size + hand_.gain + terms) / h;
        return {.value = kAgreement * std::abs(hand_.value) +
                         kCancellation * (hand_.gain + size + terms),
                .gradient = kTruncation * size + noise,
                .dstate = kTruncation * largest(hand_.dstate) + noise};
    }

    void compare_numeric() {
        if (trial_.exact_mode()) {
            return compare_differences(Method::numeric,
                                       [&](double h) { return trial_.numeric(h); });
        }
        if (region_.crosses()) return;
        const Outcome value = trial_.numeric(kStep);
        const double size = hand_.gradient_size();
        if (size == 0) return;
        verdict_.constant_part =
            std::max(verdict_.constant_part,
                     std::max(distance(value.dx, hand_.dx), distance(value.dw, hand_.dw)) / size);
    }

    // Float32 cosines are told apart from here on.
    static constexpr double kUnresolved = 2e-5;

    const Region& region_;
    const double side_;
    const Problem problem_;
    const Trial trial_;
    Verdict& verdict_;
    Outcome hand_;
};

Verdict judge_mode(const Mode& mode, const Options& options) {
    const LossMaker make = [&] { return make_loss(mode.loss, mode.settings); };
    std::vector<Region> where;
    for (Region& region : regions(*make(), options.quick)) {
        if (region.name.find(options.region) != std::string::npos) where.push_back(region);
    }
    return judge(make, where, options.quick);
}

}  // namespace

std::string Mode::text() const {
    std::string text;
    for (const auto& [name, value] : settings)
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
    return text;
}

std::vector<Mode> modes(const LossInfo& info, const KeyValues& fixed) {
    std::vector<Mode> all = {{info.name, fixed}};
    for (const ParameterInfo& p : info.parameters) {
        const auto is_fixed = [&](const auto& entry) { return entry.first == p.name; };
        if (p.choices.empty() || p.name == "compat") continue;
        if (std::any_of(fixed.begin(), fixed.end(), is_fixed)) continue;
        std::vector<Mode> more;
        for (const Mode& mode : all) {
            for (const std::string& choice : p.choices) {
                more.push_back(mode);
                more.back().settings.emplace_back(p.name, choice);
            }
        }
        all = std::move(more);
    }
    return all;
}

const char* method_name(Method method) {
    switch (method) {
        case Method::tape:
            return "tape";
        case Method::frozen:
            return "frozen";
        case Method::numeric:
            return "numeric";
        case Method::float32:
            return "float32";
        case Method::streamed:
            return "streamed";
    }
    return "";
}

int Verdict::failures() const {
    const auto failed = [](const auto& entry) { return !entry.passed(); };
    return int(std::count_if(checks.begin(), checks.end(), failed) +
               std::count_if(kinks.begin(), kinks.end(), failed));
}

Verdict judge(const LossMaker& make, const std::vector<Region>& where, bool quick) {
    Verdict verdict;
    for (const Region& region : where) {
        if (!region.crosses()) {
            Judge(make, region, 0, verdict).run();
            continue;
        }
        for (const double distance : distances(quick)) {
            for (const double side : {-distance, distance}) {
                Judge(make, region, side, verdict).run();
            }
        }
        if (region.at(0).exact) Judge(make, region, 0, verdict).run();
        verdict.kinks.push_back(look_at_kink(make, region));
    }
    return verdict;
}

std::vector<Verdict> judge_all(const std::vector<Mode>& modes, const Options& options,
                               const std::function<void(int)>& done) {
    std::vector<Verdict> verdicts(modes.size());
    std::exception_ptr failure;
    int finished = 0;
#pragma omp parallel for schedule(dynamic, 1)
    for (size_t k = 0; k < modes.size(); ++k) {
        std::exception_ptr caught;
        try {
            verdicts[k] = judge_mode(modes[k], options);
        } catch (...) {
            caught = std::current_exception();
        }
#pragma omp critical
        {
            if (caught) failure = caught;
            if (done) done(++finished);
        }
    }
    if (failure) std::rethrow_exception(failure);
    return verdicts;
}

}  // namespace facet::proof
