#include "losses/pairs.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "engine/error.h"
#include "engine/ledger.h"
#include "engine/parallel.h"
#include "losses/gemm.h"
#include "losses/lanes.h"

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

    PairTotal forward(HeadWorkspace<T>& diagnostics) {
        {
            const LedgerScope scope("pair_vectors", 0, 0);
            take_rows(diagnostics);
            take_vectors(diagnostics);
        }
        compare();
        const LedgerScope scope("loss_anchors", 0, 0, pairs_in_words());
        count();
        visit_anchors();
        diagnostics.target_cosine.clear();
        const PairTotal total = add_anchors(ws_.results, ws_.rows, in_.B, diagnostics.row_value);
        scale_ = total.scale;
        return total;
    }

    void backward(T* dx) {
        const InPhase phase(Phase::Backward);
        join_derivatives();
        multiply_back();
        const LedgerScope scope("pair_finish", 0, 0, pairs_in_words());
        if (quantity_.unit()) {
            through_normalisation(ws_.x.data(), ws_.norm.data(), n_, D_, ws_.dx.data());
        }
        for (std::int64_t u = 0; u < n_; ++u) {
            const double* from = ws_.dx.data() + u * D_;
            std::transform(from, from + D_, dx + row(u) * D_, [](double v) { return T(v); });
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

    bool product() const { return quantity_.product(); }
    std::int64_t row(std::int64_t u) const { return ws_.rows.rows[u]; }
    const double* vector(std::int64_t u) const { return ws_.x.data() + u * D_; }

    void take_rows(HeadWorkspace<T>& diagnostics) {
        diagnostics.x_norm.resize(in_.B);
        vector_norms("embeddings", in_.x, in_.B, D_, diagnostics.x_norm.data());
        ws_.rows.take(in_.y, in_.B);
        n_ = ws_.rows.n();
    }

    void take_vectors(const HeadWorkspace<T>& diagnostics) {
        ws_.x.resize(n_ * D_);
        ws_.norm.resize(n_);
        for (std::int64_t u = 0; u < n_; ++u) {
            ws_.norm[u] = diagnostics.x_norm[row(u)];
            std::copy_n(in_.x + row(u) * D_, D_, ws_.x.data() + u * D_);
        }
        if (quantity_.unit()) unit_vectors(ws_.x.data(), ws_.norm.data(), n_, D_, ws_.x.data());
    }

    void compare() {
        const LedgerScope scope = product_scope("pair_compare", product() ? 2 : 3);
        ws_.q.resize(n_ * n_);
        if (product()) {
            gemm<double>(Op::none, Op::transpose, n_, n_, D_, ws_.x.data(), D_, ws_.x.data(), D_,
                         0.0, ws_.q.data(), n_);
        }
        parallel_for(n_, n_ * n_ * D_, [&](std::int64_t u) {
            for (std::int64_t v = u; v < n_; ++v) {
                ws_.q[u * n_ + v] = ws_.q[v * n_ + u] = compare(u, v);
            }
        });
        for (std::int64_t at = 0; at < n_ * n_; ++at) {
            FACET_CHECK(std::isfinite(ws_.q[at]), "embeddings: rows {} and {}: their {} overflows",
                        row(at / n_), row(at % n_), product() ? "product" : "distance");
        }
    }

    double compare(std::int64_t u, std::int64_t v) const {
        if (product()) return quantity_.of_product(ws_.q[u * n_ + v]);
        const int zeros = (ws_.norm[u] == 0) + (ws_.norm[v] == 0);
        return quantity_.of_distance(distance(vector(u), vector(v), D_), zeros,
                                     std::numeric_limits<T>::epsilon());
    }

    Anchor anchor(std::int64_t u) const {
        return {{u, n_, ws_.rows.y.data(), ws_.rows.place.data(), ws_.q.data() + u * n_}};
    }

    void count() {
        if (!pairs_.counts()) return;
        std::vector<PairCounts> counts;
        for (std::int64_t u = 0; u < n_; ++u) counts.push_back(pairs_.count(anchor(u)));
        pairs_.open(add_counts(counts));
    }

    void visit_anchors() {
        ws_.g.assign(n_ * n_, 0.0);
        ws_.results.resize(n_);
        parallel_for(n_, n_ * n_, [&](std::int64_t u) {
            ws_.results[u] = pairs_.anchor(anchor(u), ws_.g.data() + u * n_);
        });
    }

    // In place of dL/dq_uv, for every pair the factor h_uv with which v enters dL/dx_u.
    void join_derivatives() {
        const LedgerScope scope("pair_join", 0, 0, pairs_in_words());
        parallel_for(n_, n_ * n_, [&](std::int64_t u) {
            for (std::int64_t v = u; v < n_; ++v) {
                const double both = (ws_.g[u * n_ + v] + ws_.g[v * n_ + u]) * scale_;
                ws_.g[u * n_ + v] = ws_.g[v * n_ + u] = both * quantity_.factor(ws_.q[u * n_ + v]);
            }
        });
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

void PairRows::take(const std::int64_t* labels, std::int64_t B) {
    rows.clear();
    y.clear();
    place.clear();
    std::unordered_map<std::int64_t, std::int64_t> members;
    for (std::int64_t i = 0; i < B; ++i) {
        FACET_CHECK(labels[i] >= -1,
                    "labels: row {} has class {}, expected -1 (ignored) or 0 and above", i,
                    labels[i]);
        if (labels[i] < 0) continue;
        rows.push_back(i);
        y.push_back(labels[i]);
        place.push_back(members[labels[i]]++);
    }
}

PairTotal add_anchors(std::span<const AnchorResult> results, const PairRows& rows, std::int64_t B,
                      std::vector<double>& row_value) {
    PairTotal total;
    double sum = 0;
    std::int64_t terms = 0;
    for (const AnchorResult& result : results) {
        sum += result.sum;
        terms += result.terms;
        total.usable |= result.usable;
    }
    total.scale = total.usable ? 1 / double(std::max<std::int64_t>(terms, 1)) : 0;
    total.value = sum * total.scale;
    row_value.assign(B, 0.0);
    for (std::int64_t u = 0; u < rows.n(); ++u) {
        row_value[rows.rows[u]] = results[u].sum * total.scale * double(rows.n());
    }
    return total;
}

PairCounts add_counts(std::span<const PairCounts> counts) {
    PairCounts sum;
    for (const PairCounts& count : counts) {
        sum.same += count.same;
        sum.different += count.different;
    }
    return sum;
}

template <class T>
double run_pairs(Pairs& pairs, StateArray& no_pairs, const HeadBatch<T>& batch,
                 const HeadGradient<T>& gradient, PairWorkspace& workspace,
                 HeadWorkspace<T>& diagnostics) {
    FACET_CHECK(!gradient.dcos,
                "pair loss: it has no cosines with proxies, so no gradient by them");
    PairDriver<T> driver(pairs, batch, workspace);
    const PairTotal total = driver.forward(diagnostics);
    if (!total.usable) no_pairs.value[0] += 1;
    if (gradient.dw) std::fill_n(gradient.dw, batch.C * batch.D, T(0));
    if (gradient.dx) {
        std::fill_n(gradient.dx, batch.B * batch.D, T(0));
        if (total.usable) driver.backward(gradient.dx);
    }
    return total.value;
}

template double run_pairs(Pairs&, StateArray&, const HeadBatch<float>&, const HeadGradient<float>&,
                          PairWorkspace&, HeadWorkspace<float>&);
template double run_pairs(Pairs&, StateArray&, const HeadBatch<double>&,
                          const HeadGradient<double>&, PairWorkspace&, HeadWorkspace<double>&);

}  // namespace facet
