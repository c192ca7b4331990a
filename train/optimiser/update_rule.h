// An optimiser as the rest of facet uses it: made by name, with its settings; moves tensors.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "train/optimiser/settings.h"
#include "train/optimiser/update_step.h"

namespace facet {

namespace cuda {
class UpdateKernel;
}

// What an optimiser's file says of it.
struct OptimiserInfo {
    std::string name;
    std::vector<std::string> moments;
    bool counts_steps;  // whether UpdateStep::step has a meaning
    double flops;       // an element
    std::vector<OptimiserSettings::Entry> settings;
    std::string operation;  // "sgd_step", in the ledger and in errors
};

class UpdateRule {
public:
    explicit UpdateRule(const OptimiserInfo& info) : info_(info) {}
    virtual ~UpdateRule() = default;

    const OptimiserInfo& info() const { return info_; }

    // Moves w and its moments along the gradient dw; they have one shape, all plain, in the host's
    // memory. Throws Error where they have not. For a device beside the host there is DeviceUpdate
    // (train/optimiser/cuda/device_update.h).
    void move(const UpdateStep& step, const Tensor& dw, std::span<const Tensor> moments,
              const Tensor& w) const;

    // As many moments as the optimiser has, dw and they alike w, which is plain; or an Error.
    void check(const Tensor& dw, std::span<const Tensor> moments, const Tensor& w) const;
    double bytes(const Tensor& w) const;  // read and written by move()

    // Throws Error for an optimiser that was not there when the kernels were compiled.
    virtual std::shared_ptr<cuda::UpdateKernel> kernel() const = 0;

private:
    virtual void move_elements(const UpdateStep& step, const Tensor& dw,
                               std::span<const Tensor> moments, const Tensor& w) const = 0;

    const OptimiserInfo& info_;
};

// Throws UsageError for an unknown name (listing the names) and for a setting out of range.
std::unique_ptr<UpdateRule> make_update_rule(const std::string& name,
                                             const OptimiserSettings::Values& settings = {});

// The optimiser of a run that names none.
inline constexpr const char* kUsualOptimiser = "sgd";

// All optimisers, the usual one first, then in the order of their names.
std::vector<const OptimiserInfo*> all_optimisers();
// The usual value of every setting of theirs.
OptimiserSettings::Values usual_optimiser_settings();
// Names in that order: of the optimisers that have this setting; "": of all.
std::vector<std::string> optimiser_names(const std::string& setting = "");
std::string either_of(const std::vector<std::string>& names);  // "a, b or c"

}  // namespace facet
