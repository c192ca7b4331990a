// `facet bench step|head|ops|loader`: how fast facet is on this machine.
#include "tools/bench/bench.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "tools/commands.h"
#include "tools/devices.h"
#include "tools/option_rules.h"

namespace facet {
namespace {

// A number from `least` to `most`, with its default in the help.
template <class Number, class End>
void add_number(CLI::App& command, const char* option, Number& value, const char* help, End least,
                End most) {
    command.add_option(option, value, help)->check(CLI::Range(least, most))->capture_default_str();
}

}  // namespace

namespace bench {

void add_workload(CLI::App& command, StepBench& options) {
    command.add_option("--backbone", options.backbone, "r10, r18, r34 or r50")
        ->capture_default_str();
    command.add_option("--image", options.image, "pixels: 32, 64 or 112")->capture_default_str();
    add_number(command, "--batch", options.batch, "images a step", 2, 65536);
    add_number(command, "--embedding", options.embedding, "dimension of the embedding", 1, 65536);
    add_number(command, "--classes", options.classes, "people", 2, 100'000'000);
    command.add_option("--loss", options.loss, "see facet losses")->capture_default_str();
    command.add_option("--set", options.set, "a parameter of the loss, k=v");
    command.add_option("--conv", options.conv, "convolution algorithm: auto, direct or winograd")
        ->check(CLI::IsMember({"auto", "direct", "winograd"}))
        ->capture_default_str();
    command.add_option("--precision", options.precision, "on a GPU: float32, tf32 or bfloat16")
        ->check(CLI::IsMember({"float32", "tf32", "bfloat16"}))
        ->capture_default_str();
    add_number(command, "--steps", options.steps, "timed steps", 3, 1'000'000);
    add_number(command, "--warmup", options.warmup, "steps before them", 1, 1'000'000);
    act_only(command, {{"--conv", "the CPU (--device cpu)", [] { return !computes_on_gpu(); }}});
}

}  // namespace bench

namespace {

void add_json(CLI::App& command, bool& json) {
    command.add_flag("--json", json, "print one JSON document");
}

void add_step(CLI::App& parent) {
    CLI::App* command = parent.add_subcommand(
        "step", "whole training steps beside their bare convolutions and matrix products");
    auto options = std::make_shared<bench::StepBench>();
    bench::add_workload(*command, *options);
    add_json(*command, options->json);
    command->footer("Example: facet bench step --backbone r18 --image 112 --batch 32");
    command->callback([options] { bench::step(*options); });
}

void add_ops(CLI::App& parent) {
    CLI::App* command =
        parent.add_subcommand("ops", "every primitive of a training step, by shape");
    auto options = std::make_shared<bench::StepBench>();
    bench::add_workload(*command, *options);
    add_json(*command, options->json);
    command->footer("Example: facet bench ops --backbone r10 --batch 64");
    command->callback([options] { bench::ops(*options); });
}

void add_head(CLI::App& parent) {
    CLI::App* command = parent.add_subcommand(
        "head", "value and gradients of class losses, dense and streamed, over classes");
    auto options = std::make_shared<bench::HeadBench>();
    command->add_option("--loss", options->losses, "see facet losses; all: every one with proxies")
        ->delimiter(',')
        ->capture_default_str();
    command->add_option("--set", options->set, "a parameter of the losses, k=v");
    command->add_option("--classes", options->classes, "numbers of classes")
        ->delimiter(',')
        ->check(CLI::Range(2, 100'000'000))
        ->capture_default_str();
    add_number(*command, "--batch", options->batch, "embeddings", 1, 65536);
    add_number(*command, "--embedding", options->embedding, "dimension of the embedding", 1, 65536);
    add_number(*command, "--tile", options->tile, "classes at a time, streamed", 1, 100'000'000);
    command->add_flag("--streamed", options->streamed_only, "leave the dense head out");
    add_number(*command, "--repetitions", options->repetitions, "timed, of each", 1, 1'000'000);
    add_json(*command, options->json);
    command->footer("Example: facet bench head --loss cosface,arcface --classes 1000,100000");
    command->callback([options] { bench::head(*options); });
}

void add_loader(CLI::App& parent) {
    CLI::App* command =
        parent.add_subcommand("loader", "decoding, augmentation and batches of random images");
    auto options = std::make_shared<bench::LoaderBench>();
    add_number(*command, "--image", options->image, "pixels", 8, 1024);
    add_number(*command, "--batch", options->batch, "images a batch", 1, 65536);
    add_number(*command, "--images", options->images, "images in the data set", 1, 1'000'000);
    command->add_option("--workers", options->workers, "loader threads (default: one a core)")
        ->check(CLI::Range(1, 1024));
    add_number(*command, "--seconds", options->seconds, "spent on each row", 0.01, 3600.0);
    add_json(*command, options->json);
    command->footer("Example: facet bench loader --image 112 --workers 2");
    command->callback([options] { bench::loader(*options); });
}

}  // namespace

void add_bench_command(CLI::App& app) {
    CLI::App* command = app.add_subcommand("bench", "time training steps and their parts");
    command->require_subcommand(1);
    add_step(*command);
    add_head(*command);
    add_ops(*command);
    add_loader(*command);
    command->footer("Example: facet bench step --backbone r10 --image 64 --batch 64");
}

}  // namespace facet
