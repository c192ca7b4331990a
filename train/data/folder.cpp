// Reading a folder of people: find the files, keep the people asked for, decode, drop what cannot
// be read.
#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "engine/error.h"
#include "train/data/dataset.h"
#include "train/data/people_list.h"

namespace facet {
namespace {

namespace fs = std::filesystem;

using People = std::map<std::string, std::vector<std::string>>;  // name -> file names, both sorted

constexpr const char* kLayout =
    "the layout is DIR/<person>/<image>, images are .jpg .png .pgm .ppm";

// "1 file was", "3 files were": for messages.
std::string count_of(size_t count, const char* one, const char* many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

bool is_image_name(const fs::path& path) {
    static const std::set<std::string> kExtensions = {".jpg", ".jpeg", ".png", ".pgm", ".ppm"};
    std::string extension = path.extension().string();
    for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return kExtensions.contains(extension) && !path.filename().string().starts_with('.');
}

// Lists a folder; symbolic links count as what they point to.
std::vector<fs::directory_entry> entries(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::directory_entry> found;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        found.push_back(*it);
    FACET_CHECK(!error, "cannot list the folder {}: {}", folder.string(), error.message());
    return found;
}

bool is_folder(const fs::directory_entry& entry) {
    std::error_code error;
    return entry.is_directory(error) && !entry.path().filename().string().starts_with('.');
}

// The images of one person. Other files are counted in `ignored`.
std::vector<std::string> list_images(const fs::path& folder, size_t& ignored) {
    std::vector<std::string> files;
    for (const fs::directory_entry& entry : entries(folder)) {
        if (is_folder(entry)) continue;
        if (is_image_name(entry.path()))
            files.push_back(entry.path().filename().string());
        else
            ++ignored;
    }
    std::sort(files.begin(), files.end());
    return files;
}

// Why a folder holds no images in the expected layout, as far as can be told.
[[noreturn]] void throw_no_images(const fs::path& folder) {
    std::string hint = kLayout;
    size_t direct = 0;
    for (const fs::directory_entry& entry : entries(folder)) {
        if (is_image_name(entry.path())) ++direct;
        if (!is_folder(entry)) continue;
        for (const fs::directory_entry& inner : entries(entry.path()))
            if (is_folder(inner))
                hint = fmt::format("{}; did you mean {}?", kLayout, entry.path().string());
    }
    if (direct > 0)
        hint = fmt::format("{}; {} directly in the folder: give each person a folder", kLayout,
                           count_of(direct, "image lies", "images lie"));
    throw UsageError(fmt::format("no images of people in {}", folder.string()), hint);
}

People find_people(const fs::path& folder, std::vector<std::string>& warnings) {
    std::error_code error;
    if (!fs::exists(folder, error))
        throw UsageError(fmt::format("there is no folder {}", folder.string()), kLayout);
    if (!fs::is_directory(folder, error))
        throw UsageError(fmt::format("{} is not a folder", folder.string()), kLayout);
    People people;
    size_t ignored = 0, empty = 0;
    for (const fs::directory_entry& entry : entries(folder)) {
        if (!is_folder(entry)) continue;
        std::vector<std::string> files = list_images(entry.path(), ignored);
        if (files.empty())
            ++empty;
        else
            people.emplace(entry.path().filename().string(), std::move(files));
    }
    if (people.empty()) throw_no_images(folder);
    if (ignored > 0)
        warnings.push_back(count_of(ignored, "file was", "files were") +
                           " ignored: not .jpg, .png, .pgm or .ppm");
    if (empty > 0)
        warnings.push_back(count_of(empty, "folder", "folders") + " without images ignored");
    return people;
}

People keep_listed(People all, const fs::path& folder, const fs::path& list,
                   std::vector<std::string>& warnings) {
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
            warnings.push_back(fmt::format("{}: {} has {} images, the list says {}", list.string(),
                                           listed.name, node.mapped().size(), listed.images));
        kept.insert(std::move(node));
    }
    if (!missing.empty())
        throw UsageError(fmt::format("{} names {} without images in {}, first {}", list.string(),
                                     count_of(missing.size(), "person", "people"), folder.string(),
                                     missing.front()),
                         "check that the list belongs to this folder, or remove the names");
    if (differing > 1)
        warnings.back() += fmt::format(" (and {} more people differ)", differing - 1);
    return kept;
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
    throw Error(fmt::format("{} of {} in {} cannot be read (at most 1 % may be skipped), first {}",
                            skipped.size(), count_of(total, "image", "images"), folder.string(),
                            skipped.front().reason),
                "remove or replace the damaged files");
}

// Fills the data set in the order of `people`. Somebody with fewer than min_images readable images
// is left out.
void assemble(Dataset& data, const People& people, std::vector<std::string> files,
              std::vector<Decoded> decoded, int min_images) {
    size_t next = 0, lost = 0;
    for (const auto& [name, listed] : people) {
        const size_t first = data.images.size();
        for (size_t i = 0; i < listed.size(); ++i, ++next) {
            if (!decoded[next].failure.empty()) {
                data.skipped.push_back({std::move(files[next]), decoded[next].failure});
                continue;
            }
            data.images.push_back(std::move(decoded[next].image));
            data.files.push_back(std::move(files[next]));
        }
        if (data.images.size() - first < static_cast<size_t>(min_images)) {
            data.images.resize(first);
            data.files.resize(first);
            ++lost;
            continue;
        }
        data.labels.resize(data.images.size(), static_cast<int32_t>(data.people.size()));
        data.people.push_back(name);
    }
    if (lost > 0)
        data.warnings.push_back(count_of(lost, "person", "people") +
                                " left out: too few readable images");
}

}  // namespace

Dataset load_folder(const fs::path& folder, const FolderOptions& options) {
    FACET_USAGE(options.size >= 1 && options.size <= 4096,
                "the image size is 1 to 4096 pixels, found {}", options.size);
    FACET_USAGE(options.min_images >= 1, "min_images is at least 1, found {}", options.min_images);
    Dataset data;
    data.size = options.size;
    People people = find_people(folder, data.warnings);
    if (options.people_list)
        people = keep_listed(std::move(people), folder, *options.people_list, data.warnings);
    std::erase_if(people, [&](const auto& person) {
        return person.second.size() < static_cast<size_t>(options.min_images);
    });

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
