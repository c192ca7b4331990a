#include "train/config.h"

#include <toml++/toml.h>

#include <charconv>

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

// A basic TOML string.
std::string quoted(const std::string& text) {
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

std::string value_text(const Setting& setting) {
    return std::visit(Overload{[](const int64_t* v) { return fmt::format("{}", *v); },
                               [](const double* v) { return number_text(*v); },
                               [](const bool* v) { return std::string(*v ? "true" : "false"); },
                               [](const std::string* v) { return quoted(*v); },
                               [](const std::vector<double>* v) {
                                   std::string list;
                                   for (const double x : *v) {
                                       list += (list.empty() ? "" : ", ") + number_text(x);
                                   }
                                   return "[" + list + "]";
                               }},
                      setting.value);
}

std::string place(const std::filesystem::path& file, const toml::node& node) {
    return fmt::format("{}: line {}", file.string(), node.source().begin.line);
}

// Loss parameters may be written as numbers, booleans or strings.
std::string as_text(const std::filesystem::path& file, const toml::node& node) {
    if (const auto text = node.value<std::string>()) return *text;
    if (node.is_boolean()) return *node.value<bool>() ? "true" : "false";
    if (node.is_integer()) return fmt::format("{}", *node.value<int64_t>());
    if (node.is_floating_point()) return fmt::format("{}", *node.value<double>());
    throw UsageError(place(file, node) + ": expected a number, a boolean or a string");
}

void take(const std::filesystem::path& file, const Setting& setting, const toml::node& node) {
    const auto put = [&](auto* to) {
        using Value = std::remove_pointer_t<decltype(to)>;
        const char* expected = nullptr;
        if constexpr (std::is_same_v<Value, int64_t>) {
            if (node.is_integer())
                *to = *node.value<int64_t>();
            else
                expected = "a whole number";
        } else if constexpr (std::is_same_v<Value, double>) {
            if (node.is_number())
                *to = *node.value<double>();
            else
                expected = "a number";
        } else if constexpr (std::is_same_v<Value, bool>) {
            if (node.is_boolean())
                *to = *node.value<bool>();
            else
                expected = "true or false";
        } else if constexpr (std::is_same_v<Value, std::string>) {
            if (node.is_string())
                *to = *node.value<std::string>();
            else
                expected = "a string";
        } else {
            const toml::array* list = node.as_array();
            if (!list) expected = "a list of numbers";
            std::vector<double> values;
            for (size_t i = 0; list && i < list->size(); ++i) {
                if (const auto x = (*list)[i].value<double>())
                    values.push_back(*x);
                else
                    expected = "a list of numbers";
            }
            if (!expected) *to = values;
        }
        if (expected) {
            throw UsageError(fmt::format("{}: {}.{} must be {}", place(file, node), setting.section,
                                         setting.key, expected));
        }
    };
    std::visit(put, setting.value);
}

void read_section(const std::filesystem::path& file, const std::string& section,
                  const toml::table& table, const std::vector<Setting>& settings,
                  RunConfig& config) {
    for (const auto& [key, node] : table) {
        const auto setting = std::find_if(settings.begin(), settings.end(), [&](const Setting& s) {
            return s.section == section && s.key == key.str();
        });
        if (setting != settings.end()) {
            take(file, *setting, node);
        } else if (section == "loss") {
            config.loss_parameters.emplace_back(std::string(key.str()), as_text(file, node));
        } else if (section != "versions") {
            throw UsageError(
                fmt::format("{}: unknown setting {}.{}", place(file, node), section, key.str()));
        }
    }
}

}  // namespace

std::vector<Setting> settings_of(RunConfig& c) {
    return {
        {"run", "seed", "", "", &c.seed},
        {"run", "threads", "", "", &c.threads},
        {"run", "conv", "--conv", "convolutions: auto, direct or winograd", &c.conv},
        {"run", "epochs", "--epochs", "passes over the training images", &c.epochs},
        {"run", "steps", "--steps", "stop after this many steps (0: --epochs decides)", &c.steps},
        {"run", "batch", "--batch", "images a step", &c.batch},
        {"run", "checkpoint_every", "--checkpoint-every", "steps between checkpoints",
         &c.checkpoint_every},
        {"run", "workers", "--workers", "threads that augment images", &c.workers},
        {"data", "source", "--data", "synth, or a folder DIR/<person>/<image>", &c.data},
        {"data", "people", "--people", "train only on the people of this list (name<TAB>count)",
         &c.people},
        {"data", "min_images", "--min-images", "leave out people with fewer images", &c.min_images},
        {"data", "hash", "", "", &c.data_hash},
        {"data", "synth_people", "--synth-people", "procedural people to train on",
         &c.synth_people},
        {"data", "synth_images", "--synth-images", "procedural images of each", &c.synth_images},
        {"eval", "data", "--eval-data", "folder of the images to evaluate on (default: --data)",
         &c.eval_data},
        {"eval", "pairs", "--pairs", "pairs to evaluate on, LFW's format", &c.pairs},
        {"eval", "every", "--eval-every", "epochs between evaluations (0: at the end)",
         &c.eval_every},
        {"eval", "synth_people", "--synth-eval-people", "unseen procedural people to evaluate on",
         &c.synth_eval_people},
        {"eval", "synth_images", "--synth-eval-images", "procedural images of each of them",
         &c.synth_eval_images},
        {"network", "backbone", "--backbone", "r10, r18, r34 or r50", &c.network.backbone},
        {"network", "image", "--image", "pixels, 64 or 112", &c.network.image},
        {"network", "embedding", "--embedding", "dimensions of the embedding, D",
         &c.network.embedding},
        {"network", "dropout", "--dropout", "probability, before the last linear layer",
         &c.network.dropout},
        {"loss", "name", "--loss", "see `facet losses`", &c.loss},
        {"loss", "head", "--head", "dense or streamed", &c.head},
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

std::string current_text(const Setting& setting) {
    const auto* text = std::get_if<std::string*>(&setting.value);
    return text ? **text : value_text(setting);
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

void read_config(const std::filesystem::path& file, RunConfig& config) {
    toml::table document;
    try {
        document = toml::parse_file(file.string());
    } catch (const toml::parse_error& error) {
        throw UsageError(fmt::format("{}: line {}: {}", file.string(), error.source().begin.line,
                                     error.description()));
    }
    config.loss_parameters.clear();
    const std::vector<Setting> settings = settings_of(config);
    for (const auto& [section, node] : document) {
        const toml::table* table = node.as_table();
        const bool known = section.str() == "versions" ||
                           std::any_of(settings.begin(), settings.end(), [&](const Setting& s) {
                               return s.section == section.str();
                           });
        if (!table || !known) {
            throw UsageError(
                fmt::format("{}: unknown section [{}]", place(file, node), section.str()));
        }
        read_section(file, std::string(section.str()), *table, settings, config);
    }
}

std::string to_toml(RunConfig config, const Loss& loss,
                    const std::vector<std::pair<std::string, std::string>>& versions) {
    std::string text =
        "# Everything that decides this run: `facet train --config FILE --out RUN`.\n";
    std::string section;
    for (const Setting& setting : settings_of(config)) {
        if (setting.section != section) {
            section = setting.section;
            text += fmt::format("\n[{}]\n", section);
        }
        text += fmt::format("{} = {}\n", setting.key, value_text(setting));
        if (setting.section == "loss" && setting.key == "head") {
            for (const auto& [name, value] : loss.settings().all()) {
                if (!value.empty()) text += fmt::format("{} = {}\n", name, quoted(value));
            }
        }
    }
    text += "\n[versions]\n";
    for (const auto& [name, version] : versions) {
        text += fmt::format("{} = {}\n", name, quoted(version));
    }
    return text;
}

void check_config(const RunConfig& config) {
    FACET_USAGE(config.epochs >= 1, "--epochs must be at least 1, found {}", config.epochs);
    FACET_USAGE(config.steps >= 0, "--steps must not be negative, found {}", config.steps);
    FACET_USAGE(config.batch >= 2, "--batch must be at least 2 (batch norm), found {}",
                config.batch);
    FACET_USAGE(config.checkpoint_every >= 1, "--checkpoint-every must be at least 1, found {}",
                config.checkpoint_every);
    FACET_USAGE(config.workers >= 1 && config.workers <= 64, "--workers must be 1 to 64, found {}",
                config.workers);
    FACET_USAGE(config.min_images >= 1, "--min-images must be at least 1, found {}",
                config.min_images);
    FACET_USAGE(config.eval_every >= 0, "--eval-every must not be negative, found {}",
                config.eval_every);
    FACET_USAGE(config.conv == "auto" || config.conv == "direct" || config.conv == "winograd",
                "--conv must be auto, direct or winograd, found '{}'", config.conv);
    FACET_USAGE(config.head == "dense" || config.head == "streamed",
                "--head must be dense or streamed, found '{}'", config.head);
    check_resnet(config.network);
    check_optimizer(config.optimizer);
    check_schedule(config.schedule);
    check_augment(config.augment);
}

LearnerConfig learner_config(const RunConfig& config) {
    LearnerConfig learner;
    learner.network = config.network;
    learner.loss = config.loss;
    learner.loss_parameters = config.loss_parameters;
    learner.head.head = config.head == "streamed" ? Head::streamed : Head::dense;
    learner.optimizer = config.optimizer;
    learner.seed = static_cast<uint64_t>(config.seed);
    return learner;
}

}  // namespace facet
