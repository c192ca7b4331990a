#include "engine/cuda/cudnn_plan.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "engine/error.h"

namespace facet::cuda {
namespace {

// Engine configurations that cuDNN proposes for a graph, best first.
std::vector<CudnnDescriptor> proposals(const CudnnDevice& device, const CudnnDescriptor& graph,
                                       cudnnBackendHeurMode_t mode) {
    CudnnDescriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, device.descriptor());
    heuristics.finalize();
    constexpr auto results = CUDNN_ATTR_ENGINEHEUR_RESULTS;
    return heuristics.get_descriptors(results, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR,
                                      heuristics.size_of(results, CUDNN_TYPE_BACKEND_DESCRIPTOR));
}

CudnnDescriptor engine_of(const CudnnDescriptor& configuration) {
    auto engines = configuration.get_descriptors(CUDNN_ATTR_ENGINECFG_ENGINE,
                                                 CUDNN_BACKEND_ENGINE_DESCRIPTOR, 1);
    FACET_CHECK(!engines.empty(), "cuDNN: an engine configuration without an engine");
    return std::move(engines.front());
}

std::vector<cudnnBackendNumericalNote_t> notes_of(const CudnnDescriptor& engine) {
    return engine.get_all<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                                       CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
}

// The first note with which an engine would break a promise; TYPE_COUNT if there is none.
cudnnBackendNumericalNote_t objection(const std::vector<cudnnBackendNumericalNote_t>& notes,
                                      ConvCompute compute) {
    for (const cudnnBackendNumericalNote_t note : notes) {
        const bool never = note == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC ||
                           note == CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION;
        const bool not_strict = note == CUDNN_NUMERICAL_NOTE_TENSOR_CORE ||
                                note == CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS;
        if (never || (not_strict && compute == ConvCompute::Float32)) return note;
    }
    return CUDNN_NUMERICAL_NOTE_TYPE_COUNT;
}

CudnnDescriptor planned_engine(const CudnnDescriptor& plan) {
    auto configurations = plan.get_descriptors(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG,
                                               CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, 1);
    FACET_CHECK(!configurations.empty(), "cuDNN: a plan without an engine configuration");
    return engine_of(configurations.front());
}

int64_t workspace_of(const CudnnDescriptor& plan) {
    return plan.get<int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE);
}

// Tries one configuration. Returns the reason for passing it over, empty if `plan` is now made.
std::string try_plan(const CudnnDevice& device, const CudnnDescriptor& configuration,
                     ConvCompute compute, int64_t workspace_limit, CudnnDescriptor& plan) {
    const auto note = objection(notes_of(engine_of(configuration)), compute);
    if (note != CUDNN_NUMERICAL_NOTE_TYPE_COUNT) return to_string(note);
    CudnnDescriptor attempt(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    attempt.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
    attempt.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, device.descriptor());
    const cudnnStatus_t status = attempt.try_finalize();
    if (status != CUDNN_STATUS_SUCCESS) return cudnnGetErrorString(status);
    if (workspace_of(attempt) > workspace_limit) return "too much workspace";
    plan = std::move(attempt);
    return "";
}

}  // namespace

ConvPlan::ConvPlan(const CudnnDevice& device, const ConvKey& key, const ConvTensors& tensors,
                   int64_t workspace_limit)
    : key_(key) {
    const CudnnDescriptor graph = conv_graph(key, tensors);
    std::map<std::string, int> reasons;  // for how many engines
    for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
        for (const CudnnDescriptor& configuration : proposals(device, graph, mode)) {
            const std::string reason =
                try_plan(device, configuration, key.compute, workspace_limit, descriptor_);
            if (reason.empty()) {
                workspace_bytes_ = workspace_of(descriptor_);
                return;
            }
            ++reasons[reason];
            ++passed_over_;
        }
    }
    std::string summary;
    for (const auto& [reason, count] : reasons) summary += fmt::format(", {} {}", count, reason);
    throw Error(fmt::format("{} on {} ({}): none of cuDNN's {} engines qualifies{}", to_string(key),
                            device.name(), device.architecture(), passed_over_, summary),
                "another compute mode or more workspace may give an engine");
}

int64_t ConvPlan::engine() const {
    return planned_engine(descriptor_).get<int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
}

std::vector<cudnnBackendNumericalNote_t> ConvPlan::notes() const {
    return notes_of(planned_engine(descriptor_));
}

void ConvPlan::execute(cudnnHandle_t handle, const ConvPointers& data, void* workspace) const {
    const std::array<int64_t, 3> ids{ConvTensorIds::x, ConvTensorIds::w, ConvTensorIds::y};
    const std::array<void*, 3> pointers{data.x, data.w, data.y};
    for (const void* pointer : pointers) {
        FACET_CHECK(pointer && reinterpret_cast<uintptr_t>(pointer) % ConvTensorIds::alignment == 0,
                    "{}: expected device pointers aligned to {} bytes, found {}", to_string(key_),
                    ConvTensorIds::alignment, fmt::ptr(pointer));
    }
    CudnnDescriptor arguments(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    arguments.set_all<int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids);
    arguments.set_all<void*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, pointers);
    arguments.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace);
    arguments.finalize();
    FACET_CUDNN(cudnnBackendExecute(handle, descriptor_.raw(), arguments.raw()));
}

const ConvPlan& ConvPlans::get(const ConvKey& key) {
    const auto known = plans_.find(key);
    if (known != plans_.end()) return known->second;
    const ConvPlan& plan =
        plans_.emplace(key, ConvPlan(device_, key, workspace_limit_)).first->second;
    workspace_bytes_ = std::max(workspace_bytes_, plan.workspace_bytes());
    return plan;
}

}  // namespace facet::cuda
