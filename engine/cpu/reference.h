// The reference device: float64, plain loops, the definition of every primitive.
//
// It is what gradients are checked on and what other devices are tested against, so it is written
// to be read, not to be fast. Maps are stored plainly, (N, C, H, W) in row-major order.
#pragma once

#include "engine/device.h"

namespace facet {

class ReferenceDevice final : public Device {
public:
    std::string name() const override { return "reference"; }
    std::string description() const override { return "float64, plain loops"; }
    DType dtype() const override { return DType::F64; }
    int64_t channel_block() const override { return 1; }

    // reference.cpp: storage, rows, elements
    void fill(const Tensor& y, double value) override;
    void copy(const Tensor& x, const Tensor& y) override;
    void gemm(Transpose ta, Transpose tb, double alpha, const Tensor& a, const Tensor& b,
              double beta, const Tensor& c) override;
    void add_bias(const Tensor& y, const Tensor& bias) override;
    void sum_rows(const Tensor& dy, const Tensor& dbias, Grad mode) override;
    void normalise_rows(const Tensor& x, const Tensor& norm, const Tensor& y) override;
    void normalise_rows_backward(const Tensor& y, const Tensor& norm, const Tensor& dy,
                                 const Tensor& dx, Grad mode) override;
    void dropout(const Tensor& x, double p, uint64_t seed, uint64_t step, const Tensor& y,
                 Grad mode) override;
    void axpby(double alpha, const Tensor& x, double beta, const Tensor& y) override;
    double sum_of_squares(const Tensor& x) override;

    // reference_convolution.cpp: convolution
    void conv_forward(const Tensor& x, const Tensor& w, ConvGeometry g, const Tensor& y) override;
    void conv_backward_data(const Tensor& dy, const Tensor& w, ConvGeometry g, const Tensor& dx,
                            Grad mode) override;
    void conv_backward_filter(const Tensor& x, const Tensor& dy, ConvGeometry g, const Tensor& dw,
                              Grad mode) override;

    // reference_batch_norm.cpp: batch normalisation
    void batch_norm_train(const BatchNorm& bn, const Tensor& x, const Tensor& addend,
                          const RunningStatistics& running, const Tensor& mean,
                          const Tensor& invstd, const Tensor& y) override;
    void batch_norm_eval(const BatchNorm& bn, const Tensor& x, const Tensor& addend,
                         const RunningStatistics& running, const Tensor& y) override;
    void batch_norm_backward(const BatchNorm& bn, const Tensor& x, const Tensor& mean,
                             const Tensor& invstd, const Tensor& dy, const Tensor& dgamma,
                             const Tensor& dbeta, const Tensor& dslope, Grad parameter_mode,
                             const Tensor& dx, Grad dx_mode) override;
};

// target = value or target += value.
inline void write(double& target, double value, Grad mode) {
    target = mode == Grad::Accumulate ? target + value : value;
}

}  // namespace facet
