#include "losses/head.h"

#include <algorithm>
#include <type_traits>

#include "engine/error.h"
#include "losses/gemm.h"
#include "losses/lanes.h"

namespace facet {
namespace {

template <class T>
class Driver {
public:
    Driver(Rows<T>& rows, const HeadBatch<T>& in, const HeadGradient<T>& out, HeadWorkspace<T>& ws,
           const HeadOptions& options)
        : rows_(rows), in_(in), out_(out), ws_(ws), B_(in.B), C_(in.C), D_(in.D) {
        tile_ = options.head == Head::dense ? C_ : std::min(C_, options.tile);
        FACET_CHECK(tile_ > 0, "head: {} classes in tiles of {}: expected at least one", C_,
                    options.tile);
    }

    double run() {
        check_labels();
        prepare();
        const std::int64_t tiles = (C_ + tile_ - 1) / tile_;
        for (int pass = 0; pass < rows_.passes(); ++pass) {
            for (std::int64_t t = 0; t < tiles; ++t) gather(pass, t);
            rows_.close(pass);
        }
        const bool wanted = out_.dx || out_.dw || out_.dcos;
        if (wanted) {
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

    void check_labels() {
        counted_ = 0;
        for (std::int64_t i = 0; i < B_; ++i) {
            FACET_CHECK(in_.y[i] >= -1 && in_.y[i] < C_,
                        "labels: row {} has class {}, expected -1 (ignored) or 0 to {}", i,
                        in_.y[i], C_ - 1);
            counted_ += in_.y[i] >= 0;
        }
    }

    // Norms, unit features, the target of every row.
    void prepare() {
        ws_.x_norm.resize(B_);
        ws_.w_norm.resize(C_);
        vector_norms("embeddings", in_.x, B_, D_, ws_.x_norm.data());
        vector_norms("proxies", in_.w, C_, D_, ws_.w_norm.data());
        ws_.cosines.resize(B_ * tile_);
        if (rows_.normalised()) {
            ws_.x_unit.resize(B_ * D_);
            ws_.w_unit.resize(tile_ * D_);
            unit_vectors(in_.x, ws_.x_norm.data(), B_, D_, ws_.x_unit.data());
        }
        x_ = rows_.normalised() ? ws_.x_unit.data() : in_.x;
        ws_.angles.resize(B_);
        ws_.tangent.resize(D_);
        ws_.targets.resize(B_);
        ws_.target_cosine.resize(B_);
#pragma omp parallel for schedule(static) if (B_ * D_ > kParallelWork)
        for (std::int64_t i = 0; i < B_; ++i) prepare_target(i);
        rows_.open({ws_.targets, C_, counted_});
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
        if (!rows_.normalised()) return raw_product(in_.x + i * D_, in_.w + y * D_);
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
        if (rows_.normalised()) {
            unit_vectors(w_, ws_.w_norm.data() + at, n, D_, ws_.w_unit.data());
            w_ = ws_.w_unit.data();
        }
        gemm<T>(Op::none, Op::transpose, B_, n, D_, x_, D_, w_, D_, T(0), ws_.cosines.data(),
                tile_);
        loaded_ = tile;
        if (!rows_.normalised()) return;
#pragma omp parallel for schedule(static) if (B_ * n > kParallelWork)
        for (std::int64_t i = 0; i < B_; ++i) {
            T* c = ws_.cosines.data() + i * tile_;
#pragma omp simd
            for (std::int64_t j = 0; j < n; ++j)
                c[j] = c[j] > 1 ? T(1) : (c[j] < -1 ? T(-1) : c[j]);
        }
    }

    Chunk<T> chunk(std::int64_t i, std::int64_t tile) const {
        const std::int64_t y = in_.y[i] - first(tile);
        return {ws_.cosines.data() + i * tile_, width(tile), first(tile),
                y >= 0 && y < width(tile) ? y : -1};
    }

    void gather(int pass, std::int64_t tile) {
        load(tile);
#pragma omp parallel for schedule(static) if (B_ * tile_ > kParallelWork)
        for (std::int64_t i = 0; i < B_; ++i) {
            if (in_.y[i] >= 0) rows_.gather(pass, i, chunk(i, tile));
        }
    }

    // dL/dc of the tile in place of its cosines, then its part of dx and its rows of dw.
    void differentiate(std::int64_t tile, bool first_visit) {
        load(tile);
        loaded_ = -1;
        const std::int64_t n = width(tile), at = first(tile);
#pragma omp parallel for schedule(static) if (B_ * n > kParallelWork)
        for (std::int64_t i = 0; i < B_; ++i) differentiate_row(i, tile);
        rows_.columns(ws_.cosines.data(), B_, n, tile_, at);
        gemm<T>(Op::none, Op::none, B_, D_, n, ws_.cosines.data(), tile_, w_, D_,
                first_visit ? T(0) : T(1), dx_, D_);
        gemm<T>(Op::transpose, Op::none, n, D_, B_, ws_.cosines.data(), tile_, x_, D_, T(0),
                dw_ + at * D_, D_);
        if (rows_.normalised()) {
            through_normalisation(w_, ws_.w_norm.data() + at, n, D_, dw_ + at * D_);
        }
    }

    void differentiate_row(std::int64_t i, std::int64_t tile) {
        const Chunk<T> part = chunk(i, tile);
        T* g = ws_.cosines.data() + i * tile_;
        const RowResult<T>& row = rows_.result(i);
        if (row.weight == 0) {
            std::fill(g, g + part.n, T(0));
        } else {
            rows_.differentiate(i, part, g);
        }
        const T target = row.weight * row.dcos;
        if (out_.dcos) {
            T* to = out_.dcos + i * C_ + part.first;
            std::copy(g, g + part.n, to);
            if (part.holds_target()) to[part.y] = target;
        }
        if (part.holds_target()) g[part.y] = rows_.normalised() ? T(0) : target;
    }

    // Through the normalisation of x, and the targets' own gradients, in the order of the rows.
    void finish() {
        if (rows_.normalised()) {
            through_normalisation(x_, ws_.x_norm.data(), B_, D_, dx_);
            for (std::int64_t i = 0; i < B_; ++i) add_target(i);
        }
        for (std::int64_t i = 0; i < B_; ++i) add_norm(i);
    }

    // d theta/d x = -tangent / |x|
    void add_target(std::int64_t i) {
        const std::int64_t y = in_.y[i];
        const RowResult<T>& row = rows_.result(i);
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
        const RowResult<T>& row = rows_.result(i);
        if (row.dnorm == 0 || ws_.x_norm[i] == 0) return;
        const double scale = double(row.weight) * double(row.dnorm) / ws_.x_norm[i];
        for (std::int64_t d = 0; d < D_; ++d)
            dx_[i * D_ + d] += T(scale * double(in_.x[i * D_ + d]));
    }

    double value() {
        ws_.row_value.resize(B_);
        double sum = 0;
        for (std::int64_t i = 0; i < B_; ++i) {
            const RowResult<T>& row = rows_.result(i);
            ws_.row_value[i] = row.weight == 0 ? 0 : row.value;
            sum += double(row.weight) * ws_.row_value[i];
        }
        return sum;
    }

    Rows<T>& rows_;
    const HeadBatch<T>& in_;
    const HeadGradient<T>& out_;
    HeadWorkspace<T>& ws_;
    const std::int64_t B_, C_, D_;
    std::int64_t tile_ = 0, loaded_ = -1, counted_ = 0;
    const T *x_ = nullptr, *w_ = nullptr;  // (B, D); the loaded tile's (n, D)
    T *dx_ = nullptr, *dw_ = nullptr;
};

}  // namespace

template <class T>
double run_head(Rows<T>& rows, const HeadBatch<T>& batch, const HeadGradient<T>& gradient,
                HeadWorkspace<T>& workspace, const HeadOptions& options) {
    return Driver<T>(rows, batch, gradient, workspace, options).run();
}

template double run_head(Rows<float>&, const HeadBatch<float>&, const HeadGradient<float>&,
                         HeadWorkspace<float>&, const HeadOptions&);
template double run_head(Rows<double>&, const HeadBatch<double>&, const HeadGradient<double>&,
                         HeadWorkspace<double>&, const HeadOptions&);

}  // namespace facet
