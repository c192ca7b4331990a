// Reading a folder of people: find the files, keep the people asked for, decode, drop what cannot
// be read.
#include <omp.h>

#include <atomic>
#include <exception>
#include <iterator>
#include <utility>

#include "engine/error.h"
#include "train/data/dataset.h"
#include "train/data/people_list.h"
#include "train/data/picture_files.h"
#include "train/data/picture_hash.h"

namespace facet {
namespace {

namespace fs = std::filesystem;

using People = PeoplesPictures;

int64_t pictures_of(const People& people) {
    int64_t count = 0;
    for (const auto& [name, pictures] : people) count += std::ssize(pictures);
    return count;
}

void leave_out_people(Dataset& data, const People& people, const std::string& reason) {
    if (people.empty()) return;
    leave_out(data.left_out,
              {reason, "images", pictures_of(people), std::ssize(people), people.begin()->first});
}

People keep_listed(People all, const fs::path& folder, const fs::path& list, Dataset& data) {
    People kept;
    std::vector<std::string> missing;
    size_t differing = 0;
    for (const ListedPerson& listed : read_people_list(list)) {
        auto node = all.extract(listed.name);
        if (node.empty()) {
            missing.push_back(listed.name);
            continue;
        }
        if (node.mapped().size() != static_cast<size_t>(listed.images) && differing++ == 0)
            data.warnings.push_back(fmt::format("{}: {} has {} images, the list says {}",
                                                list.string(), listed.name, node.mapped().size(),
                                                listed.images));
        kept.insert(std::move(node));
    }
    if (!missing.empty())
        throw UsageError(fmt::format("{} names {} without images in {}, first {}", list.string(),
                                     count_text(std::ssize(missing), "people"), folder.string(),
                                     missing.front()),
                         "check that the list belongs to this folder, or remove the names");
    if (differing > 1)
        data.warnings.back() += fmt::format(" (and {} more people differ)", differing - 1);
    leave_out_people(data, all, "not in the list " + list.string());
    return kept;
}

People keep_photographed_often(People all, int min_images, Dataset& data) {
    People seldom;
    for (auto person = all.begin(); person != all.end();) {
        const auto next = std::next(person);
        if (std::ssize(person->second) < min_images) seldom.insert(all.extract(person));
        person = next;
    }
    leave_out_people(data, seldom, fmt::format("fewer than {} images", min_images));
    return all;
}

struct Decoded {
    Image image;
    std::string failure;  // empty if the image is good
};

// Decodes in parallel. A damaged file is a result; any other failure (no memory) is thrown.
std::vector<Decoded> decode_all(const fs::path& folder, const std::vector<std::string>& files,
                                const FolderOptions& options) {
    std::vector<Decoded> decoded(files.size());
    std::exception_ptr fatal;
    std::atomic<int64_t> done = 0;
    const int threads = options.threads > 0 ? options.threads : omp_get_max_threads();
#pragma omp parallel for schedule(dynamic, 16) num_threads(threads)
    for (size_t i = 0; i < files.size(); ++i) {
        try {
            const Image square = centre_square(load_image(folder / files[i]));
            decoded[i].image = resize(square, options.size, options.size);
        } catch (const Error& error) {
            decoded[i].failure = error.what();
        } catch (...) {
#pragma omp critical(facet_decode_failure)
            fatal = std::current_exception();
        }
        ++done;
        if (options.heard && omp_get_thread_num() == 0) options.heard(done, std::ssize(files));
    }
    if (fatal) std::rethrow_exception(fatal);
    return decoded;
}

void check_skipped(const fs::path& folder, const std::vector<SkippedFile>& skipped, size_t total) {
    if (skipped.size() * 100 <= total) return;
    throw UnreadablePictures(
        fmt::format("{} of {} in {} cannot be read (at most 1 % may be skipped), first {}",
                    skipped.size(), count_text(static_cast<int64_t>(total), "images"),
                    folder.string(), skipped.front().reason),
        "remove or replace the damaged files", skipped);
}

// Fills the data set in the order of `people`. Somebody with fewer than min_images readable images
// is left out.
void assemble(Dataset& data, const People& people, std::vector<std::string> files,
              std::vector<Decoded> decoded, int min_images) {
    size_t next = 0;
    for (const auto& [name, listed] : people) {
        const size_t first = data.images.size();
        for (size_t i = 0; i < listed.size(); ++i, ++next) {
            if (!decoded[next].failure.empty()) {
                leave_out(data.left_out, {"unreadable", "images", 1, 0, files[next]});
                data.skipped.push_back({std::move(files[next]), decoded[next].failure});
                continue;
            }
            data.images.push_back(std::move(decoded[next].image));
            data.files.push_back(std::move(files[next]));
        }
        const auto readable = static_cast<int64_t>(data.images.size() - first);
        if (readable < min_images) {
            leave_out(data.left_out, {fmt::format("fewer than {} readable images", min_images),
                                      "images", readable, 1, name});
            data.images.resize(first);
            data.files.resize(first);
            continue;
        }
        data.labels.resize(data.images.size(), static_cast<int32_t>(data.people.size()));
        data.people.push_back(name);
    }
    data.hashes = picture_hashes(data.images);
}

}  // namespace

Dataset load_folder(const fs::path& folder, const FolderOptions& options) {
    FACET_USAGE(options.size >= 1 && options.size <= 4096,
                "the image size is 1 to 4096 pixels, found {}", options.size);
    FACET_USAGE(options.min_images >= 1, "min_images is at least 1, found {}", options.min_images);
    Dataset data;
    data.size = options.size;
    People people = find_pictures(folder, data.left_out);
    if (options.people_list)
        people = keep_listed(std::move(people), folder, *options.people_list, data);
    people = keep_photographed_often(std::move(people), options.min_images, data);

    std::vector<std::string> files;
    for (const auto& [name, images] : people)
        for (const std::string& image : images) files.push_back(name + "/" + image);
    const size_t total = files.size();
    std::vector<Decoded> decoded = decode_all(folder, files, options);
    assemble(data, people, std::move(files), std::move(decoded), options.min_images);
    check_skipped(folder, data.skipped, total);
    if (data.people.empty())
        throw UsageError(
            fmt::format("nobody in {} has {} or more images", folder.string(), options.min_images),
            "lower min_images");
    return data;
}

}  // namespace facet
