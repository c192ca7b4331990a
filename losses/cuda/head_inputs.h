// What the driver of the heads finds out about vectors and targets before it sees a cosine.
#pragma once

#include <vector>

#include "losses/cuda/batch_rows.h"
#include "losses/cuda/head_kernels.h"
#include "losses/head.h"

namespace facet::cuda {

class HeadInputs {
public:
    // Enqueues norms, and angles of the targets.
    HeadInputs(HeadDevice& device, const HeadBatch<float>& batch);

    // Waits, once. Throws Error for a number that is not finite, naming its row and column. Fills
    // x_norm, target_cosine and targets of the workspace; without normalisation a target is the raw
    // product.
    void read(bool normalised, HeadWorkspace<float>& workspace) const;

    // In device memory.
    Vectors vectors() const { return {in_.x, x_norm_.data(), in_.w, w_norm_.data(), in_.B, in_.D}; }
    const int64_t* labels() const { return labels_.data(); }
    const Angle* angles() const { return angles_.data(); }

    // Those with a label.
    std::vector<int64_t> rows_by_class() const { return cuda::rows_by_class(in_.y, in_.B); }

private:
    HeadDevice& device_;
    const HeadBatch<float> in_;
    DeviceVector<double> x_norm_, w_norm_;  // (B), (C)
    DeviceVector<unsigned long long> bad_;  // (2): embeddings, proxies
    DeviceVector<int64_t> labels_;          // (B)
    DeviceVector<Angle> angles_;            // (B)
    DeviceVector<double> products_;         // (B) <x_i, w_y>
};

// What rows add to dx and dw besides the cosines with other classes: along the tangents towards
// their targets, and along x by the norm. Enqueues it.
void add_pulls(HeadDevice& device, const HeadInputs& inputs, const HeadForm<float>& form,
               const HeadWorkspace<float>& workspace, float* dx, float* dw);

}  // namespace facet::cuda
