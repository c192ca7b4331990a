// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011).
//
// A stream is named by (seed, purpose, step, index), for example (7, Augment, epoch, image). Two
// streams with different names are independent, a stream costs nothing to create, and nothing has
// to be saved to go on after an interruption: the name is the state.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>

namespace facet {

// What a stream is drawn for. The values are part of the meaning of a seed: never renumber them.
enum class Purpose : uint32_t {
    InitWeights = 1,
    Shuffle = 2,
    Augment = 3,
    Dropout = 4,
    Identity = 5,   // who a procedural face is
    Rendering = 6,  // how one picture of it differs from the next
    Pairs = 7,
    LossInit = 8,
    Test = 9,
    Margin = 10,   // margins that a loss draws
    Classes = 11,  // which classes a step computes the loss over
    Bootstrap = 12,
};

// The bare generator: 128 bits of counter and 64 bits of key give 128 random bits.
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

class Random {
public:
    Random(uint64_t seed, Purpose purpose, uint64_t step = 0, uint64_t index = 0);

    uint32_t bits();                          // uniform 32 bits
    double uniform();                         // [0, 1), 53 bits
    double uniform(double low, double high);  // [low, high)
    double normal();                          // mean 0, standard deviation 1 (Box-Muller)
    bool chance(double probability) { return uniform() < probability; }
    uint64_t below(uint64_t bound);  // 0 .. bound - 1 without bias; bound >= 1

    // How many words of the stream have been used: the next is word drawn() of it, for a device
    // that computes words by their number (engine/cuda/philox.cuh).
    uint32_t drawn() const { return 4 * counter_[0] - 4 + static_cast<uint32_t>(used_); }

    template <class T>
    void shuffle(std::span<T> values) {  // Fisher-Yates
        for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
    }

private:
    std::array<uint32_t, 4> counter_;
    std::array<uint32_t, 2> key_;
    std::array<uint32_t, 4> block_{};
    int used_ = 4;  // words of block_ already handed out
};

}  // namespace facet
