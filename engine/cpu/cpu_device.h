// The CPU device: float32, convolutions and matrix products by oneDNN, everything else by own
// vectorised loops threaded with OpenMP. Maps lie in channel blocks (engine/cpu/channels.h).
//
// Own loops and forward and backward-data convolutions give the same bits for every number of
// threads. oneDNN's filter gradients and matrix products may not, so a run records its number of
// threads.
#pragma once

#include "engine/device.h"

namespace facet {

class CpuDevice final : public Device {
public:
    std::string name() const override { return "cpu"; }
    std::string description() const override;
    DType dtype() const override { return DType::F32; }
    int64_t channel_block() const override;

    // cpu_device.cpp: convolution, matrix product, channels
    void conv_forward(const Tensor& x, const Tensor& w, ConvGeometry g, const Tensor& y) override;
    void conv_backward_data(const Tensor& dy, const Tensor& w, ConvGeometry g, const Tensor& dx,
                            Grad mode) override;
    void conv_backward_filter(const Tensor& x, const Tensor& dy, ConvGeometry g, const Tensor& dw,
                              Grad mode) override;
    void gemm(Transpose ta, Transpose tb, double alpha, const Tensor& a, const Tensor& b,
              double beta, const Tensor& c) override;
    void batch_norm_train(const BatchNorm& bn, const Tensor& x, const Tensor& addend,
                          const RunningStatistics& running, const Tensor& mean,
                          const Tensor& invstd, const Tensor& y) override;
    void batch_norm_eval(const BatchNorm& bn, const Tensor& x, const Tensor& addend,
                         const RunningStatistics& running, const Tensor& y) override;
    void batch_norm_backward(const BatchNorm& bn, const Tensor& x, const Tensor& mean,
                             const Tensor& invstd, const Tensor& dy, const Tensor& dgamma,
                             const Tensor& dbeta, const Tensor& dslope, Grad parameter_mode,
                             const Tensor& dx, Grad dx_mode) override;

    // rows.cpp: storage, rows, elements
    void fill(const Tensor& y, double value) override;
    void copy(const Tensor& x, const Tensor& y) override;
    void add_bias(const Tensor& y, const Tensor& bias) override;
    void sum_rows(const Tensor& dy, const Tensor& dbias, Grad mode) override;
    void normalise_rows(const Tensor& x, const Tensor& norm, const Tensor& y) override;
    void normalise_rows_backward(const Tensor& y, const Tensor& norm, const Tensor& dy,
                                 const Tensor& dx, Grad mode) override;
    void dropout(const Tensor& x, double p, uint64_t seed, uint64_t step, const Tensor& y,
                 Grad mode) override;
    void axpby(double alpha, const Tensor& x, double beta, const Tensor& y) override;
    double sum_of_squares(const Tensor& x) override;
};

}  // namespace facet
