// The kernels of every optimiser: in this file the line that makes a form known makes them. And the
// one that decides whether anything moves.
#define FACET_OPTIMISER_KERNELS cuda::GiveUpdateKernel
#include <cstring>
#include <utility>

#include "engine/cuda/lanes.cuh"
#include "train/optimiser/cuda/update_kernel.h"
#include "train/optimiser/form.h"

namespace facet::cuda {

// A form within a step.
template <class Form>
struct alignas(8) FormStep {
    Form form;
    float lr;
};

template <class Form>
struct Moments {
    static constexpr int kCount = static_cast<int>(Form::moments.size());
    using Each = std::make_integer_sequence<int, kCount>;

    float* address[kCount > 0 ? kCount : 1];
};

template <int n, class Form, int... j>
__device__ __forceinline__ void move_lanes(const Form& form, const Rates<float>& rates, float scale,
                                           const Lanes<n>& dw, Lanes<n>* moments, Lanes<n>& w,
                                           std::integer_sequence<int, j...>) {
    for (int k = 0; k < n; ++k) form.move(rates, scale * dw[k], w[k], moments[j][k]...);
}

template <class Form, int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    update_kernel(FormStep<Form> step, float decay, float scale, const UpdateSource source,
                  const float* __restrict__ dw, const Moments<Form> moments, float* __restrict__ w,
                  int64_t count) {
    if (source.decision) {
        const UpdateDecision decided = *source.decision;
        if (decided.moves == 0) return;
        if (source.clipped) scale = decided.gradient_scale;
        step = *static_cast<const FormStep<Form>*>(source.step_bytes);
    }
    const Rates<float> rates{step.lr, decay};
    constexpr int kMoments = Moments<Form>::kCount;
    for_each_step<V>(count, [&]<int n>(int64_t i) {
        Lanes<n> w_i = load<n>(w + i), m_i[kMoments > 0 ? kMoments : 1];
        const Lanes<n> dw_i = load<n>(dw + i);
        for (int j = 0; j < kMoments; ++j) m_i[j] = load<n>(moments.address[j] + i);
        move_lanes<n>(step.form, rates, scale, dw_i, m_i, w_i, typename Moments<Form>::Each());
        for (int j = 0; j < kMoments; ++j) store<n>(moments.address[j] + i, m_i[j]);
        store<n>(w + i, w_i);
    });
}

template <class Form>
class UpdateKernelOf final : public UpdateKernel {
    static_assert(std::is_trivially_copyable_v<Form>, "a form is copied to a GPU byte by byte");

public:
    explicit UpdateKernelOf(const Form& form) : form_(form) {}

    std::vector<std::byte> step_bytes(double lr, int64_t step) const override {
        const FormStep<Form> form_step = within(lr, step);
        std::vector<std::byte> bytes(sizeof form_step);
        std::memcpy(bytes.data(), &form_step, sizeof form_step);
        return bytes;
    }

    cudaError_t launch(const UpdateStep& step, const UpdateSource& source, const float* dw,
                       const std::vector<float*>& moments, float* w, int64_t count,
                       cudaStream_t stream) const override {
        Moments<Form> m{};
        bool packs = all_aligned(dw, w);
        for (size_t j = 0; j < Form::moments.size(); ++j) {
            m.address[j] = moments.at(j);
            packs = packs && aligned(m.address[j]);
        }
        const auto decay = static_cast<float>(step.weight_decay);
        const auto scale = static_cast<float>(step.gradient_scale);
        const FormStep<Form> now = within(step.lr, step.step);
        if (packs) {
            constexpr int V = kPack<float>;
            FACET_LAUNCH((update_kernel<Form, V>), flat_blocks(count, V), kThreads, 0, stream)
            (now, decay, scale, source, dw, m, w, count);
        } else {
            FACET_LAUNCH((update_kernel<Form, 1>), flat_blocks(count, 1), kThreads, 0, stream)
            (now, decay, scale, source, dw, m, w, count);
        }
        return cudaGetLastError();
    }

private:
    FormStep<Form> within(double lr, int64_t step) const {
        Form form = form_;
        begin(form, step);
        return {form, static_cast<float>(lr)};
    }

    Form form_;
};

template <class Form>
struct GiveUpdateKernel {
    GiveUpdateKernel() {
        make_update_kernel<Form> = [](const Form& form) {
            return std::shared_ptr<UpdateKernel>(std::make_shared<UpdateKernelOf<Form>>(form));
        };
    }
};

namespace {

// One thread, in the order in which the host adds: the bits are the same wherever it is decided.
__global__ void __launch_bounds__(kThreads, kBlocks)
    decide_update_kernel(const double* __restrict__ squares, int clipped, int count, double clip,
                         UpdateDecision* decision) {
    if (threadIdx.x > 0) return;
    double sum = 0;
    bool finite = true;
    for (int i = 0; i < count; ++i) {
        const double square = squares[i];
        finite = finite && square - square == 0;
        if (i < clipped) sum += square;
    }
    const double norm = sqrt(sum);
    decision->norm = norm;
    decision->moves = finite ? 1 : 0;
    decision->gradient_scale = static_cast<float>(clip > 0 && norm > clip ? clip / norm : 1);
}

}  // namespace

cudaError_t decide_update(const double* squares, int clipped, int count, double clip,
                          UpdateDecision* decision, cudaStream_t stream) {
    FACET_LAUNCH(decide_update_kernel, 1, kThreads, 0, stream)
    (squares, clipped, count, clip, decision);
    return cudaGetLastError();
}

}  // namespace facet::cuda

#include "train/optimiser/all.h"
