// The table of all settings, when each of them acts, and their values as text.
#include <algorithm>
#include <charconv>
#include <set>

#include "train/config.h"
#include "train/files/text.h"

namespace facet {
namespace {

template <class... Handlers>
struct Overload : Handlers... {
    using Handlers::operator()...;
};
template <class... Handlers>
Overload(Handlers...) -> Overload<Handlers...>;

template <class Number>
bool parse(const std::string& text, Number& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

// "--final-lr" of the key "final_lr".
std::string option_of(std::string key) {
    std::replace(key.begin(), key.end(), '_', '-');
    return "--" + key;
}

std::string number_text(double value) {
    const std::string text = fmt::format("{}", value);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

// --- when a setting acts ---

bool learns_from_synth(const RunConfig& c) { return source_kind(c.data).page.procedural; }

bool judges_on_synth(const RunConfig& c) {
    return c.pairs.empty() &&
           source_kind(c.eval_data.empty() ? c.data : c.eval_data).page.procedural;
}

bool is_evaluated(const RunConfig& c) {
    return !c.pairs.empty() || !c.eval_data.empty() || learns_from_synth(c);
}

const Condition always{"", [](const RunConfig&, bool) { return true; }};
const Condition on_cpu{"a run on the CPU (--device cpu)",
                       [](const RunConfig&, bool on_gpu) { return !on_gpu; }};
const Condition learns_synth{"--data synth",
                             [](const RunConfig& c, bool) { return learns_from_synth(c); }};
const Condition learns_folder{"a folder of pictures to learn from (--data DIR)",
                              [](const RunConfig& c, bool) { return !learns_from_synth(c); }};
const Condition judges_synth{"procedural faces to evaluate on (--eval-data synth)",
                             [](const RunConfig& c, bool) { return judges_on_synth(c); }};
const Condition draws_faces{"procedural faces (--data synth)", [](const RunConfig& c, bool) {
                                return learns_from_synth(c) || judges_on_synth(c);
                            }};
const Condition draws_faces_or_pairs{
    "procedural faces (--data synth), or pairs drawn from --eval-data",
    [](const RunConfig& c, bool) {
        return learns_from_synth(c) || (is_evaluated(c) && c.pairs.empty());
    }};
const Condition evaluates{"an evaluation (--pairs or --eval-data)",
                          [](const RunConfig& c, bool) { return is_evaluated(c); }};
const Condition has_proxies{"a loss with proxies", [](const RunConfig& c, bool) {
                                return make_loss(c.loss, c.loss_parameters)->has_proxies();
                            }};
const Condition cosine_or_poly{"--schedule cosine or poly", [](const RunConfig& c, bool) {
                                   return c.schedule.kind == "cosine" || c.schedule.kind == "poly";
                               }};
const Condition poly{"--schedule poly",
                     [](const RunConfig& c, bool) { return c.schedule.kind == "poly"; }};
const Condition step{"--schedule step",
                     [](const RunConfig& c, bool) { return c.schedule.kind == "step"; }};

Setting setting_of(const OptimiserSettings::Entry& entry, OptimiserConfig& config) {
    const std::vector<std::string> kinds = optimiser_names(entry.name);
    const std::string above_zero = entry.where_positive;
    const auto acts = [=](const RunConfig& c, bool) {
        return std::count(kinds.begin(), kinds.end(), c.optimiser.kind) > 0 &&
               (above_zero.empty() || std::get<double>(c.optimiser.settings.at(above_zero)) > 0);
    };
    std::string needs = "--optimizer " + either_of(kinds);
    if (!above_zero.empty()) needs += fmt::format(" with {} above 0", option_of(above_zero));
    const std::string help = either_of(kinds) + ": " + entry.meaning;
    Setting setting{"optimizer", entry.name, option_of(entry.name), help, {}, {needs, acts}};
    std::visit([&](auto& value) { setting.value = &value; }, config.settings.at(entry.name));
    return setting;
}

std::vector<Setting> settings_of_optimisers(OptimiserConfig& config) {
    std::vector<Setting> settings;
    std::set<std::string> seen;
    for (const OptimiserInfo* info : all_optimisers()) {
        for (const auto& entry : info->settings) {
            if (seen.insert(entry.name).second) settings.push_back(setting_of(entry, config));
        }
    }
    return settings;
}

}  // namespace

std::vector<Setting> settings_of(RunConfig& c) {
    using enum Decides;
    std::vector<Setting> settings{
        {"run", "seed", "", "", &c.seed, always},
        {"run", "threads", "", "", &c.threads, always},
        {"run", "conv", "--conv", "convolutions on the CPU: auto, direct or winograd", &c.conv,
         on_cpu},
        {"run", "precision", "--precision", "arithmetic on a GPU: float32, tf32 or bfloat16",
         &c.precision, always},
        {"run", "epochs", "--epochs", "passes over the training images", &c.epochs, always},
        {"run", "steps", "--steps", "stop after this many steps (0: --epochs decides)", &c.steps,
         always},
        {"run", "batch", "--batch", "images a step", &c.batch, always},
        {"run", "per_person", "--per-person",
         "images of each person in a batch (0: as they come, -1: 4 for pair losses, else 0)",
         &c.per_person, always},
        {"run", "checkpoint_every", "--checkpoint-every", "steps between checkpoints",
         &c.checkpoint_every, always, Nothing},
        {"run", "workers", "--workers", "threads that augment images", &c.workers, always, Nothing},
        {"data", "source", "--data", all_sources_text(), &c.data, always, Nothing},
        {"data", "people", "--people", "train only on the people of this list (name<TAB>count)",
         &c.people, learns_folder, Nothing},
        {"data", "min_images", "--min-images", "leave out people with fewer images", &c.min_images,
         learns_folder},
        {"data", "resolution", "--resolution",
         "training pictures are scaled down to so many pixels, and up again (0: as they are)",
         &c.resolution, always},
        {"data", "hash", "", "", &c.data_hash, always, Nothing},
        {"data", "synth_people", "--synth-people", "procedural people to train on", &c.synth_people,
         learns_synth},
        {"data", "synth_images", "--synth-images", "procedural images of each", &c.synth_images,
         learns_synth},
        {"data", "synth_seed", "--synth-seed",
         "of the procedural faces and of pairs that are drawn (-1: --seed)", &c.synth_seed,
         draws_faces_or_pairs},
        {"data", "synth_difficulty", "--synth-difficulty",
         "procedural pose, light, occlusion, ...: 0 none, 1 usual, at most 2", &c.synth_difficulty,
         draws_faces},
        {"eval", "data", "--eval-data", "folder to evaluate on; with --pairs it defaults to --data",
         &c.eval_data, always, Evaluation},
        {"eval", "pairs", "--pairs",
         "pairs to evaluate on, as of LFW, CALFW or 'path path 0|1' (docs/data.md)", &c.pairs,
         always, Evaluation},
        {"eval", "resolution", "--eval-resolution",
         "the same for the pictures to evaluate on (0: as they are)", &c.eval_resolution, evaluates,
         Evaluation},
        {"eval", "every", "--eval-every", "epochs between evaluations (0: at the end)",
         &c.eval_every, evaluates, Evaluation},
        {"eval", "synth_people", "--synth-eval-people", "unseen procedural people to evaluate on",
         &c.synth_eval_people, judges_synth, Evaluation},
        {"eval", "synth_images", "--synth-eval-images", "procedural images of each of them",
         &c.synth_eval_images, judges_synth, Evaluation},
        {"network", "backbone", "--backbone", "r10, r18, r34 or r50", &c.network.backbone, always},
        {"network", "image", "--image", "pixels: 32, 64 or 112", &c.network.image, always},
        {"network", "embedding", "--embedding", "dimensions of the embedding, D",
         &c.network.embedding, always},
        {"network", "dropout", "--dropout", "probability, before the last linear layer",
         &c.network.dropout, always},
        {"loss", "name", "--loss", "see `facet losses`", &c.loss, always},
        {"loss", "head", "--head", "dense or streamed", &c.head, has_proxies},
        {"loss", "sample_rate", "--sample-rate",
         "share of the classes that a step computes with, in (0, 1] (docs/class-sampling.md)",
         &c.sample_rate, always},
        {"optimizer", "kind", "--optimizer", either_of(optimiser_names()), &c.optimiser.kind,
         always},
        {"optimizer", "weight_decay", "--weight-decay",
         "not applied to normalisation, slope and bias", &c.optimiser.weight_decay, always},
        {"optimizer", "clip", "--clip", "largest gradient norm of the network (0: no limit)",
         &c.optimiser.clip, always},
        {"schedule", "kind", "--schedule", "cosine, step, poly or constant", &c.schedule.kind,
         always},
        {"schedule", "lr", "--lr", "learning rate at its peak", &c.schedule.lr, always},
        {"schedule", "warmup", "--warmup", "steps of linear warm-up", &c.schedule.warmup, always},
        {"schedule", "final_lr", "--final-lr", "where cosine and poly end", &c.schedule.final_lr,
         cosine_or_poly},
        {"schedule", "power", "--power", "poly", &c.schedule.power, poly},
        {"schedule", "milestones", "--milestones", "step: fractions of the run, 0.5,0.75",
         &c.schedule.milestones, step},
        {"schedule", "factor", "--factor", "step: what a milestone multiplies the rate by",
         &c.schedule.factor, step},
        {"augment", "mirror", "--mirror", "probability", &c.augment.mirror, always},
        {"augment", "rotation", "--rotation", "degrees, +-", &c.augment.rotation, always},
        {"augment", "scale", "--scale", "fraction, +-", &c.augment.scale, always},
        {"augment", "shift", "--shift", "fraction of the size, +-", &c.augment.shift, always},
        {"augment", "brightness", "--brightness", "fraction, +-", &c.augment.brightness, always},
        {"augment", "contrast", "--contrast", "fraction, +-", &c.augment.contrast, always},
        {"augment", "grey", "--grey", "probability", &c.augment.grey, always},
        {"augment", "erase", "--erase", "probability", &c.augment.erase, always},
    };
    const auto kind = std::find_if(settings.begin(), settings.end(), [](const Setting& setting) {
        return setting.name() == "optimizer.kind";
    });
    const std::vector<Setting> own = settings_of_optimisers(c.optimiser);
    for (const Setting& setting : own) {
        FACET_CHECK(std::ranges::none_of(settings,
                                         [&](const Setting& other) {
                                             return other.option == setting.option ||
                                                    other.name() == setting.name();
                                         }),
                    "an optimiser has a setting {}, which a run has already: give it another name",
                    setting.key);
    }
    settings.insert(kind + 1, own.begin(), own.end());
    return settings;
}

RunConfig in_force(RunConfig config, bool on_gpu) {
    RunConfig defaults;
    const std::vector<Setting> standard = settings_of(defaults);
    const RunConfig asked = config;
    const std::vector<Setting> settings = settings_of(config);
    for (size_t k = 0; k < settings.size(); ++k) {
        if (settings[k].acts.holds(asked, on_gpu)) continue;
        std::visit([&](auto* to) { *to = *std::get<decltype(to)>(standard[k].value); },
                   settings[k].value);
    }
    return config;
}

KeyValues settings_that_decide(Decides what, RunConfig config) {
    KeyValues list;
    for (const Setting& setting : settings_of(config)) {
        if (setting.decides != what || !setting.acts.holds(config, false)) continue;
        list.emplace_back(setting.name(), toml_text(setting));
    }
    return list;
}

std::string toml_text(const std::string& text) {
    std::string result = "\"";
    for (const char c : text_of(text)) {
        if (c == '"' || c == '\\') result += '\\';
        if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
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
