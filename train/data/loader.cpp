#include "train/data/loader.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "engine/error.h"
#include "engine/ledger.h"

namespace facet {
namespace {

// On Linux a thread has a nice value of its own. 10 leaves a worker about a tenth of a core that
// computing threads also want, several times what it needs. Failure is harmless.
void lower_priority() {
#ifdef __linux__
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 10);
#endif
}

const LoaderOptions& checked(const LoaderOptions& options) {
    FACET_USAGE(options.workers >= 1 && options.workers <= 256,
                "the loader has 1 to 256 workers, found {}", options.workers);
    FACET_USAGE(options.depth >= 1 && options.depth <= 1024,
                "the loader makes 1 to 1024 batches ahead, found {}", options.depth);
    check_augment(options.augment);
    return options;
}

Sampler sampler_of(const Dataset& data, const LoaderOptions& options) {
    if (options.per_person > 0) {
        return Sampler(data.labels, options.batch, options.per_person, options.seed);
    }
    return Sampler(data.images.size(), options.batch, options.seed);
}

// How often the batch's image at position i came before: its copies are varied differently.
uint64_t copies_before(const std::vector<uint32_t>& images, size_t i) {
    return static_cast<uint64_t>(std::count(images.begin(), images.begin() + i, images[i]));
}

}  // namespace

Loader::Loader(const Dataset& data, const LoaderOptions& options)
    : data_(data),
      options_(checked(options)),
      sampler_(sampler_of(data, options)),
      slots_(options.depth) {
    steps_per_epoch_ = sampler_.steps_per_epoch();
    FACET_CHECK(options.epoch >= 0 && options.step >= 0 && options.step <= steps_per_epoch_,
                "cannot go on at epoch {}, step {}: an epoch has {} steps", options.epoch,
                options.step, steps_per_epoch_);
    try {
        for (int i = 0; i < options.workers; ++i) workers_.emplace_back(&Loader::work, this);
    } catch (...) {  // no more threads to be had: those that started must end before the members do
        close();
        throw;
    }
}

Loader::~Loader() { close(); }

void Loader::close() {
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    slot_free_.notify_all();
    for (std::thread& worker : workers_) worker.join();
}

ImageBatch Loader::next() {
    std::unique_lock lock(mutex_);
    Slot& slot = slots_[next_taken_ % options_.depth];
    slot_ready_.wait(lock, [&] { return slot.ready; });
    ++next_taken_;
    slot.ready = false;
    ImageBatch batch = std::move(slot.batch);
    const std::exception_ptr failure = std::exchange(slot.failure, nullptr);
    lock.unlock();
    slot_free_.notify_one();
    if (failure) std::rethrow_exception(failure);
    return batch;
}

void Loader::recycle(ImageBatch&& batch) {
    const std::lock_guard lock(mutex_);
    // As many as there are: those made ahead and the one in use.
    if (spare_.size() <= static_cast<size_t>(options_.depth)) spare_.push_back(std::move(batch));
}

std::optional<int64_t> Loader::take_ticket() {
    std::unique_lock lock(mutex_);
    slot_free_.wait(lock, [&] { return closing_ || next_made_ < next_taken_ + options_.depth; });
    if (closing_) return std::nullopt;
    return next_made_++;
}

ImageBatch Loader::describe(int64_t ticket) {
    const std::lock_guard lock(mutex_);
    ImageBatch batch;
    if (!spare_.empty()) {
        batch = std::move(spare_.back());
        spare_.pop_back();
    }
    const int64_t position = options_.step + ticket;
    batch.epoch = options_.epoch + position / steps_per_epoch_;
    batch.step = position % steps_per_epoch_;
    const std::span<const uint32_t> images = sampler_.indices(batch.epoch, batch.step);
    batch.images.assign(images.begin(), images.end());
    return batch;
}

void Loader::fill(ImageBatch& batch) const {
    const InPart part("data");
    const InPhase phase(Phase::Data);
    const LedgerScope scope("make_batch", 0, 0);
    batch.labels.resize(batch.images.size());
    for (size_t i = 0; i < batch.images.size(); ++i) {
        const uint32_t index = batch.images[i];
        const Image& image = data_.images[index];
        FACET_CHECK(image.width == data_.size && image.height == data_.size,
                    "{}: is {} x {}, the data set holds {} x {}", data_.files[index], image.width,
                    image.height, data_.size, data_.size);
        batch.labels[i] = data_.labels[index];
    }
    if (options_.on_device) {
        draw_variations(batch);
    } else {
        make_pixels(batch);
    }
}

uint64_t Loader::name_of_variation(const ImageBatch& batch, size_t i) const {
    return batch.images[i] + data_.images.size() * copies_before(batch.images, i);
}

void Loader::make_pixels(ImageBatch& batch) const {
    const size_t floats = size_t{3} * data_.size * data_.size;  // of one image
    batch.pixels.resize(batch.images.size() * floats);
    for (size_t i = 0; i < batch.images.size(); ++i) {
        augment(data_.images[batch.images[i]], options_.augment, options_.seed,
                static_cast<uint64_t>(batch.epoch), name_of_variation(batch, i),
                &batch.pixels[i * floats]);
    }
}

void Loader::draw_variations(ImageBatch& batch) const {
    const auto epoch = static_cast<uint64_t>(batch.epoch);
    const int size = data_.size;
    PictureBatch& to = batch.pictures;
    to.H = to.W = size;
    to.noise = device_noise(options_.seed, epoch);
    to.pictures.clear();
    to.variations.clear();
    for (size_t i = 0; i < batch.images.size(); ++i) {
        const std::vector<uint8_t>& rgb = data_.images[batch.images[i]].rgb;
        to.pictures.insert(to.pictures.end(), rgb.begin(), rgb.end());
        const uint64_t name = name_of_variation(batch, i);
        to.variations.push_back(device_variation(
            draw_variation(size, size, options_.augment, options_.seed, epoch, name), name));
    }
}

void Loader::work() {
    lower_priority();
    while (const std::optional<int64_t> ticket = take_ticket()) {
        Slot made;
        made.ready = true;
        try {
            made.batch = describe(*ticket);
            fill(made.batch);
        } catch (...) {
            made.failure = std::current_exception();
        }
        {
            const std::lock_guard lock(mutex_);
            slots_[*ticket % options_.depth] = std::move(made);
        }
        slot_ready_.notify_one();
    }
}

}  // namespace facet
