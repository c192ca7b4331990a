// Everything that decides a run: what `config.toml` holds and the options of `facet train` set.
//
// One table (settings.cpp) lists every setting with its section, key, option and meaning, those of
// the optimisers as their files state them (train/optimiser/settings.h); reading and writing TOML
// and the command line all walk that table, so they cannot disagree.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "train/data/loader.h"
#include "train/learner.h"
#include "train/schedule.h"

namespace facet {

struct RunConfig {
    // [run]
    int64_t seed = 0;
    int64_t threads = 0;  // 0: one a core; the resolved number is stored
    std::string conv = "auto";
    std::string precision = "float32";
    int64_t epochs = 20;
    int64_t steps = 0;  // 0: epochs decide
    int64_t batch = 128;
    int64_t per_person = -1;         // images of each person in a batch; see images_per_person()
    int64_t checkpoint_every = 100;  // steps
    int64_t workers = 1;             // augmentation threads
    // [data]
    std::string data;        // names a source (train/data/source.h): "synth", a folder
    std::string people;      // list file, "" for all
    int64_t min_images = 2;  // people with fewer are left out
    int64_t resolution = 0;  // pixels: pictures are scaled down to it, and up again; 0: as they are
    std::string data_hash;   // of the training images; written, and checked on resume
    int64_t synth_people = 600, synth_images = 10;
    int64_t synth_seed = -1;      // of the procedural faces; -1: the run's
    double synth_difficulty = 1;  // scales every nuisance of the procedural faces, 0 to 2
    // [eval]
    std::string eval_data;        // "": with pairs the training folder; for synth unseen people
    std::string pairs;            // LFW pairs file; "": none
    int64_t eval_resolution = 0;  // as resolution
    int64_t eval_every = 0;       // epochs; 0: only at the end
    int64_t synth_eval_people = 100, synth_eval_images = 10;
    // [network], [loss], [optimizer], [schedule], [augment]
    ResNetConfig network;
    std::string loss = "cosface";
    KeyValues loss_parameters;  // given by the user; written resolved
    std::string head = "dense";
    double sample_rate = 1;  // of the classes a step computes with; 1: all
    OptimiserConfig optimiser;
    ScheduleConfig schedule;
    AugmentOptions augment;
};

// When a setting changes anything. `needs` says it to a person: "it needs --schedule poly".
struct Condition {
    std::string needs;
    std::function<bool(const RunConfig& config, bool on_gpu)> holds;
};

// What a setting decides. Nothing: how fast a run is, and where its files lie (that the pictures
// are the same is checked by their hash).
enum class Decides { Training, Evaluation, Nothing };

// One setting. `option` is the long option of `facet train` ("--lr").
struct Setting {
    std::string section, key, option, help;
    std::variant<int64_t*, double*, bool*, std::string*, std::vector<double>*> value;
    Condition acts;
    Decides decides = Decides::Training;

    std::string name() const { return section + "." + key; }  // "schedule.lr"
};
std::vector<Setting> settings_of(RunConfig& config);

// The configuration with every setting that does not act at its default: what a run is made by and
// stores, so that its config.toml says nothing that is not so.
RunConfig in_force(RunConfig config, bool on_gpu);

// Name and value of the settings that decide that of a run, and act, in the table's order.
KeyValues settings_that_decide(Decides what, RunConfig config);

// As TOML writes it; a string with its quotes, as text_of() has it (train/files/text.h), so that
// read_config() gives back any path.
std::string toml_text(const Setting& setting);
std::string toml_text(const std::string& text);
// The value as it stands, for help texts: a string without quotes.
std::string current_text(const Setting& setting);

// Sets from text as typed on the command line. Throws UsageError naming the option.
void assign(const Setting& setting, const std::string& text);

// Reads a TOML file over `config`. Throws UsageError naming file, line and key for anything it does
// not know and for a value of the wrong type.
void read_config(const std::filesystem::path& file, RunConfig& config);

// The file that makes the same run again; `loss` lists every parameter of the loss, resolved.
// `versions` are (name, version) pairs for the record.
std::string to_toml(RunConfig config, const Loss& loss,
                    const std::vector<std::pair<std::string, std::string>>& versions);

// Throws UsageError for the first setting out of range that no part checks by itself, and for an
// unknown loss.
void check_config(const RunConfig& config);

// How many images of each person a batch holds, 0 for as they come: what the run says or, where it
// leaves that open (-1), 4 for a pair loss, which in a batch of strangers learns nothing, and 0 for
// a class loss. Throws UsageError for an unknown loss.
int64_t images_per_person(const RunConfig& config);

LearnerConfig learner_config(const RunConfig& config);
// Of batches from the first step on, made on the host.
LoaderOptions loader_options(const RunConfig& config);
Precision precision_of(const RunConfig& config);

}  // namespace facet
