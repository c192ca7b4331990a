// Where pictures of people come from, as named on the command line: `--data NAME`.
//
// A source is one file, which ends with a line that makes it known,
//
//   inline const RegisteredSource<Folder> folder_source;
//
// and the #include of that file in train/data/all.h. docs/add-a-data-source.md adds one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "train/data/image.h"
#include "train/data/left_out.h"

namespace facet {

struct SourcePicture {
    std::string file;  // its name, unique in the source: "Ann/Ann_0001.jpg"
    int64_t at = 0;    // where the source finds it; only the source reads this
};

struct SourcePerson {
    std::string name;
    std::vector<SourcePicture> pictures;
};

// What a procedural source is asked for: it has as much as is wanted.
struct ProceduralOptions {
    int64_t people = 0, images = 0;  // images of each of them
    double difficulty = 1;           // scales every nuisance, 0 to 2
    uint64_t seed = 0;
    bool unseen = false;  // people of whom it never gives a picture to learn from
};

// What is wanted of a source.
struct DataOptions {
    int size = 112;  // width and height of every picture
    std::optional<std::filesystem::path> people_list =
        {};              // only these people (train/data/people_list)
    int min_images = 1;  // people with fewer are left out
    int threads = 0;     // 0: as many as OpenMP uses
    ProceduralOptions procedural = {};
    // Called with how many pictures are decoded, of how many; by the calling thread.
    std::function<void(int64_t done, int64_t total)> progress = {};
};

// An opened source: it says what it holds and decodes a picture when it is asked to. Everything
// else (threads, crop and size, people lists, damaged pictures, hashes) is load_data()'s.
class DataSource {
public:
    virtual ~DataSource() = default;

    // Everybody, in the order of their labels. What lies there and is no picture of a person is
    // counted by reason in `left_out`. Throws UsageError where nothing can be learned from it.
    virtual std::vector<SourcePerson> people(std::vector<LeftOut>& left_out) const = 0;

    // At its own size; by many threads at once. Throws Error for a picture that is damaged.
    virtual Image decode(const SourcePicture& picture) const = 0;
};

// What a source says of itself: `static constexpr SourcePage page` of its class.
struct SourcePage {
    std::string_view what;  // for help texts: "synth", "a folder DIR/<person>/<image>"
    // Whether `--data NAME` means this source; null: it takes what no other source recognises.
    bool (*recognises)(const std::string& name);
    // Its pictures are made, of people without end: its name is no path, it takes no list of people
    // and needs no second source to be evaluated on.
    bool procedural = false;
    // A pairs file (`--pairs`) can name its pictures by their paths.
    bool has_files = false;
};

using OpenSource = std::unique_ptr<DataSource> (*)(const std::string& name, const DataOptions&);

struct SourceKind {
    SourcePage page;
    OpenSource open;  // throws UsageError for options that the source does not take
};

// Of the source that `name` names.
const SourceKind& source_kind(const std::string& name);

// "synth, or a folder DIR/<person>/<image>": all that --data takes.
std::string all_sources_text();

// Throws Error for a second source that takes what no other recognises.
void register_source(const SourceKind& kind);

// S: a DataSource with a `page`, constructible from (const std::string& name, const DataOptions&).
template <class S>
struct RegisteredSource {
    RegisteredSource() {
        register_source({S::page, [](const std::string& name, const DataOptions& options) {
                             return std::unique_ptr<DataSource>(std::make_unique<S>(name, options));
                         }});
    }
};

}  // namespace facet
