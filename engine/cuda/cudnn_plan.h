// Plans of convolutions, chosen so that what they compute is known.
//
// cuDNN's heuristics propose engines for an operation graph, fastest first; the first that keeps
// these promises becomes the plan:
//   - deterministic: the same inputs give the same bits;
//   - sums in float32, never in less;
//   - with ConvCompute::Float32 also the products: no tensor cores, no inputs converted down
//     (Winograd in float32 may be used, as on the CPU);
//   - no more workspace than asked for.
//
// State of proof: cuDNN's own planner finalises a plan for every convolution of the project's
// networks on sm_80, sm_90 and sm_100 (make test-plans). No plan has run on a GPU yet.
#pragma once

#include <map>
#include <vector>

#include "engine/cuda/cudnn_device.h"
#include "engine/cuda/cudnn_graph.h"

namespace facet::cuda {

// Device pointers; one of them is the output.
struct ConvPointers {
    void* x;  // or dx: (N, H, W, C)
    void* w;  // or dw: (K, R, R, C)
    void* y;  // or dy: (N, H', W', K)
};

class ConvPlan {
public:
    // Bytes. Enough for cuDNN's first choice in every convolution of r50 at 112 pixels, batch 512;
    // less makes it fall back to slower engines there.
    static constexpr int64_t default_workspace_limit = int64_t{4} << 30;

    // Throws Error when the sizes make no convolution, when cuDNN refuses them, or when no engine
    // keeps the promises; the message says why the proposed ones were passed over.
    ConvPlan(const CudnnDevice& device, const ConvKey& key,
             int64_t workspace_limit = default_workspace_limit)
        : ConvPlan(device, key, conv_tensors(key), workspace_limit) {}
    // The same for tensors that are given, whether or not they are those that the key means.
    ConvPlan(const CudnnDevice& device, const ConvKey& key, const ConvTensors& tensors,
             int64_t workspace_limit = default_workspace_limit);

    const ConvKey& key() const { return key_; }
    int64_t workspace_bytes() const { return workspace_bytes_; }  // device memory for execute
    int64_t passed_over() const { return passed_over_; }  // engines proposed before this one
    // cuDNN's number of the engine, and what it says about its arithmetic, read from this plan.
    int64_t engine() const;
    std::vector<cudnnBackendNumericalNote_t> notes() const;

    // Enqueues the convolution on the handle's stream. `workspace` has workspace_bytes() bytes.
    // Throws Error when a pointer is not aligned to 16 bytes or the launch fails.
    void execute(cudnnHandle_t handle, const ConvPointers& data, void* workspace) const;

private:
    CudnnDescriptor descriptor_{CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR};
    ConvKey key_;
    int64_t workspace_bytes_ = 0;
    int64_t passed_over_ = 0;
};

// The plans of one device, each made once.
class ConvPlans {
public:
    // The device outlives the plans.
    explicit ConvPlans(const CudnnDevice& device,
                       int64_t workspace_limit = ConvPlan::default_workspace_limit)
        : device_(device), workspace_limit_(workspace_limit) {}

    // Throws as ConvPlan's constructor does. The reference stays valid.
    const ConvPlan& get(const ConvKey& key);
    int64_t size() const { return static_cast<int64_t>(plans_.size()); }
    // The largest workspace of all plans so far: plans that run on one stream share one.
    int64_t workspace_bytes() const { return workspace_bytes_; }

private:
    const CudnnDevice& device_;
    int64_t workspace_limit_;
    std::map<ConvKey, ConvPlan> plans_;
    int64_t workspace_bytes_ = 0;
};

}  // namespace facet::cuda
