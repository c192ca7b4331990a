// The promise of the row form: what is gathered of parts of a row, merged, is what is gathered of
// the whole. No head on one machine needs it; tiles on several devices and blocks of threads do.
#include <gtest/gtest.h>

#include "losses/adacos.h"
#include "losses/adaface.h"
#include "losses/arcface.h"
#include "losses/circle.h"
#include "losses/npcface.h"
#include "losses/npt.h"
#include "losses/npt_lse.h"
#include "losses/sphereface.h"
#include "losses/sphereface2.h"
#include "losses/sv_softmax.h"
#include "losses/uniface.h"
#include "tests/losses/fixtures.h"

namespace facet::testing {
namespace {

constexpr int64_t kC = 1100;  // more than two blocks

struct Row {
    std::vector<double> cosines = std::vector<double>(kC);
    Target<double> target;

    explicit Row(uint64_t seed) {
        Random random(seed, Purpose::Test);
        for (double& c : cosines) c = random.uniform(-1, 1);
        const double c = cosines[700];
        target = {c, std::sqrt(1 - c * c), 17, 700, 0};
    }
    Chunk<double> chunk(int64_t first, int64_t n) const {
        const int64_t y = target.y - first;
        return {cosines.data() + first, n, first, y >= 0 && y < n ? y : -1};
    }
};

struct Result {
    double value, dcos, dnorm;
    std::vector<double> g;
};

// The row gathered in parts [0, cut), [cut, C), one accumulator each; the parts are merged into an
// identity, the later one first.
template <class Form>
Result gathered(const std::string& name, const KeyValues& parameters, const Row& row, int64_t cut) {
    const auto loss = make_loss(name, parameters);
    State state;
    Form form = make_form<Form>(loss->settings(), state);
    if constexpr (requires { form.prepare(kC); }) form.prepare(kC);
    const std::vector<Target<double>> targets = {row.target};
    if constexpr (requires(Batch<double> b) { form.open(b); })
        form.open({targets, kC, 1, {}, 0, nullptr});
    std::vector<typename Form::Row> rows = {form.begin(row.target)};
    rows[0].weight = 1;
    typename Form::Acc parts[2], whole;
    TopK<double> near[2], nearest;
    for (TopK<double>* best : {&near[0], &near[1], &nearest}) best->reset(nearest_of(form));
    for (int pass = 0; pass < Form::passes; ++pass) {
        gather_row(form, pass, rows[0], parts[0], near[0], row.chunk(0, cut));
        gather_row(form, pass, rows[0], parts[1], near[1], row.chunk(cut, kC - cut));
        whole = {};
        whole.merge(parts[1]);
        whole.merge(parts[0]);
        for (const TopK<double>& part : {near[1], near[0]}) {
            for (const auto& entry : part.entries()) nearest.add(entry.value, entry.index);
        }
        close_row(form, pass, rows[0], whole, nearest);
        if constexpr (requires { form.settle(pass, std::span(rows)); }) {
            form.settle(pass, std::span(rows));
        }
    }
    Result result{rows[0].value, rows[0].dcos, rows[0].dnorm, std::vector<double>(kC)};
    differentiate_row(form, rows[0], row.chunk(0, kC), result.g.data());
    result.g[row.target.y] = 0;
    return result;
}

template <class Form>
void expect_parts_make_the_whole(const std::string& name, const KeyValues& parameters = {}) {
    for (uint64_t seed = 0; seed < 5; ++seed) {
        const Row row(90 + seed);
        const Result whole = gathered<Form>(name, parameters, row, 0);
        for (const int64_t cut : {1, 512, 700, 701, 1099}) {
            SCOPED_TRACE(fmt::format("{} cut at {}", name, cut));
            const Result parts = gathered<Form>(name, parameters, row, cut);
            EXPECT_NEAR(parts.value, whole.value, 1e-13 * std::abs(whole.value));
            EXPECT_NEAR(parts.dcos, whole.dcos, 1e-13 * std::abs(whole.dcos));
            EXPECT_NEAR(parts.dnorm, whole.dnorm, 1e-13 * std::abs(whole.dnorm) + 1e-15);
            EXPECT_LT(relative_error(parts.g, whole.g, 1e-300), 1e-13);
        }
    }
}

TEST(LossMerge, PartsOfARowMakeTheWholeForEveryAccumulator) {
    expect_parts_make_the_whole<ArcFace<double>>("arcface");
    expect_parts_make_the_whole<Circle<double>>("circle");
    expect_parts_make_the_whole<SvSoftmax<double>>("sv-softmax");
    expect_parts_make_the_whole<AdaFace<double>>("adaface");
    expect_parts_make_the_whole<SphereFace<double>>("sphereface");
    expect_parts_make_the_whole<AdaCos<double>>("adacos");
    expect_parts_make_the_whole<NpcFace<double>>("npcface", {{"easy", "false"}, {"grad", "exact"}});
    expect_parts_make_the_whole<SphereFace2<double>>("sphereface2", {{"grad", "exact"}});
    expect_parts_make_the_whole<UniFace<double>>("uniface");
    expect_parts_make_the_whole<Npt<double>>("npt", {{"k", "7"}});
    expect_parts_make_the_whole<Npt<double>>("npt", {{"k", "0"}});
    expect_parts_make_the_whole<NptLse<double>>("npt-lse", {{"k", "7"}});
    expect_parts_make_the_whole<NptLse<double>>("npt-lse");
}

}  // namespace
}  // namespace facet::testing
