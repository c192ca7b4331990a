// A step of an update rule on whatever device the tensors lie.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "train/optimiser/cuda/device_update.h"
#include "train/optimiser/update_rule.h"

namespace facet::test {

inline void move(const UpdateRule& rule, const UpdateStep& step, const Tensor& dw,
                 const std::vector<Tensor>& moments, const Tensor& w) {
    const auto on_device = new_device_update(w.device(), rule, 0, 0);
    on_device ? on_device->move(step, dw, moments, w) : rule.move(step, dw, moments, w);
}

inline std::unique_ptr<UpdateRule> sgd_rule(double momentum, bool nesterov) {
    return make_update_rule("sgd", {{"momentum", momentum}, {"nesterov", nesterov}});
}

inline std::unique_ptr<UpdateRule> adamw_rule(double beta1, double beta2, double eps) {
    return make_update_rule("adamw", {{"beta1", beta1}, {"beta2", beta2}, {"eps", eps}});
}

}  // namespace facet::test
