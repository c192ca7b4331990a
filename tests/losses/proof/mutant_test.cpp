// The judge judged: it must call every deliberately wrong gradient wrong, of every loss.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "losses/proof/verify.h"
#include "tests/losses/mutants.h"

namespace facet::testing {
namespace {

// Where mutants are judged: smooth, with all terms alive.
std::vector<proof::Region> interior(const Loss& loss) {
    std::vector<proof::Region> chosen;
    for (proof::Region& region : proof::regions(loss, true)) {
        if (region.name == "interior" || region.name == "norms of 50") chosen.push_back(region);
    }
    return chosen;
}

struct Gradients {
    std::vector<double> dx, dw;
};

Gradients gradients(Loss& loss, const proof::Problem& p) {
    Gradients g{std::vector<double>(p.x.size()), std::vector<double>(p.w.size())};
    HeadDiagnostics diagnostics;
    loss.forward_backward(p.batch(loss.has_proxies()),
                          {g.dx.data(), loss.has_proxies() ? g.dw.data() : nullptr}, diagnostics,
                          {});
    return g;
}

// A slip that leaves the gradient as it was to 1e-12 is none, for example the norm's term of a loss
// that reads no norm.
bool is_equivalent(const proof::LossMaker& make, Slip slip,
                   const std::vector<proof::Region>& regions) {
    double apart = 0, size = 0;
    const auto compare = [&](const std::vector<double>& a, const std::vector<double>& b) {
        for (size_t at = 0; at < a.size(); ++at) {
            apart = std::max(apart, std::abs(a[at] - b[at]));
            size = std::max(size, std::abs(b[at]));
        }
    };
    for (const proof::Region& region : regions) {
        const proof::Problem p = region.at(0);
        Mutant mutant(make(), slip);
        const Gradients wrong = gradients(mutant, p), right = gradients(*make(), p);
        compare(wrong.dx, right.dx);
        compare(wrong.dw, right.dw);
    }
    return apart <= 1e-12 * size;
}

bool is_caught(const proof::LossMaker& make, Slip slip, const std::vector<proof::Region>& regions) {
    const proof::LossMaker wrong = [&] { return std::make_unique<Mutant>(make(), slip); };
    return std::any_of(regions.begin(), regions.end(), [&](const proof::Region& region) {
        return proof::judge(wrong, {region}, true).failures() > 0;
    });
}

// The default of each loss, and each of its gradients where it has more than one.
std::vector<proof::Mode> judged() {
    std::vector<proof::Mode> all;
    for (const LossInfo* info : all_losses()) {
        const auto is_grad = [](const ParameterInfo& p) { return p.name == "grad"; };
        const auto grad = std::find_if(info->parameters.begin(), info->parameters.end(), is_grad);
        if (grad == info->parameters.end()) {
            all.push_back({info->name, {}});
            continue;
        }
        for (const std::string& choice : grad->choices)
            all.push_back({info->name, {{"grad", choice}}});
    }
    return all;
}

TEST(Mutants, OfEveryLossAreCaught) {
    for (const proof::Mode& mode : judged()) {
        const proof::LossMaker make = [&] { return make_loss(mode.loss, mode.settings); };
        const auto regions = interior(*make());
        int caught = 0;
        for (const Slip slip : kSlips) {
            if (is_equivalent(make, slip, regions)) continue;
            EXPECT_TRUE(is_caught(make, slip, regions))
                << mode.loss << " " << mode.text() << ": " << name(slip);
            ++caught;
        }
        EXPECT_GE(caught, 3) << mode.loss << " " << mode.text();
    }
}

// Which methods call it wrong.
std::set<proof::Method> catchers(const proof::LossMaker& make, const Slight& slight,
                                 const std::vector<proof::Region>& regions) {
    const proof::LossMaker wrong = [&] { return std::make_unique<Mutant>(make(), slight); };
    std::set<proof::Method> methods;
    for (const proof::Check& check : proof::judge(wrong, regions, true).checks) {
        if (!check.passed()) methods.insert(check.method);
    }
    return methods;
}

// Bounds a hundred or a thousand times wider would let these pass, of this loss and that.
TEST(Mutants, SlipsBarelyBeyondTheBoundsAreCaught) {
    using proof::Method;
    for (const proof::Mode& mode : judged()) {
        const proof::LossMaker make = [&] { return make_loss(mode.loss, mode.settings); };
        const auto regions = interior(*make());
        SCOPED_TRACE(mode.loss + " " + mode.text());
        const auto caught = [&](Method method, const Slight& slight) {
            return catchers(make, slight, regions).contains(method);
        };
        const bool exact = caught(Method::numeric, {.gradient = 1e-1});
        EXPECT_TRUE(caught(Method::tape, {.gradient = 1e-8}));
        EXPECT_TRUE(caught(Method::tape, {.value = 1e-8}));
        EXPECT_TRUE(caught(Method::frozen, {.gradient = 1e-5}));
        if (exact) {
            EXPECT_TRUE(caught(Method::numeric, {.gradient = 1e-5}));
        }
        EXPECT_TRUE(
            caught(Method::float32, {.gradient = 1e-2, .in_double = false, .in_float = true}));
        EXPECT_TRUE(caught(Method::float32, {.value = 1e-2, .in_double = false, .in_float = true}));
        if (make()->has_proxies()) {
            EXPECT_TRUE(caught(Method::streamed, {.gradient = 1e-8, .only_streamed = true}));
        }
    }
}

TEST(Mutants, TheWrapperWithoutASlipPasses) {
    for (const proof::Mode& mode : judged()) {
        const proof::LossMaker make = [&] {
            return std::make_unique<Mutant>(make_loss(mode.loss, mode.settings), Slip::none);
        };
        const proof::Verdict verdict = proof::judge(make, interior(*make()), true);
        EXPECT_GT(verdict.count(), 0);
        EXPECT_EQ(verdict.failures(), 0) << mode.loss << " " << mode.text();
    }
}

// A gradient that is not the derivative of the value must say so.
TEST(Mutants, AnUndeclaredConstantIsCaught) {
    for (const LossInfo* info : all_losses()) {
        if (info->detached.empty()) continue;
        LossInfo silent = *info;
        silent.detached.clear();
        const proof::LossMaker make = [&] {
            return std::make_unique<Mutant>(make_loss(info->name), Slip::none, silent);
        };
        const proof::Verdict verdict = proof::judge(make, interior(*make()), true);
        EXPECT_GT(verdict.failures(), 0) << info->name;
        for (const proof::Check& check : verdict.checks) {
            EXPECT_TRUE(check.passed() || check.method == proof::Method::numeric) << info->name;
        }
    }
}

}  // namespace
}  // namespace facet::testing
