#include "tests/plans/recorder.h"

#include <cstring>

namespace facet::cuda {
namespace {

std::map<cudnnBackendDescriptor_t, Said>& all() {
    static auto& said = *new std::map<cudnnBackendDescriptor_t, Said>;  // outlives descriptors
    return said;
}

template <class T>
Said::Numbers numbers(int64_t count, const void* values) {
    Said::Numbers list;
    for (int64_t i = 0; i < count; ++i) {
        T value;
        std::memcpy(&value, static_cast<const char*>(values) + i * sizeof(T), sizeof(T));
        list.push_back(static_cast<double>(value));
    }
    return list;
}

}  // namespace

void note_set(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
              cudnnBackendAttributeType_t type, int64_t count, const void* values) {
    Said& said = all()[descriptor];
    switch (type) {
        case CUDNN_TYPE_BACKEND_DESCRIPTOR: {
            cudnnBackendDescriptor_t other;
            std::memcpy(&other, values, sizeof other);
            said.descriptors[name] = std::make_shared<const Said>(all()[other]);
            break;
        }
        case CUDNN_TYPE_INT64:
            said.numbers[name] = numbers<int64_t>(count, values);
            break;
        case CUDNN_TYPE_FLOAT:
            said.numbers[name] = numbers<float>(count, values);
            break;
        case CUDNN_TYPE_DATA_TYPE:
        case CUDNN_TYPE_CONVOLUTION_MODE:
        case CUDNN_TYPE_HEUR_MODE:
            said.numbers[name] = numbers<int32_t>(count, values);
            break;
        case CUDNN_TYPE_VOID_PTR: {
            const auto* const pointers = static_cast<void* const*>(values);
            said.pointers[name].assign(pointers, pointers + count);
            break;
        }
        default:
            break;  // texts
    }
}

void note_results(cudnnBackendDescriptor_t heuristics, int64_t count, const void* results) {
    constexpr auto graph = CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH;
    for (int64_t i = 0; i < count; ++i) {
        const auto configuration = static_cast<const cudnnBackendDescriptor_t*>(results)[i];
        all()[configuration].descriptors[graph] = all().at(heuristics).descriptors.at(graph);
    }
}

void forget(cudnnBackendDescriptor_t descriptor) { all().erase(descriptor); }

const Said& said_to(cudnnBackendDescriptor_t descriptor) { return all().at(descriptor); }

}  // namespace facet::cuda
