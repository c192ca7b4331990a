// Whether two sets of pictures have some in common, and two sets of people some names.
//
// Names of people say little: many data sets number them, so that 001 is somebody else in each. A
// picture that was learned from and is judged on is a leak whatever it is called. A picture is told
// by 64 bits of its pixels as they come from the reader: cropped, and resized to the network's
// size. So the same file is found under any name and in any lossless format; a picture encoded
// again with losses, cropped or mirrored is another.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "train/data/image.h"

namespace facet {

uint64_t picture_hash(const Image& image);
std::vector<uint64_t> picture_hashes(std::span<const Image> images);
uint64_t name_hash(std::string_view name);

// A set by the hashes of its members, small enough to be carried in a model file. Of more than
// kMostHashes only the smallest are kept: a random part of the set, and the same part of any other.
class HashSet {
public:
    static constexpr size_t kMostHashes = size_t{1} << 18;  // 4 MiB as text

    HashSet() = default;
    explicit HashSet(std::vector<uint64_t> hashes, size_t most = kMostHashes);

    int64_t count() const { return count_; }  // of different members
    // The share of all possible members of which it is known whether they are in the set; 1 unless
    // it was too large.
    double known() const;
    // How many of these are known to be in the set.
    int64_t common(std::span<const uint64_t> hashes) const;

    // "<count> <smallest hashes, 16 hexadecimal digits each>", and back; none if that is no set.
    std::string text() const;
    static std::optional<HashSet> from_text(std::string_view text);

private:
    int64_t count_ = 0;
    std::vector<uint64_t> smallest_;  // sorted
};

// What a network was trained on.
struct TrainedOn {
    HashSet pictures, names;  // names of people
};
TrainedOn trained_on(std::span<const uint64_t> pictures, std::span<const std::string> people);

// Of what is judged, how much a network was trained on.
struct Overlap {
    int64_t pictures = 0, of_pictures = 0;
    int64_t names = 0, of_names = 0;  // names of people: the same name need not be the same person
    double known = 1;                 // share of the pictures that could be compared
};
Overlap overlap(const TrainedOn& training, std::span<const uint64_t> pictures,
                std::span<const std::string> people);

// "0 of 40 pictures and 19 of 20 names of people in common with training"
std::string to_string(const Overlap& overlap);

}  // namespace facet
