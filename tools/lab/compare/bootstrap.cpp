#include "tools/lab/compare/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/error.h"
#include "engine/random.h"
#include "tools/lab/compare/intervals.h"
#include "tools/lab/mean.h"

namespace facet::compare {
namespace {

// Everything of one run that does not change between resamples.
struct Run {
    std::vector<char> correct;       // (pairs)
    std::vector<int> by_similarity;  // pairs, the most similar first
};

Run prepare(const std::vector<double>& similarity, const std::vector<char>& correct) {
    Run run{correct, std::vector<int>(similarity.size())};
    std::iota(run.by_similarity.begin(), run.by_similarity.end(), 0);
    std::stable_sort(run.by_similarity.begin(), run.by_similarity.end(),
                     [&](int a, int b) { return similarity[a] > similarity[b]; });
    return run;
}

struct Totals {
    double same = 0, different = 0;
};

double accuracy(const Run& run, const std::vector<Pair>& pairs, const std::vector<double>& weight,
                const Totals& total) {
    Totals right;
    for (size_t i = 0; i < pairs.size(); ++i) {
        (pairs[i].same ? right.same : right.different) += run.correct[i] * weight[i];
    }
    return (right.same / total.same + right.different / total.different) / 2;
}

// Same pairs above the first different pair with which the rate would be exceeded.
double tar(const Run& run, const std::vector<Pair>& pairs, const std::vector<double>& weight,
           const Totals& total, double far) {
    Totals above;
    for (const int i : run.by_similarity) {
        (pairs[i].same ? above.same : above.different) += weight[i];
        if (above.different > far * total.different) break;
    }
    return above.same / total.same;
}

class Sampler {
public:
    Sampler(const Judged& judged, Merit merit) : judged_(judged), merit_(merit) {
        for (size_t loss = 0; loss < judged.similarity.size(); ++loss) {
            auto& runs = runs_.emplace_back();
            for (size_t seed = 0; seed < judged.similarity[loss].size(); ++seed) {
                runs.push_back(prepare(judged.similarity[loss][seed], judged.correct[loss][seed]));
            }
        }
        const auto last = std::max_element(judged.people.begin(), judged.people.end());
        people_ = last == judged.people.end() ? 0 : *last + 1;
    }

    std::vector<std::vector<double>> as_they_are() const {
        return merits(std::vector<double>(judged_.pairs.size(), 1.0));
    }

    // The merit of every loss, averaged over the seeds drawn.
    std::vector<double> resample(uint64_t seed, uint64_t number) const {
        Random random(seed, Purpose::Bootstrap, number);
        std::vector<double> weight(judged_.pairs.size());
        do {  // a draw without pairs of a kind says nothing
            std::vector<int> drawn(people_, 0);
            for (int i = 0; i < people_; ++i) ++drawn[random.below(people_)];
            for (size_t i = 0; i < weight.size(); ++i) {
                const Pair& pair = judged_.pairs[i];
                const int a = drawn[judged_.people[pair.a]];
                weight[i] = pair.same ? a : double(a) * drawn[judged_.people[pair.b]];
            }
        } while (totals(weight).same == 0 || totals(weight).different == 0);
        const auto all = merits(weight);
        const size_t seeds = all.front().size();
        std::vector<double> means(all.size(), 0.0);
        for (size_t k = 0; k < seeds; ++k) {
            const size_t pick = random.below(seeds);
            for (size_t loss = 0; loss < all.size(); ++loss) {
                means[loss] += all[loss][pick] / static_cast<double>(seeds);
            }
        }
        return means;
    }

private:
    Totals totals(const std::vector<double>& weight) const {
        Totals total;
        for (size_t i = 0; i < weight.size(); ++i) {
            (judged_.pairs[i].same ? total.same : total.different) += weight[i];
        }
        return total;
    }

    std::vector<std::vector<double>> merits(const std::vector<double>& weight) const {
        const Totals total = totals(weight);
        const auto of = [&](const Run& run) {
            return merit_ == Merit::Accuracy ? accuracy(run, judged_.pairs, weight, total)
                                             : tar(run, judged_.pairs, weight, total, judged_.far);
        };
        std::vector<std::vector<double>> all;
        for (const auto& runs : runs_) {
            auto& row = all.emplace_back();
            for (const Run& run : runs) row.push_back(of(run));
        }
        return all;
    }

    const Judged& judged_;
    Merit merit_;
    std::vector<std::vector<Run>> runs_;  // (losses, seeds)
    int people_ = 0;
};

}  // namespace

std::vector<std::vector<double>> merits(const Judged& judged, Merit merit) {
    return Sampler(judged, merit).as_they_are();
}

std::vector<Difference> differences(const Judged& judged, Merit merit, int resamples,
                                    uint64_t seed) {
    FACET_CHECK(resamples > 0, "bootstrap: expected resamples, found {}", resamples);
    const Sampler sampler(judged, merit);
    const auto now = sampler.as_they_are();
    const int losses = static_cast<int>(now.size());
    std::vector<std::vector<double>> drawn(resamples);  // (resamples, losses)
#pragma omp parallel for schedule(dynamic, 8)
    for (int i = 0; i < resamples; ++i) drawn[i] = sampler.resample(seed, i);

    std::vector<Difference> all;
    const int comparisons = losses * (losses - 1) / 2;
    for (int a = 0; a < losses; ++a) {
        for (int b = a + 1; b < losses; ++b) {
            std::vector<double> apart;
            for (const auto& means : drawn) apart.push_back(means[a] - means[b]);
            const Intervals of = intervals(std::move(apart), comparisons);
            all.push_back(
                {a, b, mean(now[a]) - mean(now[b]), of.low, of.high, of.wide_low, of.wide_high});
        }
    }
    return all;
}

}  // namespace facet::compare
