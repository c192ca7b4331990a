#include "train/trainer.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "engine/conv_algorithm.h"
#include "engine/ledger.h"
#include "train/blame.h"
#include "train/checkpoint.h"
#include "train/files/atomic.h"
#include "train/files/text.h"
#include "train/model.h"
#include "train/same_run.h"

namespace facet {
namespace {

int64_t checked_steps_per_epoch(const RunConfig& config, const Dataset& data) {
    check_config(config);
    require_trainable(data);
    const auto images = static_cast<int64_t>(data.images.size());
    FACET_USAGE(config.batch <= images, "--batch {} is more than the {} training images",
                config.batch, images);
    if (const auto K = static_cast<int>(images_per_person(config)); K > 0) {
        return Sampler(data.labels, static_cast<int>(config.batch), K, 0).steps_per_epoch();
    }
    return images / config.batch;
}

// How long steps take.
class Rate {
public:
    // Ends a step; returns its seconds.
    double step() {
        const auto now = std::chrono::steady_clock::now();
        const double seconds = std::chrono::duration<double>(now - last_).count();
        last_ = now;
        mean_ += (mean_ > 0 ? 0.05 : 1) * (seconds - mean_);
        return seconds;
    }
    // Averaged over the last few dozen steps.
    double per_second(int64_t images) const { return static_cast<double>(images) / mean_; }

    void skip() { last_ = std::chrono::steady_clock::now(); }  // an evaluation took the time

private:
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
    double mean_ = 0;  // seconds a step
};

// However a run ends: the memory of images on their way is used again only behind their copy.
struct AwaitUploads {
    Device& device;
    ~AwaitUploads() {
        try {
            device.await_uploads();
        } catch (const Error&) {  // the device has failed: that is what ends the run
        }
    }
};

}  // namespace

Trainer::Trainer(Device& device, const RunConfig& config, RunFolder& folder, const Dataset& data,
                 const EvalSet* evaluation)
    : config_(config),
      folder_(folder),
      data_(data),
      evaluation_(evaluation),
      data_hash_(data_hash(data)),
      learner_(device, learner_config(config), static_cast<int64_t>(data.people.size())),
      steps_per_epoch_(checked_steps_per_epoch(config, data)),
      total_(config.steps > 0 ? config.steps : config.epochs * steps_per_epoch_) {
    if (config.eval_every > 0 && !evaluation) {
        throw UsageError("--eval-every: there is nothing to evaluate on",
                         "give --pairs or --eval-data");
    }
    set_conv_algorithm(conv_algorithm_named("--conv", config.conv));
}

void Trainer::require_same_images(const std::string& hash) const {
    if (hash == data_hash_) return;
    throw Error(fmt::format("{}: the training images have changed since (hash {}, then {})",
                            folder_.path().string(), data_hash_, hash),
                "restore the images, or start a new run");
}

const Resumption& Trainer::resume() {
    if (!config_.data_hash.empty()) require_same_images(config_.data_hash);
    resumed_ = restore(folder_, learner_);
    if (const auto& position = resumed_->position) {
        require_same_images(position->data_hash);
        FACET_CHECK(position->batch == config_.batch, "{}: the checkpoint has batch {}, the run {}",
                    folder_.path().string(), position->batch, config_.batch);
        done_ = position->steps;
    }
    return *resumed_;
}

void Trainer::open_folder() {
    if (resumed_) settle_folder(folder_, *resumed_, done_ < total_);
    if (!resumed_ || !resumed_->position) checkpoint();
}

Trainer::Staged Trainer::stage(Loader& loader) {
    Device& device = learner_.device();
    const int64_t size = config_.network.image;
    const InPart part("data");
    const InPhase phase(Phase::Data);
    const auto next = [&] {
        const LedgerScope scope("loader_wait", 0, 0);
        return loader.next();
    };
    Staged staged{next(), Tensor(device, {config_.batch, 3, size, size}), std::nullopt};
    const bool pictures = takes_pictures(device);
    const auto values = static_cast<double>(staged.pixels.count());
    const LedgerScope scope("upload", 0, 2 * (pictures ? values : values * sizeof(float)));
    if (pictures) {
        staged.pictures = upload_beside(device, staged.batch.pictures);
    } else {
        device.upload_beside(staged.batch.pixels.data(), staged.pixels);
    }
    return staged;
}

void Trainer::await(const Staged& staged) {
    learner_.device().await_uploads();
    if (!staged.pictures) return;
    const InPart part("data");
    const InPhase phase(Phase::Data);
    make_pixels(*staged.pictures, staged.pixels);
}

StepResult Trainer::train_step(const Staged& staged, double lr) {
    const std::vector<int64_t> labels(staged.batch.labels.begin(), staged.batch.labels.end());
    try {
        return learner_.step(staged.pixels, labels, lr, done_);
    } catch (const Error& error) {
        blame(staged, labels, error);
        throw;
    }
}

void Trainer::blame(const Staged& staged, const std::vector<int64_t>& labels, const Error& error) {
    const Blame blame = find_blame(learner_, staged.pixels, labels, done_, error.what());
    if (!blame.found()) return;
    auto json = to_json(blame);
    std::string sentence = blame.sentence();
    if (const auto sample = blame.sample()) {
        const auto at = static_cast<size_t>(*sample);
        json["file"] = data_.files.at(staged.batch.images.at(at));
        json["person"] = data_.people.at(staged.batch.labels.at(at));
        sentence += fmt::format("; sample {} is {} of {}", at, std::string(json["file"]),
                                std::string(json["person"]));
    }
    const std::filesystem::path batch = folder_.path() / "blame";
    std::string replay;
    try {
        replay = save_batch(batch, learner_, staged.pixels, labels);
        json["replay"] = replay;
        write_file_atomically(folder_.path() / "blame.json", json_text(json, 1) + "\n");
    } catch (const std::exception& failure) {
        throw Error(sentence, fmt::format("the batch could not be saved: {}", failure.what()));
    }
    throw Error(sentence,
                fmt::format("{}{}; {} has the batch{}", error.hint(),
                            error.hint().empty() ? "see blame.json" : "; see blame.json",
                            batch.string(), replay.empty() ? "" : ", its loss again: " + replay));
}

void Trainer::log_step(const StepReport& report) {
    const InPart part("log");
    const LedgerScope scope("log", 0, 0);
    folder_.append({{"step", report.step},
                    {"epoch", report.epoch},
                    {"loss", report.result.loss},
                    {"lr", report.lr},
                    {"gradient_norm", report.result.gradient_norm},
                    {"target_cosine", report.result.target_cosine},
                    {"seconds", report.seconds},
                    {"images_per_s", report.images_per_second},
                    {"hash", learner_.parameter_hash()}});
}

void Trainer::checkpoint() {
    const InPart part("checkpoint");
    const LedgerScope scope("checkpoint", 0, 0);
    folder_.sync_log();
    save_checkpoint(folder_.checkpoint(), learner_,
                    {done_, config_.batch, data_hash_, deciding_settings(config_)},
                    folder_.previous());
}

void Trainer::run_evaluation(const TrainEvents& events) {
    if (!evaluation_) return;
    const InPart part("evaluation");
    const LedgerScope scope("evaluation", 0, 0);
    VerifyOptions options;
    options.seed = static_cast<uint64_t>(config_.seed);
    last_evaluation_ =
        evaluate(learner_.network(), *evaluation_, kEvaluateWithMirror, options, [&](int64_t done) {
            if (events.evaluating) events.evaluating(done, std::ssize(evaluation_->images));
        });
    folder_.append({{"step", done_}, {"evaluation", to_json(*last_evaluation_)}});
    if (events.evaluation) events.evaluation(done_, *last_evaluation_);
}

LoaderOptions Trainer::loader_options() {
    LoaderOptions options = facet::loader_options(config_);
    options.on_device = takes_pictures(learner_.device());
    options.epoch = done_ / steps_per_epoch_;
    options.step = done_ % steps_per_epoch_;
    return options;
}

void Trainer::log_left_out() {
    // A run that goes on has the line already.
    std::error_code none;
    const auto logged = std::filesystem::file_size(folder_.log(), none);
    if (done_ > 0 || (!none && logged > 0)) return;
    nlohmann::ordered_json left_out;
    if (!data_.left_out.empty()) left_out["train"] = to_json(data_.left_out);
    if (evaluation_ && !evaluation_->left_out.empty())
        left_out["eval"] = to_json(evaluation_->left_out);
    if (!left_out.empty()) folder_.append({{"step", 0}, {"left_out", left_out}});
}

Outcome Trainer::run(const std::atomic<bool>& stop, const TrainEvents& events) {
    open_folder();
    log_left_out();
    Loader loader(data_, loader_options());
    Rate rate;
    // A device beside the host gets the next step's images while it computes this one's.
    const bool ahead = !learner_.device().has_host_memory();
    std::optional<Staged> next;
    const AwaitUploads at_the_end{learner_.device()};
    while (done_ < total_) {
        Staged staged = next ? std::move(*next) : stage(loader);
        next.reset();
        await(staged);
        if (ahead && done_ + 1 < total_) next = stage(loader);
        const double lr = learning_rate(config_.schedule, done_, total_);
        const StepResult result = train_step(staged, lr);
        ++done_;
        const double seconds = rate.step();
        const StepReport report{
            done_, total_, staged.batch.epoch, lr, seconds, rate.per_second(config_.batch), result};
        loader.recycle(std::move(staged.batch));
        log_step(report);
        if (events.step) events.step(report);
        const bool last = done_ == total_;
        const int64_t epochs_done = done_ / steps_per_epoch_;
        if (!last && config_.eval_every > 0 && done_ % steps_per_epoch_ == 0 &&
            epochs_done % config_.eval_every == 0) {
            run_evaluation(events);
            rate.skip();
        }
        // After the evaluation of this step: a run resumed from here has all that it logged.
        if (last || stop || done_ % config_.checkpoint_every == 0) checkpoint();
        if (stop && !last) return Outcome::Interrupted;
    }
    write_safetensors(folder_.model(),
                      pack_model(learner_.network(), trained_on(data_.hashes, data_.people)));
    run_evaluation(events);
    return Outcome::Finished;
}

}  // namespace facet
