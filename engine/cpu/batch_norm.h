// Batch normalisation in float32 over channel blocks; called by CpuDevice, which has checked the
// shapes. See engine/device.h for what each computes.
#pragma once

#include "engine/device.h"

namespace facet::cpu {

void batch_norm_train(const BatchNorm& bn, const Tensor& x, const Tensor& addend,
                      const RunningStatistics& running, const Tensor& mean, const Tensor& invstd,
                      const Tensor& y);
void batch_norm_eval(const BatchNorm& bn, const Tensor& x, const Tensor& addend,
                     const RunningStatistics& running, const Tensor& y);
void batch_norm_backward(const BatchNorm& bn, const Tensor& x, const Tensor& mean,
                         const Tensor& invstd, const Tensor& dy, const Tensor& dgamma,
                         const Tensor& dbeta, const Tensor& dslope, Grad parameter_mode,
                         const Tensor& dx, Grad dx_mode);

}  // namespace facet::cpu
