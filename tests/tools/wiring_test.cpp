// Every setting of a run, set to what is not its default, is followed to where it acts: the
// learner, its optimiser, the loader, the schedule, the pictures, the checkpoint.
//
// A new setting needs a row here, and a place in a command line of typed_options_test.cpp.
#include <gtest/gtest.h>
#include <omp.h>

#include <set>

#include "tests/message_of.h"
#include "tests/train/small_run.h"
#include "tools/run_options.h"
#include "tools/sources.h"
#include "train/files/safetensors.h"
#include "train/trainer.h"

namespace facet::test {
namespace {

// What settings act on: pictures of noise, and a folder of faces.
class World {
public:
    World() {
        write_faces(folder);
        folder.write("list.txt", "1\nBob\t3\n");
    }

    std::string path(const char* name) const { return (folder.path() / name).string(); }

    RunFolder next_run() {
        return RunFolder::create(folder.path() / fmt::format("run{}", runs_++));
    }

    template <class Look>
    auto with_trainer(const RunConfig& config, Look look) {
        RunFolder run = next_run();
        Trainer trainer(cpu_device(), config, run, noise, &evaluation);
        return look(trainer, run);
    }

    // The rates of two epochs.
    std::vector<double> rates(RunConfig config) {
        config.steps = 10;
        return with_trainer(config, [](Trainer& trainer, RunFolder&) {
            std::vector<double> rates;
            TrainEvents events;
            events.step = [&](const StepReport& step) { rates.push_back(step.lr); };
            trainer.run(std::atomic<bool>(false), events);
            return rates;
        });
    }

    TemporaryFolder folder;
    Dataset noise = noise_data(5, 4);
    EvalSet evaluation = draw_pairs(noise_data(4, 3, 100), "noise", 6, 1);

private:
    int runs_ = 0;
};

RunConfig base() {
    RunConfig config = noise_run();
    config.synth_people = 3;
    config.synth_images = 2;
    config.synth_eval_people = 4;
    config.synth_eval_images = 3;
    return config;
}

struct Row {
    const char* key;   // "section.key"
    std::string text;  // as typed
    std::function<void(const RunConfig&, World&)> acts;
    std::function<void(RunConfig&, World&)> given = {};  // what it needs besides
};

void on_synth(RunConfig& config, World&) { config.data = "synth"; }
void on_folder(RunConfig& config, World& world) { config.data = world.path("faces"); }
auto with_schedule(const char* kind) {
    return [kind](RunConfig& config, World&) { config.schedule.kind = kind; };
}

// A row that is a number somewhere behind the configuration.
template <class Read, class Value>
auto reads(Read read, Value value) {
    return [=](const RunConfig& config, World&) { EXPECT_EQ(read(config), value); };
}

template <class Read, class Value>
auto of_loader(Read read, Value value) {
    return reads([=](const RunConfig& config) { return read(loader_options(config)); }, value);
}

template <class Read, class Value>
auto of_learner(Read read, Value value) {
    return reads(
        [=](const RunConfig& config) {
            Learner learner(cpu_device(), learner_config(config), 5);
            return read(learner);
        },
        value);
}

// What a learner makes of it: Learner.TheOptimiserIsTheOneOfTheConfiguration.
template <class Member, class Value>
auto of_optimiser(Member member, Value value) {
    return reads([=](const RunConfig& config) { return learner_config(config).optimiser.*member; },
                 value);
}

template <class Value>
auto of_optimiser(const char* setting, Value value) {
    return reads(
        [=](const RunConfig& config) {
            return std::get<Value>(learner_config(config).optimiser.settings.at(setting));
        },
        value);
}

template <class Member>
auto of_augment(Member member, double value) {
    return of_loader([=](const LoaderOptions& options) { return options.augment.*member; }, value);
}

// The rates of a run are those of this schedule, and not of the one that it was changed from.
auto of_rates(std::function<void(ScheduleConfig&)> change, const char* kind = "cosine") {
    return [=](const RunConfig& config, World& world) {
        ScheduleConfig unchanged = base().schedule;
        unchanged.kind = kind;
        ScheduleConfig expected = unchanged;
        change(expected);
        std::vector<double> rates, others;
        for (int64_t step = 0; step < 10; ++step) {
            rates.push_back(learning_rate(expected, step, 10));
            others.push_back(learning_rate(unchanged, step, 10));
        }
        EXPECT_NE(rates, others);
        EXPECT_EQ(world.rates(config), rates);
    };
}

int64_t people_learned(const RunConfig& config) { return std::ssize(training_data(config).people); }
int64_t pictures_learned(const RunConfig& config) {
    return std::ssize(training_data(config).images);
}
int64_t pictures_judged(const RunConfig& config) {
    return std::ssize(evaluation_data(config)->images);
}

using People = std::vector<std::string>;

std::vector<Row> rows(World& world) {
    const auto total = [](const RunConfig& config, World& w) {
        return w.with_trainer(config, [](Trainer& t, RunFolder&) { return t.total_steps(); });
    };
    const auto other_faces = [](const RunConfig& config, World& w) {
        RunConfig plain = base();
        on_synth(plain, w);
        EXPECT_NE(data_hash(training_data(config)), data_hash(training_data(plain)));
        EXPECT_NE(evaluation_data(config)->hash, evaluation_data(plain)->hash);
    };
    return {
        {"run.seed", "5",
         [](const RunConfig& config, World&) {
             EXPECT_EQ(learner_config(config).seed, 5u);
             EXPECT_EQ(loader_options(config).seed, 5u);
         }},
        {"run.threads", "3",
         [](const RunConfig& config, World&) {
             const int before = omp_get_max_threads();
             RunConfig settled = config;
             settle(settled);
             EXPECT_EQ(omp_get_max_threads(), 3);
             EXPECT_EQ(settled.threads, 3);
             omp_set_num_threads(before);
         }},
        {"run.conv", "direct",
         [](const RunConfig& config, World& w) {
             set_conv_algorithm(ConvAlgorithm::Auto);
             w.with_trainer(config, [](Trainer&, RunFolder&) {
                 EXPECT_EQ(conv_algorithm(), ConvAlgorithm::Direct);
             });
             set_conv_algorithm(ConvAlgorithm::Auto);
         }},
        {"run.precision", "tf32", reads(precision_of, precision_named("", "tf32"))},
        {"run.epochs", "3",
         [=](const RunConfig& config, World& w) { EXPECT_EQ(total(config, w), 15); }},
        {"run.steps", "7",
         [=](const RunConfig& config, World& w) { EXPECT_EQ(total(config, w), 7); }},
        {"run.batch", "10",
         [=](const RunConfig& config, World& w) {
             EXPECT_EQ(loader_options(config).batch, 10);
             EXPECT_EQ(total(config, w), 2);
         }},
        {"run.per_person", "2",
         of_loader([](const LoaderOptions& options) { return options.per_person; }, 2)},
        {"run.checkpoint_every", "2",
         [](const RunConfig& config, World& w) {
             w.with_trainer(config, [](Trainer& trainer, RunFolder& run) {
                 std::vector<std::string> of_step;  // before the step's own
                 TrainEvents events;
                 events.step = [&](const StepReport&) {
                     of_step.push_back(read_safetensors(run.checkpoint()).metadata.at("steps"));
                 };
                 trainer.run(std::atomic<bool>(false), events);
                 EXPECT_EQ(of_step, (std::vector<std::string>{"0", "0", "2", "2", "4"}));
             });
         }},
        {"run.workers", "3",
         of_loader([](const LoaderOptions& options) { return options.workers; }, 3)},
        {"data.source", world.path("faces"),
         [](const RunConfig& config, World&) {
             EXPECT_EQ(training_data(config).people, (People{"Ann", "Bob"}));
         }},
        {"data.people", world.path("list.txt"),
         [](const RunConfig& config, World&) {
             EXPECT_EQ(training_data(config).people, People{"Bob"});
         },
         on_folder},
        {"data.min_images", "4",
         [](const RunConfig& config, World&) {
             EXPECT_EQ(training_data(config).people, People{"Ann"});
         },
         on_folder},
        {"data.resolution", "8",
         [](const RunConfig& config, World& w) {
             RunConfig plain = base();
             on_synth(plain, w);
             EXPECT_NE(data_hash(training_data(config)), data_hash(training_data(plain)));
             EXPECT_EQ(evaluation_data(config)->images[0].rgb,
                       evaluation_data(plain)->images[0].rgb);
         },
         on_synth},
        {"data.hash", "0123",
         [](const RunConfig& config, World& w) {
             w.with_trainer(config, [](Trainer& trainer, RunFolder&) {
                 expect_error([&] { trainer.resume(); }, {"0123"});
             });
         }},
        {"data.synth_people", "5", reads(people_learned, 5), on_synth},
        {"data.synth_images", "4", reads(pictures_learned, 12), on_synth},
        {"data.synth_seed", "9", other_faces, on_synth},
        {"data.synth_difficulty", "0.5", other_faces, on_synth},
        {"eval.data", world.path("faces"),
         [](const RunConfig& config, World&) {
             EXPECT_EQ(evaluation_data(config)->people, (People{"Ann", "Bob", "Cy"}));
         },
         on_synth},
        {"eval.pairs", world.path("pairs.txt"),
         [](const RunConfig& config, World&) {
             EXPECT_EQ(evaluation_data(config)->pairs.pairs.size(), 4u);
         },
         on_folder},
        {"eval.resolution", "8",
         [](const RunConfig& config, World& w) {
             RunConfig plain = base();
             on_synth(plain, w);
             EXPECT_EQ(data_hash(training_data(config)), data_hash(training_data(plain)));
             EXPECT_NE(evaluation_data(config)->images[0].rgb,
                       evaluation_data(plain)->images[0].rgb);
         },
         on_synth},
        {"eval.every", "1",
         [](const RunConfig& config, World& w) {
             RunConfig two = config;
             two.epochs = 2;
             w.with_trainer(two, [](Trainer& trainer, RunFolder&) {
                 std::vector<int64_t> at;
                 TrainEvents events;
                 events.evaluation = [&](int64_t step, const Verification&) { at.push_back(step); };
                 trainer.run(std::atomic<bool>(false), events);
                 EXPECT_EQ(at, (std::vector<int64_t>{5, 10}));
             });
         }},
        {"eval.synth_people", "5", reads(pictures_judged, 15), on_synth},
        {"eval.synth_images", "4", reads(pictures_judged, 16), on_synth},
        {"network.backbone", "r18",
         of_learner([](Learner& learner) { return learner.network().config().backbone; }, "r18")},
        {"network.image", "64",
         of_learner([](Learner& learner) { return learner.network().config().image; }, 64)},
        {"network.embedding", "16",
         of_learner(
             [](Learner& learner) {
                 return std::pair(learner.network().config().embedding,
                                  learner.head().step().w.size(1));
             },
             std::pair<int64_t, int64_t>(16, 16))},
        {"network.dropout", "0.25",
         [](const RunConfig& config, World&) {
             const Learner learner(cpu_device(), learner_config(config), 5);
             EXPECT_EQ(learner.network().config().dropout, 0.25);
             EXPECT_NE(learner.network().summary(1).find("dropout 0.25"), std::string::npos);
         }},
        {"loss.name", "arcface",
         of_learner([](Learner& learner) { return learner.loss().name(); }, "arcface")},
        {"loss.head", "streamed",
         of_learner([](Learner& learner) { return learner.head().config().options.head; },
                    Head::streamed)},
        {"loss.sample_rate", "0.6",
         of_learner(
             [](Learner& learner) {
                 const Tensor pixels = Tensor::full(cpu_device(), {2, 3, 32, 32}, 0.5);
                 pixels.data<float>()[0] = -1;
                 learner.step(pixels, {0, 1}, 0.01, 0);
                 return learner.head().step().w.size(0);
             },
             3)},
        {"optimizer.kind", "adamw", of_optimiser(&OptimiserConfig::kind, "adamw")},
        {"optimizer.momentum", "0.5", of_optimiser("momentum", 0.5)},
        {"optimizer.nesterov", "false", of_optimiser("nesterov", false)},
        {"optimizer.weight_decay", "0.25", of_optimiser(&OptimiserConfig::weight_decay, 0.25)},
        {"optimizer.clip", "1.5", of_optimiser(&OptimiserConfig::clip, 1.5)},
        {"optimizer.beta1", "0.625", of_optimiser("beta1", 0.625)},
        {"optimizer.beta2", "0.75", of_optimiser("beta2", 0.75)},
        {"optimizer.eps", "0.125", of_optimiser("eps", 0.125)},
        {"schedule.kind", "constant", of_rates([](ScheduleConfig& s) { s.kind = "constant"; })},
        {"schedule.lr", "0.02", of_rates([](ScheduleConfig& s) { s.lr = 0.02; })},
        {"schedule.warmup", "4", of_rates([](ScheduleConfig& s) { s.warmup = 4; })},
        {"schedule.final_lr", "0.01", of_rates([](ScheduleConfig& s) { s.final_lr = 0.01; })},
        {"schedule.power", "3", of_rates([](ScheduleConfig& s) { s.power = 3; }, "poly"),
         with_schedule("poly")},
        {"schedule.milestones", "0.3,0.6",
         of_rates(
             [](ScheduleConfig& s) {
                 s.milestones = {0.3, 0.6};
             },
             "step"),
         with_schedule("step")},
        {"schedule.factor", "0.5", of_rates([](ScheduleConfig& s) { s.factor = 0.5; }, "step"),
         with_schedule("step")},
        {"augment.mirror", "0.25", of_augment(&AugmentOptions::mirror, 0.25)},
        {"augment.rotation", "7", of_augment(&AugmentOptions::rotation, 7)},
        {"augment.scale", "0.3", of_augment(&AugmentOptions::scale, 0.3)},
        {"augment.shift", "0.2", of_augment(&AugmentOptions::shift, 0.2)},
        {"augment.brightness", "0.35", of_augment(&AugmentOptions::brightness, 0.35)},
        {"augment.contrast", "0.45", of_augment(&AugmentOptions::contrast, 0.45)},
        {"augment.grey", "0.55", of_augment(&AugmentOptions::grey, 0.55)},
        {"augment.erase", "0.65", of_augment(&AugmentOptions::erase, 0.65)},
    };
}

std::string name_of(const Setting& setting) { return setting.section + "." + setting.key; }

// Numbers and booleans of TOML as they are typed; a list in brackets; all else in quotes.
std::string as_toml(const Setting& setting, const std::string& typed) {
    if (std::holds_alternative<std::string*>(setting.value)) return toml_text(typed);
    if (std::holds_alternative<std::vector<double>*>(setting.value)) return "[" + typed + "]";
    return typed;
}

TEST(Wiring, EverySettingActsWhereItShould) {
    World world;
    std::set<std::string> wired;
    for (const Row& row : rows(world)) {
        SCOPED_TRACE(row.key);
        EXPECT_TRUE(wired.insert(row.key).second) << "twice";
        RunConfig config = base();
        if (row.given) row.given(config, world);
        RunConfig from_file = config;
        bool known = false;
        for (const Setting& setting : settings_of(config)) {
            if (name_of(setting) != row.key) continue;
            known = true;
            const std::string before = toml_text(setting);
            assign(setting, row.text);
            EXPECT_NE(toml_text(setting), before) << "set to its default";
            read_config(world.folder.write(
                            "one.toml", fmt::format("[{}]\n{} = {}\n", setting.section, setting.key,
                                                    as_toml(setting, row.text))),
                        from_file);
            if (setting.option.empty()) continue;
            RunConfig from_option = base();
            if (row.given) row.given(from_option, world);
            apply_settings({{setting.option, row.text}}, from_option);
            const auto loss = make_loss(config.loss);
            EXPECT_EQ(to_toml(from_option, *loss, {}), to_toml(config, *loss, {}));
        }
        ASSERT_TRUE(known) << "there is no such setting";
        const auto loss = make_loss(config.loss);
        EXPECT_EQ(to_toml(from_file, *loss, {}), to_toml(config, *loss, {}));
        row.acts(config, world);
        row.acts(from_file, world);
    }
    RunConfig config;
    for (const Setting& setting : settings_of(config)) {
        EXPECT_TRUE(wired.contains(name_of(setting)))
            << name_of(setting) << " has no row that follows it to where it acts";
    }
}

}  // namespace
}  // namespace facet::test
