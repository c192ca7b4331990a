#include "train/data/picture_hash.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/hash.h"
#include "train/files/text.h"

namespace facet {
namespace {

constexpr size_t kDigits = 16;  // of a hash

// Spreads what differs in a few bits over all of them: the smallest hashes are then a random part
// (the last steps of MurmurHash3, https://github.com/aappleby/smhasher).
uint64_t spread(uint64_t hash) {
    hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
    hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
    return hash ^ (hash >> 33);
}

}  // namespace

uint64_t picture_hash(const Image& image) {
    const auto size =
        static_cast<uint64_t>(image.width) << 32 | static_cast<uint32_t>(image.height);
    const auto* bytes = reinterpret_cast<const std::byte*>(image.rgb.data());
    return spread(hash_mix(hash_chunk(bytes, image.rgb.size()), size));
}

std::vector<uint64_t> picture_hashes(std::span<const Image> images) {
    const auto N = std::ssize(images);
    std::vector<uint64_t> hashes(images.size());
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < N; ++i) hashes[i] = picture_hash(images[i]);
    return hashes;
}

uint64_t name_hash(std::string_view name) {
    // hash_chunk() reads whole words, so from memory that is aligned.
    const std::vector<std::byte> bytes(
        reinterpret_cast<const std::byte*>(name.data()),
        reinterpret_cast<const std::byte*>(name.data()) + name.size());
    return spread(hash_chunk(bytes.data(), bytes.size()));
}

HashSet::HashSet(std::vector<uint64_t> hashes, size_t most) : smallest_(std::move(hashes)) {
    std::sort(smallest_.begin(), smallest_.end());
    smallest_.erase(std::unique(smallest_.begin(), smallest_.end()), smallest_.end());
    count_ = std::ssize(smallest_);
    smallest_.resize(std::min(smallest_.size(), most));
}

double HashSet::known() const {
    if (count_ == std::ssize(smallest_)) return 1;
    return smallest_.empty() ? 0 : static_cast<double>(smallest_.back()) * 0x1p-64;
}

int64_t HashSet::common(std::span<const uint64_t> hashes) const {
    return std::count_if(hashes.begin(), hashes.end(), [&](uint64_t hash) {
        return std::binary_search(smallest_.begin(), smallest_.end(), hash);
    });
}

std::string HashSet::text() const {
    std::string text = fmt::format("{} ", count_);
    text.reserve(text.size() + kDigits * smallest_.size());
    for (const uint64_t hash : smallest_) fmt::format_to(std::back_inserter(text), "{:016x}", hash);
    return text;
}

std::optional<HashSet> HashSet::from_text(std::string_view text) {
    HashSet set;
    const size_t blank = std::min(text.find(' '), text.size());
    const auto count = number_of<int64_t>(text.substr(0, blank));
    if (!count) return std::nullopt;
    set.count_ = *count;
    std::string_view digits = text.substr(std::min(blank + 1, text.size()));
    for (; !digits.empty(); digits.remove_prefix(kDigits)) {
        const auto hash = number_of<uint64_t>(digits.substr(0, kDigits), 16);
        if (digits.size() < kDigits || !hash) return std::nullopt;
        set.smallest_.push_back(*hash);
    }
    const bool in_order = std::is_sorted(set.smallest_.begin(), set.smallest_.end());
    if (!in_order || set.count_ < std::ssize(set.smallest_)) return std::nullopt;
    return set;
}

TrainedOn trained_on(std::span<const uint64_t> pictures, std::span<const std::string> people) {
    std::vector<uint64_t> names;
    for (const std::string& name : people) names.push_back(name_hash(name));
    return {HashSet({pictures.begin(), pictures.end()}), HashSet(std::move(names))};
}

Overlap overlap(const TrainedOn& training, std::span<const uint64_t> pictures,
                std::span<const std::string> people) {
    std::vector<uint64_t> names;
    for (const std::string& name : people) names.push_back(name_hash(name));
    return {training.pictures.common(pictures), std::ssize(pictures), training.names.common(names),
            std::ssize(people), training.pictures.known()};
}

std::string to_string(const Overlap& o) {
    const std::string part =
        o.known < 1 ? fmt::format(" ({:.1f} % of them could be compared)", 100 * o.known) : "";
    return fmt::format("{} of {} pictures{} and {} of {} names of people in common with training",
                       o.pictures, o.of_pictures, part, o.names, o.of_names);
}

}  // namespace facet
