#include "losses/pairs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/error.h"
#include "engine/ledger.h"
#include "losses/gemm.h"
#include "losses/lanes.h"
#include "losses/parallel.h"

namespace facet {
namespace {

// |a - b|. Squares that underflow or overflow are formed again with care.
double distance(const double* a, const double* b, std::int64_t D) {
    const double squares =
        sum_lanes_tail<double>(D, [&](std::int64_t d) { return (a[d] - b[d]) * (a[d] - b[d]); });
    if (squares > 1e-280 && squares < 1e300) return std::sqrt(squares);
    double length = 0;
    for (std::int64_t d = 0; d < D; ++d) length = std::hypot(length, a[d] - b[d]);
    return length;
}

template <class T>
class PairDriver {
public:
    PairDriver(Pairs& pairs, const HeadBatch<T>& in, PairWorkspace& ws)
        : pairs_(pairs), quantity_(pairs.quantity()), in_(in), ws_(ws), D_(in.D) {}

    // The value; 0 and `usable` false if there is no pair.
    double forward(HeadWorkspace<T>& diagnostics, bool& usable) {
        {
            const LedgerScope scope("pair_vectors", 0, 0);
            take_rows(diagnostics);
            take_vectors(diagnostics);
        }
        compare();
        const LedgerScope scope("loss_anchors", 0, 0, pairs_in_words());
        pairs_.open({ws_.y, ws_.q.data()});
        visit_anchors();
        return collect(diagnostics, usable);
    }

    void backward(T* dx) {
        const InPhase phase(Phase::Backward);
        join_derivatives();
        multiply_back();
        const LedgerScope scope("pair_finish", 0, 0, pairs_in_words());
        if (unit()) {
            through_normalisation(ws_.x.data(), ws_.norm.data(), n_, D_, ws_.dx.data());
        }
        for (std::int64_t u = 0; u < n_; ++u) {
            const double* from = ws_.dx.data() + u * D_;
            std::transform(from, from + D_, dx + ws_.rows[u] * D_, [](double v) { return T(v); });
        }
    }

private:
    auto pairs_in_words() const {
        return [this] { return fmt::format("n {} D {}", n_, D_); };
    }
    // A scope of one product, or as many differences: n^2 D.
    LedgerScope product_scope(const char* name, int flops) const {
        const auto n = double(n_), D = double(D_);
        return {name, flops * n * n * D, (n * n + 2 * n * D) * double(sizeof(double)),
                pairs_in_words()};
    }

    bool unit() const { return quantity_.vectors == PairVectors::unit; }
    bool product() const { return quantity_.measure == PairMeasure::product; }
    const double* vector(std::int64_t u) const { return ws_.x.data() + u * D_; }

    void take_rows(HeadWorkspace<T>& diagnostics) {
        diagnostics.x_norm.resize(in_.B);
        vector_norms("embeddings", in_.x, in_.B, D_, diagnostics.x_norm.data());
        ws_.rows.clear();
        ws_.y.clear();
        for (std::int64_t i = 0; i < in_.B; ++i) {
            FACET_CHECK(in_.y[i] >= -1,
                        "labels: row {} has class {}, expected -1 (ignored) or 0 and above", i,
                        in_.y[i]);
            if (in_.y[i] < 0) continue;
            ws_.rows.push_back(i);
            ws_.y.push_back(in_.y[i]);
        }
        n_ = std::int64_t(ws_.rows.size());
    }

    void take_vectors(const HeadWorkspace<T>& diagnostics) {
        ws_.x.resize(n_ * D_);
        ws_.norm.resize(n_);
        for (std::int64_t u = 0; u < n_; ++u) {
            ws_.norm[u] = diagnostics.x_norm[ws_.rows[u]];
            std::copy_n(in_.x + ws_.rows[u] * D_, D_, ws_.x.data() + u * D_);
        }
        if (unit()) unit_vectors(ws_.x.data(), ws_.norm.data(), n_, D_, ws_.x.data());
    }

    void compare() {
        const LedgerScope scope = product_scope("pair_compare", product() ? 2 : 3);
        ws_.q.resize(n_ * n_);
        if (product()) {
            gemm<double>(Op::none, Op::transpose, n_, n_, D_, ws_.x.data(), D_, ws_.x.data(), D_,
                         0.0, ws_.q.data(), n_);
        }
        parallel_for_uneven(n_, n_ * n_ * D_, [&](std::int64_t u) {
            for (std::int64_t v = u; v < n_; ++v) {
                ws_.q[u * n_ + v] = ws_.q[v * n_ + u] = compare(u, v);
            }
        });
        for (std::int64_t at = 0; at < n_ * n_; ++at) {
            FACET_CHECK(std::isfinite(ws_.q[at]), "embeddings: rows {} and {}: their {} overflows",
                        ws_.rows[at / n_], ws_.rows[at % n_], product() ? "product" : "distance");
        }
    }

    double compare(std::int64_t u, std::int64_t v) const {
        if (product()) {
            const double dot = ws_.q[u * n_ + v];
            return unit() ? std::clamp(dot, -1.0, 1.0) : dot;
        }
        const double d = apart(u, v);
        return quantity_.measure == PairMeasure::distance ? d : d * d;
    }

    double apart(std::int64_t u, std::int64_t v) const {
        const double d = distance(vector(u), vector(v), D_);
        if (!unit()) return d > shortest_norm<double>() ? d : 0;
        // 2 - 2 cos is |a - b|^2 of unit vectors; a zero vector lacks 1 of it, its cosine being 0.
        const int zeros = (ws_.norm[u] == 0) + (ws_.norm[v] == 0);
        if (zeros > 0) return std::sqrt(d * d + zeros);
        return d > 4 * double(std::numeric_limits<T>::epsilon()) ? d : 0;
    }

    void visit_anchors() {
        ws_.g.assign(n_ * n_, 0.0);
        ws_.results.resize(n_);
        parallel_for(n_, n_ * n_, [&](std::int64_t u) {
            const Anchor anchor{u, ws_.y, ws_.q.data() + u * n_};
            ws_.results[u] = pairs_.anchor(anchor, ws_.g.data() + u * n_);
        });
    }

    double collect(HeadWorkspace<T>& diagnostics, bool& usable) {
        double sum = 0;
        std::int64_t terms = 0;
        usable = false;
        for (const AnchorResult& result : ws_.results) {
            sum += result.sum;
            terms += result.terms;
            usable |= result.usable;
        }
        scale_ = usable ? 1 / double(std::max<std::int64_t>(terms, 1)) : 0;
        diagnostics.target_cosine.clear();
        diagnostics.row_value.assign(in_.B, 0.0);
        for (std::int64_t u = 0; u < n_; ++u) {
            diagnostics.row_value[ws_.rows[u]] = ws_.results[u].sum * scale_ * double(n_);
        }
        return sum * scale_;
    }

    // In place of dL/dq_uv, for every pair the factor h with which v enters dL/dx_u:
    // dx_u += h_uv x_v for products, h_uv (x_u - x_v) for distances.
    void join_derivatives() {
        const LedgerScope scope("pair_join", 0, 0, pairs_in_words());
        parallel_for_uneven(n_, n_ * n_, [&](std::int64_t u) {
            for (std::int64_t v = u; v < n_; ++v) {
                const double both = (ws_.g[u * n_ + v] + ws_.g[v * n_ + u]) * scale_;
                ws_.g[u * n_ + v] = ws_.g[v * n_ + u] = both * factor(ws_.q[u * n_ + v]);
            }
        });
    }

    double factor(double q) const {
        if (product()) return 1;
        if (quantity_.measure == PairMeasure::squared_distance) return 2;
        return q > 0 ? 1 / q : 0;
    }

    void multiply_back() {
        const LedgerScope scope = product_scope("pair_multiply_back", product() ? 2 : 3);
        ws_.dx.assign(n_ * D_, 0.0);
        if (product()) {
            gemm<double>(Op::none, Op::none, n_, D_, n_, ws_.g.data(), n_, ws_.x.data(), D_, 0.0,
                         ws_.dx.data(), D_);
            return;
        }
        parallel_for(n_, n_ * n_ * D_, [&](std::int64_t u) {
            double* dx = ws_.dx.data() + u * D_;
            for (std::int64_t v = 0; v < n_; ++v) {
                const double h = ws_.g[u * n_ + v];
                if (h == 0) continue;
                const double *a = vector(u), *b = vector(v);
#pragma omp simd
                for (std::int64_t d = 0; d < D_; ++d) dx[d] += h * (a[d] - b[d]);
            }
        });
    }

    Pairs& pairs_;
    const PairQuantity quantity_;
    const HeadBatch<T>& in_;
    PairWorkspace& ws_;
    const std::int64_t D_;
    std::int64_t n_ = 0;
    double scale_ = 0;  // 1 / terms
};

}  // namespace

template <class T>
double run_pairs(Pairs& pairs, StateArray& no_pairs, const HeadBatch<T>& batch,
                 const HeadGradient<T>& gradient, PairWorkspace& workspace,
                 HeadWorkspace<T>& diagnostics) {
    FACET_CHECK(!gradient.dcos,
                "pair loss: it has no cosines with proxies, so no gradient by them");
    PairDriver<T> driver(pairs, batch, workspace);
    bool usable = false;
    const double value = driver.forward(diagnostics, usable);
    if (!usable) no_pairs.value[0] += 1;
    if (gradient.dw) std::fill_n(gradient.dw, batch.C * batch.D, T(0));
    if (gradient.dx) {
        std::fill_n(gradient.dx, batch.B * batch.D, T(0));
        if (usable) driver.backward(gradient.dx);
    }
    return value;
}

template double run_pairs(Pairs&, StateArray&, const HeadBatch<float>&, const HeadGradient<float>&,
                          PairWorkspace&, HeadWorkspace<float>&);
template double run_pairs(Pairs&, StateArray&, const HeadBatch<double>&,
                          const HeadGradient<double>&, PairWorkspace&, HeadWorkspace<double>&);

}  // namespace facet
