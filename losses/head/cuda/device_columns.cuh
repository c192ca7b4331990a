// A column form (losses/head/columns.h) on a CUDA device. A warp takes 32 neighbouring columns at a
// time, so that what its lanes read lies side by side; the warps of a block share the rows.
#pragma once

#include "losses/head/columns.h"
#include "losses/head/cuda/device_rows.cuh"

namespace facet::cuda {

// log(1 + sum_i e^z(c_ij)) over the rows of other classes, of a tile's columns.
template <class Form>
__global__ void __launch_bounds__(kThreads, kBlocks)
    gather_columns_kernel(const Form form, double* logs, const Tile<float> tile) {
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

template <class Form>
class DeviceColumns final : public DeviceForm<HostColumns<Form>> {
public:
    using DeviceForm<HostColumns<Form>>::DeviceForm;

    void open(const Batch<float>& batch) override {
        host_.open(batch);
        rows_ = {device_, host_.rows().data(), std::ssize(host_.rows())};
        logs_ = {device_, batch.C};
    }
    void gather(int, const Tile<float>& tile) override {
        FACET_LAUNCH(gather_columns_kernel<Form>, static_cast<unsigned>(ceil_div(tile.n, 32)),
                     kThreads, 0, device_.stream())
        (host_.column().form, logs_.data(), tile);
        check_launch(cudaGetLastError());
    }
    void fetch(int) override { device_.download(host_.logs().data(), logs_.data(), logs_.bytes()); }
    void close(int pass) override { host_.close(pass); }
    void differentiate(const Tile<float>& tile) override {
        const ColumnDerivative<Form> derivative{host_.column(), logs_.data()};
        differentiate_rows(derivative, rows_.data(), tile, device_.stream());
    }

private:
    using DeviceForm<HostColumns<Form>>::device_;
    using DeviceForm<HostColumns<Form>>::host_;
    HeadArray<RowResult<float>> rows_;  // (B)
    HeadArray<double> logs_;            // (C)
};

}  // namespace facet::cuda
