// The operations of a head on the host.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "losses/head/arithmetic.h"
#include "losses/head/backend.h"

namespace facet {
namespace {

template <class T>
double raw_product(const T* a, const T* b, int64_t D) {
    double sum = 0;
    for (int64_t d = 0; d < D; ++d) sum += double(a[d]) * double(b[d]);
    return sum;
}

// |a - b|. Squares that underflow or overflow are formed again with care.
double distance(const double* a, const double* b, int64_t D) {
    const double squares =
        sum_lanes_tail<double>(D, [&](int64_t d) { return (a[d] - b[d]) * (a[d] - b[d]); });
    if (squares > 1e-280 && squares < 1e300) return std::sqrt(squares);
    double length = 0;
    for (int64_t d = 0; d < D; ++d) length = std::hypot(length, a[d] - b[d]);
    return length;
}

// Every pair of rows once: use(u, v) for u <= v.
template <class Use>
void each_pair(int64_t n, int64_t work, Use use) {
    parallel_for(n, work, [&](int64_t u) {
        for (int64_t v = u; v < n; ++v) use(u, v);
    });
}

template <class T>
class HostBackend final : public HeadBackend<T> {
public:
    std::shared_ptr<void> allocate(size_t bytes) override { return share_buffer(bytes); }
    void upload(void* to, const void* host, size_t bytes) override {
        if (bytes > 0) std::memcpy(to, host, bytes);
    }
    void download(std::span<const Download> pieces) override {
        for (const auto& [host, from, bytes] : pieces) {
            if (bytes > 0) std::memcpy(host, from, bytes);
        }
    }
    void fill(T* v, int64_t count, T value) override { std::fill_n(v, count, value); }
    void gemm(Op a_op, Op b_op, int64_t M, int64_t N, int64_t K, const T* A, int64_t lda,
              const T* B, int64_t ldb, T beta, T* C, int64_t ldc) override {
        facet::gemm<T>(a_op, b_op, M, N, K, A, lda, B, ldb, beta, C, ldc);
    }

    void vector_norms(const char* what, const T* v, int64_t rows, int64_t D,
                      double* norms) override {
        facet::vector_norms(what, v, rows, D, norms);
    }
    void unit_vectors(Vectors<T> raw, int64_t rows, int64_t D, T* unit) override {
        facet::unit_vectors(raw.v, raw.norm, rows, D, unit);
    }
    void through_normalisation(const T* unit, const double* norms, int64_t rows, int64_t D,
                               T* gradient) override {
        facet::through_normalisation(unit, norms, rows, D, gradient);
    }

    // --- every row and its target ---

    void target_angles(const Targets<T>& t, const T* xh, Angle* angles, double* products) override {
        parallel_for(t.B, t.B * t.D, [&](int64_t i) {
            const int64_t y = t.labels[i], D = t.D;
            angles[i] = {};
            products[i] = 0;
            if (y < 0) return;
            const T *x = t.x.v + i * D, *w = t.w.v + y * D;
            angles[i] = angle_between(x, t.x.norm[i], w, t.w.norm[y], D);
            products[i] = xh ? cosine_of_tile(xh + i * D, w, t.w.norm[y], D, angles[i].cos)
                             : raw_product(x, w, D);
        });
    }

    void add_pulls(const Targets<T>& t, const Angle* angles, std::span<const RowPull> pulls, T* dx,
                   T* dw) override {
        std::vector<double> tangent(t.D);
        for (int64_t i = 0; i < t.B; ++i) {
            const int64_t y = t.labels[i], D = t.D;
            const double pull = pulls[i].tangent;
            if (y < 0 || pull == 0) continue;
            const T *x = t.x.v + i * D, *w = t.w.v + y * D;
            const double x_norm = t.x.norm[i], w_norm = t.w.norm[y];
            add_tangent(angles[i], pull / x_norm, x, x_norm, w, w_norm, D, tangent.data(),
                        dx + i * D);
            add_tangent(angles[i], pull / w_norm, w, w_norm, x, x_norm, D, tangent.data(),
                        dw + y * D);
        }
        for (int64_t i = 0; i < t.B; ++i) {
            const double scale = pulls[i].norm;
            for (int64_t at = i * t.D; scale != 0 && at < (i + 1) * t.D; ++at)
                dx[at] += T(scale * double(t.x.v[at]));
        }
    }

    void target_differences(const Targets<T>& t, const double* centres, double counted,
                            double* values, T* dx, T* dw) override {
        for (int64_t i = 0; i < t.B; ++i) {
            double squares = 0;
            for (int64_t d = 0; d < t.D; ++d) {
                const int64_t at = t.labels[i] * t.D + d;
                if (t.labels[i] < 0) {
                    if (dx) dx[i * t.D + d] = 0;
                    continue;
                }
                const double centre = centres ? centres[at] : double(t.w.v[at]);
                const double difference = double(t.x.v[i * t.D + d]) - centre;
                squares += difference * difference;
                const T g = T(difference / counted);
                if (dx) dx[i * t.D + d] = g;
                if (dw) dw[at] -= g;
            }
            values[i] = squares / 2;
        }
    }

    // --- tiles of cosines ---

    void clip_cosines(const Tile<T>& tile) override {
        parallel_for(tile.B, tile.B * tile.n, [&](int64_t i) {
            T* c = tile.c + i * tile.ld;
#pragma omp simd
            for (int64_t j = 0; j < tile.n; ++j)
                c[j] = c[j] > 1 ? T(1) : (c[j] < -1 ? T(-1) : c[j]);
        });
    }
    void zero_targets(const Tile<T>& tile) override {
        for (int64_t i = 0; i < tile.B; ++i) {
            const int64_t y = tile.row(i).y;
            if (y >= 0) tile.c[i * tile.ld + y] = 0;
        }
    }

    // --- pairs ---

    void pair_vectors(const PairVectorRows& p, const T* v, double* x) override {
        for (int64_t u = 0; u < p.n; ++u) {
            const T* from = v + p.rows[u] * p.D;
            const double norm = p.norm[p.rows[u]], inverse = norm > 0 ? 1 / norm : 0;
            const double scale = p.quantity.unit() ? inverse : 1;
            for (int64_t d = 0; d < p.D; ++d) x[u * p.D + d] = double(from[d]) * scale;
        }
    }

    void compare_pairs(const PairVectorRows& p, const double* x, double* q) override {
        const int64_t n = p.n, D = p.D;
        const bool product = p.quantity.product();
        if (product) {
            facet::gemm<double>(Op::none, Op::transpose, n, n, D, x, D, x, D, 0.0, q, n);
        }
        each_pair(n, n * n * D, [&](int64_t u, int64_t v) {
            q[u * n + v] = q[v * n + u] =
                product ? p.quantity.of_product(q[u * n + v]) : distance_of(p, x, u, v);
        });
        for (int64_t at = 0; at < n * n; ++at) {
            FACET_CHECK(std::isfinite(q[at]), "embeddings: rows {} and {}: their {} overflows",
                        p.rows[at / n], p.rows[at % n], product ? "product" : "distance");
        }
    }

    void join_pairs(const PairVectorRows& p, const double* q, double scale, double* g) override {
        each_pair(p.n, p.n * p.n, [&](int64_t u, int64_t v) {
            double &g_uv = g[u * p.n + v], &g_vu = g[v * p.n + u];
            g_uv = g_vu = (g_uv + g_vu) * scale * p.quantity.factor(q[u * p.n + v]);
        });
    }

    void multiply_pairs_back(const PairVectorRows& p, const double* h, const double* x,
                             double* dx) override {
        const int64_t n = p.n, D = p.D;
        if (p.quantity.product()) {
            return facet::gemm<double>(Op::none, Op::none, n, D, n, h, n, x, D, 0.0, dx, D);
        }
        parallel_for(n, n * n * D, [&](int64_t u) {
            const double* a = x + u * D;
            double* dx_u = dx + u * D;
            std::fill_n(dx_u, D, 0.0);
            for (int64_t v = 0; v < n; ++v) {
                const double h_uv = h[u * n + v];
                if (h_uv == 0) continue;
                const double* b = x + v * D;
#pragma omp simd
                for (int64_t d = 0; d < D; ++d) dx_u[d] += h_uv * (a[d] - b[d]);
            }
        });
    }

    void scatter_pairs(const PairVectorRows& p, const double* x, double* dx, T* gradient) override {
        for (int64_t u = 0; u < p.n; ++u) {
            double* dx_u = dx + u * p.D;
            if (p.quantity.unit()) {
                facet::through_normalisation(x + u * p.D, p.norm + p.rows[u], 1, p.D, dx_u);
            }
            std::transform(dx_u, dx_u + p.D, gradient + p.rows[u] * p.D,
                           [](double v) { return T(v); });
        }
    }

private:
    // c_iy as the tile has it; for double with the same bits, so that a proxy equal to the target's
    // is a tie for a mask c_j > c_y.
    static double cosine_of_tile(const T* xh, const T* w, double w_norm, int64_t D, double cos) {
        if constexpr (std::is_same_v<T, double>) {
            const double scale = w_norm > 0 ? 1 / w_norm : 0;
            return std::clamp(dot_lanes(xh, w, D, scale), -1.0, 1.0);
        }
        return cos;
    }

    static double distance_of(const PairVectorRows& p, const double* x, int64_t u, int64_t v) {
        const int zeros = (p.norm[p.rows[u]] == 0) + (p.norm[p.rows[v]] == 0);
        return p.quantity.of_distance(distance(x + u * p.D, x + v * p.D, p.D), zeros,
                                      std::numeric_limits<T>::epsilon());
    }
};

}  // namespace

template <class T>
HeadBackend<T>& host_backend() {
    static HostBackend<T> backend;
    return backend;
}

template HeadBackend<float>& host_backend();
template HeadBackend<double>& host_backend();

}  // namespace facet
