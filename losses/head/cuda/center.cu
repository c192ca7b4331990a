// Center loss: a warp a row for values and dx, a warp a class for dw.
#include "losses/head/cuda/cuda_backend.h"
#include "losses/head/cuda/warps.cuh"

namespace facet::cuda {
namespace {

// Embeddings and the centres of their classes.
struct Centres {
    const float* x;         // (B, D)
    const int64_t* labels;  // (B) class; -1: the row does not count
    const float* w;         // (C, D)
    const double* given;    // (C, D) in place of w, or null
    int64_t B, D;
    double counted;  // rows that count
};

// Column d of x_i less its centre.
__device__ __forceinline__ double difference(const Centres& centres, int64_t i, int64_t d) {
    const int64_t at = centres.labels[i] * centres.D + d;
    const double centre = centres.given ? centres.given[at] : double(centres.w[at]);
    return double(centres.x[i * centres.D + d]) - centre;
}

__device__ __forceinline__ float gradient(const Centres& centres, double difference) {
    return static_cast<float>(difference / centres.counted);
}

__global__ void __launch_bounds__(kThreads, kBlocks)
    center_rows_kernel(const Centres centres, double* __restrict__ values, float* __restrict__ dx) {
    const int64_t i = row_of_warp(), D = centres.D;
    if (i >= centres.B) return;  // the whole warp
    const bool counts = centres.labels[i] >= 0;
    const double squares = sum_over_row<1>(D, [&](int64_t d) {
        const double apart = counts ? difference(centres, i, d) : 0;
        if (dx) dx[i * D + d] = counts ? gradient(centres, apart) : 0;
        return apart * apart;
    });
    if (threadIdx.x % 32 == 0) values[i] = squares / 2;
}

// The warp whose place in `order` is the first of its class takes all rows of that class.
__global__ void __launch_bounds__(kThreads, kBlocks)
    center_proxies_kernel(const Centres centres, const int64_t* __restrict__ order, int64_t count,
                          float* __restrict__ dw) {
    const int64_t place = row_of_warp(), D = centres.D;
    if (place >= count) return;
    const int64_t y = centres.labels[order[place]];
#ifndef BUG_CENTRES_OF_A_CLASS_APART
    if (place > 0 && centres.labels[order[place - 1]] == y) return;
#endif
    each_step<1>(D, [&](int64_t d) {
        float sum = dw[y * D + d];
        for (int64_t at = place; at < count && centres.labels[order[at]] == y; ++at)
            sum -= gradient(centres, difference(centres, order[at], d));
        dw[y * D + d] = sum;
    });
}

}  // namespace

void CudaBackend::target_differences(const Targets<float>& targets, const double* centres,
                                     double counted, double* values, float* dx, float* dw) {
    const Centres all{targets.x.v, targets.labels, targets.w.v, centres,
                      targets.B,   targets.D,      counted};
    FACET_LAUNCH(center_rows_kernel, warp_rows(targets.B), kThreads, 0, stream_)(all, values, dx);
    check_launch(cudaGetLastError());
    if (!dw) return;
    const HeadArray<int64_t> order = rows_by_class(targets);
    if (order.count() == 0) return;
    FACET_LAUNCH(center_proxies_kernel, warp_rows(order.count()), kThreads, 0, stream_)
    (all, order.data(), order.count(), dw);
    check_launch(cudaGetLastError());
}

}  // namespace facet::cuda
