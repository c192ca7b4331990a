// The benchmarks behind `facet bench`, one function a word. Each prints a table or, with `json`,
// one JSON object on standard output.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace facet::bench {

// What is trained: random images and labels, so that no file is needed.
struct StepBench {
    std::string backbone = "r10";
    int64_t image = 64;       // pixels
    int64_t batch = 64;       // B
    int64_t embedding = 256;  // D
    int64_t classes = 1000;   // C
    std::string loss = "cosface";
    std::vector<std::string> set;       // "k=v" of the loss
    std::string conv = "auto";          // auto | direct | winograd, on the CPU
    std::string precision = "float32";  // on a GPU also tf32 | bfloat16
    int steps = 20;                     // timed
    int warmup = 5;                     // before them
    bool json = false;
};

// The options of such a step, for a command.
void add_workload(CLI::App& command, StepBench& options);

struct HeadBench {
    std::vector<std::string> losses = {"cosface"};  // or "all": every loss with proxies
    std::vector<std::string> set;                   // "k=v", for each of the losses
    std::vector<int64_t> classes = {1000, 10'000, 100'000};
    int64_t batch = 256, embedding = 512;
    int64_t tile = 4096;  // classes at a time, streamed
    bool streamed_only = false;
    int repetitions = 5;
    bool json = false;
};

struct LoaderBench {
    int image = 112;
    int batch = 64;
    int images = 256;    // in the data set
    int workers = 0;     // 0: one a core
    double seconds = 1;  // spent on each row of the table
    bool json = false;
};

// Whole training steps; on the CPU beside the bare convolutions and matrix products they are made
// of.
void step(const StepBench& options);
// Every primitive of a training step, by shape. Throws UsageError where a GPU was asked for.
void ops(const StepBench& options);
// Loss and gradients of a head, dense and streamed, over the number of classes.
void head(const HeadBench& options);
// Decoding, augmentation and the loader's batches.
void loader(const LoaderBench& options);

}  // namespace facet::bench
