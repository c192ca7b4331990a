// The kernels of a class loss, made of its form (losses/rows.h, losses/columns.h).
//
// Rows: a block takes a row of the tile, its threads take entries, their accumulators are merged
// into the row's. Columns: a warp takes 32 neighbouring columns at a time, so that what its lanes
// read lies side by side; the warps of a block share the rows. Compiled with --fmad=false: the
// logits of both sweeps then round alike.
#pragma once

#include "losses/class_loss.h"
#include "losses/columns.h"
#include "losses/cuda/block_merge.cuh"
#include "losses/cuda/loss_kernels.h"

namespace facet::cuda {

// The types of a form's DeviceParts, and a pass known when a kernel is compiled.
template <class Form, int kPass = 0>
struct RowTypes {
    using Device = decltype(on_device(std::declval<const Form&>(), nullptr));
    using Row = typename Form::Row;
    using Acc = typename Form::Acc;
    static constexpr int pass = kPass;
};

constexpr int kStep = 4;  // cosines that a thread reads and writes together

template <class Types>
__global__ void __launch_bounds__(kThreads, kBlocks)
    gather_kernel(const typename Types::Device form, const typename Types::Row* rows,
                  typename Types::Acc* accumulators, const Tile<float> tile) {
    const int64_t i = blockIdx.x;
    const typename Types::Row row = rows[i];
    if (row.weight == 0) return;  // the whole block
    const Chunk<float> chunk = tile.row(i);
    typename Types::Acc acc;
    for (int64_t j = threadIdx.x * kStep; j < chunk.n; j += kThreads * kStep) {
        const Lanes<kStep> c = load<kStep>(chunk.c + j);
        for (int k = 0; k < kStep; ++k) {
            if (j + k == chunk.y || j + k >= chunk.n) continue;
            form.take(Types::pass, row, acc, c[k], chunk.first + j + k);
        }
    }
    acc = block_merge(acc);
    if (threadIdx.x == 0) accumulators[i].merge(acc);
}

template <class Device, class Row>
__global__ void __launch_bounds__(kThreads, kBlocks)
    differentiate_kernel(const Device form, const Row* rows, const Tile<float> tile) {
    const int64_t i = blockIdx.x;
    const Row row = rows[i];
    const Chunk<float> chunk = tile.row(i);
    float* g = tile.c + i * tile.ld;
    const int64_t first = (static_cast<int64_t>(blockIdx.y) * kThreads + threadIdx.x) * kStep;
    const int64_t step = static_cast<int64_t>(gridDim.y) * kThreads * kStep;
    for (int64_t j = first; j < chunk.n; j += step) {
        Lanes<kStep> c = load<kStep>(g + j);
        for (int k = 0; k < kStep; ++k) {
            const bool inside = row.weight != 0 && j + k < chunk.n;
            const float other = inside ? form.derivative(row, c[k], chunk.first + j + k) : 0;
            c[k] = j + k == chunk.y ? row.weight * row.dcos : other;
        }
        store<kStep>(g + j, c);
    }
}

// A block for every (at most) 16 steps of a thread, for every row.
template <class Device, class Row>
cudaError_t differentiate_rows(const Device& form, const Row* rows, const Tile<float>& tile,
                               cudaStream_t stream) {
    const int64_t parts = ceil_div(tile.n, 16 * kThreads * kStep);
    const dim3 grid(static_cast<unsigned>(tile.B), static_cast<unsigned>(parts));
    constexpr auto kernel = differentiate_kernel<Device, Row>;
    FACET_LAUNCH(kernel, grid, kThreads, 0, stream)(form, rows, tile);
    return cudaGetLastError();
}

// log(1 + sum_i e^z(c_ij)) over the rows of other classes, of a tile's columns.
template <class Form>
__global__ void __launch_bounds__(kThreads, kBlocks)
    gather_columns_kernel(const Form form, double* logs, const Tile<float> tile) {
    constexpr int kWarps = kThreads / 32;
    __shared__ Words<LogSumExp<float>> parts[kWarps][32];
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int64_t j = static_cast<int64_t>(blockIdx.x) * 32 + lane;
    LogSumExp<float> sum;
    for (int64_t i = warp; j < tile.n && i < tile.B; i += kWarps) {
        const int64_t y = tile.labels[i];
        if (y >= 0 && y != tile.first + j) sum.add_quickly(form.logit(tile.c[i * tile.ld + j]));
    }
    parts[warp][lane] = std::bit_cast<Words<LogSumExp<float>>>(sum);
    __syncthreads();
    if (warp > 0 || j >= tile.n) return;
    for (int other = 1; other < kWarps; ++other)
        sum.merge(std::bit_cast<LogSumExp<float>>(parts[other][lane]));
    logs[tile.first + j] = sum.sum > 0 ? softplus(sum.log()) : 0.0;
}

// What differentiate_kernel runs of a column form.
template <class Form>
struct ColumnDerivative {
    WeightedColumn<Form> column;
    const double* logs;

    __device__ float derivative(const RowResult<float>&, float c, int64_t j) const {
        return column.derivative(c, logs[j]);
    }
};

template <class L>
struct KernelsOf;

template <template <class> class Loss>
struct KernelsOf<ClassLoss<Loss, RowsOf>> {
    using Form = Loss<float>;
    using Types = RowTypes<Form>;

    template <int kPass>
    static cudaError_t gather_pass(const void* form, const void* rows, void* accumulators,
                                   const Tile<float>& tile, cudaStream_t stream) {
        FACET_LAUNCH((gather_kernel<RowTypes<Form, kPass>>), static_cast<unsigned>(tile.B),
                     kThreads, 0, stream)
        (*static_cast<const typename Types::Device*>(form),
         static_cast<const typename Types::Row*>(rows),
         static_cast<typename Types::Acc*>(accumulators), tile);
        return cudaGetLastError();
    }
    static cudaError_t gather(const void* form, int pass, const void* rows, void* accumulators,
                              const Tile<float>& tile, cudaStream_t stream) {
        static_assert(Form::passes <= 2);
        if (pass == 0) return gather_pass<0>(form, rows, accumulators, tile, stream);
        return gather_pass<Form::passes - 1>(form, rows, accumulators, tile, stream);
    }
    static cudaError_t differentiate(const void* form, const void* rows, const void*,
                                     const Tile<float>& tile, cudaStream_t stream) {
        return differentiate_rows(*static_cast<const typename Types::Device*>(form),
                                  static_cast<const typename Types::Row*>(rows), tile, stream);
    }

    static LossKernels table() {
        return {sizeof(typename Types::Row), sizeof(typename Types::Acc), gather, differentiate};
    }
};

template <template <class> class Loss>
struct KernelsOf<ClassLoss<Loss, ColumnsOf>> {
    using Form = Loss<float>;
    using Column = WeightedColumn<Form>;

    static cudaError_t gather(const void* form, int, const void*, void* logs,
                              const Tile<float>& tile, cudaStream_t stream) {
        FACET_LAUNCH(gather_columns_kernel<Form>, static_cast<unsigned>(ceil_div(tile.n, 32)),
                     kThreads, 0, stream)
        (static_cast<const Column*>(form)->form, static_cast<double*>(logs), tile);
        return cudaGetLastError();
    }
    static cudaError_t differentiate(const void* form, const void* rows, const void* logs,
                                     const Tile<float>& tile, cudaStream_t stream) {
        const ColumnDerivative<Form> derivative{*static_cast<const Column*>(form),
                                                static_cast<const double*>(logs)};
        return differentiate_rows(derivative, static_cast<const RowResult<float>*>(rows), tile,
                                  stream);
    }

    static LossKernels table() {
        return {sizeof(RowResult<float>), sizeof(double), gather, differentiate};
    }
};

}  // namespace facet::cuda
