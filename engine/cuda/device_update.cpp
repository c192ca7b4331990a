#include "engine/cuda/device_update.h"

#include <cmath>
#include <cstring>

#include "engine/cuda/cuda_device.h"
#include "engine/cuda/kernels.h"

namespace facet {
namespace {

class CudaUpdate final : public DeviceUpdate {
public:
    CudaUpdate(CudaDevice& device, size_t gradients, size_t others)
        : device_(device),
          gradients_(gradients),
          others_(others),
          memory_(device.allocate(sizeof(cuda::UpdateCell) + squares_bytes())) {}

    void open(double lr, double beta1, double beta2, int64_t step,
              std::span<const Tensor> others) override {
        FACET_CHECK(others.size() <= others_, "update: {} other gradients, expected at most {}",
                    others.size(), others_);
        const auto correction = [step](double beta) {
            return static_cast<float>(1 - std::pow(beta, static_cast<double>(step)));
        };
        cuda::UpdateCell told{};  // nothing moves yet
        told.lr = static_cast<float>(lr);
        told.correction1 = correction(beta1);
        told.correction2 = correction(beta2);
        device_.transfers().upload(cell(), &told, sizeof told);
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
                                       static_cast<int>(gradients_ + others_), clip, cell(),
                                       device_.stream().raw()));
    }

    void sgd_step(const SgdStep& step, Clipping clipping, const Tensor& dw, const Tensor& v,
                  const Tensor& w) override {
        device_.sgd_step(step, source(clipping), dw, v, w);
    }
    void adamw_step(const AdamWStep& step, Clipping clipping, const Tensor& dw, const Tensor& m,
                    const Tensor& v, const Tensor& w) override {
        device_.adamw_step(step, source(clipping), dw, m, v, w);
    }

    Decision decision() override {
        std::vector<std::byte> bytes(sizeof(cuda::UpdateCell) + squares_bytes());
        device_.transfers().download(bytes.data(), memory_.get(), bytes.size());
        cuda::UpdateCell decided;
        std::memcpy(&decided, bytes.data(), sizeof decided);
        std::vector<double> squares(gradients_ + others_);
        std::memcpy(squares.data(), bytes.data() + sizeof decided, squares_bytes());
        const auto between = squares.begin() + static_cast<std::ptrdiff_t>(gradients_);
        return {{squares.begin(), between}, {between, squares.end()}, decided.norm};
    }

private:
    size_t squares_bytes() const { return (gradients_ + others_) * sizeof(double); }
    cuda::UpdateCell* cell() const { return static_cast<cuda::UpdateCell*>(memory_.get()); }
    double* squares() const { return reinterpret_cast<double*>(cell() + 1); }
    cuda::UpdateSource source(Clipping clipping) const {
        return {cell(), clipping == Clipping::Yes};
    }

    CudaDevice& device_;
    const size_t gradients_, others_;
    const std::shared_ptr<void> memory_;  // the cell, then sums of squares; read in one piece
};

}  // namespace

std::unique_ptr<DeviceUpdate> new_device_update(Device& device, size_t gradients, size_t others) {
    auto* const cuda = dynamic_cast<CudaDevice*>(&device);
    return cuda ? std::make_unique<CudaUpdate>(*cuda, gradients, others) : nullptr;
}

}  // namespace facet
