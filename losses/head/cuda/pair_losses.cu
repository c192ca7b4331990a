// The kernels of every pair loss, a warp an anchor: in this file the line that registers a loss
// makes them.
#define FACET_LOSS_KERNELS PairKernels
#include "losses/head/class_loss.h"
#include "losses/head/cuda/head_device.h"
#include "losses/head/cuda/warps.cuh"
#include "losses/head/pair_loss.h"

namespace facet::cuda {

// A lane of the warp that walks over the row (losses/head/pairs.h).
struct WarpAnchor : PairRow {
    __device__ explicit WarpAnchor(const PairRow& pairs, int64_t anchor) : PairRow(pairs) {
        u = anchor;
        q += u * n;
    }

    template <class Use>
    __device__ void each(Use use) const {
        for (int64_t v = threadIdx.x % 32; v < n; v += 32) use(v);
    }
    __device__ bool owns([[maybe_unused]] int64_t v) const {
#ifdef BUG_ANCHOR_EVERY_LANE_OWNS
        return true;
#else
        return v % 32 == threadIdx.x % 32;
#endif
    }
    __device__ double total(double x) const { return warp_sum(x); }
    __device__ int64_t total(int64_t x) const { return warp_sum(x); }
    __device__ double largest(double x) const {
        for (int offset = 16; offset > 0; offset /= 2) {
            const double other = __shfl_xor_sync(kFullWarp, x, offset);
            x = other > x ? other : x;
        }
        return x;
    }

    template <class Key>
    __device__ int64_t lowest(Key key) const {
        double least = kInfinity;
        int64_t at = -1;
        each([&](int64_t v) {
            const double k = key(v);
            if (k < least) least = k, at = v;
        });
        for (int offset = 16; offset > 0; offset /= 2) {
            const double k = __shfl_xor_sync(kFullWarp, least, offset);
            const int64_t v = __shfl_xor_sync(kFullWarp, at, offset);
            if (k < least || (k == least && v < at)) least = k, at = v;
        }
        return at;
    }
};

template <class Form>
__global__ void __launch_bounds__(kThreads, kBlocks)
    count_pairs_kernel(const Form form, const PairRow pairs, PairCounts* counts) {
    const int64_t u = row_of_warp();
    if (u >= pairs.n) return;  // the whole warp
    const PairCounts count = form.count(WarpAnchor(pairs, u));
    if (threadIdx.x % 32 == 0) counts[u] = count;
}

template <class Form>
__global__ void __launch_bounds__(kThreads, kBlocks)
    anchors_kernel(const Form form, const PairRow pairs, double* g, AnchorResult* results) {
    const int64_t u = row_of_warp();
    if (u >= pairs.n) return;
    const WarpAnchor anchor(pairs, u);
    double* g_u = g + u * pairs.n;
    anchor.each([&](int64_t v) { g_u[v] = 0; });
    const AnchorResult result = form.anchor(anchor, g_u);
    if (threadIdx.x % 32 == 0) results[u] = result;
}

template <class Form>
class DevicePairs final : public PairForm {
public:
    DevicePairs(HostPairs<Form>& host, HeadDevice& device) : host_(host), device_(device) {}

    PairQuantity quantity() const override { return host_.quantity(); }
    bool counts() const override { return host_.counts(); }
    void open(const PairCounts& all) override { host_.open(all); }
    void count([[maybe_unused]] const PairRow& pairs,
               [[maybe_unused]] PairCounts* counts) const override {
        if constexpr (requires(const Form& form) { form.counts(); }) {
            FACET_LAUNCH(count_pairs_kernel<Form>, warp_rows(pairs.n), kThreads, 0,
                         device_.stream())
            (host_.form(), pairs, counts);
            check_launch(cudaGetLastError());
        }
    }
    void anchors(const PairRow& pairs, double* g, AnchorResult* results) const override {
        FACET_LAUNCH(anchors_kernel<Form>, warp_rows(pairs.n), kThreads, 0, device_.stream())
        (host_.form(), pairs, g, results);
        check_launch(cudaGetLastError());
    }

private:
    HostPairs<Form>& host_;
    HeadDevice& device_;
};

}  // namespace facet::cuda

namespace facet {

// Of a loss that is no pair loss: nothing.
template <class L>
struct PairKernels {};
#ifdef FACET_LOSSES
template <template <class> class Form, template <class> class Of>
struct PairKernels<ClassLoss<Form, Of>> {
    static_assert(sizeof(Form<float>) == 0, "a class loss belongs to part 1 or 2 of losses/all.h");
};
#endif

template <class Form>
struct PairKernels<PairLoss<Form>>
    : GiveKernels<HostPairs<Form>, cuda::DevicePairs<Form>, PairForm> {};

}  // namespace facet

#include "losses/all.h"
