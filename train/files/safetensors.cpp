#include "train/files/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "engine/hash.h"
#include "train/files/atomic.h"
#include "train/files/file_reader.h"
#include "train/files/text.h"

namespace facet {
namespace {

static_assert(std::endian::native == std::endian::little, "tensor files are little-endian");

using nlohmann::json;
using nlohmann::ordered_json;

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kMaxHeader = 100'000'000;  // bytes; the format's own limit
constexpr const char* kMetadata = "__metadata__";
constexpr const char* kChecksum = "facet_checksum";
constexpr const char* kChecksumKind = "facet_checksum_kind";
constexpr const char* kHash64 = "hash64";  // engine/hash.h

struct ElementType {
    const char* name;
    size_t size;  // bytes
};

// In the order of the reference implementation; files list tensors from the last type to the first.
constexpr std::array<ElementType, 15> kTypes{{{"BOOL", 1},
                                              {"U8", 1},
                                              {"I8", 1},
                                              {"F8_E5M2", 1},
                                              {"F8_E4M3", 1},
                                              {"I16", 2},
                                              {"U16", 2},
                                              {"F16", 2},
                                              {"BF16", 2},
                                              {"I32", 4},
                                              {"U32", 4},
                                              {"F32", 4},
                                              {"F64", 8},
                                              {"I64", 8},
                                              {"U64", 8}}};

size_t type_rank(const std::string& dtype) {
    for (size_t i = 0; i < kTypes.size(); ++i) {
        if (dtype == kTypes[i].name) return i;
    }
    std::string known;
    for (const ElementType& type : kTypes) known += fmt::format(" {}", type.name);
    throw Error(fmt::format("unknown element type '{}'; expected one of{}", dtype, known));
}

// Bytes of a tensor, or an Error if its shape is negative or overflows 64 bits.
uint64_t byte_count(const std::string& dtype, const std::vector<int64_t>& shape) {
    auto count = static_cast<int64_t>(safetensors_element_size(dtype));
    for (const int64_t size : shape) {
        FACET_CHECK(size >= 0, "a size of {} in its shape; expected 0 or greater", size);
        FACET_CHECK(!__builtin_mul_overflow(count, size, &count), "its size exceeds 64 bits");
    }
    return static_cast<uint64_t>(count);
}

// JSON parsers keep the last of two equal keys; here a name that occurs twice is an error, and so
// is nesting deeper than the format ever needs.
json parse_strictly(const std::string& text) {
    std::vector<std::set<std::string>> keys;
    return json::parse(text, [&keys](int, json::parse_event_t event, json& value) {
        if (event == json::parse_event_t::object_start) {
            keys.emplace_back();
            FACET_CHECK(keys.size() <= 2, "objects nested more than 2 deep");
        } else if (event == json::parse_event_t::object_end) {
            keys.pop_back();
        } else if (event == json::parse_event_t::key) {
            const bool is_new = keys.back().insert(value.get<std::string>()).second;
            FACET_CHECK(is_new, "'{}' occurs twice", value.get<std::string>());
        }
        return true;
    });
}

// A list of integers from 0 to 2^63 - 1.
std::vector<int64_t> sizes(const json& list, const char* what) {
    FACET_CHECK(list.is_array(), "its {} is no list", what);
    std::vector<int64_t> result;
    for (const json& item : list) {
        FACET_CHECK(item.is_number_unsigned() && std::in_range<int64_t>(item.get<uint64_t>()),
                    "its {} holds {}; expected integers, 0 or greater", what, item.dump());
        result.push_back(item.get<int64_t>());
    }
    return result;
}

struct Entry {
    std::string name;
    StoredTensor tensor;          // its bytes not yet read
    uint64_t begin = 0, end = 0;  // from the byte after the header
};

Entry parse_entry(const std::string& name, const json& value) {
    FACET_CHECK(value.is_object() && value.size() == 3 && value.contains("dtype") &&
                    value.contains("shape") && value.contains("data_offsets"),
                "expected exactly dtype, shape and data_offsets");
    FACET_CHECK(value["dtype"].is_string(), "its dtype is no string");
    Entry entry{name, {value["dtype"].get<std::string>(), sizes(value["shape"], "shape"), {}}};
    const std::vector<int64_t> offsets = sizes(value["data_offsets"], "data_offsets");
    FACET_CHECK(offsets.size() == 2 && offsets[0] <= offsets[1],
                "expected data_offsets [begin, end] with begin <= end");
    entry.begin = static_cast<uint64_t>(offsets[0]);
    entry.end = static_cast<uint64_t>(offsets[1]);
    const uint64_t needed = byte_count(entry.tensor.dtype, entry.tensor.shape);
    FACET_CHECK(entry.end - entry.begin == needed,
                "its data_offsets span {} bytes, its shape and dtype need {}",
                entry.end - entry.begin, needed);
    return entry;
}

// The entries in the order of their bytes.
std::vector<Entry> parse_header(const std::string& text,
                                std::map<std::string, std::string>& metadata) {
    const json header = parse_strictly(text);
    std::vector<Entry> entries;
    for (const auto& [name, value] : header.items()) {
        if (name == kMetadata) {
            FACET_CHECK(value.is_object(), "{} is no object", kMetadata);
            for (const auto& [key, item] : value.items()) {
                FACET_CHECK(item.is_string(), "{} '{}' is no string", kMetadata, key);
                metadata[bytes_of(key)] = bytes_of(item.get<std::string>());
            }
            continue;
        }
        try {
            entries.push_back(parse_entry(name, value));
        } catch (const Error& error) {
            throw Error(fmt::format("tensor '{}': {}", name, error.what()), error.hint());
        }
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    return entries;
}

// Each tensor must begin where the one before it ends, the last must end with the file.
void check_tiling(const FileReader& file, const std::vector<Entry>& entries) {
    const uint64_t base = file.offset();
    uint64_t expected = 0;
    for (const Entry& entry : entries) {
        if (entry.begin != expected) {
            file.fail(base + entry.begin,
                      fmt::format("tensor '{}' begins at {} of the data, expected {}: tensors "
                                  "must neither overlap nor leave holes",
                                  entry.name, entry.begin, expected));
        }
        if (entry.end > file.left()) {
            file.fail(base + entry.begin,
                      fmt::format("truncated: tensor '{}' needs {} bytes, {} left", entry.name,
                                  entry.end - entry.begin, file.left() - entry.begin));
        }
        expected = entry.end;
    }
    if (expected != file.left()) {
        file.fail(base + expected, fmt::format("{} bytes after the last tensor; expected none",
                                               file.left() - expected));
    }
}

// The entries of a file to be written: pairs of name and tensor in the order of their bytes.
using NamedTensor = std::pair<const std::string, StoredTensor>;

std::vector<const NamedTensor*> writing_order(const SafeTensors& content) {
    std::vector<const NamedTensor*> order;
    for (const auto& item : content.tensors) order.push_back(&item);
    std::stable_sort(order.begin(), order.end(), [](const NamedTensor* a, const NamedTensor* b) {
        return type_rank(a->second.dtype) > type_rank(b->second.dtype);
    });
    return order;
}

std::string header_text(const std::vector<const NamedTensor*>& order,
                        const std::map<std::string, std::string>& metadata) {
    ordered_json header = ordered_json::object();
    for (const auto& [key, text] : metadata) header[kMetadata][text_of(key)] = text_of(text);
    uint64_t offset = 0;
    for (const NamedTensor* item : order) {
        const auto& [name, tensor] = *item;
        FACET_CHECK(name != kMetadata, "a tensor must not be named {}", kMetadata);
        const uint64_t needed = byte_count(tensor.dtype, tensor.shape);
        FACET_CHECK(tensor.bytes.size() == needed,
                    "tensor '{}': {} bytes given, its shape needs {}", name, tensor.bytes.size(),
                    needed);
        header[name] = {{"dtype", tensor.dtype},
                        {"shape", tensor.shape},
                        {"data_offsets", {offset, offset + needed}}};
        offset += needed;
    }
    std::string text = header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    FACET_CHECK(text.size() <= kMaxHeader, "a header of {} bytes; at most {} allowed", text.size(),
                kMaxHeader);
    return text;
}

// Of the header that the content would have without a checksum, and of the bytes of its tensors.
std::string checksum_of(const SafeTensors& content, const std::vector<const NamedTensor*>& order) {
    const std::string header = header_text(order, content.metadata);
    Hash hash;
    hash.add(header.data(), header.size());
    for (const NamedTensor* item : order) {
        hash.add(item->second.bytes.data(), item->second.bytes.size());
    }
    return hash.hex();
}

// Takes the checksum out of the metadata and compares it with the content.
void verify_checksum(const std::filesystem::path& path, SafeTensors& content) {
    const auto sum = content.metadata.extract(kChecksum);
    const auto kind = content.metadata.extract(kChecksumKind);
    if (sum.empty() && kind.empty()) return;
    const std::string found = checksum_of(content, writing_order(content));
    if (sum.empty() || kind.empty() || kind.mapped() != kHash64 || sum.mapped() != found) {
        throw Error(
            fmt::format("{}: the file is damaged: its checksum is {}, that of its content {}",
                        path.string(), sum.empty() ? "missing" : sum.mapped(), found),
            fmt::format("restore it from a copy; if it was changed on purpose, leave {} and {} out "
                        "of its metadata",
                        kChecksum, kChecksumKind));
    }
    content.checked = true;
}

}  // namespace

size_t safetensors_element_size(const std::string& dtype) { return kTypes[type_rank(dtype)].size; }

const StoredTensor& SafeTensors::at(const std::string& name) const {
    const auto found = tensors.find(name);
    FACET_CHECK(found != tensors.end(), "no tensor '{}' among the {} stored", name, tensors.size());
    return found->second;
}

SafeTensors read_safetensors(const std::filesystem::path& path) {
    FileReader file(path);
    const uint64_t length = file.little_endian(kLengthBytes, "the header length");
    if (length > kMaxHeader) {
        file.fail(0, fmt::format("a header of {} bytes; expected at most {}: no safetensors file",
                                 length, kMaxHeader));
    }
    const std::string text = file.text(length, "the header");
    if (!text.starts_with('{')) file.fail(kLengthBytes, "expected a header beginning with '{'");

    SafeTensors content;
    std::vector<Entry> entries;
    try {
        entries = parse_header(text, content.metadata);
    } catch (const json::exception& error) {
        file.fail(kLengthBytes, fmt::format("its header is no valid JSON: {}", error.what()));
    } catch (const Error& error) {
        file.fail(kLengthBytes, error);
    }
    check_tiling(file, entries);
    for (Entry& entry : entries) {
        entry.tensor.bytes.resize(entry.end - entry.begin);
        file.read(entry.tensor.bytes, entry.name);
        content.tensors.emplace(std::move(entry.name), std::move(entry.tensor));
    }
    verify_checksum(path, content);
    return content;
}

void write_safetensors(const std::filesystem::path& path, const SafeTensors& content,
                       const std::filesystem::path& previous) {
    std::string start;
    std::vector<std::span<const std::byte>> pieces(1);
    try {
        const auto order = writing_order(content);
        std::map<std::string, std::string> metadata = content.metadata;
        metadata[kChecksum] = checksum_of(content, order);
        metadata[kChecksumKind] = kHash64;
        const std::string text = header_text(order, metadata);
        const uint64_t length = text.size();
        start.assign(reinterpret_cast<const char*>(&length), kLengthBytes);
        start += text;
        for (const NamedTensor* item : order) pieces.emplace_back(item->second.bytes);
    } catch (const json::exception& error) {  // text that is not UTF-8
        throw Error(fmt::format("cannot write {}: {}", path.string(), error.what()));
    } catch (const Error& error) {
        throw Error(fmt::format("cannot write {}: {}", path.string(), error.what()), error.hint());
    }
    pieces[0] = std::as_bytes(std::span(start));
    write_file_atomically(path, pieces, previous);
}

}  // namespace facet
