// Reading a data set: list the people, keep those asked for, decode, drop what cannot be read.
#include <omp.h>

#include <atomic>
#include <exception>
#include <map>
#include <set>
#include <utility>

#include "train/data/dataset.h"
#include "train/data/people_list.h"
#include "train/data/picture_hash.h"

namespace facet {
namespace {

using People = std::vector<SourcePerson>;

// Removes the people for whom `which` is true.
template <class Which>
void leave_out_people(People& people, const Which& which, const std::string& reason,
                      Dataset& data) {
    LeftOut gone{.reason = reason, .what = "images", .first = ""};
    std::erase_if(people, [&](const SourcePerson& person) {
        if (!which(person)) return false;
        if (gone.people++ == 0) gone.first = person.name;
        gone.count += std::ssize(person.pictures);
        return true;
    });
    if (gone.people > 0) leave_out(data.left_out, gone);
}

void keep_listed(People& people, const std::string& source, const std::filesystem::path& list,
                 Dataset& data) {
    std::map<std::string, int64_t> counts;
    for (const SourcePerson& person : people) counts[person.name] = std::ssize(person.pictures);
    std::set<std::string> listed;
    std::vector<std::string> missing;
    int64_t differing = 0;
    for (const ListedPerson& one : read_people_list(list)) {
        listed.insert(one.name);
        const auto found = counts.find(one.name);
        if (found == counts.end()) {
            missing.push_back(one.name);
        } else if (found->second != one.images && differing++ == 0) {
            data.warnings.push_back(fmt::format("{}: {} has {} images, the list says {}",
                                                list.string(), one.name, found->second,
                                                one.images));
        }
    }
    if (!missing.empty())
        throw UsageError(
            fmt::format("{} names {} without images in {}, first {}", list.string(),
                        count_text(std::ssize(missing), "people"), source, missing.front()),
            "check that the list belongs to this folder, or remove the names");
    if (differing > 1)
        data.warnings.back() += fmt::format(" (and {} more people differ)", differing - 1);
    leave_out_people(
        people, [&](const SourcePerson& person) { return !listed.contains(person.name); },
        "not in the list " + list.string(), data);
}

void check_skipped(const std::string& source, const std::vector<SkippedFile>& skipped,
                   size_t total) {
    if (skipped.size() * 100 <= total) return;
    throw UnreadablePictures(
        fmt::format("{} of {} in {} cannot be read (at most 1 % may be skipped), first {}",
                    skipped.size(), count_text(static_cast<int64_t>(total), "images"), source,
                    skipped.front().reason),
        "remove or replace the damaged files", skipped);
}

// Fills the data set in the order of `people`, whose pictures `decoded` has one after another.
// Somebody with fewer than min_images readable images is left out.
void assemble(Dataset& data, const People& people, std::vector<Decoded> decoded, int min_images) {
    auto next = decoded.begin();
    for (const SourcePerson& person : people) {
        const size_t first = data.images.size();
        for (const SourcePicture& picture : person.pictures) {
            Decoded& one = *next++;
            if (!one.failure.empty()) {
                leave_out(data.left_out, {"unreadable", "images", 1, 0, picture.file});
                data.skipped.push_back({picture.file, std::move(one.failure)});
                continue;
            }
            data.images.push_back(std::move(one.image));
            data.files.push_back(picture.file);
        }
        const auto readable = static_cast<int64_t>(data.images.size() - first);
        if (readable < min_images) {
            leave_out(data.left_out, {fmt::format("fewer than {} readable images", min_images),
                                      "images", readable, 1, person.name});
            data.images.resize(first);
            data.files.resize(first);
            continue;
        }
        data.labels.resize(data.images.size(), static_cast<int32_t>(data.people.size()));
        data.people.push_back(person.name);
    }
    data.hashes = picture_hashes(data.images);
}

}  // namespace

// A damaged file is a result; any other failure (no memory) is thrown.
std::vector<Decoded> decode_all(const DataSource& source, std::span<const SourcePicture> pictures,
                                const DataOptions& options) {
    std::vector<Decoded> decoded(pictures.size());
    std::exception_ptr fatal;
    std::atomic<int64_t> done = 0;
    const int threads = options.threads > 0 ? options.threads : omp_get_max_threads();
#pragma omp parallel for schedule(dynamic, 16) num_threads(threads)
    for (size_t i = 0; i < pictures.size(); ++i) {
        try {
            const Image square = centre_square(source.decode(pictures[i]));
            decoded[i].image = resize(square, options.size, options.size);
        } catch (const Error& error) {
            decoded[i].failure = error.what();
        } catch (...) {
#pragma omp critical(facet_decode_failure)
            fatal = std::current_exception();
        }
        ++done;
        if (options.progress && omp_get_thread_num() == 0)
            options.progress(done, std::ssize(pictures));
    }
    if (fatal) std::rethrow_exception(fatal);
    return decoded;
}

Dataset load_data(const std::string& name, const DataOptions& options) {
    FACET_USAGE(options.size >= 1 && options.size <= 4096,
                "the image size is 1 to 4096 pixels, found {}", options.size);
    FACET_USAGE(options.min_images >= 1, "min_images is at least 1, found {}", options.min_images);
    Dataset data;
    data.size = options.size;
    const auto source = source_kind(name).open(name, options);
    People people = source->people(data.left_out);
    if (options.people_list) keep_listed(people, name, *options.people_list, data);
    leave_out_people(
        people,
        [&](const SourcePerson& person) {
            return std::ssize(person.pictures) < options.min_images;
        },
        fmt::format("fewer than {} images", options.min_images), data);

    std::vector<SourcePicture> pictures;
    for (const SourcePerson& person : people)
        pictures.insert(pictures.end(), person.pictures.begin(), person.pictures.end());
    assemble(data, people, decode_all(*source, pictures, options), options.min_images);
    check_skipped(name, data.skipped, pictures.size());
    if (data.people.empty())
        throw UsageError(
            fmt::format("nobody in {} has {} or more images", name, options.min_images),
            "lower min_images");
    return data;
}

}  // namespace facet
