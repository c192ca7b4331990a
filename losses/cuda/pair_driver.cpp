#include "losses/cuda/pair_driver.h"

#include <array>

#include "engine/cuda/kernels.h"
#include "engine/error.h"
#include "engine/ledger.h"
#include "losses/cuda/batch_rows.h"
#include "losses/cuda/head_kernels.h"
#include "losses/cuda/launched.h"

namespace facet::cuda {
namespace {

constexpr unsigned long long kNoneBad = 0;

class PairDriver {
public:
    PairDriver(HeadDevice& device, Pairs& pairs, const PairKernels& kernels,
               const HeadBatch<float>& in)
        : device_(device),
          stream_(device.stream()),
          pairs_(pairs),
          kernels_(kernels),
          quantity_(pairs.quantity()),
          in_(in),
          D_(in.D) {
        rows_.take(in.y, in.B);
        n_ = rows_.n();
        const bool fit =
            pairs.form().size() == kernels.form_bytes && (kernels.count || !pairs.counts());
        FACET_CHECK(fit,
                    "pair loss: the form and its CUDA kernels were built of different sources");
    }

    PairTotal forward(HeadWorkspace<float>& diagnostics) {
        norms_ = make<double>(in_.B);
        const DeviceVector<unsigned long long> bad(device_, &kNoneBad, 1);
        check_launch(vector_norms(in_.x, in_.B, D_, norms_.data(), bad.data(), stream_));
        if (n_ > 0) {
            take_vectors();
            compare();
            visit_anchors();
        }
        std::vector<unsigned long long> found;
        std::vector<AnchorResult> results;
        const std::array pieces{bad.into(found), norms_.into(diagnostics.x_norm),
                                results_.into(results)};
        device_.download(pieces);
        check_finite(device_, "embeddings", in_.x, in_.B, D_, found[0]);
        diagnostics.target_cosine.clear();
        const PairTotal total = add_anchors(results, rows_, in_.B, diagnostics.row_value);
        scale_ = total.scale;
        return total;
    }

    // dx is 0 before; rows that take no part stay so.
    void backward(float* dx) {
        const InPhase phase(Phase::Backward);
        {
            const LedgerScope timed = scope("pair_join");
            check_launch(join_pairs(quantity_, q_.data(), scale_, n_, g_.data(), stream_));
        }
        const auto dv = make<double>(n_ * D_);
        multiply_back(dv.data());
        const LedgerScope timed = scope("pair_finish");
        check_launch(finish_pairs(quantity_, x_.data(), norms_.data(), numbers(), dv.data(), n_, D_,
                                  dx, stream_));
    }

private:
    template <class T>
    DeviceVector<T> make(int64_t count) {
        return DeviceVector<T>(device_, count);
    }

    // A scope named as that of losses/pairs.cpp, with so many FLOPs a pair and column.
    LedgerScope scope(const char* name, int flops = 0) const {
        const auto n = double(n_), D = double(D_);
        const double bytes = flops > 0 ? (n * n + 2 * n * D) * sizeof(double) : 0;
        const auto detail = [&] { return fmt::format("n {} D {}", n_, D_); };
        return {name, flops * n * n * D, bytes, detail, device_.clock()};
    }
    int product_flops() const { return quantity_.product() ? 2 : 3; }

    // The rows' numbers, then their classes, then their places among those of their class.
    const int64_t* numbers() const { return labels_.data(); }
    const int64_t* classes() const { return labels_.data() + n_; }
    const int64_t* places() const { return labels_.data() + 2 * n_; }

    void take_vectors() {
        const LedgerScope timed = scope("pair_vectors");
        std::vector<int64_t> labels = rows_.rows;
        labels.insert(labels.end(), rows_.y.begin(), rows_.y.end());
        labels.insert(labels.end(), rows_.place.begin(), rows_.place.end());
        labels_ = {device_, labels.data(), 3 * n_};
        x_ = make<double>(n_ * D_);
        check_launch(
            pair_vectors(quantity_, in_.x, norms_.data(), numbers(), n_, D_, x_.data(), stream_));
    }

    // Neither a product nor a distance of floats overflows in double.
    void compare() {
        const LedgerScope timed = scope("pair_compare", product_flops());
        q_ = make<double>(n_ * n_);
        if (quantity_.product()) {
            device_.gemm(Op::none, Op::transpose, n_, n_, D_, x_.data(), D_, x_.data(), D_, 0.0,
                         q_.data(), n_);
            check_launch(pair_products(quantity_, n_, q_.data(), stream_));
        } else {
            check_launch(pair_distances(quantity_, x_.data(), norms_.data(), numbers(), n_, D_,
                                        q_.data(), stream_));
        }
    }

    void visit_anchors() {
        const LedgerScope timed = scope("loss_anchors");
        const PairRow pairs{0, n_, classes(), places(), q_.data()};
        if (pairs_.counts()) {
            const auto counts = make<PairCounts>(n_);
            check_launch(kernels_.count(pairs_.form().data(), pairs, counts.data(), stream_));
            pairs_.open(add_counts(counts.to_vector()));
        }
        g_ = make<double>(n_ * n_);
        results_ = make<AnchorResult>(n_);
        check_launch(
            kernels_.anchors(pairs_.form().data(), pairs, g_.data(), results_.data(), stream_));
    }

    void multiply_back(double* dv) {
        const LedgerScope timed = scope("pair_multiply_back", product_flops());
        if (quantity_.product()) {
            device_.gemm(Op::none, Op::none, n_, D_, n_, g_.data(), n_, x_.data(), D_, 0.0, dv, D_);
        } else {
            check_launch(pair_differences(g_.data(), x_.data(), n_, D_, dv, stream_));
        }
    }

    HeadDevice& device_;
    const cudaStream_t stream_;
    Pairs& pairs_;
    const PairKernels& kernels_;
    const PairQuantity quantity_;
    const HeadBatch<float>& in_;
    const int64_t D_;
    PairRows rows_;
    int64_t n_ = 0;
    double scale_ = 0;  // 1 / terms

    DeviceVector<double> norms_;          // (B)
    DeviceVector<int64_t> labels_;        // (3, n)
    DeviceVector<double> x_;              // (n, D) the vectors that are compared
    DeviceVector<double> q_, g_;          // (n, n)
    DeviceVector<AnchorResult> results_;  // (n)
};

}  // namespace

double run_pairs(HeadDevice& device, Pairs& pairs, const PairKernels& kernels, StateArray& no_pairs,
                 const HeadBatch<float>& batch, const HeadGradient<float>& gradient,
                 HeadWorkspace<float>& workspace) {
    FACET_CHECK(!gradient.dcos,
                "pair loss: it has no cosines with proxies, so no gradient by them");
    PairDriver driver(device, pairs, kernels, batch);
    const PairTotal total = driver.forward(workspace);
    if (!total.usable) no_pairs.value[0] += 1;
    if (gradient.dw) {
        check_launch(fill(gradient.dw, batch.C * batch.D, 0.0f, device.stream()));
    }
    if (gradient.dx) {
        check_launch(fill(gradient.dx, batch.B * batch.D, 0.0f, device.stream()));
        if (total.usable) driver.backward(gradient.dx);
    }
    return total.value;
}

}  // namespace facet::cuda
