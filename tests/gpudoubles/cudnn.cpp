// cuDNN's double: handles, and the execution of plans. Descriptors are the real library's; what is
// said to them is noted on its way.
#include <cudnn_graph.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

#include "engine/cuda/cudnn_descriptor.h"
#include "tests/gpudoubles/convolution.h"
#include "tests/gpudoubles/cudart.h"
#include "tests/gpudoubles/memory.h"
#include "tests/gpudoubles/reports.h"

struct cudnnContext {
    cudaStream_t stream = nullptr;
};

namespace gpudoubles {
namespace {

using facet::cuda::CudnnDescriptor;
using facet::cuda::forget;
using facet::cuda::library;
using facet::cuda::note_results;
using facet::cuda::note_set;
using facet::cuda::Said;
using facet::cuda::said_to;

auto& handles = *new Handles<cudnnContext>;

cudnnStatus_t refused(cudnnStatus_t status, const std::string& what) {
    report(what);
    return status;
}

// The device behind every handle.
const std::string& device_properties() {
    static const std::string text = [] {
        const char* const path = "tests/plans/devices/h100.json";
        std::ifstream file(path);
        if (!file)
            throw Misuse(std::string(path) + " cannot be read; run in the repository's root");
        return std::string(std::istreambuf_iterator<char>(file), {});
    }();
    return text;
}

cudnnStatus_t real_set(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                       cudnnBackendAttributeType_t type, int64_t count, const void* values) {
    static auto* const real =
        library<decltype(cudnnBackendSetAttribute)>("cudnnBackendSetAttribute");
    return real(descriptor, name, type, count, values);
}

// What an execution is given.
struct VariantPack {
    const std::vector<double>& ids;
    const std::vector<void*>& pointers;
    void* workspace;

    void* pointer_of(const SaidTensor& tensor) const {
        const auto at = std::find(ids.begin(), ids.end(), static_cast<double>(tensor.id));
        return at == ids.end() ? nullptr : pointers.at(at - ids.begin());
    }
};

std::string tensor_fault(const char* name, const SaidTensor& tensor, const VariantPack& pack) {
    const void* const data = pack.pointer_of(tensor);
    std::string fault = device_range_fault(data, tensor.bytes());
    if (fault.empty() && reinterpret_cast<uintptr_t>(data) % tensor.alignment != 0)
        fault = fmt::format("{} is not aligned to {} bytes", fmt::ptr(data), tensor.alignment);
    return fault.empty() ? "" : fmt::format("tensor {}: {}", name, fault);
}

int64_t workspace_bytes(cudnnBackendDescriptor_t plan) {
    int64_t bytes = 0, count = 0;
    cudnnBackendGetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1,
                             &count, &bytes);
    return bytes;
}

// A descriptor that the real library has in an attribute of another.
cudnnBackendDescriptor_t read(cudnnBackendDescriptor_t from, cudnnBackendAttributeName_t name,
                              const CudnnDescriptor& into) {
    cudnnBackendDescriptor_t raw = into.raw();
    int64_t count = 0;
    cudnnBackendGetAttribute(from, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &raw);
    if (count != 1) throw Misuse("cuDNN: a plan without an engine");
    return raw;
}

// Whether the plan's engine multiplies on tensor cores: float32 inputs are TF32 there.
bool on_tensor_cores(cudnnBackendDescriptor_t plan) {
    const CudnnDescriptor configuration(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    const CudnnDescriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    read(read(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration),
         CUDNN_ATTR_ENGINECFG_ENGINE, engine);
    const auto notes = engine.get_all<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                                                   CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
    return std::ranges::count(notes, CUDNN_NUMERICAL_NOTE_TENSOR_CORE) > 0;
}

// Whatever was in a workspace is gone; of a large one it is enough to take the beginning and the
// end.
void scribble(void* workspace, size_t bytes) {
    const size_t ends = std::min<size_t>(bytes, 1 << 16);
    std::memset(workspace, 0xFF, ends);
    std::memset(static_cast<char*>(workspace) + bytes - ends, 0xFF, ends);
}

// Empty if the real library could run it, else what is wrong.
std::string fault_of(const SaidConvolution& convolution, const VariantPack& pack,
                     int64_t workspace) {
    std::string fault = tensor_fault("x", convolution.x, pack);
    if (fault.empty()) fault = tensor_fault("w", convolution.w, pack);
    if (fault.empty()) fault = tensor_fault("y", convolution.y, pack);
    if (fault.empty() && workspace > 0) {
        fault = device_range_fault(pack.workspace, workspace);
        if (!fault.empty()) fault = "workspace: " + fault;
    }
    return fault;
}

}  // namespace

size_t cudnn_handles() { return handles.alive().size(); }

}  // namespace gpudoubles

using namespace gpudoubles;

extern "C" {

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
    const Call call;
    *handle = handles.add(new cudnnContext);
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
    const Call call;
    if (handles.destroy(handle)) return CUDNN_STATUS_SUCCESS;
    return refused(CUDNN_STATUS_BAD_PARAM, "cudnnDestroy: no such handle");
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
    handle->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}

// The properties of a handle's device are those of the described one.
cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count,
                                       const void* values) {
    const Call call;
    if (name == CUDNN_ATTR_DEVICEPROP_HANDLE) {
        const std::string& text = device_properties();
        return real_set(descriptor, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
                        static_cast<int64_t>(text.size()) + 1, text.c_str());
    }
    note_set(descriptor, name, type, count, values);
    return real_set(descriptor, name, type, count, values);
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t most,
                                       int64_t* count, void* values) {
    const Call call;
    static auto* const real =
        library<decltype(cudnnBackendGetAttribute)>("cudnnBackendGetAttribute");
    const cudnnStatus_t status = real(descriptor, name, type, most, count, values);
    if (status == CUDNN_STATUS_SUCCESS && name == CUDNN_ATTR_ENGINEHEUR_RESULTS)
        note_results(descriptor, std::min(*count, most), values);
    return status;
}

cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
    const Call call;
    forget(descriptor);
    static auto* const real =
        library<decltype(cudnnBackendDestroyDescriptor)>("cudnnBackendDestroyDescriptor");
    return real(descriptor);
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                                  cudnnBackendDescriptor_t variant_pack) {
    const Call call;
    if (!handles.find(handle))
        return refused(CUDNN_STATUS_BAD_PARAM, "cudnnBackendExecute: no such handle");
    const Said& configuration =
        *said_to(plan).descriptors.at(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
    SaidConvolution convolution =
        convolution_of(*configuration.descriptors.at(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH));
    convolution.tf32 = convolution.x.type == CUDNN_DATA_FLOAT && on_tensor_cores(plan);
    const Said& said = said_to(variant_pack);
    const VariantPack pack{said.numbers.at(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS),
                           said.pointers.at(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS),
                           said.pointers.at(CUDNN_ATTR_VARIANT_PACK_WORKSPACE).at(0)};
    const int64_t workspace = workspace_bytes(plan);
    const std::string fault = fault_of(convolution, pack, workspace);
    if (!fault.empty()) return refused(CUDNN_STATUS_BAD_PARAM, "cudnnBackendExecute: " + fault);
    void *const x = pack.pointer_of(convolution.x), *const w = pack.pointer_of(convolution.w),
                *const y = pack.pointer_of(convolution.y), *const space = pack.workspace;
    enqueue_on(handle->stream, "cudnnBackendExecute", [=] {
        if (workspace > 0) scribble(space, workspace);
        convolve(convolution, x, w, y);
    });
    return CUDNN_STATUS_SUCCESS;
}

}  // extern "C"
