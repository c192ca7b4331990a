#include "losses/head/class_sampling.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "engine/random.h"

namespace facet {
namespace {

void check_rate(double rate) {
    FACET_USAGE(rate > 0 && rate <= 1, "--sample-rate must be above 0 and at most 1, found {}",
                rate);
}

// Marks the classes of the batch; returns how many there are.
int64_t mark(std::span<const int64_t> labels, std::vector<char>& chosen) {
    int64_t positives = 0;
    for (const int64_t y : labels) {
        if (y < 0 || chosen[y]) continue;
        chosen[y] = 1;
        ++positives;
    }
    return positives;
}

// Selection sampling (Knuth, The Art of Computer Programming, vol. 2, 3.4.2, algorithm S): each of
// the `left` classes not yet passed is taken with probability wanted / left, which makes every set
// of `wanted` of them equally likely.
void fill(int64_t wanted, int64_t left, Random random, std::vector<char>& chosen) {
    for (size_t j = 0; wanted > 0; ++j) {
        if (chosen[j]) continue;
        if (random.below(static_cast<uint64_t>(left)) < static_cast<uint64_t>(wanted)) {
            chosen[j] = 1;
            --wanted;
        }
        --left;
    }
}

}  // namespace

void check_sampling(const Loss& loss, double rate) {
    check_rate(rate);
    FACET_USAGE(rate == 1 || loss.has_proxies(),
                "--sample-rate {}: {} compares the images of a batch, it has no classes to sample",
                rate, loss.name());
}

int64_t sampled_classes(int64_t C, double rate) {
    check_rate(rate);
    return std::max<int64_t>(1, static_cast<int64_t>(rate * static_cast<double>(C)));
}

ClassSample sample_classes(std::span<const int64_t> labels, int64_t C, double rate, uint64_t seed,
                           uint64_t step) {
    check_labels(labels.data(), static_cast<int64_t>(labels.size()), C);
    std::vector<char> chosen(C, 0);
    const int64_t positives = mark(labels, chosen);
    const int64_t wanted = std::max<int64_t>(0, sampled_classes(C, rate) - positives);
    fill(wanted, C - positives, Random(seed, Purpose::Classes, step), chosen);

    ClassSample sample;
    std::vector<int64_t> position(C, -1);
    for (int64_t j = 0; j < C; ++j) {
        if (!chosen[j]) continue;
        position[j] = static_cast<int64_t>(sample.classes.size());
        sample.classes.push_back(j);
    }
    for (const int64_t y : labels) sample.labels.push_back(y < 0 ? -1 : position[y]);
    return sample;
}

void prepare_sampled(Loss& loss, int64_t C, int64_t n) {
    loss.prepare(n);
    for (const auto& array : loss.state().arrays()) {
        if (array->per_class()) array->value.clear();
    }
    loss.prepare(C);  // only what is empty takes a value
}

SampledState::SampledState(State& state, std::span<const int64_t> classes) {
    for (const auto& array : state.arrays()) {
        if (!array->per_class()) continue;
        exchanged_.push_back({array.get(), {}});
        for (const int64_t j : classes) {
            FACET_CHECK(j >= 0 && j < static_cast<int64_t>(array->value.size()),
                        "loss state: {} has {} values, none for class {}", array->name,
                        array->value.size(), j);
            exchanged_.back().value.push_back(array->value[j]);
        }
    }
    exchange();
}

SampledState::~SampledState() { exchange(); }

void SampledState::exchange() {
    for (Exchanged& exchanged : exchanged_) exchanged.array->value.swap(exchanged.value);
}

}  // namespace facet
