#include "engine/cuda/graph.h"

namespace facet::cuda {
namespace {

struct DestroyGraph {
    void operator()(cudaGraph_t graph) const { FACET_CUDA_WARN(cudaGraphDestroy(graph)); }
};
using RawGraph = std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, DestroyGraph>;

RawGraph end_capture(const Stream& stream) {
    cudaGraph_t graph = nullptr;
    FACET_CUDA(cudaStreamEndCapture(stream.raw(), &graph));
    return RawGraph(graph);
}

RawGraph capture(const Stream& stream, const std::function<void()>& enqueue) {
    // Relaxed: a pool may get memory while recording.
    FACET_CUDA(cudaStreamBeginCapture(stream.raw(), cudaStreamCaptureModeRelaxed));
    try {
        enqueue();
    } catch (...) {
        cudaGraph_t graph = nullptr;
        cudaStreamEndCapture(stream.raw(), &graph);  // whatever it says: the first error counts
        cudaGetLastError();
        if (graph) FACET_CUDA_WARN(cudaGraphDestroy(graph));
        throw;
    }
    return end_capture(stream);
}

}  // namespace

Graph::Graph(const Stream& stream, const std::function<void()>& enqueue) {
    const RawGraph graph = capture(stream, enqueue);
    cudaGraphExec_t executable = nullptr;
    FACET_CUDA(cudaGraphInstantiate(&executable, graph.get(), 0));
    executable_.reset(executable);
}

void Graph::launch(const Stream& stream) const {
    FACET_CUDA(cudaGraphLaunch(executable_.get(), stream.raw()));
}

}  // namespace facet::cuda
