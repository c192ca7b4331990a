#include "train/embed.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/parallel.h"
#include "train/data/augment.h"
#include "train/data/device_pictures.h"
#include "train/data/folder.h"
#include "train/data/picture_files.h"
#include "train/data/picture_hash.h"

namespace facet {
namespace {

constexpr int64_t batch = 64;

// to_floats() of every picture, (N, 3, size, size): the same bits wherever it is done.
Tensor pixels_of(Device& device, std::span<const Image> images, int size) {
    const auto N = std::ssize(images);
    const Shape shape{N, 3, size, size};
    if (takes_pictures(device)) {
        Tensor pixels(device, shape);
        PictureBatch host{.H = size, .W = size};
        for (const Image& image : images)
            host.pictures.insert(host.pictures.end(), image.rgb.begin(), image.rgb.end());
        const DevicePictures pictures = upload_beside(device, host);
        device.await_uploads();
        make_pixels(pictures, pixels);
        return pixels;
    }
    const int64_t values = int64_t{3} * size * size;
    std::vector<float> host(N * values);
    parallel_for(N, N * values, [&](int64_t i) { to_floats(images[i], &host[i * values]); });
    return Tensor::from(device, shape, std::span<const float>(host));
}

// Refuses rows [first, last) of `out` that have no direction.
void check_embeddings(std::span<const float> out, int64_t D, int64_t first, int64_t last,
                      std::span<const std::string> files) {
    for (int64_t i = first; i < last; ++i) {
        double squares = 0;
        for (const float x : out.subspan(i * D, D)) squares += static_cast<double>(x) * x;
        if (std::isfinite(squares) && squares > 0) continue;
        const std::string name = files.empty() ? "" : " (" + files[i] + ")";
        throw Error(
            fmt::format("the embedding of picture {}{} {}", i, name,
                        squares == 0 ? "is zero and has no direction" : "holds NaN or infinity"),
            "look at that picture; if it is an ordinary one, the network's weights are "
            "damaged or diverged: `facet inspect` shows their norms");
    }
}

// Embeddings of images[first, last), each optionally mirrored, into rows of `out`.
void embed_batch(ResNet& network, const std::vector<Image>& images, int64_t first, int64_t last,
                 bool mirrored, std::vector<float>& out) {
    const int64_t D = network.config().embedding;
    std::vector<Image> shown(images.begin() + first, images.begin() + last);
    if (mirrored) {
        for (Image& image : shown) image = mirror(image);
    }
    const Tensor pixels =
        pixels_of(network.device(), shown, static_cast<int>(network.config().image));
    Tape tape(false);
    const Pass pass{tape, Mode::Eval};
    const auto embeddings = network.forward(pass, tape.constant(pixels))->value.to_vector<float>();
    for (size_t i = 0; i < embeddings.size(); ++i) out[first * D + i] += embeddings[i];
}

}  // namespace

std::vector<float> embed_images(ResNet& network, const std::vector<Image>& images, bool add_mirror,
                                const std::function<void(int64_t)>& progress,
                                std::span<const std::string> files) {
    const auto N = static_cast<int64_t>(images.size());
    const int64_t size = network.config().image;
    for (const Image& image : images) {
        FACET_CHECK(image.width == size && image.height == size,
                    "embedding: a picture of {} x {} pixels, the network expects {} x {}",
                    image.width, image.height, size, size);
    }
    std::vector<float> out(N * network.config().embedding, 0.0f);
    for (int64_t first = 0; first < N; first += batch) {
        const int64_t last = std::min(first + batch, N);
        embed_batch(network, images, first, last, false, out);
        if (add_mirror) embed_batch(network, images, first, last, true, out);
        check_embeddings(out, network.config().embedding, first, last, files);
        if (progress) progress(last);
    }
    return out;
}

namespace {

// Finds and decodes data.files of `folder`. Returns those that cannot be read.
std::vector<SkippedFile> decode(const std::filesystem::path& folder, bool formats_known,
                                Dataset& data, const DataOptions& options) {
    std::vector<SourcePicture> pictures;
    std::map<size_t, std::string> not_found;
    PictureFinder finder(folder);
    for (std::string& file : data.files) {
        try {
            if (!formats_known || !std::filesystem::exists(folder / file)) file = finder.find(file);
        } catch (const Error& error) {
            not_found[pictures.size()] = error.what();
        }
        pictures.push_back({file});
    }
    std::vector<Decoded> decoded = decode_all(Folder(folder), pictures, options);
    std::vector<SkippedFile> failed;
    for (size_t i = 0; i < decoded.size(); ++i) {
        if (not_found.contains(i)) decoded[i].failure = not_found[i];
        if (!decoded[i].failure.empty()) failed.push_back({data.files[i], decoded[i].failure});
        data.images.push_back(std::move(decoded[i].image));
    }
    return failed;
}

}  // namespace

EvalSet load_pairs(const std::filesystem::path& folder, const std::filesystem::path& pairs_file,
                   int size, const std::function<void(int64_t, int64_t)>& progress) {
    EvalSet set;
    set.pairs = read_pairs(pairs_file);
    set.source = fmt::format("{} from {}", pairs_file.string(), folder.string());
    Dataset data;
    data.size = size;
    data.files = set.pairs.files;
    data.people = {"pairs"};
    data.labels.assign(data.files.size(), 0);
    const auto failed =
        decode(folder, set.pairs.formats_known, data, {.size = size, .progress = progress});
    if (!failed.empty()) {
        throw UnreadablePictures(
            failed.size() == 1
                ? failed[0].reason
                : fmt::format("{} of the {} pictures that {} names cannot be read, first: {}",
                              failed.size(), data.files.size(), pairs_file.string(),
                              failed[0].reason),
            fmt::format("{} names {}; --data must be the folder that holds them{}",
                        pairs_file.string(), failed.size() == 1 ? "this picture" : "these pictures",
                        set.pairs.formats_known ? "" : " as <name>/<name>_0001.jpg (or .png, ...)"),
            failed);
    }
    set.pairs.files = data.files;
    std::set<std::string> people;
    for (const std::string& file : data.files) people.insert(person_of(file));
    set.people.assign(people.begin(), people.end());
    set.hash = data_hash(data);
    set.hashes = picture_hashes(data.images);
    set.files = std::move(data.files);
    set.images = std::move(data.images);
    return set;
}

EvalSet draw_pairs(Dataset data, std::string source, int pairs, uint64_t seed) {
    EvalSet set;
    set.hash = data_hash(data);
    set.labels.assign(data.labels.begin(), data.labels.end());
    set.pairs = generate_pairs(set.labels, pairs, std::min(10, pairs), seed);
    set.pairs.files = data.files;
    set.source = std::move(source);
    set.files = std::move(data.files);
    set.people = std::move(data.people);
    set.hashes = std::move(data.hashes);
    set.left_out = std::move(data.left_out);
    set.images = std::move(data.images);
    return set;
}

Verification evaluate(ResNet& network, const EvalSet& set, bool add_mirror,
                      const VerifyOptions& options, const std::function<void(int64_t)>& progress) {
    const int64_t D = network.config().embedding;
    const std::vector<float> embeddings =
        embed_images(network, set.images, add_mirror, progress, set.files);
    Verification result = verify(pair_similarities(embeddings, D, set.pairs), set.pairs, options);
    if (!set.labels.empty()) {
        result.identification = identify_leave_one_out(embeddings, D, set.labels);
    }
    return result;
}

}  // namespace facet
