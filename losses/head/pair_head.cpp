// One algorithm runs every pair loss on every device. All of it is in double for float embeddings
// too: it is n^2 work beside n^2 D, and mining then selects the same pairs in both types.

#include <algorithm>
#include <array>
#include <unordered_map>

#include "engine/error.h"
#include "engine/ledger.h"
#include "losses/head/backend.h"
#include "losses/head/head.h"
#include "losses/head/pairs.h"

namespace facet {
namespace {

// The rows that take part: those with a label.
struct PairRows {
    std::vector<int64_t> rows;   // (n) their numbers in the batch
    std::vector<int64_t> y;      // (n) their classes
    std::vector<int64_t> place;  // (n) how many of them with the same class come before

    PairRows(const int64_t* labels, int64_t B) {
        std::unordered_map<int64_t, int64_t> members;
        for (int64_t i = 0; i < B; ++i) {
            FACET_CHECK(labels[i] >= -1,
                        "labels: row {} has class {}, expected -1 (ignored) or 0 and above", i,
                        labels[i]);
            if (labels[i] < 0) continue;
            rows.push_back(i);
            y.push_back(labels[i]);
            place.push_back(members[labels[i]]++);
        }
    }
    int64_t n() const { return std::ssize(rows); }
};

// The loss of a batch.
struct PairTotal {
    double value = 0;
    double scale = 0;     // 1 / terms, of the derivatives
    bool usable = false;  // there was a pair

    explicit PairTotal(const std::vector<AnchorResult>& anchors) {
        double sum = 0;
        int64_t terms = 0;
        for (const AnchorResult& anchor : anchors) {
            sum += anchor.sum;
            terms += anchor.terms;
            usable |= anchor.usable;
        }
        scale = usable ? 1 / double(std::max<int64_t>(terms, 1)) : 0;
        value = sum * scale;
    }
};

template <class T>
class PairHead {
public:
    PairHead(PairForm& form, const HeadCall<T>& call)
        : backend_(call.backend),
          form_(form),
          in_(call.batch),
          rows_(in_.y, in_.B),
          n_(rows_.n()),
          D_(in_.D),
          norms_(backend_, in_.B) {
        pairs_ = {form.quantity(), nullptr, norms_.data(), n_, D_};
    }

    PairTotal forward(HeadDiagnostics& diagnostics) {
        backend_.vector_norms("embeddings", in_.x, in_.B, D_, norms_.data());
        if (n_ > 0) {
            take_vectors();
            compare();
            visit_anchors();
        }
        std::vector<AnchorResult> results;
        const std::array pieces{norms_.into(diagnostics.x_norm), results_.into(results)};
        backend_.download(pieces);
        const PairTotal total(results);
        scale_ = total.scale;
        diagnostics.target_cosine.clear();
        diagnostics.row_value.assign(in_.B, 0.0);
        for (int64_t u = 0; u < n_; ++u) {
            diagnostics.row_value[rows_.rows[u]] = results[u].sum * total.scale * double(n_);
        }
        return total;
    }

    // dx is 0 before; rows that take no part stay so.
    void backward(T* dx) {
        const InPhase phase(Phase::Backward);
        {
            const LedgerScope timed = scope("pair_join");
            backend_.join_pairs(pairs_, q_.data(), scale_, g_.data());
        }
        const HeadArray<double> dv(backend_, n_ * D_);
        {
            const LedgerScope timed = scope("pair_multiply_back", product_flops());
            backend_.multiply_pairs_back(pairs_, g_.data(), x_.data(), dv.data());
        }
        const LedgerScope timed = scope("pair_finish");
        backend_.scatter_pairs(pairs_, x_.data(), dv.data(), dx);
    }

private:
    template <class U>
    HeadArray<U> make(int64_t count) {
        return HeadArray<U>(backend_, count);
    }

    // With so many FLOPs a pair and column.
    LedgerScope scope(const char* name, int flops = 0) const {
        const auto n = double(n_), D = double(D_);
        const double bytes = flops > 0 ? (n * n + 2 * n * D) * double(sizeof(double)) : 0;
        const auto detail = [&] { return fmt::format("n {} D {}", n_, D_); };
        return {name, flops * n * n * D, bytes, detail, backend_.clock()};
    }
    // Of a product, or of a difference and its square.
    int product_flops() const { return pairs_.quantity.product() ? 2 : 3; }

    void take_vectors() {
        const LedgerScope timed = scope("pair_vectors");
        numbers_ = {backend_, rows_.rows.data(), n_};
        classes_ = {backend_, rows_.y.data(), n_};
        places_ = {backend_, rows_.place.data(), n_};
        pairs_.rows = numbers_.data();
        x_ = make<double>(n_ * D_);
        backend_.pair_vectors(pairs_, in_.x, x_.data());
    }

    void compare() {
        const LedgerScope timed = scope("pair_compare", product_flops());
        q_ = make<double>(n_ * n_);
        backend_.compare_pairs(pairs_, x_.data(), q_.data());
    }

    void visit_anchors() {
        const LedgerScope timed = scope("loss_anchors");
        const PairRow all{0, n_, classes_.data(), places_.data(), q_.data()};
        if (form_.counts()) {
            const auto counts = make<PairCounts>(n_);
            form_.count(all, counts.data());
            PairCounts sum;
            for (const PairCounts& count : counts.to_vector()) {
                sum.same += count.same;
                sum.different += count.different;
            }
            form_.open(sum);
        }
        g_ = make<double>(n_ * n_);
        results_ = make<AnchorResult>(n_);
        form_.anchors(all, g_.data(), results_.data());
    }

    HeadBackend<T>& backend_;
    PairForm& form_;
    const HeadBatch<T>& in_;
    const PairRows rows_;
    const int64_t n_, D_;
    double scale_ = 0;  // 1 / terms

    HeadArray<double> norms_;                        // (B)
    HeadArray<int64_t> numbers_, classes_, places_;  // (n)
    HeadArray<double> x_;                            // (n, D) the vectors that are compared
    HeadArray<double> q_, g_;                        // (n, n)
    HeadArray<AnchorResult> results_;                // (n)
    PairVectorRows pairs_;
};

}  // namespace

template <class T>
std::optional<double> run_pair_head(PairForm& form, const HeadCall<T>& call) {
    const auto& [backend, batch, gradient, diagnostics, options] = call;
    FACET_CHECK(!gradient.dcos,
                "pair loss: it has no cosines with proxies, so no gradient by them");
    PairHead<T> head(form, call);
    const PairTotal total = head.forward(diagnostics);
    if (gradient.dw) backend.fill(gradient.dw, batch.C * batch.D, T(0));
    if (gradient.dx) {
        backend.fill(gradient.dx, batch.B * batch.D, T(0));
        if (total.usable) head.backward(gradient.dx);
    }
    if (!total.usable) return {};
    return total.value;
}

template std::optional<double> run_pair_head(PairForm&, const HeadCall<float>&);
template std::optional<double> run_pair_head(PairForm&, const HeadCall<double>&);

}  // namespace facet
