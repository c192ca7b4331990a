// The loop: batches in, steps, log lines, checkpoints, evaluations, and a model at the end.
#pragma once

#include <atomic>
#include <functional>
#include <optional>

#include "train/config.h"
#include "train/embed.h"
#include "train/resume.h"
#include "train/run_folder.h"

namespace facet {

struct StepReport {
    int64_t step, total;  // steps done, of how many
    int64_t epoch;        // of this step, from 0
    double lr;
    double seconds;            // from the end of the step before
    double images_per_second;  // a running mean
    StepResult result;
};

struct TrainEvents {
    std::function<void(const StepReport&)> step;
    std::function<void(int64_t done, int64_t total)> evaluating;  // pictures embedded
    std::function<void(int64_t step, const Verification&)> evaluation;
};

enum class Outcome { Finished, Interrupted };

class Trainer {
public:
    // Throws UsageError for settings out of range and data that cannot be trained on.
    Trainer(Device& device, const RunConfig& config, RunFolder& folder, const Dataset& data,
            const EvalSet* evaluation);

    Learner& learner() { return learner_; }
    int64_t total_steps() const { return total_; }
    int64_t steps_done() const { return done_; }

    // Takes up the last checkpoint of the run folder that is whole (resume.h) and changes nothing
    // there. Throws Error if there is none, and if the training images are not those of the
    // configuration, where it names their hash, and the checkpoint.
    const Resumption& resume();

    // Runs to the end, or until `stop`: then the step in progress is finished and a checkpoint
    // written. A new run begins with a checkpoint of step 0. At the end model.safetensors is
    // written. The folder is claimed.
    Outcome run(const std::atomic<bool>& stop, const TrainEvents& events);

    // The last evaluation of the network as it is now; none without an evaluation set.
    const std::optional<Verification>& last_evaluation() const { return last_evaluation_; }

private:
    // A batch whose images are on their way to the device.
    struct Staged {
        ImageBatch batch;
        Tensor pixels;                           // (B, 3, S, S)
        std::optional<DevicePictures> pictures;  // of which the device makes them
    };

    void require_same_images(const std::string& hash) const;
    void open_folder();
    LoaderOptions loader_options();
    Staged stage(Loader& loader);
    // After it the pixels are those that the step reads.
    void await(const Staged& staged);
    StepResult train_step(const Staged& staged, double lr);
    // Throws a better Error than the step's if it can be told which number was first not finite:
    // blame.json and blame/, the batch, are written to the run folder.
    void blame(const Staged& staged, const std::vector<int64_t>& labels, const Error& error);
    // One line before the first step, if pictures of the sources were left out.
    void log_left_out();
    void log_step(const StepReport& report);
    void checkpoint();
    void run_evaluation(const TrainEvents& events);

    RunConfig config_;
    RunFolder& folder_;
    const Dataset& data_;
    const EvalSet* evaluation_;
    std::string data_hash_;
    Learner learner_;
    int64_t steps_per_epoch_, total_;
    int64_t done_ = 0;
    std::optional<Resumption> resumed_;
    std::optional<Verification> last_evaluation_;
};

// The rule by which `facet train` and `facet eval` judge: image plus mirror image.
inline constexpr bool kEvaluateWithMirror = true;

}  // namespace facet
