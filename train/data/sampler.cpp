#include "train/data/sampler.h"

#include <numeric>

#include "engine/error.h"
#include "engine/random.h"

namespace facet {

Sampler::Sampler(uint64_t images, int batch, uint64_t seed) : batch_(batch), seed_(seed) {
    FACET_USAGE(batch >= 1, "the batch size must be positive, found {}", batch);
    FACET_CHECK(images <= UINT32_MAX, "{} images are more than a sampler orders", images);
    if (static_cast<uint64_t>(batch) > images)
        throw UsageError(fmt::format("a batch of {} needs as many images, found {}", batch, images),
                         fmt::format("use a batch size of at most {}", images));
    order_.resize(images);
}

void Sampler::shuffle(int64_t epoch) {
    std::iota(order_.begin(), order_.end(), 0u);
    Random(seed_, Purpose::Shuffle, static_cast<uint64_t>(epoch)).shuffle(std::span(order_));
    epoch_ = epoch;
}

std::span<const uint32_t> Sampler::indices(int64_t epoch, int64_t step) {
    FACET_CHECK(epoch >= 0 && step >= 0 && step < steps_per_epoch(),
                "there is no step {} in epoch {}: an epoch has {} steps", step, epoch,
                steps_per_epoch());
    if (epoch != epoch_) shuffle(epoch);
    return std::span(order_).subspan(static_cast<size_t>(step) * batch_, batch_);
}

}  // namespace facet
