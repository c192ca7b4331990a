// Norms, unit vectors, angles and tangents: a warp a row, the same arithmetic in double as
// losses/head/geometry.cpp, where the reasons are given.
#include <cfloat>

#include "losses/head/cuda/cuda_backend.h"
#include "losses/head/cuda/head_kernels.h"
#include "losses/head/cuda/warps.cuh"

namespace facet::cuda {
namespace {

template <int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    vector_norms_kernel(const float* __restrict__ v, int64_t rows, int64_t D,
                        double* __restrict__ norms, uint64_t* bad) {
    const int64_t row = row_of_warp();
    if (row >= rows) return;  // the whole warp
    const float* v_row = v + row * D;
    // Squares of floats neither overflow nor vanish in double.
    const double norm = sqrt(sum_over_row<V>(D, [&](int64_t d) {
        const Lanes<V> value = load<V>(v_row + d);
        double squares = 0;
        for (int k = 0; k < V; ++k) squares += double(value[k]) * double(value[k]);
        return squares;
    }));
    if (threadIdx.x % 32 != 0) return;
    norms[row] = norm < shortest_norm<float>() ? 0 : norm;
    if (!(norm < INFINITY))
        atomicMax(reinterpret_cast<unsigned long long*>(bad),
                  static_cast<unsigned long long>(rows - row));
}

template <int V, class T>
__global__ void __launch_bounds__(kThreads, kBlocks)
    unit_vectors_kernel(const float* __restrict__ v, const double* __restrict__ norms, int64_t rows,
                        int64_t D, T* __restrict__ unit) {
    const int64_t row = row_of_warp();
    if (row >= rows) return;
    const double scale = norms[row] > 0 ? 1 / norms[row] : 0;
    each_step<V>(D, [&](int64_t d) {
        Lanes<V> value = load<V>(v + row * D + d);
        if constexpr (std::is_same_v<T, float>) {
            for (int k = 0; k < V; ++k) value[k] = static_cast<float>(double(value[k]) * scale);
            store<V>(unit + row * D + d, value);
        } else {
            for (int k = 0; k < V; ++k) unit[row * D + d + k] = double(value[k]) * scale;
        }
    });
}

template <int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    through_normalisation_kernel(const float* __restrict__ unit, const double* __restrict__ norms,
                                 int64_t rows, int64_t D, float* gradient) {
    const int64_t row = row_of_warp();
    if (row >= rows) return;
    const float* u = unit + row * D;
    float* g = gradient + row * D;
    const double scale = norms[row] > 0 ? 1 / norms[row] : 0;
    const double radial = sum_over_row<V>(D, [&](int64_t d) {
        const Lanes<V> a = load<V>(g + d), b = load<V>(u + d);
        double products = 0;
        for (int k = 0; k < V; ++k) products += double(a[k]) * double(b[k]);
        return products;
    });
    each_step<V>(D, [&](int64_t d) {
        Lanes<V> a = load<V>(g + d);
        const Lanes<V> b = load<V>(u + d);
        for (int k = 0; k < V; ++k)
            a[k] = static_cast<float>((double(a[k]) - radial * double(b[k])) * scale);
        store<V>(g + d, a);
    });
}

// t = b/|b| - cos a/|a|, formed without cancellation, for a lane's columns.
struct Tangent {
    const float *a, *b;
    double a_norm, b_norm;
    int64_t D;
    double cos, along, rest = 0;

    __device__ Tangent(const float* a, double a_norm, const float* b, double b_norm, int64_t D)
        : a(a), b(b), a_norm(a_norm), b_norm(b_norm), D(D) {
        cos = sum_over_row<1>(D, [&](int64_t d) { return unit(d) * (double(b[d]) / b_norm); });
        const double multiple = cos * (b_norm / a_norm);
        along = multiple - multiple == 0 ? multiple : 0;  // finite, or norms too far apart
        rest = sum_over_row<1>(D, [&](int64_t d) { return at(d) * unit(d); });
    }
    __device__ double unit(int64_t d) const { return double(a[d]) / a_norm; }
    __device__ double at(int64_t d) const {
        return fma(-along, double(a[d]), double(b[d])) / b_norm - rest * unit(d);
    }
    __device__ double length() const {
        return sqrt(sum_over_row<1>(D, [&](int64_t d) { return at(d) * at(d); }));
    }
};

__global__ void __launch_bounds__(kThreads, kBlocks)
    target_angles_kernel(const Targets<float> targets, bool cosines, Angle* angles,
                         double* products) {
    const int64_t i = row_of_warp();
    if (i >= targets.B) return;
    const int64_t y = targets.labels[i], D = targets.D;
    Angle angle;
    double product = 0;
    if (y >= 0) {
        const float *x = targets.x.v + i * D, *w = targets.w.v + y * D;
        product = sum_over_row<1>(D, [&](int64_t d) { return double(x[d]) * double(w[d]); });
        const double x_norm = targets.x.norm[i], w_norm = targets.w.norm[y];
        if (x_norm > 0 && w_norm > 0) {
            const Tangent tangent(x, x_norm, w, w_norm, D);
            angle.cos = tangent.cos > 1 ? 1 : (tangent.cos < -1 ? -1 : tangent.cos);
            const double sine = tangent.length();
            angle.defined = sine > 4 * double(FLT_EPSILON);
            angle.sin = angle.defined ? (sine < 1 ? sine : 1) : 0;
        }
    }
    if (threadIdx.x % 32 != 0) return;
    angles[i] = angle;
    products[i] = cosines ? angle.cos : product;
}

// to += scale t / |t|
__device__ __forceinline__ void add_tangent(const Tangent& tangent, double scale, float* to) {
    const double factor = scale / tangent.length();
    each_step<1>(tangent.D, [&](int64_t d) {
        to[d] = static_cast<float>(double(to[d]) + factor * tangent.at(d));
    });
}

__global__ void __launch_bounds__(kThreads, kBlocks)
    add_pulls_to_x_kernel(const Targets<float> targets, const Angle* __restrict__ angles,
                          const RowPull* __restrict__ pulls, float* dx) {
    const int64_t i = row_of_warp(), D = targets.D;
    if (i >= targets.B) return;
    const RowPull pull = pulls[i];
    const float* x = targets.x.v + i * D;
    float* to = dx + i * D;
    if (angles[i].defined && pull.tangent != 0) {
        const int64_t y = targets.labels[i];
        const double norm = targets.x.norm[i];
        add_tangent(Tangent(x, norm, targets.w.v + y * D, targets.w.norm[y], D),
                    pull.tangent / norm, to);
    }
    if (pull.norm == 0) return;
    each_step<1>(D, [&](int64_t d) { to[d] += static_cast<float>(pull.norm * double(x[d])); });
}

// The warp whose place in `order` is the first of its class takes all rows of that class.
__global__ void __launch_bounds__(kThreads, kBlocks)
    add_pulls_to_w_kernel(const Targets<float> targets, const Angle* __restrict__ angles,
                          const RowPull* __restrict__ pulls, const int64_t* __restrict__ order,
                          int64_t count, float* dw) {
    const int64_t place = row_of_warp(), D = targets.D;
    if (place >= count) return;
    const int64_t y = targets.labels[order[place]];
#ifndef BUG_ROWS_OF_A_CLASS_APART
    if (place > 0 && targets.labels[order[place - 1]] == y) return;
#endif
    const double norm = targets.w.norm[y];
    for (int64_t at = place; at < count && targets.labels[order[at]] == y; ++at) {
        const int64_t i = order[at];
        if (!angles[i].defined || pulls[i].tangent == 0) continue;
        add_tangent(Tangent(targets.w.v + y * D, norm, targets.x.v + i * D, targets.x.norm[i], D),
                    pulls[i].tangent / norm, dw + y * D);
    }
}

}  // namespace

void CudaBackend::vector_norms(const char* what, const float* v, int64_t rows, int64_t D,
                               double* norms) {
    constexpr uint64_t none = 0;
    const HeadArray<uint64_t> bad(device_, &none, 1);
    with_width<4>(D % 4 == 0 && all_aligned(v), [&](auto V) {
        FACET_LAUNCH(vector_norms_kernel<V>, warp_rows(rows), kThreads, 0, stream_)
        (v, rows, D, norms, bad.data());
    });
    check_launch(cudaGetLastError());
    unchecked_.push_back({what, v, rows, D, bad});
}

template <class T>
void unit_vectors(Vectors<float> raw, int64_t rows, int64_t D, T* unit, cudaStream_t stream) {
    with_width<4>(D % 4 == 0 && all_aligned(raw.v, unit), [&](auto V) {
        constexpr auto kernel = unit_vectors_kernel<V, T>;
        FACET_LAUNCH(kernel, warp_rows(rows), kThreads, 0, stream)
        (raw.v, raw.norm, rows, D, unit);
    });
    check_launch(cudaGetLastError());
}
template void unit_vectors(Vectors<float>, int64_t, int64_t, double*, cudaStream_t);

void CudaBackend::unit_vectors(Vectors<float> raw, int64_t rows, int64_t D, float* unit) {
    cuda::unit_vectors(raw, rows, D, unit, stream_);
}

void CudaBackend::through_normalisation(const float* unit, const double* norms, int64_t rows,
                                        int64_t D, float* gradient) {
    with_width<4>(D % 4 == 0 && all_aligned(unit, gradient), [&](auto V) {
        FACET_LAUNCH(through_normalisation_kernel<V>, warp_rows(rows), kThreads, 0, stream_)
        (unit, norms, rows, D, gradient);
    });
    check_launch(cudaGetLastError());
}

void CudaBackend::target_angles(const Targets<float>& targets, const float* xh, Angle* angles,
                                double* products) {
    FACET_LAUNCH(target_angles_kernel, warp_rows(targets.B), kThreads, 0, stream_)
    (targets, xh != nullptr, angles, products);
    check_launch(cudaGetLastError());
}

void CudaBackend::add_pulls(const Targets<float>& targets, const Angle* angles,
                            std::span<const RowPull> pulls, float* dx, float* dw) {
    const HeadArray<int64_t> order = rows_by_class(targets);
    if (order.count() == 0) return;
    const HeadArray<RowPull> device_pulls(device_, pulls.data(), std::ssize(pulls));
    FACET_LAUNCH(add_pulls_to_x_kernel, warp_rows(targets.B), kThreads, 0, stream_)
    (targets, angles, device_pulls.data(), dx);
    check_launch(cudaGetLastError());
    FACET_LAUNCH(add_pulls_to_w_kernel, warp_rows(order.count()), kThreads, 0, stream_)
    (targets, angles, device_pulls.data(), order.data(), order.count(), dw);
    check_launch(cudaGetLastError());
}

}  // namespace facet::cuda
