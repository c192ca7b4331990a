// The pairs of a batch: the vectors that are compared, q_uv of every pair, and the way back from
// dL/dq_uv to the embeddings. All in double, the arithmetic of losses/head/cpu.
#include <cfloat>

#include "losses/head/cuda/cuda_backend.h"
#include "losses/head/cuda/head_kernels.h"
#include "losses/head/cuda/warps.cuh"

namespace facet::cuda {
namespace {

__global__ void __launch_bounds__(kThreads, kBlocks)
    pair_vectors_kernel(const PairQuantity quantity, const float* __restrict__ v,
                        const double* __restrict__ norms, const int64_t* __restrict__ rows,
                        int64_t n, int64_t D, double* __restrict__ x) {
    const int64_t u = row_of_warp();
    if (u >= n) return;  // the whole warp
    const double norm = norms[rows[u]], inverse = norm > 0 ? 1 / norm : 0;
    const double scale = quantity.unit() ? inverse : 1;
    const float* from = v + rows[u] * D;
    each_step<1>(D, [&](int64_t d) { x[u * D + d] = double(from[d]) * scale; });
}

// The pair (u, v) of this thread. Of u <= v it has both entries.
struct PairOfThread {
    int64_t u, v, at, mirrored;
    bool has_work;

    __device__ explicit PairOfThread(int64_t n)
        : u(blockIdx.y), v(static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x) {
        at = u * n + v;
        mirrored = v * n + u;
        has_work = v < n && u <= v;
    }
};

dim3 pair_grid(int64_t n) {
    return dim3(static_cast<unsigned>(ceil_div(n, kThreads)), static_cast<unsigned>(n));
}

__global__ void __launch_bounds__(kThreads, kBlocks)
    pair_products_kernel(const PairQuantity quantity, int64_t n, double* q) {
    const PairOfThread pair(n);
    if (pair.has_work) q[pair.at] = q[pair.mirrored] = quantity.of_product(q[pair.at]);
}

constexpr int kPairsOfWarp = 8;

// A warp takes some v of a u. Squares of such differences neither overflow nor vanish in double,
// as they are of floats, or of these divided by their norms.
__global__ void __launch_bounds__(kThreads, kBlocks)
    pair_distances_kernel(const PairQuantity quantity, const double* __restrict__ x,
                          const double* __restrict__ norms, const int64_t* __restrict__ rows,
                          int64_t n, int64_t D, double* __restrict__ q) {
    const int64_t u = blockIdx.y;
    const int64_t first =
        (static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / 32) * kPairsOfWarp;
    for (int64_t v = first; v < first + kPairsOfWarp && v < n; ++v) {
        if (v < u) continue;
        const double squares = sum_over_row<1>(D, [&](int64_t d) {
            const double difference = x[u * D + d] - x[v * D + d];
            return difference * difference;
        });
        if (threadIdx.x % 32 != 0) continue;
        const int zeros = (norms[rows[u]] == 0) + (norms[rows[v]] == 0);
        q[u * n + v] = q[v * n + u] = quantity.of_distance(sqrt(squares), zeros, FLT_EPSILON);
    }
}

__global__ void __launch_bounds__(kThreads, kBlocks)
    join_pairs_kernel(const PairQuantity quantity, const double* __restrict__ q, double scale,
                      int64_t n, double* g) {
    const PairOfThread pair(n);
    if (!pair.has_work) return;
    const double both = (g[pair.at] + g[pair.mirrored]) * scale;
    g[pair.at] = g[pair.mirrored] = both * quantity.factor(q[pair.at]);
}

// A thread a column of dx_u.
__global__ void __launch_bounds__(kThreads, kBlocks)
    pair_differences_kernel(const double* __restrict__ h, const double* __restrict__ x, int64_t n,
                            int64_t D, double* __restrict__ dx) {
    const int64_t u = blockIdx.y;
    const int64_t d = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (d >= D) return;
    const double own = x[u * D + d];
    double sum = 0;
    for (int64_t v = 0; v < n; ++v) sum += h[u * n + v] * (own - x[v * D + d]);
    dx[u * D + d] = sum;
}

__global__ void __launch_bounds__(kThreads, kBlocks)
    finish_pairs_kernel(const PairQuantity quantity, const double* __restrict__ x,
                        const double* __restrict__ norms, const int64_t* __restrict__ rows,
                        const double* __restrict__ dx, int64_t n, int64_t D,
                        float* __restrict__ gradient) {
    const int64_t u = row_of_warp();
    if (u >= n) return;
    const double *x_u = x + u * D, *dx_u = dx + u * D;
    double radial = 0, scale = 1;
    if (quantity.unit()) {
        const double norm = norms[rows[u]];
        scale = norm > 0 ? 1 / norm : 0;
        radial = sum_over_row<1>(D, [&](int64_t d) { return dx_u[d] * x_u[d]; });
    }
    float* to = gradient + rows[u] * D;
    each_step<1>(
        D, [&](int64_t d) { to[d] = static_cast<float>((dx_u[d] - radial * x_u[d]) * scale); });
}

}  // namespace

void CudaBackend::pair_vectors(const PairVectorRows& p, const float* v, double* x) {
    FACET_LAUNCH(pair_vectors_kernel, warp_rows(p.n), kThreads, 0, stream_)
    (p.quantity, v, p.norm, p.rows, p.n, p.D, x);
    check_launch(cudaGetLastError());
}

void pair_products(PairQuantity quantity, int64_t n, double* q, cudaStream_t stream) {
    FACET_LAUNCH(pair_products_kernel, pair_grid(n), kThreads, 0, stream)(quantity, n, q);
    check_launch(cudaGetLastError());
}

// Neither a product nor a distance of floats overflows in double.
void CudaBackend::compare_pairs(const PairVectorRows& p, const double* x, double* q) {
    if (p.quantity.product()) {
        device_.gemm(Op::none, Op::transpose, p.n, p.n, p.D, x, p.D, x, p.D, 0.0, q, p.n);
        return pair_products(p.quantity, p.n, q, stream_);
    }
    const dim3 grid(static_cast<unsigned>(ceil_div(p.n, kWarps * kPairsOfWarp)),
                    static_cast<unsigned>(p.n));
    FACET_LAUNCH(pair_distances_kernel, grid, kThreads, 0, stream_)
    (p.quantity, x, p.norm, p.rows, p.n, p.D, q);
    check_launch(cudaGetLastError());
}

void CudaBackend::join_pairs(const PairVectorRows& p, const double* q, double scale, double* g) {
    FACET_LAUNCH(join_pairs_kernel, pair_grid(p.n), kThreads, 0, stream_)
    (p.quantity, q, scale, p.n, g);
    check_launch(cudaGetLastError());
}

void CudaBackend::multiply_pairs_back(const PairVectorRows& p, const double* h, const double* x,
                                      double* dx) {
    if (p.quantity.product())
        return device_.gemm(Op::none, Op::none, p.n, p.D, p.n, h, p.n, x, p.D, 0.0, dx, p.D);
    const dim3 grid(static_cast<unsigned>(ceil_div(p.D, kThreads)), static_cast<unsigned>(p.n));
    FACET_LAUNCH(pair_differences_kernel, grid, kThreads, 0, stream_)(h, x, p.n, p.D, dx);
    check_launch(cudaGetLastError());
}

void CudaBackend::scatter_pairs(const PairVectorRows& p, const double* x, double* dx,
                                float* gradient) {
    FACET_LAUNCH(finish_pairs_kernel, warp_rows(p.n), kThreads, 0, stream_)
    (p.quantity, x, p.norm, p.rows, dx, p.n, p.D, gradient);
    check_launch(cudaGetLastError());
}

}  // namespace facet::cuda
