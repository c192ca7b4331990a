// Rows, elements and hashes of the CUDA device: checks of the call, then kernels.
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/element_type.h"
#include "engine/cuda/kernels.h"
#include "engine/shapes.h"

namespace facet {
namespace {

bool accumulates(Grad mode) { return mode == Grad::Accumulate; }

}  // namespace

void CudaDevice::add_bias(const Tensor& y, const Tensor& bias) {
    const auto [B, D] = bias_shape("add_bias", "y", y, "bias", bias);
    const LedgerScope scope = ledger("add_bias", 1.0 * B * D, {y, y});
    FACET_CUDA(cuda::add_bias(y.raw<float>(), bias.raw<float>(), B, D, raw()));
}

void CudaDevice::sum_rows(const Tensor& dy, const Tensor& dbias, Grad mode) {
    const auto [B, D] = bias_shape("sum_rows", "dy", dy, "dbias", dbias);
    const LedgerScope scope = ledger("sum_rows", 1.0 * B * D, {dy});
    const cuda::Block workspace = scratch(cuda::sum_rows_workspace(B, D));
    FACET_CUDA(cuda::sum_rows(dy.raw<float>(), B, D, dbias.raw<float>(), accumulates(mode),
                              workspace.data(), raw()));
}

void CudaDevice::normalise_rows(const Tensor& x, const Tensor& norm, const Tensor& y) {
    const auto [B, D] = normalise_shape(x, norm, y);
    const LedgerScope scope = ledger("normalise_rows", 3.0 * B * D, {x, y});
    FACET_CUDA(
        cuda::normalise_rows(x.raw<float>(), B, D, norm.raw<float>(), y.raw<float>(), raw()));
}

void CudaDevice::normalise_rows_backward(const Tensor& y, const Tensor& norm, const Tensor& dy,
                                         const Tensor& dx, Grad mode) {
    const auto [B, D] = normalise_backward_shape(y, norm, dy, dx);
    const LedgerScope scope = ledger("normalise_rows_backward", 5.0 * B * D, {y, dy, dx});
    FACET_CUDA(cuda::normalise_rows_backward(y.raw<float>(), norm.raw<float>(), dy.raw<float>(), B,
                                             D, dx.raw<float>(), accumulates(mode), raw()));
}

void CudaDevice::dropout(const Tensor& x, double p, uint64_t seed, uint64_t step, const Tensor& y,
                         Grad mode) {
    check_dropout(x, p, y);
    const auto* cell = static_cast<const uint64_t*>(dropout_step_.data());
    const LedgerScope scope = ledger("dropout", 1.0 * x.count(), {x, y});
    FACET_CUDA(cuda::dropout(x.raw<float>(), x.count(), p, seed,
                             {step, recording_ ? cell : nullptr}, y.raw<float>(), accumulates(mode),
                             raw()));
}

void CudaDevice::axpby(double alpha, const Tensor& x, double beta, const Tensor& y) {
    expect_like("axpby", "y", y, x);
    const LedgerScope scope = ledger("axpby", 3.0 * x.count(), {x, y, y});
    by_element_type(x, [&](const auto* from) {
        FACET_CUDA(cuda::axpby(static_cast<float>(alpha), from, static_cast<float>(beta),
                               like_elements(from, y), x.count(), raw()));
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
