#include "tests/plans/recorder.h"

#include <dlfcn.h>

#include <cstring>

namespace facet::cuda {
namespace {

std::map<cudnnBackendDescriptor_t, Said>& all() {
    static std::map<cudnnBackendDescriptor_t, Said> said;
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

void record(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
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
        default:
            break;  // pointers and texts
    }
}

// The library's function that ours stands before.
template <class Function>
Function* library(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

const Said& said_to(cudnnBackendDescriptor_t descriptor) { return all().at(descriptor); }

}  // namespace facet::cuda

// The linker takes these before the library's.
extern "C" {

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count,
                                       const void* values) {
    facet::cuda::record(descriptor, name, type, count, values);
    static auto* const real =
        facet::cuda::library<decltype(cudnnBackendSetAttribute)>("cudnnBackendSetAttribute");
    return real(descriptor, name, type, count, values);
}

// The address may be another descriptor's next.
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
    facet::cuda::all().erase(descriptor);
    static auto* const real = facet::cuda::library<decltype(cudnnBackendDestroyDescriptor)>(
        "cudnnBackendDestroyDescriptor");
    return real(descriptor);
}

}  // extern "C"
