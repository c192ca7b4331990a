#include "train/embed.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <set>

#include "engine/cuda/device_pictures.h"
#include "train/data/augment.h"

namespace facet {
namespace {

constexpr int64_t batch = 64;

// to_floats() of every picture, (N, 3, size, size): the same bits wherever it is done.
Tensor pixels_of(Device& device, std::span<const Image> images, int size) {
    const auto N = std::ssize(images);
    const Shape shape{N, 3, size, size};
    if (takes_pictures(device)) {
        const Tensor pixels(device, shape);
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
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < N; ++i) to_floats(images[i], &host[i * values]);
    return Tensor::from(device, shape, std::span<const float>(host));
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
                                const std::function<void(int64_t)>& heard) {
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
        if (heard) heard(last);
    }
    return out;
}

EvalSet load_pairs(const std::filesystem::path& folder, const std::filesystem::path& pairs_file,
                   int size, const std::function<void(int64_t, int64_t)>& heard) {
    EvalSet set;
    set.pairs = read_lfw_pairs(pairs_file);
    set.source = fmt::format("{} from {}", pairs_file.string(), folder.string());
    Dataset data;
    data.size = size;
    data.files = set.pairs.files;
    data.people = {"pairs"};
    data.labels.assign(data.files.size(), 0);
    data.images.resize(data.files.size());
    std::vector<std::string> failures(data.files.size());
    const auto N = static_cast<int64_t>(data.files.size());
    std::atomic<int64_t> done = 0;
#pragma omp parallel for schedule(dynamic, 16)
    for (int64_t i = 0; i < N; ++i) {
        try {
            const Image square = centre_square(load_image(folder / data.files[i]));
            data.images[i] = resize(square, size, size);
        } catch (const std::exception& error) {
            failures[i] = error.what();
        }
        ++done;
        if (heard && omp_get_thread_num() == 0) heard(done, N);
    }
    for (const std::string& failure : failures) {
        if (failure.empty()) continue;
        throw Error(failure, fmt::format("{} names this picture; --data must be the folder that "
                                         "holds it as <name>/<name>_0001.jpg",
                                         pairs_file.string()));
    }
    std::set<std::string> people;
    for (const std::string& file : data.files) {
        people.insert(std::filesystem::path(file).parent_path().string());
    }
    set.people.assign(people.begin(), people.end());
    set.hash = data_hash(data);
    set.images = std::move(data.images);
    return set;
}

EvalSet draw_pairs(Dataset data, std::string source, int pairs, uint64_t seed) {
    EvalSet set;
    set.hash = data_hash(data);
    set.labels.assign(data.labels.begin(), data.labels.end());
    set.pairs = generate_pairs(set.labels, pairs, std::min(10, pairs), seed);
    set.source = std::move(source);
    set.people = std::move(data.people);
    set.images = std::move(data.images);
    return set;
}

Verification evaluate(ResNet& network, const EvalSet& set, bool add_mirror,
                      const VerifyOptions& options, const std::function<void(int64_t)>& heard) {
    const int64_t D = network.config().embedding;
    const std::vector<float> embeddings = embed_images(network, set.images, add_mirror, heard);
    Verification result = verify(pair_similarities(embeddings, D, set.pairs), set.pairs, options);
    if (!set.labels.empty()) {
        result.identification = identify_leave_one_out(embeddings, D, set.labels);
    }
    return result;
}

}  // namespace facet
