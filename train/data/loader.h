// Augmented batches, made ahead of time by worker threads while the network computes. For a device
// that varies pictures itself the workers only draw how.
//
// Batches come in the sampler's order and hold the same bytes whatever the number of workers. A
// worker sleeps while `depth` batches wait to be taken, and runs at a lower priority than the
// computation, so that it fills the gaps of the step instead of slowing it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "train/data/augment.h"
#include "train/data/dataset.h"
#include "train/data/device_pictures.h"
#include "train/data/sampler.h"

namespace facet {

struct ImageBatch {
    std::vector<float> pixels;     // (B, 3, H, W), see augment.h; empty if left to the device
    PictureBatch pictures;         // what the device makes them of; empty if not left to it
    std::vector<int32_t> labels;   // (B)
    std::vector<uint32_t> images;  // (B), positions in the data set
    int64_t epoch = 0;
    int64_t step = 0;  // within the epoch
};

struct LoaderOptions {
    int batch = 64;
    int per_person = 0;  // images of each person in a batch (sampler.h); 0: as they come
    uint64_t seed = 0;
    AugmentOptions augment = {};
    bool on_device = false;  // pictures and drawn variations instead of pixels: the same draws
    int64_t epoch = 0;       // of the first batch: where to go on
    int64_t step = 0;        // steps_per_epoch() means the start of the next epoch
    int workers = 1;
    int depth = 3;  // batches made ahead
};

class Loader {
public:
    // `data` must outlive the loader and stay unchanged. Throws UsageError for options out of
    // range, Error for a position that the epoch does not have.
    Loader(const Dataset& data, const LoaderOptions& options);
    ~Loader();
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    int64_t steps_per_epoch() const { return steps_per_epoch_; }

    // The next batch, epoch after epoch without end. Waits for it if need be. Throws what making
    // that batch threw.
    ImageBatch next();

    // Gives a used batch's memory back, so that steady state allocates nothing. Optional.
    void recycle(ImageBatch&& batch);

private:
    struct Slot {
        ImageBatch batch;
        std::exception_ptr failure;
        bool ready = false;
    };

    void work();
    std::optional<int64_t> take_ticket();  // none: the loader is closing
    ImageBatch describe(int64_t ticket);   // which images, in a recycled buffer if there is one
    void fill(ImageBatch& batch) const;
    void make_pixels(ImageBatch& batch) const;
    void draw_variations(ImageBatch& batch) const;
    uint64_t name_of_variation(const ImageBatch& batch, size_t i) const;
    void close();

    const Dataset& data_;
    const LoaderOptions options_;
    int64_t steps_per_epoch_;

    std::mutex mutex_;  // guards what follows
    std::condition_variable slot_free_, slot_ready_;
    Sampler sampler_;
    int64_t next_made_ = 0;   // tickets count batches from the start position
    int64_t next_taken_ = 0;  // next_taken_ <= next_made_ <= next_taken_ + depth
    bool closing_ = false;
    std::vector<Slot> slots_;        // (depth), ticket t lives in slot t % depth
    std::vector<ImageBatch> spare_;  // recycled buffers
    std::vector<std::thread> workers_;
};

}  // namespace facet
