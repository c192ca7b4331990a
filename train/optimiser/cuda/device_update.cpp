#include "train/optimiser/cuda/device_update.h"

#include <cstring>

#include "engine/cuda/cuda_device.h"
#include "train/optimiser/cuda/update_kernel.h"

namespace facet {
namespace {

class CudaUpdate final : public DeviceUpdate {
public:
    CudaUpdate(CudaDevice& device, const UpdateRule& rule, size_t gradients, size_t others)
        : device_(device),
          rule_(rule),
          kernel_(rule.kernel()),
          gradients_(gradients),
          others_(others),
          step_bytes_(kernel_->step_bytes(0, 1).size()),
          memory_(device.allocate(step_bytes_ + decided_bytes())) {}

    void open(double lr, int64_t step, std::span<const Tensor> others) override {
        FACET_CHECK(others.size() <= others_, "update: {} other gradients, expected at most {}",
                    others.size(), others_);
        std::vector<std::byte> step_bytes = kernel_->step_bytes(lr, step);
        step_bytes.resize(step_bytes.size() +
                          sizeof(cuda::UpdateDecision));  // zeros: nothing moves yet
        device_.transfers().upload(memory_.get(), step_bytes.data(), step_bytes.size());
        cuda::fill_zero(squares(), squares_bytes(), device_.stream());
        for (size_t i = 0; i < others.size(); ++i)
            device_.enqueue_sum_of_squares(others[i], squares() + gradients_ + i);
    }

    void decide(std::span<const Tensor> gradients, size_t clipped, double clip) override {
        FACET_CHECK(gradients.size() <= gradients_, "update: {} gradients, expected at most {}",
                    gradients.size(), gradients_);
        for (size_t i = 0; i < gradients.size(); ++i)
            device_.enqueue_sum_of_squares(gradients[i], squares() + i);
        const LedgerScope scope = device_.ledger("decide_update", 0, {});
        FACET_CUDA(cuda::decide_update(squares(), static_cast<int>(clipped),
                                       static_cast<int>(gradients_ + others_), clip, decided(),
                                       device_.stream().raw()));
    }

    void move_as_decided(double weight_decay, Clipping clipping, const Tensor& dw,
                         std::span<const Tensor> moments, const Tensor& w) override {
        launch({0, weight_decay, 1, 1}, {decided(), memory_.get(), clipping == Clipping::Yes}, dw,
               moments, w);
    }
    void move(const UpdateStep& step, const Tensor& dw, std::span<const Tensor> moments,
              const Tensor& w) override {
        launch(step, {}, dw, moments, w);
    }

    Decision decision() override {
        std::vector<std::byte> bytes(decided_bytes());
        device_.transfers().download(bytes.data(), decided(), bytes.size());
        cuda::UpdateDecision decided;
        std::memcpy(&decided, bytes.data(), sizeof decided);
        std::vector<double> squares(gradients_ + others_);
        std::memcpy(squares.data(), bytes.data() + sizeof decided, squares_bytes());
        const auto between = squares.begin() + static_cast<std::ptrdiff_t>(gradients_);
        return {{squares.begin(), between}, {between, squares.end()}, decided.norm};
    }

private:
    void launch(const UpdateStep& step, const cuda::UpdateSource& source, const Tensor& dw,
                std::span<const Tensor> moments, const Tensor& w) {
        rule_.check(dw, moments, w);
        std::vector<float*> addresses;
        for (const Tensor& moment : moments) addresses.push_back(moment.raw<float>());
        const OptimiserInfo& info = rule_.info();
        const LedgerScope scope(
            info.operation.c_str(), info.flops * static_cast<double>(w.count()), rule_.bytes(w),
            [&] { return to_string(w.shape()); }, device_.clock());
        FACET_CUDA(kernel_->launch(step, source, dw.raw<float>(), addresses, w.raw<float>(),
                                   w.count(), device_.stream().raw()));
    }

    size_t squares_bytes() const { return (gradients_ + others_) * sizeof(double); }
    size_t decided_bytes() const { return sizeof(cuda::UpdateDecision) + squares_bytes(); }
    cuda::UpdateDecision* decided() const {
        return reinterpret_cast<cuda::UpdateDecision*>(static_cast<std::byte*>(memory_.get()) +
                                                       step_bytes_);
    }
    double* squares() const { return reinterpret_cast<double*>(decided() + 1); }

    CudaDevice& device_;
    const UpdateRule& rule_;
    const std::shared_ptr<cuda::UpdateKernel> kernel_;
    const size_t gradients_, others_, step_bytes_;
    // The step; the decision, then sums of squares, which are read in one piece.
    const std::shared_ptr<void> memory_;
};

}  // namespace

std::unique_ptr<DeviceUpdate> new_device_update(Device& device, const UpdateRule& rule,
                                                size_t gradients, size_t others) {
    auto* const cuda = dynamic_cast<CudaDevice*>(&device);
    return cuda ? std::make_unique<CudaUpdate>(*cuda, rule, gradients, others) : nullptr;
}

}  // namespace facet
