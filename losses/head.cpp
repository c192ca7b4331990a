#include "losses/head.h"

#include <algorithm>
#include <type_traits>

#include "engine/error.h"
#include "engine/ledger.h"
#include "engine/parallel.h"
#include "losses/gemm.h"
#include "losses/head_scopes.h"
#include "losses/lanes.h"

namespace facet {
namespace {

template <class T>
class Driver {
public:
    Driver(HeadForm<T>& form, const HeadBatch<T>& in, const HeadGradient<T>& out,
           HeadWorkspace<T>& ws, const HeadOptions& options)
        : form_(form),
          in_(in),
          out_(out),
          ws_(ws),
          B_(in.B),
          C_(in.C),
          D_(in.D),
          tile_(tile_width(options, in.C)),
          scopes_{B_, D_, sizeof(T)} {}

    double run() {
        counted_ = check_labels(in_.y, B_, C_);
        prepare();
        const std::int64_t tiles = (C_ + tile_ - 1) / tile_;
        for (int pass = 0; pass < form_.passes(); ++pass) {
            for (std::int64_t t = 0; t < tiles; ++t) {
                load(t);
                const LedgerScope scope = scopes_.tile("loss_gather", width(t), 1);
                form_.gather(pass, view(t));
            }
            const LedgerScope scope("loss_close", 0, 0);
            form_.close(pass);
        }
        const bool wanted = out_.dx || out_.dw || out_.dcos;
        if (wanted) {
            const InPhase phase(Phase::Backward);
            if (!out_.dx) ws_.dx.resize(B_ * D_);
            if (!out_.dw) ws_.dw.resize(C_ * D_);
            dx_ = out_.dx ? out_.dx : ws_.dx.data();
            dw_ = out_.dw ? out_.dw : ws_.dw.data();
            // Backwards: the last tile's cosines are still in the buffer.
            for (std::int64_t t = tiles - 1; t >= 0; --t) differentiate(t, t == tiles - 1);
            finish();
        }
        return value();
    }

private:
    std::int64_t first(std::int64_t tile) const { return tile * tile_; }
    std::int64_t width(std::int64_t tile) const { return std::min(tile_, C_ - first(tile)); }

    // Norms, unit features, the target of every row.
    void prepare() {
        ws_.x_norm.resize(B_);
        ws_.w_norm.resize(C_);
        {
            const LedgerScope scope = scopes_.vectors("head_norms", B_ + C_, 2, 1);
            vector_norms("embeddings", in_.x, B_, D_, ws_.x_norm.data());
            vector_norms("proxies", in_.w, C_, D_, ws_.w_norm.data());
        }
        ws_.cosines.resize(B_ * tile_);
        if (form_.normalised()) {
            ws_.x_unit.resize(B_ * D_);
            ws_.w_unit.resize(tile_ * D_);
            const LedgerScope scope = scopes_.vectors("head_unit_vectors", B_, 1, 2);
            unit_vectors(in_.x, ws_.x_norm.data(), B_, D_, ws_.x_unit.data());
        }
        const LedgerScope scope("loss_open", 0, 0);
        x_ = form_.normalised() ? ws_.x_unit.data() : in_.x;
        ws_.angles.resize(B_);
        ws_.tangent.resize(D_);
        ws_.targets.resize(B_);
        ws_.target_cosine.resize(B_);
        parallel_for(B_, B_ * D_, [&](std::int64_t i) { prepare_target(i); });
        std::vector<LogSumExp<double>> sums;
        if (const auto rule = form_.pair_slots()) {
            form_pairs();
            ws_.slots = pair_slots(ws_.pairs.data(), in_.y, B_, rule->whisker);
            sums = slot_sums(*rule, ws_.slots, B_);
        }
        form_.open({ws_.targets, C_, counted_, sums});
    }

    void prepare_target(std::int64_t i) {
        const std::int64_t y = in_.y[i];
        Angle& angle = ws_.angles[i];
        angle = Angle();
        if (y >= 0) {
            angle = angle_between(in_.x + i * D_, ws_.x_norm[i], in_.w + y * D_, ws_.w_norm[y], D_);
        }
        ws_.target_cosine[i] = angle.cos;
        const double product = y >= 0 ? target_product(i) : 0;
        ws_.targets[i] = {T(product), T(angle.sin), T(ws_.x_norm[i]), y, i};
    }

    // c_iy as a row of the matrix would have it; for double with the same bits, so that a proxy
    // equal to the target's is a tie for a mask c_j > c_y. Raw: <x_i, w_y>.
    double target_product(std::int64_t i) const {
        const std::int64_t y = in_.y[i];
        if (!form_.normalised()) return raw_product(in_.x + i * D_, in_.w + y * D_);
        if constexpr (std::is_same_v<T, double>) {
            const double scale = ws_.w_norm[y] > 0 ? 1 / ws_.w_norm[y] : 0;
            const double c = dot_lanes(x_ + i * D_, in_.w + y * D_, D_, scale);
            return std::clamp(c, -1.0, 1.0);
        }
        return ws_.angles[i].cos;
    }

    double raw_product(const T* a, const T* b) const {
        double sum = 0;
        for (std::int64_t d = 0; d < D_; ++d) sum += double(a[d]) * double(b[d]);
        return sum;
    }

    // The tile's cosines, clipped, into the buffer; its unit proxies beside them.
    void load(std::int64_t tile) {
        if (loaded_ == tile) return;
        const std::int64_t n = width(tile), at = first(tile);
        w_ = in_.w + at * D_;
        if (form_.normalised()) {
            const LedgerScope scope = scopes_.vectors("head_unit_vectors", n, 1, 2);
            unit_vectors(w_, ws_.w_norm.data() + at, n, D_, ws_.w_unit.data());
            w_ = ws_.w_unit.data();
        }
        {
            const LedgerScope scope = scopes_.product(n);
            gemm<T>(Op::none, Op::transpose, B_, n, D_, x_, D_, w_, D_, T(0), ws_.cosines.data(),
                    tile_);
        }
        loaded_ = tile;
        if (!form_.normalised()) return;
        const LedgerScope scope = scopes_.tile("head_clip", n, 2);
        parallel_for(B_, B_ * n, [&](std::int64_t i) {
            T* c = ws_.cosines.data() + i * tile_;
#pragma omp simd
            for (std::int64_t j = 0; j < n; ++j)
                c[j] = c[j] > 1 ? T(1) : (c[j] < -1 ? T(-1) : c[j]);
        });
    }

    Tile<T> view(std::int64_t tile) const {
        return {ws_.cosines.data(), tile_, B_, width(tile), first(tile), in_.y};
    }

    // dL/dc of the tile in place of its cosines, then its part of dx and its rows of dw.
    void differentiate(std::int64_t tile, bool first_visit) {
        load(tile);
        loaded_ = -1;
        const std::int64_t n = width(tile), at = first(tile);
        {
            const LedgerScope scope = scopes_.tile("loss_differentiate", n, 2);
            form_.differentiate(view(tile));
            for (std::int64_t i = 0; i < B_; ++i) hand_on_row(view(tile).row(i), i);
        }
        {
            const LedgerScope scope = scopes_.product(n);
            gemm<T>(Op::none, Op::none, B_, D_, n, ws_.cosines.data(), tile_, w_, D_,
                    first_visit ? T(0) : T(1), dx_, D_);
        }
        {
            const LedgerScope scope = scopes_.product(n);
            gemm<T>(Op::transpose, Op::none, n, D_, B_, ws_.cosines.data(), tile_, x_, D_, T(0),
                    dw_ + at * D_, D_);
        }
        if (form_.normalised()) {
            const LedgerScope scope = scopes_.vectors("head_through_normalisation", n, 4, 3);
            through_normalisation(w_, ws_.w_norm.data() + at, n, D_, dw_ + at * D_);
        }
    }

    // The target's entry has its own way through the sphere, see add_target().
    void hand_on_row(const Chunk<T>& part, std::int64_t i) {
        T* g = ws_.cosines.data() + i * tile_;
        if (out_.dcos) std::copy(g, g + part.n, out_.dcos + i * C_ + part.first);
        if (part.holds_target() && form_.normalised()) g[part.y] = T(0);
    }

    // Through the normalisation of x, and the targets' own gradients, in the order of the rows.
    void finish() {
        const LedgerScope scope = scopes_.vectors("head_finish", B_, 4, 3);
        if (const auto rule = form_.pair_slots()) add_pairs(*rule);
        if (form_.normalised()) {
            through_normalisation(x_, ws_.x_norm.data(), B_, D_, dx_);
            for (std::int64_t i = 0; i < B_; ++i) add_target(i);
        }
        for (std::int64_t i = 0; i < B_; ++i) add_norm(i);
    }

    // d theta/d x = -tangent / |x|
    void add_target(std::int64_t i) {
        const std::int64_t y = in_.y[i];
        const RowResult<T>& row = form_.result(i);
        const double pull = -double(row.weight) * double(row.dtheta);
        if (y < 0 || pull == 0) return;
        const T *x = in_.x + i * D_, *w = in_.w + y * D_;
        const double x_norm = ws_.x_norm[i], w_norm = ws_.w_norm[y];
        add_tangent(ws_.angles[i], pull / x_norm, x, x_norm, w, w_norm, D_, ws_.tangent.data(),
                    dx_ + i * D_);
        add_tangent(ws_.angles[i], pull / w_norm, w, w_norm, x, x_norm, D_, ws_.tangent.data(),
                    dw_ + y * D_);
    }

    void add_norm(std::int64_t i) {
        const RowResult<T>& row = form_.result(i);
        if (row.dnorm == 0 || ws_.x_norm[i] == 0) return;
        const double scale = double(row.weight) * double(row.dnorm) / ws_.x_norm[i];
        for (std::int64_t d = 0; d < D_; ++d)
            dx_[i * D_ + d] += T(scale * double(in_.x[i * D_ + d]));
    }

    // S = xh xh^T, in double for both: which pairs a filter keeps does not depend on rounding to T.
    void form_pairs() {
        ws_.pairs.resize(B_ * B_);
        const auto unit = [&](std::int64_t i, std::int64_t d) {
            return ws_.x_norm[i] > 0 ? double(in_.x[i * D_ + d]) / ws_.x_norm[i] : 0.0;
        };
        parallel_for(B_, B_ * B_ * D_, [&](std::int64_t u) {
            for (std::int64_t v = 0; v <= u; ++v) {
                const double s = sum_lanes_tail<double>(
                    D_, [&](std::int64_t d) { return unit(u, d) * unit(v, d); });
                ws_.pairs[u * B_ + v] = ws_.pairs[v * B_ + u] = std::clamp(s, -1.0, 1.0);
            }
        });
    }

    // dxh += (dS + dS^T) xh
    void add_pairs(const PairSlots& rule) {
        const std::vector<SlotRow> rows = form_.slot_rows();
        const SlotDerivative derivative(rule, rows);
        ws_.dpairs.assign(B_ * B_, 0.0);
        for (const auto& [s, u, v] : ws_.slots) ws_.dpairs[u * B_ + v] = derivative(s, u, v);
        parallel_for(B_, B_ * B_ * D_, [&](std::int64_t u) {
            for (std::int64_t v = 0; v < B_; ++v) {
                const T both = T(ws_.dpairs[u * B_ + v] + ws_.dpairs[v * B_ + u]);
                if (both == 0) continue;
#pragma omp simd
                for (std::int64_t d = 0; d < D_; ++d) dx_[u * D_ + d] += both * x_[v * D_ + d];
            }
        });
    }

    double value() {
        ws_.row_value.resize(B_);
        for (std::int64_t i = 0; i < B_; ++i) {
            const RowResult<T>& row = form_.result(i);
            ws_.row_value[i] = row.weight == 0 ? 0 : row.value;
        }
        return form_.value();
    }

    HeadForm<T>& form_;
    const HeadBatch<T>& in_;
    const HeadGradient<T>& out_;
    HeadWorkspace<T>& ws_;
    const std::int64_t B_, C_, D_;
    const std::int64_t tile_;  // classes in a tile
    const HeadScopes scopes_;
    std::int64_t loaded_ = -1, counted_ = 0;
    const T *x_ = nullptr, *w_ = nullptr;  // (B, D); the loaded tile's (n, D)
    T *dx_ = nullptr, *dw_ = nullptr;
};

}  // namespace

std::int64_t tile_width(const HeadOptions& options, std::int64_t C) {
    const std::int64_t tile = options.head == Head::dense ? C : std::min(C, options.tile);
    FACET_CHECK(tile > 0, "head: {} classes in tiles of {}: expected at least one", C,
                options.tile);
    return tile;
}

std::int64_t check_labels(const std::int64_t* y, std::int64_t B, std::int64_t C) {
    std::int64_t counted = 0;
    for (std::int64_t i = 0; i < B; ++i) {
        FACET_CHECK(y[i] >= -1 && y[i] < C,
                    "labels: row {} has class {}, expected -1 (ignored) or 0 to {}", i, y[i],
                    C - 1);
        counted += y[i] >= 0;
    }
    return counted;
}

template <class T>
double run_head(HeadForm<T>& form, const HeadBatch<T>& batch, const HeadGradient<T>& gradient,
                HeadWorkspace<T>& workspace, const HeadOptions& options) {
    return Driver<T>(form, batch, gradient, workspace, options).run();
}

template double run_head(HeadForm<float>&, const HeadBatch<float>&, const HeadGradient<float>&,
                         HeadWorkspace<float>&, const HeadOptions&);
template double run_head(HeadForm<double>&, const HeadBatch<double>&, const HeadGradient<double>&,
                         HeadWorkspace<double>&, const HeadOptions&);

}  // namespace facet
