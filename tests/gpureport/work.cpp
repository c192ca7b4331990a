#include "tests/gpureport/work.h"

#include <algorithm>
#include <cstring>

namespace facet::cuda {
namespace {

// The shapes: r10 at 64 pixels in batches of 64, its first map, last map and largest matrix; and a
// head of 100,000 classes.
constexpr double kMap = 64.0 * 64 * 64 * 32, kLastMap = 64.0 * 16 * 256;
constexpr double kPairs = 64.0 * 64, kEmbedding = 64.0 * 256, kWeight = 256.0 * 4096,
                 kCosines = 64.0 * 1e5;
constexpr double kPictures = 64.0 * 64 * 64 * 3, kSampled = 1e4 * 256;
constexpr double kChunks = 512.0 * 32;  // partial sums of the first map, a channel and a sum each
constexpr double kTile = 64.0 * 4096, kProxies = 4096.0 * 256;
constexpr char kMapShape[] = "first map, 64 x 64 x 64 x 32";
constexpr char kLastShape[] = "last map, 64 x 4 x 4 x 256";
constexpr char kEmbeddingShape[] = "embeddings, 64 x 256";
constexpr char kWeightShape[] = "largest weight, 256 x 4096";
constexpr char kGradientsShape[] = "sums of squares of 60 gradients";
constexpr char kPictureShape[] = "pictures, 64 x 64 x 64 x 3";
constexpr char kSampledShape[] = "10,000 proxies x 256";
constexpr char kPairShape[] = "pairs of a batch, 64 x 64, D = 256";
constexpr char kTileShape[] = "tile of cosines, 64 x 4096";
constexpr char kProxyShape[] = "proxies of a tile, 4096 x 256";
constexpr char kCosineShape[] = "cosines, 64 x 100,000, k = 10";

// Per element of the shape: numbers of the kernel's type T (float32 where it has none) and other
// bytes, each read or written once, and FLOPs.
struct Entry {
    const char* kernel;
    const char* shape;
    double elements, values, other_bytes, flops;
    bool in_float64 = false;
};

// FLOPs taken from the PTX, whose instructions do so many elements at once.
constexpr double kPtxOfFour = -4, kPtxOfOne = -1;

constexpr Entry kEntries[] = {
    // x; x - pivot, sum, sum of squares
    {"batch_norm_statistics_kernel", kMapShape, kMap, 1, 0, 4},
    {"batch_norm_finish_statistics_kernel", kMapShape, kChunks, 0, 8, 2, true},
    // x, y; subtract, scale, shift, slope
    {"batch_norm_forward_kernel", kMapShape, kMap, 2, 0, 4},
    // x, dy; z (4), dz (1), x_hat (2), three sums (5)
    {"batch_norm_backward_sums_kernel", kMapShape, kMap, 2, 0, 12},
    {"batch_norm_finish_backward_kernel", kMapShape, kChunks, 0, 12, 3, true},
    // x, dy, dx; z (4), dz (1), dx (7)
    {"batch_norm_backward_kernel", kMapShape, kMap, 3, 0, 12},
    {"fill_kernel", kMapShape, kMap, 1, 0, 0},
    {"axpby_kernel", kMapShape, kMap, 3, 0, 3},
    {"dropout_kernel", kLastShape, kLastMap, 2, 0, 1},
    {"transpose_kernel", kMapShape, kMap, 0, 8, 0},
    {"add_bias_kernel", kEmbeddingShape, kEmbedding, 2, 0, 1},
    {"sum_rows_kernel", kEmbeddingShape, kEmbedding, 1, 0, 1},
    {"sum_rows_finish_kernel", kEmbeddingShape, 256, 2, 0, 1, true},
    {"copy_rows_kernel", kSampledShape, kSampled, 2, 8.0 / 256, 0},
    // the row is read from memory once, its later rounds from a cache
    {"top_k_kernel", kCosineShape, kCosines, 1, 0, 0},
    {"normalise_pictures_kernel", kPictureShape, kPictures, 1, 1, 3},
    // bilinear (9 for each of 2 passes), colour (2), luma (5 a pixel), normalisation (3)
    {"vary_pictures_kernel", kPictureShape, kPictures, 1, 1, 25},
    {"update_kernel<Sgd<float>", kWeightShape, kWeight, 5, 0, 7},
    {"update_kernel<AdamW<float>", kWeightShape, kWeight, 7, 0, 17},
    {"decide_update_kernel", kGradientsShape, 60, 0, 8, 1, true},
    {"sum_of_squares_kernel", kWeightShape, kWeight, 1, 0, 2, true},
    {"sum_of_squares_finish_kernel", kWeightShape, 4096, 0, 8, 1, true},
    {"hash_chunks_kernel", kWeightShape, kWeight, 1, 8.0 / 16384, 0},
    // the losses' kernels: cosines read, and written
    {"gather_kernel", kTileShape, kTile, 1, 0, kPtxOfFour},
    {"gather_columns_kernel", kTileShape, kTile, 1, 0, kPtxOfOne},
    {"differentiate_kernel", kTileShape, kTile, 2, 0, kPtxOfFour},
    {"clip_cosines_kernel", kTileShape, kTile, 2, 0, 0},
    {"sum_columns_kernel", kTileShape, kTile, 1, 8.0 / 64, 1, true},
    {"target_columns_kernel", kTileShape, 64, 0, 16, 0},
    {"zero_targets_kernel", kTileShape, 64, 1, 8, 0},
    // proxies a tile needs, squares and sum in float64; then read again and written
    {"vector_norms_kernel", kProxyShape, kProxies, 1, 8.0 / 256, 2, true},
    {"unit_vectors_kernel", kProxyShape, kProxies, 2, 8.0 / 256, 1, true},
    {"through_normalisation_kernel", kProxyShape, kProxies, 3, 8.0 / 256, 5, true},
    // x_i and w_y of every row
    {"target_angles_kernel", kEmbeddingShape, kEmbedding, 2, 0, 10, true},
    {"add_pulls_to_x_kernel", kEmbeddingShape, kEmbedding, 4, 0, 8, true},
    {"add_pulls_to_w_kernel", kEmbeddingShape, kEmbedding, 4, 0, 6, true},
    {"pair_vectors_kernel", kEmbeddingShape, kEmbedding, 1, 8, 1, true},
    {"pair_products_kernel", kPairShape, kPairs, 0, 12, 0},
    // the vectors come from a cache but for once
    {"pair_distances_kernel", kPairShape, kPairs, 0, 8 + 8.0 * 4, 3.0 * 256 / 2, true},
    {"count_pairs_kernel", kPairShape, kPairs, 0, 8, 0},
    // q read and g written; what a loss does in float64, an element each
    {"anchors_kernel", kPairShape, kPairs, 0, 16, kPtxOfOne},
    {"join_pairs_kernel", kPairShape, kPairs, 0, 24, 3, true},
    {"pair_differences_kernel", kPairShape, kPairs, 0, 8 + 16.0 * 4, 3.0 * 256, true},
    {"finish_pairs_kernel", kEmbeddingShape, kEmbedding, 1, 16, 4, true},
    {"center_rows_kernel", kEmbeddingShape, kEmbedding, 3, 0, 4, true},
    {"center_proxies_kernel", kEmbeddingShape, kEmbedding, 4, 0, 2, true},
    // half of the similarities, from a cache but for once
    {"slot_quartiles_kernel", kPairShape, kPairs, 0, 4, 0},
    // an exponential is counted as one
    {"sum_slots_kernel", kPairShape, kPairs, 0, 8, 4, true},
    {"differentiate_slots_kernel", kPairShape, kPairs, 1, 4, 4, true},
};

}  // namespace

std::optional<Work> work_of(const KernelUse& kernel) {
    const auto entry = std::find_if(std::begin(kEntries), std::end(kEntries), [&](const Entry& e) {
        return kernel.name.starts_with(e.kernel);
    });
    if (entry == std::end(kEntries)) return std::nullopt;
    const double value_bytes = kernel.name.find("bfloat16") == std::string::npos ? 4 : 2;
    Work work{entry->shape, entry->elements * (entry->values * value_bytes + entry->other_bytes)};
    if (entry->flops < 0) {
        work.flops_float32 = entry->elements / -entry->flops * kernel.ptx.flops_float32;
        work.flops_float64 = entry->elements / -entry->flops * kernel.ptx.flops_float64;
    } else {
        (entry->in_float64 ? work.flops_float64 : work.flops_float32) =
            entry->elements * entry->flops;
    }
    return work;
}

double bound_seconds(const Work& work, const Peaks& peaks) {
    return std::max({work.bytes / peaks.bandwidth, work.flops_float32 / peaks.float32,
                     work.flops_float64 / peaks.float64});
}

}  // namespace facet::cuda
