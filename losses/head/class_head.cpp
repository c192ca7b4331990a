// One algorithm runs every class loss on every device, over tiles of classes: a sweep forward lets
// each row gather what it must know, a sweep backward forms dL/dc and multiplies it back. Dense is
// the case of one tile, whose cosines are still there when the second sweep begins; streamed never
// holds more than a tile of the B x C cosines.
//
// Cosines are clipped to [-1, 1]. The target's entry does not go through the matrix product: its
// gradient is dL/dtheta times a unit tangent, both accurate and bounded at cos = +-1.

#include <algorithm>
#include <array>

#include "engine/error.h"
#include "engine/ledger.h"
#include "losses/head/backend.h"
#include "losses/head/class_form.h"
#include "losses/head/head.h"

namespace facet {
namespace {

// Classes at a time: all C, or those of a tile.
int64_t tile_width(const HeadOptions& options, int64_t C) {
    const int64_t tile = options.head == Head::dense ? C : std::min(C, options.tile);
    FACET_CHECK(tile > 0, "head: {} classes in tiles of {}: expected at least one", C,
                options.tile);
    return tile;
}

int64_t rounded_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

template <class T>
class ClassHead {
public:
    ClassHead(ClassForm<T>& form, const HeadCall<T>& call)
        : backend_(call.backend),
          form_(form),
          in_(call.batch),
          out_(call.gradient),
          diagnostics_(call.diagnostics),
          B_(in_.B),
          C_(in_.C),
          D_(in_.D),
          counted_(check_labels(in_.y, B_, C_)),
          tile_(tile_width(call.options, C_)),
          tiles_((C_ + tile_ - 1) / tile_),
          ld_(rounded_up(tile_, backend_.row_alignment())) {}

    double run() {
        form_vectors();
        meet_targets();
        for (int pass = 0; pass < form_.passes(); ++pass) {
            for (int64_t t = 0; t < tiles_; ++t) {
                const Tile<T> tile = load(t);
                const LedgerScope scope = over_tile("loss_gather", tile.n, 1);
                form_.gather(pass, tile);
            }
            form_.fetch(pass);
            const LedgerScope scope("loss_close", 0, 0);
            form_.close(pass);
        }
        if (out_.dx || out_.dw || out_.dcos) {
            const InPhase phase(Phase::Backward);
            differentiate();
        }
        return value();
    }

private:
    template <class U>
    HeadArray<U> make(int64_t count) {
        return HeadArray<U>(backend_, count);
    }

    // --- scopes in the ledger ---

    // The B x n cosines of a tile, read or written in so many passes.
    LedgerScope over_tile(const char* name, int64_t n, int passes) const {
        const auto detail = [&] { return fmt::format("B {} C {}", B_, n); };
        return {name, 0, passes * double(B_ * n) * sizeof(T), detail, backend_.clock()};
    }
    // `rows` vectors of length D; FLOPs a number.
    LedgerScope over_vectors(const char* name, int64_t rows, int flops, int passes) const {
        const auto values = double(rows * D_);
        const auto detail = [&] { return fmt::format("({}, {})", rows, D_); };
        return {name, flops * values, passes * values * sizeof(T), detail, backend_.clock()};
    }
    // The product of B, n and D; two of the matrices are (B, D) or (n, D), one is (B, n).
    LedgerScope over_product(int64_t n) const {
        const auto values = double(B_ * D_ + n * D_ + B_ * n);
        const auto detail = [&] { return fmt::format("B {} C {} D {}", B_, n, D_); };
        return {"head_gemm", 2 * double(B_) * double(n * D_), values * sizeof(T), detail,
                backend_.clock()};
    }

    // --- before the tiles ---

    // Norms, and unit embeddings of a loss of cosines.
    void form_vectors() {
        x_norm_ = make<double>(B_);
        w_norm_ = make<double>(C_);
        labels_ = HeadArray<int64_t>(backend_, in_.y, B_);
        targets_ = {
            {in_.x, x_norm_.data()}, {in_.w, w_norm_.data()}, labels_.data(), in_.y, B_, C_, D_};
        cosines_ = make<T>(B_ * ld_);
        x_ = in_.x;
        {
            const LedgerScope scope = over_vectors("head_norms", B_ + C_, 2, 1);
            backend_.vector_norms("embeddings", in_.x, B_, D_, x_norm_.data());
            backend_.vector_norms("proxies", in_.w, C_, D_, w_norm_.data());
        }
        if (!form_.normalised()) return;
        x_unit_ = make<T>(B_ * D_);
        w_unit_ = make<T>(tile_ * D_);
        const LedgerScope scope = over_vectors("head_unit_vectors", B_, 1, 2);
        backend_.unit_vectors(targets_.x, B_, D_, x_unit_.data());
        x_ = x_unit_.data();
    }

    // What is known of a row before it is seen: the angle to its own proxy.
    void meet_targets() {
        angles_ = make<Angle>(B_);
        const auto products = make<double>(B_);
        {
            const LedgerScope scope = over_vectors("head_angles", B_, 0, 0);
            backend_.target_angles(targets_, x_unit_.data(), angles_.data(), products.data());
        }
        std::vector<Angle> angle;
        std::vector<double> product;
        const std::array pieces{angles_.into(angle), products.into(product),
                                x_norm_.into(diagnostics_.x_norm)};
        backend_.download(pieces);
        diagnostics_.target_cosine.resize(B_);
        std::vector<Target<T>> rows(B_);
        for (int64_t i = 0; i < B_; ++i) {
            diagnostics_.target_cosine[i] = angle[i].cos;
            rows[i] = {T(product[i]), T(angle[i].sin), T(diagnostics_.x_norm[i]), in_.y[i], i};
        }
        const LedgerScope scope("loss_open", 0, 0);
        form_.open({rows, C_, counted_, targets_.x, D_, labels_.data()});
    }

    // --- the tiles ---

    // The tile's cosines, clipped, into the buffer; its unit proxies beside them.
    Tile<T> load(int64_t t) {
        const int64_t first = t * tile_, n = std::min(tile_, C_ - first);
        const Tile<T> tile{cosines_.data(), ld_, B_, n, first, labels_.data()};
        if (loaded_ == t) return tile;
        loaded_ = t;
        w_ = in_.w + first * D_;
        if (form_.normalised()) {
            const LedgerScope scope = over_vectors("head_unit_vectors", n, 1, 2);
            backend_.unit_vectors({w_, w_norm_.data() + first}, n, D_, w_unit_.data());
            w_ = w_unit_.data();
        }
        {
            const LedgerScope scope = over_product(n);
            backend_.gemm(Op::none, Op::transpose, B_, n, D_, x_, D_, w_, D_, T(0), tile.c, ld_);
        }
        if (!form_.normalised()) return tile;
        const LedgerScope scope = over_tile("head_clip", n, 2);
        backend_.clip_cosines(tile);
        return tile;
    }

    void differentiate() {
        HeadArray<T> unasked_dx, unasked_dw;
        if (!out_.dx) unasked_dx = make<T>(B_ * D_);
        if (!out_.dw) unasked_dw = make<T>(C_ * D_);
        dx_ = out_.dx ? out_.dx : unasked_dx.data();
        dw_ = out_.dw ? out_.dw : unasked_dw.data();
        // Backwards: the last tile's cosines are still in the buffer.
        for (int64_t t = tiles_ - 1; t >= 0; --t) {
            const Tile<T> tile = load(t);
            loaded_ = -1;  // dL/dc overwrites its cosines
            {
                const LedgerScope scope = over_tile("loss_differentiate", tile.n, 2);
                form_.differentiate(tile);
                if (out_.dcos) copy_out(tile);
                // The target's entry has its own way through the sphere: add_pulls().
                if (form_.normalised()) backend_.zero_targets(tile);
            }
            multiply_back(tile, t == tiles_ - 1);
        }
        const LedgerScope scope = over_vectors("head_finish", B_, 4, 3);
        form_.finish(x_, dx_);
        if (form_.normalised()) {
            backend_.through_normalisation(x_, x_norm_.data(), B_, D_, dx_);
        }
        add_pulls();
    }

    // The tile's part of dcos.
    void copy_out(const Tile<T>& tile) const {
        const std::vector<T> rows = cosines_.to_vector();
        for (int64_t i = 0; i < B_; ++i)
            std::copy_n(&rows[i * ld_], tile.n, out_.dcos + i * C_ + tile.first);
    }

    // The tile's part of dx and its rows of dw.
    void multiply_back(const Tile<T>& tile, bool first_visit) {
        T* dw = dw_ + tile.first * D_;
        {
            const LedgerScope scope = over_product(tile.n);
            backend_.gemm(Op::none, Op::none, B_, D_, tile.n, tile.c, ld_, w_, D_,
                          first_visit ? T(0) : T(1), dx_, D_);
        }
        {
            const LedgerScope scope = over_product(tile.n);
            backend_.gemm(Op::transpose, Op::none, tile.n, D_, B_, tile.c, ld_, x_, D_, T(0), dw,
                          D_);
        }
        if (!form_.normalised()) return;
        const LedgerScope scope = over_vectors("head_through_normalisation", tile.n, 4, 3);
        backend_.through_normalisation(w_, w_norm_.data() + tile.first, tile.n, D_, dw);
    }

    // --- after the tiles ---

    // What rows add by themselves: along the tangents to their targets, and along x by the norm.
    void add_pulls() {
        std::vector<RowPull> pulls(B_);
        for (int64_t i = 0; i < B_; ++i) {
            const RowResult<T>& row = form_.result(i);
            const double weight = row.weight, norm = diagnostics_.x_norm[i];
            pulls[i] = {form_.normalised() ? -weight * double(row.dtheta) : 0,
                        norm > 0 ? weight * double(row.dnorm) / norm : 0};
        }
        backend_.add_pulls(targets_, angles_.data(), pulls, dx_, dw_);
    }

    double value() {
        diagnostics_.row_value.resize(B_);
        for (int64_t i = 0; i < B_; ++i) {
            const RowResult<T>& row = form_.result(i);
            diagnostics_.row_value[i] = row.weight == 0 ? 0 : row.value;
        }
        return form_.value();
    }

    HeadBackend<T>& backend_;
    ClassForm<T>& form_;
    const HeadBatch<T>& in_;
    const HeadGradient<T>& out_;
    HeadDiagnostics& diagnostics_;
    const int64_t B_, C_, D_;
    const int64_t counted_;            // rows with a label
    const int64_t tile_, tiles_, ld_;  // classes in a tile, tiles, elements between its rows
    int64_t loaded_ = -1;

    HeadArray<double> x_norm_, w_norm_;  // (B), (C)
    HeadArray<int64_t> labels_;          // (B)
    HeadArray<Angle> angles_;            // (B)
    HeadArray<T> x_unit_, w_unit_;       // (B, D), (tile, D)
    HeadArray<T> cosines_;               // (B, ld); then dL/dc in place
    Targets<T> targets_;
    const T *x_ = nullptr, *w_ = nullptr;  // (B, D); the loaded tile's (n, D)
    T *dx_ = nullptr, *dw_ = nullptr;
};

}  // namespace

int64_t check_labels(const int64_t* y, int64_t B, int64_t C) {
    int64_t counted = 0;
    for (int64_t i = 0; i < B; ++i) {
        FACET_CHECK(y[i] >= -1 && y[i] < C,
                    "labels: row {} has class {}, expected -1 (ignored) or 0 to {}", i, y[i],
                    C - 1);
        counted += y[i] >= 0;
    }
    return counted;
}

template <class T>
double run_class_head(ClassForm<T>& form, const HeadCall<T>& call) {
    return ClassHead<T>(form, call).run();
}

template double run_class_head(ClassForm<float>&, const HeadCall<float>&);
template double run_class_head(ClassForm<double>&, const HeadCall<double>&);

}  // namespace facet
