// Rows, elements and hashes of the CUDA device: from tensors to kernels.
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/element_type.h"
#include "engine/cuda/kernels.h"
#include "engine/shapes.h"

namespace facet {

void CudaDevice::add_bias(const RowShape& shape, const Tensor& y, const Tensor& bias) {
    const auto [B, D] = shape;
    FACET_CUDA(cuda::add_bias(y.raw<float>(), bias.raw<float>(), B, D, raw()));
}

void CudaDevice::sum_rows(const RowShape& shape, const Tensor& dy, const Tensor& dbias, Grad mode) {
    const auto [B, D] = shape;
    const cuda::Block workspace = scratch(cuda::sum_rows_workspace(B, D));
    FACET_CUDA(cuda::sum_rows(dy.raw<float>(), B, D, dbias.raw<float>(), accumulates(mode),
                              workspace.data(), raw()));
}

void CudaDevice::dropout(const ElementShape& shape, const Tensor& x, double p, uint64_t seed,
                         uint64_t step, const Tensor& y, Grad mode) {
    const auto* cell = static_cast<const uint64_t*>(dropout_step_.data());
    FACET_CUDA(cuda::dropout(x.raw<float>(), shape.stored, p, seed,
                             {step, recording_ ? cell : nullptr}, y.raw<float>(), accumulates(mode),
                             raw()));
}

void CudaDevice::axpby(const ElementShape& shape, double alpha, const Tensor& x, double beta,
                       const Tensor& y) {
    by_element_type(x, [&](const auto* from) {
        FACET_CUDA(cuda::axpby(static_cast<float>(alpha), from, static_cast<float>(beta),
                               like_elements(from, y), shape.stored, raw()));
    });
}

double CudaDevice::sum_of_squares(const Tensor& x) { return sums_of_squares({&x, 1}).front(); }

// The block of the workspace comes back to the pool at once, which is right on one stream.
void CudaDevice::enqueue_sum_of_squares(const Tensor& x, double* sum) {
    if (x.dtype() == DType::BF16) {
        const Tensor plain(*this, x.shape());
        copy(x, plain);
        return enqueue_sum_of_squares(plain, sum);
    }
    const LedgerScope scope = ledger("sum_of_squares", 2.0 * x.count(), {x});
    const cuda::Block workspace = scratch(cuda::sum_of_squares_workspace(x.count()));
    FACET_CUDA(cuda::sum_of_squares(x.raw<float>(), x.count(), sum, workspace.data(), raw()));
}

// One result of each in device memory, one download of all.
std::vector<double> CudaDevice::sums_of_squares(std::span<const Tensor> all) {
    if (all.empty()) return {};
    const cuda::Block sums = scratch(all.size() * sizeof(double));
    for (size_t i = 0; i < all.size(); ++i)
        enqueue_sum_of_squares(all[i], static_cast<double*>(sums.data()) + i);
    std::vector<double> result(all.size());
    transfers_.download(result.data(), sums.data(), result.size() * sizeof(double));
    return result;
}

void CudaDevice::gather_rows(const Tensor& x, std::span<const int64_t> rows, const Tensor& y) {
    const int64_t D = rows_shape("gather_rows", x, rows, y);
    if (y.count() == 0) return;
    const LedgerScope scope = ledger("gather_rows", 0, {y, y});
    const cuda::Block positions = scratch(rows.size_bytes());
    transfers_.upload(positions.data(), rows.data(), rows.size_bytes());
    FACET_CUDA(cuda::gather_rows(x.raw<float>(), static_cast<const int64_t*>(positions.data()),
                                 std::ssize(rows), D, y.raw<float>(), raw()));
}

void CudaDevice::scatter_rows(const Tensor& x, std::span<const int64_t> rows, const Tensor& y) {
    const int64_t D = rows_shape("scatter_rows", y, rows, x);
    if (x.count() == 0) return;
    const LedgerScope scope = ledger("scatter_rows", 0, {x, x});
    const cuda::Block positions = scratch(rows.size_bytes());
    transfers_.upload(positions.data(), rows.data(), rows.size_bytes());
    FACET_CUDA(cuda::scatter_rows(x.raw<float>(), static_cast<const int64_t*>(positions.data()),
                                  std::ssize(rows), D, y.raw<float>(), raw()));
}

void CudaDevice::add_to_hash(std::span<const Tensor> all, Hash& hash) {
    int64_t chunks = 0;
    for (const Tensor& x : all) chunks += cuda::hash_chunk_count(x.bytes());
    if (chunks == 0) return;
    std::vector<uint64_t> hashes(chunks);
    const size_t bytes = hashes.size() * sizeof(uint64_t);
    const cuda::Block block = scratch(bytes);
    auto* to = static_cast<uint64_t*>(block.data());
    for (const Tensor& x : all) {
        expect_layout("add_to_hash", "x", x, Layout::Plain);
        if (x.count() == 0) continue;
        const LedgerScope scope = ledger("hash_chunks", 0, {x});
        FACET_CUDA(cuda::hash_chunks(x.address(), x.bytes(), to, raw()));
        to += cuda::hash_chunk_count(x.bytes());
    }
    transfers_.download(hashes.data(), block.data(), bytes);
    hash.add_chunks(hashes);
}

}  // namespace facet
