#include "train/data/dataset.h"

#include <fmt/format.h>

#include <string_view>

#include "engine/error.h"
#include "engine/parallel.h"

namespace facet {
namespace {

// Fowler-Noll-Vo 1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
class Fnv1a {
public:
    void byte(uint8_t value) { hash_ = (hash_ ^ value) * 0x100000001b3u; }
    void text(std::string_view text) {
        for (const char c : text) byte(static_cast<uint8_t>(c));
        byte(0);
    }
    void number(uint64_t value, int bytes) {
        for (int i = 0; i < bytes; ++i) byte(static_cast<uint8_t>(value >> (8 * i)));
    }
    uint64_t value() const { return hash_; }

private:
    uint64_t hash_ = 0xcbf29ce484222325u;
};

}  // namespace

void require_trainable(const Dataset& dataset) {
    if (dataset.people.size() < 2)
        throw UsageError(fmt::format("training needs at least two people, found {} with {} images",
                                     dataset.people.size(), dataset.images.size()),
                         "give a folder DIR/<person>/<image> with more people, or a people list "
                         "that names more");
}

std::string data_hash(const Dataset& dataset) {
    const int64_t count = static_cast<int64_t>(dataset.images.size());
    std::vector<uint64_t> hashes(count);
    const int64_t values = count * 3 * dataset.size * dataset.size;
    parallel_for(count, values, [&](int64_t i) {
        const Image& image = dataset.images[i];
        Fnv1a hash;
        hash.text(dataset.files[i]);
        hash.text(dataset.people[dataset.labels[i]]);
        hash.number(static_cast<uint32_t>(image.width), 4);
        hash.number(static_cast<uint32_t>(image.height), 4);
        for (const uint8_t value : image.rgb) hash.byte(value);
        hashes[i] = hash.value();
    });
    Fnv1a hash;
    for (const uint64_t value : hashes) hash.number(value, 8);
    return fmt::format("{:016x}", hash.value());
}

}  // namespace facet
