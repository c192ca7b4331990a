// `facet bench loader`: how many images a second are decoded, augmented and served in batches.
#include "train/data/loader.h"

#include <omp.h>

#include <nlohmann/json.hpp>

#include "engine/random.h"
#include "tools/bench/bench.h"
#include "tools/bench/timing.h"
#include "tools/commands.h"
#include "tools/terminal.h"

namespace facet::bench {
namespace {

struct Row {
    std::string stage;
    int threads;
    double images_per_s;
};

// Smooth colour with some noise: compresses about as well as a photograph of a face does.
Image random_image(int size, uint64_t index) {
    Random random(globals().seed, Purpose::Test, 3, index);
    double base[3], slope[3];
    for (int c = 0; c < 3; ++c) {
        base[c] = random.uniform(40, 120);
        slope[c] = random.uniform(0, 80);
    }
    Image image{size, size, std::vector<uint8_t>(static_cast<size_t>(size) * size * 3)};
    for (int y = 0; y < size; ++y) {
        for (int x = 0; x < size; ++x) {
            for (int c = 0; c < 3; ++c) {
                const double value = base[c] + slope[c] * (x + y) / (2 * size);
                image.at(x, y)[c] = static_cast<uint8_t>(value + random.uniform(0, 24));
            }
        }
    }
    return image;
}

Dataset random_dataset(const LoaderBench& options) {
    Dataset data;
    data.size = options.image;
    data.people = {"a", "b"};
    for (int i = 0; i < options.images; ++i) {
        data.images.push_back(random_image(options.image, i));
        data.labels.push_back(i % 2);
        data.files.push_back(fmt::format("{}/{}.jpg", data.people[i % 2], i));
    }
    return data;
}

// Images a second of `work`, which does `images` of them.
template <class Work>
double rate(double images, double seconds, Work work) {
    return images / measure(3, seconds, work).median;
}

double decode_rate(const Dataset& data, const std::string& format, double seconds) {
    std::vector<std::vector<uint8_t>> files;
    for (const Image& image : data.images) files.push_back(encode_image(image, format));
    return rate(static_cast<double>(files.size()), seconds, [&] {
        for (const auto& bytes : files) decode_image(bytes, "image");
    });
}

double augment_rate(const Dataset& data, const AugmentOptions& how, double seconds) {
    std::vector<float> out(static_cast<size_t>(3) * data.size * data.size);
    return rate(static_cast<double>(data.images.size()), seconds, [&] {
        for (size_t i = 0; i < data.images.size(); ++i) {
            augment(data.images[i], how, globals().seed, 0, i, out.data());
        }
    });
}

double loader_rate(const Dataset& data, const LoaderBench& options, int workers) {
    LoaderOptions how;
    how.batch = options.batch;
    how.seed = globals().seed;
    how.workers = workers;
    Loader loader(data, how);
    // The batches made ahead while a sample begins are those that the one before left: in steady
    // state what is taken is what is made.
    constexpr int batches = 8;
    return rate(static_cast<double>(batches) * options.batch, options.seconds, [&] {
        for (int i = 0; i < batches; ++i) loader.recycle(loader.next());
    });
}

}  // namespace

void loader(const LoaderBench& options) {
    FACET_USAGE(options.images >= options.batch,
                "bench loader: {} images do not fill a batch of {}", options.images, options.batch);
    const Dataset data = random_dataset(options);
    const int workers = options.workers > 0 ? options.workers : omp_get_num_procs();
    std::vector<Row> rows{
        {"decode JPEG", 1, decode_rate(data, ".jpg", options.seconds)},
        {"decode PNG", 1, decode_rate(data, ".png", options.seconds)},
        {"to floats", 1, augment_rate(data, AugmentOptions::none(), options.seconds)},
        {"augment", 1, augment_rate(data, {}, options.seconds)},
        {"batches", 1, loader_rate(data, options, 1)}};
    if (workers > 1) rows.push_back({"batches", workers, loader_rate(data, options, workers)});
    if (options.json) {
        auto json = nlohmann::ordered_json::array();
        for (const Row& row : rows) {
            json.push_back({{"stage", row.stage},
                            {"image", options.image},
                            {"threads", row.threads},
                            {"images_per_s", row.images_per_s}});
        }
        fmt::print("{}\n", json.dump(2));
        return;
    }
    fmt::print("images of {0} x {0} pixels, batches of {1}\n", options.image, options.batch);
    Table table({"stage", "threads", "images/s"});
    for (const Row& row : rows) {
        table.row(
            {row.stage, fmt::format("{}", row.threads), fmt::format("{:.0f}", row.images_per_s)});
    }
    table.print();
}

}  // namespace facet::bench
