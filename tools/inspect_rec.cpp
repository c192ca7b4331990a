// RecordIO files of images (the .rec of MXNet), as far as a summary needs them.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/error.h"
#include "tools/inspect.h"
#include "train/files/file_reader.h"

namespace facet {
namespace {

using nlohmann::ordered_json;

constexpr uint32_t kMagic = 0xced7230a;
constexpr size_t kHeader = 24;         // bytes: u32 flag, f32 label, u64 id, u64 id2
constexpr size_t kKept = kHeader + 8;  // with two labels, as an identity table has them

enum Part : uint32_t { kWhole = 0, kFirst = 1, kMiddle = 2, kLast = 3 };

struct Record {
    uint64_t offset = 0;  // of its magic
    uint64_t size = 0;    // payload bytes, parts joined
    uint32_t flag = 0;
    std::array<float, 2> labels{};
};

// One physical part: keeps the beginning of the payload, returns which part it is.
uint32_t read_part(FileReader& file, std::string& kept, uint64_t& size) {
    const uint64_t at = file.offset();
    const uint64_t magic = file.little_endian(4, "a record's magic");
    if (magic != kMagic) {
        file.fail(at,
                  fmt::format("found {:#010x}, expected a record's magic {:#010x}", magic, kMagic));
    }
    const auto word = static_cast<uint32_t>(file.little_endian(4, "a record's length"));
    const uint32_t part = word >> 29;
    const uint64_t length = word & ((1u << 29) - 1);
    if (part > kLast) file.fail(at + 4, fmt::format("part kind {}; expected 0 to 3", part));
    if (part == kMiddle || part == kLast) {
        // A writer leaves out the magic word at which it splits a payload.
        if (kept.size() < kKept) kept.append(reinterpret_cast<const char*>(&kMagic), sizeof kMagic);
        size += sizeof kMagic;
    }
    const uint64_t wanted = std::min<uint64_t>(length, kKept - std::min(kept.size(), kKept));
    kept += file.text(wanted, "a record");
    const uint64_t padded = (length + 3) / 4 * 4;
    file.skip(padded - wanted, "a record");
    size += length;
    return part;
}

Record read_record(FileReader& file) {
    Record record;
    record.offset = file.offset();
    std::string kept;
    uint32_t part = read_part(file, kept, record.size);
    if (part == kMiddle || part == kLast) {
        file.fail(record.offset, "a record begins with a later part; expected its first");
    }
    if (part == kFirst) {
        do {
            const uint64_t at = file.offset();
            part = read_part(file, kept, record.size);
            if (part != kMiddle && part != kLast) file.fail(at, "expected the rest of a record");
        } while (part != kLast);
    }
    if (record.size < kHeader) {
        file.fail(record.offset, fmt::format("a record of {} bytes; expected an image header of {}",
                                             record.size, kHeader));
    }
    std::memcpy(&record.flag, kept.data(), 4);
    if (record.flag > (record.size - kHeader) / 4) {
        file.fail(record.offset,
                  fmt::format("{} labels in a record of {} bytes", record.flag, record.size));
    }
    if (record.flag == 0) {
        std::memcpy(&record.labels[0], kept.data() + 4, 4);
    } else {
        std::memcpy(record.labels.data(), kept.data() + kHeader, 4 * std::min(record.flag, 2u));
    }
    // Labels are float32: integers are exact below 2^24 only, so more identities cannot be told
    // apart.
    for (const float label : record.labels) {
        if (!(std::abs(label) < 0x1p24f)) {
            file.fail(record.offset, fmt::format("a label of {}; expected less than 2^24", label));
        }
    }
    return record;
}

}  // namespace

ordered_json describe_rec(const std::filesystem::path& path) {
    FileReader file(path);
    int64_t records = 0, identities = 0;
    int64_t images = 0;
    uint64_t image_bytes = 0;
    std::set<float> labels;
    Record table;
    while (file.left() > 0) {
        const Record record = read_record(file);
        const bool empty = record.size == kHeader + 4 * uint64_t{record.flag};
        if (records++ == 0 && record.flag == 2 && empty) {
            table = record;
        } else if (table.flag == 2 && record.flag == 2 && empty) {
            ++identities;
        } else {
            ++images;
            image_bytes += record.size - kHeader - 4 * uint64_t{record.flag};
            labels.insert(record.labels[0]);
        }
    }
    ordered_json result{{"kind", "RecordIO images"},
                        {"records", records},
                        {"images", images},
                        {"image bytes", image_bytes},
                        {"different labels", labels.size()}};
    if (!labels.empty()) {
        result["smallest label"] = *labels.begin();
        result["largest label"] = *labels.rbegin();
    }
    result["identity table"] = table.flag == 2;
    if (table.flag == 2) {
        // Record 0 says that images are keys 1 .. first - 1 and identities first .. last - 1.
        const auto first = static_cast<int64_t>(table.labels[0]);
        const auto last = static_cast<int64_t>(table.labels[1]);
        result["identities"] = identities;
        result["table agrees"] = first - 1 == images && last - first == identities;
    }
    return result;
}

}  // namespace facet
