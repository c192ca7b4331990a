#include "losses/cuda/driver.h"

#include <algorithm>
#include <cmath>
#include <source_location>

#include "engine/cuda/kernels.h"
#include "engine/error.h"
#include "losses/cuda/head_kernels.h"
#include "losses/state.h"

namespace facet::cuda {
namespace {

// Of a launch.
void check(cudaError_t status, std::source_location where = std::source_location::current()) {
    FACET_CHECK(status == cudaSuccess, "CUDA kernel at {}:{}: error {}", where.file_name(),
                where.line(), static_cast<int>(status));
}

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
          D_(in.D) {
        tile_ = options.head == Head::dense ? C_ : std::min(C_, options.tile);
        FACET_CHECK(tile_ > 0, "head: {} classes in tiles of {}: expected at least one", C_,
                    options.tile);
        tiles_ = (C_ + tile_ - 1) / tile_;
        ld_ = (tile_ + 3) / 4 * 4;
    }

    double run() {
        counted_ = check_labels(in_.y, B_, C_);
        prepare_vectors();
        prepare_targets();
        open();
        for (int pass = 0; pass < form_.passes(); ++pass) {
            gather(pass);
            form_.close(pass);
        }
        if (out_.dx || out_.dw || out_.dcos) differentiate();
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
        x_norm_ = make<double>(B_);
        w_norm_ = make<double>(C_);
        take_norms("embeddings", in_.x, B_, x_norm_);
        take_norms("proxies", in_.w, C_, w_norm_);
        cosines_ = make<float>(B_ * ld_);
        x_ = in_.x;
        if (!form_.normalised()) return;
        x_unit_ = make<float>(B_ * D_);
        w_unit_ = make<float>(tile_ * D_);
        check(unit_vectors(in_.x, x_norm_.data(), B_, D_, x_unit_.data(), stream_));
        x_ = x_unit_.data();
    }

    void take_norms(const char* what, const float* v, int64_t rows,
                    const DeviceVector<double>& to) {
        const unsigned long long none = 0;
        const DeviceVector<unsigned long long> bad(device_, &none, 1);
        check(vector_norms(v, rows, D_, to.data(), bad.data(), stream_));
        const auto found = int64_t(bad.to_vector()[0]);
        if (found == 0) return;
        const int64_t row = rows - found;
        std::vector<float> values(D_);
        device_.download(values.data(), v + row * D_, D_ * sizeof(float));
        for (int64_t d = 0; d < D_; ++d) {
            FACET_CHECK(std::isfinite(values[d]),
                        "{}: row {}, column {} is {}, expected a finite number", what, row, d,
                        values[d]);
        }
    }

    Vectors vectors() const { return {in_.x, x_norm_.data(), in_.w, w_norm_.data(), B_, D_}; }

    void prepare_targets() {
        labels_ = {device_, in_.y, B_};
        angles_ = make<Angle>(B_);
        const auto products = make<double>(B_);
        check(target_angles(vectors(), labels_.data(), angles_.data(), products.data(), stream_));
        const std::vector<Angle> angles = angles_.to_vector();
        const std::vector<double> product = products.to_vector();
        ws_.x_norm = x_norm_.to_vector();
        ws_.target_cosine.resize(B_);
        ws_.targets.resize(B_);
        for (int64_t i = 0; i < B_; ++i) {
            ws_.target_cosine[i] = angles[i].cos;
            ws_.targets[i] = {float(form_.normalised() ? angles[i].cos : product[i]),
                              float(angles[i].sin), float(ws_.x_norm[i]), in_.y[i], i};
        }
    }

    void open() {
        if (form_.reads_pairs()) form_pairs();
        form_.open({ws_.targets, C_, counted_, form_.reads_pairs() ? ws_.pairs.data() : nullptr});
        if (StateArray* numbers = form_.per_class())
            per_class_ = {device_, numbers->value.data(), C_};
        const DeviceParts parts = form_.parts(per_class_.data());
        rows_ = make<std::byte>(parts.rows.size());
        accumulators_ = {device_, parts.accumulators.data(), int64_t(parts.accumulators.size())};
        const bool fit = parts.rows.size() == B_ * kernels_.row_bytes &&
                         parts.accumulators.size() % kernels_.accumulator_bytes == 0;
        FACET_CHECK(fit, "head: the form and its CUDA kernels were built of different sources");
    }

    // S = xh xh^T, in double.
    void form_pairs() {
        const auto unit = make<double>(B_ * D_), pairs = make<double>(B_ * B_);
        check(unit_vectors(in_.x, x_norm_.data(), B_, D_, unit.data(), stream_));
        device_.gemm(Op::none, Op::transpose, B_, B_, D_, unit.data(), D_, unit.data(), D_, 0.0,
                     pairs.data(), B_);
        ws_.pairs = pairs.to_vector();
        for (int64_t u = 0; u < B_; ++u) {
            for (int64_t v = 0; v <= u; ++v) {
                const double s = std::clamp(ws_.pairs[u * B_ + v], -1.0, 1.0);
                ws_.pairs[u * B_ + v] = ws_.pairs[v * B_ + u] = s;
            }
        }
    }

    // --- the tiles ---

    // The tile's cosines, clipped, into the buffer; its unit proxies beside them.
    Tile<float> load(int64_t tile) {
        const int64_t n = width(tile), at = first(tile);
        const Tile<float> view{cosines_.data(), ld_, B_, n, at, labels_.data()};
        if (loaded_ == tile) return view;
        loaded_ = tile;
        w_ = in_.w + at * D_;
        if (form_.normalised()) {
            check(unit_vectors(w_, w_norm_.data() + at, n, D_, w_unit_.data(), stream_));
            w_ = w_unit_.data();
        }
        device_.gemm(Op::none, Op::transpose, B_, n, D_, x_, D_, w_, D_, 0.0f, cosines_.data(),
                     ld_);
        if (form_.normalised()) check(clip_cosines(view, stream_));
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
            check(kernels_.gather(parts.form.data(), pass, rows_.data(), accumulators_.data(),
                                  load(t), stream_));
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
            check(target_columns(tile, skip.data(), stream_));
            check(top_k(tile.c, B_, tile.n, tile.ld, skip.data(), k, values.data() + at,
                        columns.data() + at, stream_));
        }
        const std::vector<float> value = values.to_vector();
        const std::vector<int64_t> column = columns.to_vector();
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
            check(kernels_.differentiate(parts.form.data(), rows_.data(), accumulators_.data(),
                                         tile, stream_));
            if (numbers) check(sum_columns(tile, class_sums.data(), stream_));
            multiply_back(tile, t == tiles_ - 1);
        }
        if (numbers) numbers->gradient = class_sums.to_vector();
        finish();
    }

    // The tile's part of dx and its rows of dw.
    void multiply_back(const Tile<float>& tile, bool first_visit) {
        if (out_.dcos) check(copy_tile(tile, out_.dcos, C_, stream_));
        // The target's entry has its own way through the sphere: add_pulls().
        if (form_.normalised()) check(zero_targets(tile, stream_));
        float* dw = dw_ + tile.first * D_;
        device_.gemm(Op::none, Op::none, B_, D_, tile.n, tile.c, ld_, w_, D_,
                     first_visit ? 0.0f : 1.0f, dx_, D_);
        device_.gemm(Op::transpose, Op::none, tile.n, D_, B_, tile.c, ld_, x_, D_, 0.0f, dw, D_);
        if (!form_.normalised()) return;
        check(through_normalisation(w_, w_norm_.data() + tile.first, tile.n, D_, dw, stream_));
    }

    // --- after the tiles ---

    // Through the normalisation of x, and what rows add by themselves.
    void finish() {
        if (form_.reads_pairs()) add_pairs();
        if (form_.normalised()) {
            check(through_normalisation(x_, x_norm_.data(), B_, D_, dx_, stream_));
        }
        add_pulls();
    }

    // dxh += (dS + dS^T) xh
    void add_pairs() {
        ws_.dpairs.assign(B_ * B_, 0.0);
        form_.differentiate_pairs(ws_.dpairs.data());
        std::vector<float> both(B_ * B_);
        for (int64_t u = 0; u < B_; ++u) {
            for (int64_t v = 0; v < B_; ++v)
                both[u * B_ + v] = float(ws_.dpairs[u * B_ + v] + ws_.dpairs[v * B_ + u]);
        }
        const DeviceVector<float> factors(device_, both.data(), B_ * B_);
        device_.gemm(Op::none, Op::none, B_, D_, B_, factors.data(), B_, x_, D_, 1.0f, dx_, D_);
    }

    void add_pulls() {
        std::vector<RowPull> pulls(B_);
        std::vector<int64_t> order;  // rows with a label, by class
        for (int64_t i = 0; i < B_; ++i) {
            const RowResult<float>& row = form_.result(i);
            const double weight = row.weight;
            if (in_.y[i] >= 0) order.push_back(i);
            pulls[i].tangent = form_.normalised() ? -weight * double(row.dtheta) : 0;
            pulls[i].norm = ws_.x_norm[i] > 0 ? weight * double(row.dnorm) / ws_.x_norm[i] : 0;
        }
        std::stable_sort(order.begin(), order.end(),
                         [&](int64_t a, int64_t b) { return in_.y[a] < in_.y[b]; });
        const auto count = int64_t(order.size());
        if (count == 0) return;
        const DeviceVector<RowPull> device_pulls(device_, pulls.data(), B_);
        const DeviceVector<int64_t> device_order(device_, order.data(), count);
        check(add_pulls_to_x(vectors(), labels_.data(), angles_.data(), device_pulls.data(), dx_,
                             stream_));
        check(add_pulls_to_w(vectors(), labels_.data(), angles_.data(), device_pulls.data(),
                             device_order.data(), count, dw_, stream_));
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
    int64_t tile_ = 0, tiles_ = 0, ld_ = 0, loaded_ = -1, counted_ = 0;

    DeviceVector<double> x_norm_, w_norm_;  // (B), (C)
    DeviceVector<float> x_unit_, w_unit_;   // (B, D), (tile, D)
    DeviceVector<float> cosines_;           // (B, ld); then dL/dc in place
    DeviceVector<int64_t> labels_;          // (B)
    DeviceVector<Angle> angles_;            // (B)
    DeviceVector<double> per_class_;        // (C), or nothing
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
