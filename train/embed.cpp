#include "train/embed.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <set>

#include "train/data/augment.h"

namespace facet {
namespace {

constexpr int64_t batch = 64;

// Embeddings of images[first, last), each optionally mirrored, into rows of `out`.
void embed_batch(ResNet& network, const std::vector<Image>& images, int64_t first, int64_t last,
                 bool mirrored, std::vector<float>& out) {
    const int64_t size = network.config().image, D = network.config().embedding;
    const int64_t values = 3 * size * size;
    std::vector<float> host((last - first) * values);
#pragma omp parallel for schedule(static)
    for (int64_t i = first; i < last; ++i) {
        to_floats(mirrored ? mirror(images[i]) : images[i], &host[(i - first) * values]);
    }
    const Tensor pixels =
        Tensor::from(network.device(), {last - first, 3, size, size}, std::span<const float>(host));
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
