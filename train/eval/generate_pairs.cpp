#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "engine/error.h"
#include "engine/random.h"
#include "train/eval/pairs.h"

namespace facet {
namespace {

using Person = std::vector<int>;  // the images of one identity
using People = std::vector<Person>;

// Streams of Purpose::Pairs, told apart by their step; the index is the fold.
enum Stream : uint64_t { kDeal = 0, kSame = 1, kDifferent = 2 };

int64_t pairs_within(int64_t images) { return images * (images - 1) / 2; }

int64_t same_available(const People& people) {
    int64_t count = 0;
    for (const Person& person : people) count += pairs_within(static_cast<int64_t>(person.size()));
    return count;
}

int64_t different_available(const People& people) {
    int64_t images = 0;
    for (const Person& person : people) images += static_cast<int64_t>(person.size());
    return pairs_within(images) - same_available(people);
}

std::pair<int, int> ordered(int a, int b) { return {std::min(a, b), std::max(a, b)}; }

std::vector<Pair> draw_same(const People& people, int64_t count, Random random) {
    std::vector<const Person*> left;  // people with a pair not yet drawn
    for (const Person& person : people) {
        if (person.size() >= 2) left.push_back(&person);
    }
    std::map<const Person*, std::set<std::pair<int, int>>> drawn;
    std::vector<Pair> pairs;
    while (static_cast<int64_t>(pairs.size()) < count) {
        const uint64_t who = random.below(left.size());
        const Person& person = *left[who];
        const auto first = random.below(person.size());
        const auto second = (first + 1 + random.below(person.size() - 1)) % person.size();
        const auto pair = ordered(person[first], person[second]);
        if (!drawn[&person].insert(pair).second) continue;
        pairs.push_back({pair.first, pair.second, true, 0});
        if (static_cast<int64_t>(drawn[&person].size()) ==
            pairs_within(static_cast<int64_t>(person.size()))) {
            left.erase(left.begin() + static_cast<ptrdiff_t>(who));
        }
    }
    return pairs;
}

std::vector<Pair> draw_different(const People& people, int64_t count, Random random) {
    std::vector<std::pair<int, size_t>> images;  // image, its person
    for (size_t person = 0; person < people.size(); ++person) {
        for (const int image : people[person]) images.emplace_back(image, person);
    }
    std::vector<Pair> pairs;
    if (2 * count > different_available(people)) {
        // Most pairs are needed: list them all rather than draw the last ones again and again.
        for (size_t i = 0; i < images.size(); ++i) {
            for (size_t j = i + 1; j < images.size(); ++j) {
                if (images[i].second == images[j].second) continue;
                const auto [a, b] = ordered(images[i].first, images[j].first);
                pairs.push_back({a, b, false, 0});
            }
        }
        random.shuffle(std::span(pairs));
        pairs.resize(static_cast<size_t>(count));
        return pairs;
    }
    std::set<std::pair<int, int>> drawn;
    while (static_cast<int64_t>(pairs.size()) < count) {
        const auto& [a, person_a] = images[random.below(images.size())];
        const auto& [b, person_b] = images[random.below(images.size())];
        if (person_a == person_b || !drawn.insert(ordered(a, b)).second) continue;
        pairs.push_back({std::min(a, b), std::max(a, b), false, 0});
    }
    return pairs;
}

// A fold's share of `total` things dealt in turn.
int64_t share(int64_t total, int folds, int fold) { return total / folds + (fold < total % folds); }

People group(std::span<const int> labels) {
    std::map<int, Person> by_label;
    for (size_t i = 0; i < labels.size(); ++i) by_label[labels[i]].push_back(static_cast<int>(i));
    People people;
    for (auto& [label, images] : by_label) people.push_back(std::move(images));
    return people;
}

// Deals people like cards, those with most images first and equals in random order.
std::vector<People> deal(People people, int folds, uint64_t seed) {
    Random(seed, Purpose::Pairs, kDeal).shuffle(std::span(people));
    std::stable_sort(people.begin(), people.end(),
                     [](const Person& a, const Person& b) { return a.size() > b.size(); });
    std::vector<People> dealt(static_cast<size_t>(folds));
    for (size_t i = 0; i < people.size(); ++i) {
        dealt[i % dealt.size()].push_back(std::move(people[i]));
    }
    return dealt;
}

bool suffices(const People& people, int64_t count) {
    return same_available(people) >= count && different_available(people) >= count;
}

}  // namespace

PairList generate_pairs(std::span<const int> labels, int pairs_per_kind, int folds, uint64_t seed) {
    FACET_USAGE(folds >= 1 && pairs_per_kind >= folds,
                "generated pairs: {} pairs of each kind in {} folds; expected at least one a fold",
                pairs_per_kind, folds);
    const People everyone = group(labels);
    FACET_CHECK(
        suffices(everyone, pairs_per_kind),
        "generated pairs: {} images of {} people hold {} same and {} different pairs, {} of "
        "each asked for",
        labels.size(), everyone.size(), same_available(everyone), different_available(everyone),
        pairs_per_kind);

    const std::vector<People> dealt = deal(everyone, folds, seed);
    bool disjoint = true;
    for (int f = 0; f < folds; ++f) {
        disjoint =
            disjoint && suffices(dealt[static_cast<size_t>(f)], share(pairs_per_kind, folds, f));
    }

    PairList list;
    list.folds = folds;
    list.cross_validated = folds > 1;
    list.protocol = fmt::format(
        "generated (seed {}): {} same and {} different pairs in {} folds, {}", seed, pairs_per_kind,
        pairs_per_kind, folds, disjoint ? "no person in two folds" : "people recur between folds");
    const auto append = [&list](std::vector<Pair> pairs, int fold) {
        for (Pair& pair : pairs) pair.fold = fold;
        list.pairs.insert(list.pairs.end(), pairs.begin(), pairs.end());
    };
    if (disjoint) {
        for (int f = 0; f < folds; ++f) {
            const People& people = dealt[static_cast<size_t>(f)];
            const auto index = static_cast<uint64_t>(f);
            const int64_t count = share(pairs_per_kind, folds, f);
            append(draw_same(people, count, Random(seed, Purpose::Pairs, kSame, index)), f);
            append(draw_different(people, count, Random(seed, Purpose::Pairs, kDifferent, index)),
                   f);
        }
        return list;
    }
    const auto same = draw_same(everyone, pairs_per_kind, Random(seed, Purpose::Pairs, kSame));
    const auto different =
        draw_different(everyone, pairs_per_kind, Random(seed, Purpose::Pairs, kDifferent));
    int64_t begin = 0;
    for (int f = 0; f < folds; ++f) {
        const int64_t end = begin + share(pairs_per_kind, folds, f);
        append({same.begin() + begin, same.begin() + end}, f);
        append({different.begin() + begin, different.begin() + end}, f);
        begin = end;
    }
    return list;
}

}  // namespace facet
