#include "train/config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <optional>

#include "engine/conv_algorithm.h"
#include "losses/head/class_sampling.h"
#include "train/files/file_reader.h"
#include "train/files/text.h"

namespace facet {
namespace {

std::string place(const std::filesystem::path& file, const toml::node& node) {
    return fmt::format("{}: line {}", file.string(), node.source().begin.line);
}

// Loss parameters may be written as numbers, booleans or strings.
std::string as_text(const std::filesystem::path& file, const toml::node& node) {
    if (const auto text = node.value<std::string>()) return bytes_of(*text);
    if (node.is_boolean()) return *node.value<bool>() ? "true" : "false";
    if (node.is_integer()) return fmt::format("{}", *node.value<int64_t>());
    if (node.is_floating_point()) return fmt::format("{}", *node.value<double>());
    throw UsageError(place(file, node) + ": expected a number, a boolean or a string");
}

std::optional<std::vector<double>> numbers_of(const toml::node& node) {
    if (!node.is_array()) return std::nullopt;
    std::vector<double> numbers;
    for (const toml::node& item : *node.as_array()) {
        const auto number = item.value<double>();
        if (!number) return std::nullopt;
        numbers.push_back(*number);
    }
    return numbers;
}

void take(const std::filesystem::path& file, const Setting& setting, const toml::node& node) {
    const auto set = [&](auto* to, const auto& value, const char* expected) {
        if (!value) {
            throw UsageError(fmt::format("{}: {}.{} must be {}", place(file, node), setting.section,
                                         setting.key, expected));
        }
        *to = *value;
    };
    const auto put = [&](auto* to) {
        using Value = std::remove_pointer_t<decltype(to)>;
        if constexpr (std::is_same_v<Value, int64_t>) {
            set(to, node.value_exact<int64_t>(), "a whole number");
        } else if constexpr (std::is_same_v<Value, double>) {
            set(to, node.is_number() ? node.value<double>() : std::nullopt, "a number");
        } else if constexpr (std::is_same_v<Value, bool>) {
            set(to, node.value_exact<bool>(), "true or false");
        } else if constexpr (std::is_same_v<Value, std::string>) {
            set(to, node.value_exact<std::string>(), "a string");
            *to = bytes_of(*to);
        } else {
            set(to, numbers_of(node), "a list of numbers");
        }
    };
    std::visit(put, setting.value);
}

void read_section(const std::filesystem::path& file, const std::string& section,
                  const toml::table& table, const std::vector<Setting>& settings,
                  RunConfig& config) {
    for (const auto& [key, node] : table) {
        const std::string name(key.str());
        const auto setting = std::find_if(settings.begin(), settings.end(), [&](const Setting& s) {
            return s.section == section && s.key == name;
        });
        if (setting != settings.end()) {
            take(file, *setting, node);
        } else if (section == "loss") {
            config.loss_parameters.emplace_back(name, as_text(file, node));
        } else if (section != "versions") {
            std::vector<std::string> keys;
            for (const Setting& s : settings) {
                if (s.section == section) keys.push_back(s.key);
            }
            const std::string near = closest_name(name, keys);
            throw UsageError(
                fmt::format("{}: unknown setting {}.{}", place(file, node), section, name),
                near.empty() ? "" : fmt::format("did you mean {}?", near));
        }
    }
}

}  // namespace

void read_config(const std::filesystem::path& file, RunConfig& config) {
    FACET_USAGE(std::filesystem::exists(file), "{}: there is no such file", file.string());
    toml::table document;
    try {
        document = toml::parse(read_file(file), file.string());
    } catch (const toml::parse_error& error) {
        throw UsageError(fmt::format("{}: line {}: {}", file.string(), error.source().begin.line,
                                     error.description()));
    }
    const std::vector<Setting> settings = settings_of(config);
    for (const auto& [key, node] : document) {
        const std::string section(key.str());
        const toml::table* table = node.as_table();
        const bool known = section == "versions" ||
                           std::any_of(settings.begin(), settings.end(),
                                       [&](const Setting& s) { return s.section == section; });
        if (!table || !known) {
            throw UsageError(fmt::format("{}: unknown section [{}]", place(file, node), section));
        }
        if (section == "loss") config.loss_parameters.clear();
        read_section(file, section, *table, settings, config);
    }
}

std::string to_toml(RunConfig config, const Loss& loss,
                    const std::vector<std::pair<std::string, std::string>>& versions) {
    std::string text =
        "# Everything that decides this run: `facet train --config FILE --out RUN`.\n";
    std::string section;
    const auto end_section = [&] {
        if (section != "loss") return;
        for (const auto& [name, value] : loss.settings().all()) {
            if (!value.empty()) text += fmt::format("{} = {}\n", name, toml_text(value));
        }
    };
    for (const Setting& setting : settings_of(config)) {
        if (setting.section != section) {
            end_section();
            section = setting.section;
            text += fmt::format("\n[{}]\n", section);
        }
        text += fmt::format("{} = {}\n", setting.key, toml_text(setting));
    }
    end_section();
    text += "\n[versions]\n";
    for (const auto& [name, version] : versions) {
        text += fmt::format("{} = {}\n", toml_text(name), toml_text(version));
    }
    return text;
}

Precision precision_of(const RunConfig& config) {
    return precision_named("--precision", config.precision);
}

void check_config(const RunConfig& config) {
    FACET_USAGE(config.batch >= 2, "--batch must be at least 2 (batch norm), found {}",
                config.batch);
    FACET_USAGE(config.checkpoint_every >= 1, "--checkpoint-every must be at least 1, found {}",
                config.checkpoint_every);
    FACET_USAGE(config.workers >= 1 && config.workers <= 64, "--workers must be 1 to 64, found {}",
                config.workers);
    const auto within = [](const char* option, int64_t value, int64_t low, int64_t high) {
        FACET_USAGE(value >= low && value <= high, "{} must be {} to {}, found {}", option, low,
                    high, value);
    };
    within("--min-images", config.min_images, 1, 1'000'000);
    within("--per-person", config.per_person, -1, config.batch);
    within("--synth-people", config.synth_people, 2, 1'000'000);
    within("--synth-images", config.synth_images, 1, 10'000);
    within("--synth-eval-people", config.synth_eval_people, 2, 1'000'000);
    within("--synth-eval-images", config.synth_eval_images, 2, 10'000);
    within("--epochs", config.epochs, 1, 1'000'000);
    within("--steps", config.steps, 0, int64_t{1} << 40);
    within("--resolution", config.resolution, 0, config.network.image);
    within("--eval-resolution", config.eval_resolution, 0, config.network.image);
    within("--embedding", config.network.embedding, 1, 65'536);
    within("run.threads", config.threads, 0, 1024);
    within("run.seed", config.seed, 0, int64_t{1} << 62);
    const SourcePage& source = source_kind(config.data).page;
    if (source.procedural) {
        FACET_USAGE(config.batch <= config.synth_people * config.synth_images,
                    "--batch {} is more than the {} training images", config.batch,
                    config.synth_people * config.synth_images);
        FACET_USAGE(config.people.empty(), "--people needs a folder of images, found --data {}",
                    config.data);
        FACET_USAGE(config.pairs.empty() || !config.eval_data.empty(),
                    "--pairs needs a folder of images, found --data {}", config.data);
    }
    FACET_USAGE(config.eval_every >= 0, "--eval-every must not be negative, found {}",
                config.eval_every);
    precision_of(config);
    conv_algorithm_named("--conv", config.conv);
    FACET_USAGE(config.head == "dense" || config.head == "streamed",
                "--head must be dense or streamed, found '{}'", config.head);
    if (const int64_t K = images_per_person(config); K > 0) {
        check_balance(config.batch, K);
        FACET_USAGE(!source.procedural || config.batch / K <= config.synth_people,
                    "--per-person {}: a batch of {} holds {} people, there are {}", K, config.batch,
                    config.batch / K, config.synth_people);
    }
    check_sampling(*make_loss(config.loss, config.loss_parameters), config.sample_rate);
    check_resnet(config.network);
    check_optimiser(config.optimiser);
    check_schedule(config.schedule);
    check_augment(config.augment);
}

int64_t images_per_person(const RunConfig& config) {
    if (config.per_person >= 0) return config.per_person;
    return make_loss(config.loss, config.loss_parameters)->has_proxies() ? 0 : 4;
}

LearnerConfig learner_config(const RunConfig& config) {
    LearnerConfig learner;
    learner.network = config.network;
    learner.head = {.loss = config.loss,
                    .loss_parameters = config.loss_parameters,
                    .options = {.head = config.head == "streamed" ? Head::streamed : Head::dense},
                    .sample_rate = config.sample_rate};
    learner.optimiser = config.optimiser;
    learner.seed = static_cast<uint64_t>(config.seed);
    return learner;
}

LoaderOptions loader_options(const RunConfig& config) {
    LoaderOptions options;
    options.batch = static_cast<int>(config.batch);
    options.per_person = static_cast<int>(images_per_person(config));
    options.seed = static_cast<uint64_t>(config.seed);
    options.augment = config.augment;
    options.workers = static_cast<int>(config.workers);
    return options;
}

}  // namespace facet
