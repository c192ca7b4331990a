// Work recorded once as a CUDA graph and launched again as a whole: the launches of a network's
// pass cost the host as much as small convolutions cost the GPU.
//
// Verified with a double of the runtime (tests/gpudoubles), not yet run on a GPU.
#pragma once

#include <functional>
#include <memory>

#include "engine/cuda/runtime.h"

namespace facet::cuda {

class Graph {
public:
    // Calls `enqueue`, whose work on the stream is recorded and not run. It must neither wait nor
    // copy from host memory that will not last. What it throws is thrown on, and nothing is left
    // recording.
    Graph(const Stream& stream, const std::function<void()>& enqueue);

    void launch(const Stream& stream) const;

private:
    struct Destroy {
        void operator()(cudaGraphExec_t graph) const {
            FACET_CUDA_WARN(cudaGraphExecDestroy(graph));
        }
    };
    std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, Destroy> executable_;
};

}  // namespace facet::cuda
