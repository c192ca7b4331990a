// The table of all settings, and their values as text.
#include <charconv>

#include "train/config.h"

namespace facet {
namespace {

template <class... Handlers>
struct Overload : Handlers... {
    using Handlers::operator()...;
};

template <class Number>
bool parse(const std::string& text, Number& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

std::string number_text(double value) {
    const std::string text = fmt::format("{}", value);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

}  // namespace

std::vector<Setting> settings_of(RunConfig& c) {
    return {
        {"run", "seed", "", "", &c.seed},
        {"run", "threads", "", "", &c.threads},
        {"run", "conv", "--conv", "convolutions on the CPU: auto, direct or winograd", &c.conv},
        {"run", "precision", "--precision", "arithmetic on a GPU: float32, tf32 or bfloat16",
         &c.precision},
        {"run", "epochs", "--epochs", "passes over the training images", &c.epochs},
        {"run", "steps", "--steps", "stop after this many steps (0: --epochs decides)", &c.steps},
        {"run", "batch", "--batch", "images a step", &c.batch},
        {"run", "per_person", "--per-person",
         "images of each person in a batch (0: as they come, -1: 4 for pair losses, else 0)",
         &c.per_person},
        {"run", "checkpoint_every", "--checkpoint-every", "steps between checkpoints",
         &c.checkpoint_every},
        {"run", "workers", "--workers", "threads that augment images", &c.workers},
        {"data", "source", "--data", "synth, or a folder DIR/<person>/<image>", &c.data},
        {"data", "people", "--people", "train only on the people of this list (name<TAB>count)",
         &c.people},
        {"data", "min_images", "--min-images", "leave out people with fewer images", &c.min_images},
        {"data", "resolution", "--resolution",
         "training pictures are scaled down to so many pixels, and up again (0: as they are)",
         &c.resolution},
        {"data", "hash", "", "", &c.data_hash},
        {"data", "synth_people", "--synth-people", "procedural people to train on",
         &c.synth_people},
        {"data", "synth_images", "--synth-images", "procedural images of each", &c.synth_images},
        {"data", "synth_seed", "--synth-seed", "of the procedural faces (-1: --seed)",
         &c.synth_seed},
        {"data", "synth_difficulty", "--synth-difficulty",
         "procedural pose, light, occlusion, ...: 0 none, 1 usual, at most 2", &c.synth_difficulty},
        {"eval", "data", "--eval-data", "folder to evaluate on; with --pairs it defaults to --data",
         &c.eval_data},
        {"eval", "pairs", "--pairs", "pairs to evaluate on, LFW's format", &c.pairs},
        {"eval", "resolution", "--eval-resolution",
         "the same for the pictures to evaluate on (0: as they are)", &c.eval_resolution},
        {"eval", "every", "--eval-every", "epochs between evaluations (0: at the end)",
         &c.eval_every},
        {"eval", "synth_people", "--synth-eval-people", "unseen procedural people to evaluate on",
         &c.synth_eval_people},
        {"eval", "synth_images", "--synth-eval-images", "procedural images of each of them",
         &c.synth_eval_images},
        {"network", "backbone", "--backbone", "r10, r18, r34 or r50", &c.network.backbone},
        {"network", "image", "--image", "pixels: 32, 64 or 112", &c.network.image},
        {"network", "embedding", "--embedding", "dimensions of the embedding, D",
         &c.network.embedding},
        {"network", "dropout", "--dropout", "probability, before the last linear layer",
         &c.network.dropout},
        {"loss", "name", "--loss", "see `facet losses`", &c.loss},
        {"loss", "head", "--head", "dense or streamed", &c.head},
        {"loss", "sample_rate", "--sample-rate",
         "share of the classes that a step computes with, in (0, 1] (docs/class-sampling.md)",
         &c.sample_rate},
        {"optimizer", "kind", "--optimizer", "sgd or adamw", &c.optimizer.kind},
        {"optimizer", "momentum", "--momentum", "sgd", &c.optimizer.momentum},
        {"optimizer", "nesterov", "--nesterov", "sgd: true or false", &c.optimizer.nesterov},
        {"optimizer", "weight_decay", "--weight-decay",
         "not applied to normalisation, slope and bias", &c.optimizer.weight_decay},
        {"optimizer", "clip", "--clip", "largest gradient norm of the network (0: no limit)",
         &c.optimizer.clip},
        {"optimizer", "beta1", "--beta1", "adamw", &c.optimizer.beta1},
        {"optimizer", "beta2", "--beta2", "adamw", &c.optimizer.beta2},
        {"optimizer", "eps", "--eps", "adamw", &c.optimizer.eps},
        {"schedule", "kind", "--schedule", "cosine, step, poly or constant", &c.schedule.kind},
        {"schedule", "lr", "--lr", "learning rate at its peak", &c.schedule.lr},
        {"schedule", "warmup", "--warmup", "steps of linear warm-up", &c.schedule.warmup},
        {"schedule", "final_lr", "--final-lr", "where cosine and poly end", &c.schedule.final_lr},
        {"schedule", "power", "--power", "poly", &c.schedule.power},
        {"schedule", "milestones", "--milestones", "step: fractions of the run, 0.5,0.75",
         &c.schedule.milestones},
        {"schedule", "factor", "--factor", "step: what a milestone multiplies the rate by",
         &c.schedule.factor},
        {"augment", "mirror", "--mirror", "probability", &c.augment.mirror},
        {"augment", "rotation", "--rotation", "degrees, +-", &c.augment.rotation},
        {"augment", "scale", "--scale", "fraction, +-", &c.augment.scale},
        {"augment", "shift", "--shift", "fraction of the size, +-", &c.augment.shift},
        {"augment", "brightness", "--brightness", "fraction, +-", &c.augment.brightness},
        {"augment", "contrast", "--contrast", "fraction, +-", &c.augment.contrast},
        {"augment", "grey", "--grey", "probability", &c.augment.grey},
        {"augment", "erase", "--erase", "probability", &c.augment.erase},
    };
}

std::string toml_text(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        if (static_cast<unsigned char>(c) < 0x20) {
            result += fmt::format("\\u{:04x}", static_cast<int>(c));
        } else {
            result += c;
        }
    }
    return result + '"';
}

std::string toml_text(const Setting& setting) {
    return std::visit(Overload{[](const int64_t* v) { return fmt::format("{}", *v); },
                               [](const double* v) { return number_text(*v); },
                               [](const bool* v) { return std::string(*v ? "true" : "false"); },
                               [](const std::string* v) { return toml_text(*v); },
                               [](const std::vector<double>* v) {
                                   std::string list;
                                   for (const double x : *v) {
                                       list += (list.empty() ? "" : ", ") + number_text(x);
                                   }
                                   return "[" + list + "]";
                               }},
                      setting.value);
}

std::string current_text(const Setting& setting) {
    const auto* text = std::get_if<std::string*>(&setting.value);
    return text ? **text : toml_text(setting);
}

void assign(const Setting& setting, const std::string& text) {
    const auto refuse = [&](const char* expected) {
        throw UsageError(
            fmt::format("{}: expected {}, found '{}'", setting.option, expected, text));
    };
    std::visit(Overload{[&](int64_t* to) {
                            if (!parse(text, *to)) refuse("a whole number");
                        },
                        [&](double* to) {
                            if (!parse(text, *to)) refuse("a number");
                        },
                        [&](bool* to) {
                            if (text != "true" && text != "false") refuse("true or false");
                            *to = text == "true";
                        },
                        [&](std::string* to) { *to = text; },
                        [&](std::vector<double>* to) {
                            to->clear();
                            for (size_t at = 0; at <= text.size();) {
                                const size_t comma = std::min(text.find(',', at), text.size());
                                double value = 0;
                                if (!parse(text.substr(at, comma - at), value)) {
                                    refuse("numbers separated by commas");
                                }
                                to->push_back(value);
                                at = comma + 1;
                            }
                        }},
               setting.value);
}

}  // namespace facet
