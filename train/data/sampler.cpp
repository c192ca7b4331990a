#include "train/data/sampler.h"

#include <numeric>

#include "engine/error.h"
#include "engine/random.h"

namespace facet {
namespace {

// A person's images, dealt K at a time.
class Deck {
public:
    Deck(const std::vector<uint32_t>& images, size_t K) : images_(images), K_(K) {}

    void deal(Random& random, std::vector<uint32_t>& to) {
        if (next_ == 0 || next_ + K_ > images_.size()) {
            random.shuffle(std::span(images_));
            next_ = 0;
        }
        for (size_t k = 0; k < K_; ++k) to.push_back(images_[(next_ + k) % images_.size()]);
        next_ += K_;
    }

private:
    std::vector<uint32_t> images_;
    size_t K_, next_ = 0;  // 0: to be shuffled
};

}  // namespace

void check_balance(int64_t batch, int64_t per_person) {
    FACET_USAGE(per_person >= 2 && batch % per_person == 0 && batch / per_person >= 2,
                "--per-person {}: expected a number from 2 that divides --batch {} into at least "
                "two people",
                per_person, batch);
}

Sampler::Sampler(uint64_t images, int batch, uint64_t seed)
    : images_(images), batch_(batch), seed_(seed) {
    FACET_USAGE(batch >= 1, "the batch size must be positive, found {}", batch);
    FACET_CHECK(images <= UINT32_MAX, "{} images are more than a sampler orders", images);
    if (static_cast<uint64_t>(batch) > images)
        throw UsageError(fmt::format("a batch of {} needs as many images, found {}", batch, images),
                         fmt::format("use a batch size of at most {}", images));
}

Sampler::Sampler(std::span<const int32_t> labels, int batch, int per_person, uint64_t seed)
    : Sampler(labels.size(), batch, seed) {
    check_balance(batch, per_person);
    per_person_ = per_person;
    std::vector<std::vector<uint32_t>> images;
    for (size_t i = 0; i < labels.size(); ++i) {
        const auto person = static_cast<size_t>(labels[i]);
        if (images.size() <= person) images.resize(person + 1);
        images[person].push_back(static_cast<uint32_t>(i));
    }
    for (auto& of_one : images) {
        if (!of_one.empty()) people_.push_back(std::move(of_one));
    }
    if (static_cast<size_t>(batch / per_person) > people_.size()) {
        throw UsageError(fmt::format("--per-person {}: a batch of {} holds {} people, the data {}",
                                     per_person, batch, batch / per_person, people_.size()),
                         "a smaller --batch or a larger --per-person");
    }
}

void Sampler::shuffle(int64_t epoch) {
    order_.resize(images_);
    std::iota(order_.begin(), order_.end(), 0u);
    Random(seed_, Purpose::Shuffle, static_cast<uint64_t>(epoch)).shuffle(std::span(order_));
}

void Sampler::shuffle_balanced(int64_t epoch) {
    Random random(seed_, Purpose::Shuffle, static_cast<uint64_t>(epoch));
    std::vector<Deck> decks;
    for (const auto& images : people_) decks.emplace_back(images, per_person_);
    std::vector<size_t> round(people_.size());
    const size_t people = batch_ / per_person_;  // in a batch
    size_t next = round.size();
    order_.clear();
    while (order_.size() < static_cast<size_t>(steps_per_epoch()) * batch_) {
        if (next + people > round.size()) {
            std::iota(round.begin(), round.end(), size_t{0});
            random.shuffle(std::span(round));
            next = 0;
        }
        for (size_t i = 0; i < people; ++i) decks[round[next++]].deal(random, order_);
    }
}

std::span<const uint32_t> Sampler::indices(int64_t epoch, int64_t step) {
    FACET_CHECK(epoch >= 0 && step >= 0 && step < steps_per_epoch(),
                "there is no step {} in epoch {}: an epoch has {} steps", step, epoch,
                steps_per_epoch());
    if (epoch != epoch_) {
        if (per_person_ > 0) {
            shuffle_balanced(epoch);
        } else {
            shuffle(epoch);
        }
        epoch_ = epoch;
    }
    return std::span(order_).subspan(static_cast<size_t>(step) * batch_, batch_);
}

}  // namespace facet
