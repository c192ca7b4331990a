#include "losses/cuda/driver.h"

#include <algorithm>
#include <array>

#include "engine/cuda/kernels.h"
#include "losses/cuda/head_inputs.h"
#include "losses/cuda/launched.h"
#include "losses/cuda/slot_driver.h"
#include "losses/head_scopes.h"
#include "losses/state.h"

namespace facet::cuda {
namespace {

class Driver {
public:
    Driver(HeadDevice& device, HeadForm<float>& form, const LossKernels& kernels,
           const HeadBatch<float>& in, const HeadGradient<float>& out, HeadWorkspace<float>& ws,
           const HeadOptions& options)
        : device_(device),
          stream_(device.stream()),
          form_(form),
          kernels_(kernels),
          in_(in),
          out_(out),
          ws_(ws),
          B_(in.B),
          C_(in.C),
          D_(in.D),
          counted_(check_labels(in.y, in.B, in.C)),
          tile_(tile_width(options, in.C)),
          tiles_((C_ + tile_ - 1) / tile_),
          ld_((tile_ + 3) / 4 * 4),
          scopes_{in.B, in.D, sizeof(float), device.clock()},
          inputs_(device, in) {}

    double run() {
        prepare_vectors();
        inputs_.read(form_.normalised(), ws_);
        open();
        for (int pass = 0; pass < form_.passes(); ++pass) {
            gather(pass);
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
    template <class T>
    DeviceVector<T> make(int64_t count) {
        return DeviceVector<T>(device_, count);
    }

    int64_t first(int64_t tile) const { return tile * tile_; }
    int64_t width(int64_t tile) const { return std::min(tile_, C_ - first(tile)); }

    // --- before the tiles ---

    void prepare_vectors() {
        cosines_ = make<float>(B_ * ld_);
        x_ = in_.x;
        if (!form_.normalised()) return;
        x_unit_ = make<float>(B_ * D_);
        w_unit_ = make<float>(tile_ * D_);
        const LedgerScope scope = scopes_.vectors("head_unit_vectors", B_, 1, 2);
        check_launch(
            unit_vectors(in_.x, inputs_.vectors().x_norm, B_, D_, x_unit_.data(), stream_));
        x_ = x_unit_.data();
    }

    void open() {
        const LedgerScope scope("loss_open", 0, 0);
        std::vector<LogSumExp<double>> sums;
        if (const auto rule = form_.pair_slots()) {
            slots_.emplace(device_, *rule, in_, inputs_.vectors().x_norm, inputs_.labels());
            sums = slots_->sums();
        }
        form_.open({ws_.targets, C_, counted_, sums});
        if (StateArray* numbers = form_.per_class())
            per_class_ = {device_, numbers->value.data(), C_};
        const DeviceParts parts = form_.parts(per_class_.data());
        rows_ = make<std::byte>(parts.rows.size());
        accumulators_ = {device_, parts.accumulators.data(), int64_t(parts.accumulators.size())};
        const bool fit = parts.rows.size() == B_ * kernels_.row_bytes &&
                         parts.accumulators.size() % kernels_.accumulator_bytes == 0;
        FACET_CHECK(fit, "head: the form and its CUDA kernels were built of different sources");
    }

    // --- the tiles ---

    // The tile's cosines, clipped, into the buffer; its unit proxies beside them.
    Tile<float> load(int64_t tile) {
        const int64_t n = width(tile), at = first(tile);
        const Tile<float> view{cosines_.data(), ld_, B_, n, at, inputs_.labels()};
        if (loaded_ == tile) return view;
        loaded_ = tile;
        w_ = in_.w + at * D_;
        if (form_.normalised()) {
            const LedgerScope scope = scopes_.vectors("head_unit_vectors", n, 1, 2);
            check_launch(
                unit_vectors(w_, inputs_.vectors().w_norm + at, n, D_, w_unit_.data(), stream_));
            w_ = w_unit_.data();
        }
        {
            const LedgerScope scope = scopes_.product(n);
            device_.gemm(Op::none, Op::transpose, B_, n, D_, x_, D_, w_, D_, 0.0f, cosines_.data(),
                         ld_);
        }
        if (!form_.normalised()) return view;
        const LedgerScope scope = scopes_.tile("head_clip", n, 2);
        check_launch(clip_cosines(view, stream_));
        return view;
    }

    // What the form is now, its rows on the device.
    DeviceParts parts() {
        DeviceParts parts = form_.parts(per_class_.data());
        device_.upload(rows_.data(), parts.rows.data(), parts.rows.size());
        return parts;
    }

    void gather(int pass) {
        if (form_.nearest() > 0) return gather_nearest(form_.nearest());
        const DeviceParts parts = this->parts();
        for (int64_t t = 0; t < tiles_; ++t) {
            const Tile<float> tile = load(t);
            const LedgerScope scope = scopes_.tile("loss_gather", tile.n, 1);
            check_launch(kernels_.gather(parts.form.data(), pass, rows_.data(),
                                         accumulators_.data(), tile, stream_));
        }
        device_.download(parts.accumulators.data(), accumulators_.data(), accumulators_.bytes());
    }

    // The k largest of every tile; the host keeps the k largest of them.
    void gather_nearest(int64_t k) {
        const auto skip = make<int64_t>(B_), columns = make<int64_t>(tiles_ * B_ * k);
        const auto values = make<float>(tiles_ * B_ * k);
        for (int64_t t = 0; t < tiles_; ++t) {
            const Tile<float> tile = load(t);
            const int64_t at = t * B_ * k;
            const LedgerScope scope = scopes_.tile("loss_gather", tile.n, 1);
            check_launch(target_columns(tile, skip.data(), stream_));
            check_launch(top_k(tile.c, B_, tile.n, tile.ld, skip.data(), k, values.data() + at,
                               columns.data() + at, stream_));
        }
        std::vector<float> value;
        std::vector<int64_t> column;
        const std::array pieces{values.into(value), columns.into(column)};
        device_.download(pieces);
        for (int64_t at = 0; at < tiles_ * B_ * k; ++at) {
            if (column[at] < 0) continue;
            form_.add_nearest(at / k % B_, value[at], first(at / k / B_) + column[at]);
        }
    }

    void differentiate() {
        DeviceVector<float> unasked_dx, unasked_dw;
        if (!out_.dx) unasked_dx = make<float>(B_ * D_);
        if (!out_.dw) unasked_dw = make<float>(C_ * D_);
        dx_ = out_.dx ? out_.dx : unasked_dx.data();
        dw_ = out_.dw ? out_.dw : unasked_dw.data();
        const DeviceParts parts = this->parts();
        StateArray* numbers = form_.per_class();
        DeviceVector<double> class_sums;
        if (numbers) class_sums = make<double>(C_);
        // Backwards: the last tile's cosines are still in the buffer.
        for (int64_t t = tiles_ - 1; t >= 0; --t) {
            const Tile<float> tile = load(t);
            loaded_ = -1;
            {
                const LedgerScope scope = scopes_.tile("loss_differentiate", tile.n, 2);
                check_launch(kernels_.differentiate(parts.form.data(), rows_.data(),
                                                    accumulators_.data(), tile, stream_));
                if (numbers) check_launch(sum_columns(tile, class_sums.data(), stream_));
                if (out_.dcos) check_launch(copy_tile(tile, out_.dcos, C_, stream_));
                // The target's entry has its own way through the sphere: add_pulls().
                if (form_.normalised()) check_launch(zero_targets(tile, stream_));
            }
            multiply_back(tile, t == tiles_ - 1);
        }
        if (numbers) numbers->gradient = class_sums.to_vector();
        finish();
    }

    // The tile's part of dx and its rows of dw.
    void multiply_back(const Tile<float>& tile, bool first_visit) {
        float* dw = dw_ + tile.first * D_;
        {
            const LedgerScope scope = scopes_.product(tile.n);
            device_.gemm(Op::none, Op::none, B_, D_, tile.n, tile.c, ld_, w_, D_,
                         first_visit ? 0.0f : 1.0f, dx_, D_);
        }
        {
            const LedgerScope scope = scopes_.product(tile.n);
            device_.gemm(Op::transpose, Op::none, tile.n, D_, B_, tile.c, ld_, x_, D_, 0.0f, dw,
                         D_);
        }
        if (!form_.normalised()) return;
        const LedgerScope scope = scopes_.vectors("head_through_normalisation", tile.n, 4, 3);
        check_launch(through_normalisation(w_, inputs_.vectors().w_norm + tile.first, tile.n, D_,
                                           dw, stream_));
    }

    // --- after the tiles ---

    // Through the normalisation of x, and what rows add by themselves.
    void finish() {
        const LedgerScope scope = scopes_.vectors("head_finish", B_, 4, 3);
        if (slots_) slots_->add_gradient(form_.slot_rows(), x_, dx_);
        if (form_.normalised()) {
            check_launch(through_normalisation(x_, inputs_.vectors().x_norm, B_, D_, dx_, stream_));
        }
        add_pulls(device_, inputs_, form_, ws_, dx_, dw_);
    }

    double value() {
        ws_.row_value.resize(B_);
        for (int64_t i = 0; i < B_; ++i) {
            const RowResult<float>& row = form_.result(i);
            ws_.row_value[i] = row.weight == 0 ? 0 : row.value;
        }
        return form_.value();
    }

    HeadDevice& device_;
    const cudaStream_t stream_;
    HeadForm<float>& form_;
    const LossKernels& kernels_;
    const HeadBatch<float>& in_;
    const HeadGradient<float>& out_;
    HeadWorkspace<float>& ws_;
    const int64_t B_, C_, D_;
    const int64_t counted_;            // rows with a label
    const int64_t tile_, tiles_, ld_;  // classes in a tile, tiles, floats between rows of one
    const HeadScopes scopes_;
    const HeadInputs inputs_;
    int64_t loaded_ = -1;

    DeviceVector<float> x_unit_, w_unit_;  // (B, D), (tile, D)
    DeviceVector<float> cosines_;          // (B, ld); then dL/dc in place
    DeviceVector<double> per_class_;       // (C), or nothing
    std::optional<DeviceSlots> slots_;     // of a form that has them
    DeviceVector<std::byte> rows_, accumulators_;
    const float *x_ = nullptr, *w_ = nullptr;  // (B, D); the loaded tile's (n, D)
    float *dx_ = nullptr, *dw_ = nullptr;
};

}  // namespace

double run_head(HeadDevice& device, HeadForm<float>& form, const LossKernels& kernels,
                const HeadBatch<float>& batch, const HeadGradient<float>& gradient,
                HeadWorkspace<float>& workspace, const HeadOptions& options) {
    return Driver(device, form, kernels, batch, gradient, workspace, options).run();
}

}  // namespace facet::cuda
