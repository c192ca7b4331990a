#include "engine/cuda/cudnn_descriptor.h"

#include <algorithm>
#include <array>
#include <string>

#include "engine/error.h"

namespace facet::cuda {

void check_cudnn(cudnnStatus_t status, const char* call, std::source_location where) {
    if (status == CUDNN_STATUS_SUCCESS) return;
    std::array<char, 1024> detail{};
    cudnnGetLastErrorString(detail.data(), detail.size());
    throw Error(fmt::format("{} failed: {} ({}){}{} [{}:{}]", call, cudnnGetErrorString(status),
                            static_cast<int>(status), detail[0] != '\0' ? ": " : "", detail.data(),
                            where.file_name(), where.line()));
}

namespace {

// The text is made only when it is needed: attributes are set for every convolution that runs.
void check_attribute(cudnnStatus_t status, const char* function, cudnnBackendAttributeName_t name,
                     std::source_location where) {
    if (status == CUDNN_STATUS_SUCCESS) return;
    const std::string call = fmt::format("{}(attribute {})", function, static_cast<int>(name));
    check_cudnn(status, call.c_str(), where);
}

}  // namespace

CudnnDescriptor::CudnnDescriptor(cudnnBackendDescriptorType_t type, Where where) {
    cudnnBackendDescriptor_t raw = nullptr;
    check_cudnn(cudnnBackendCreateDescriptor(type, &raw), "cudnnBackendCreateDescriptor", where);
    raw_.reset(raw);
}

void CudnnDescriptor::finalize(Where where) {
    check_cudnn(cudnnBackendFinalize(raw()), "cudnnBackendFinalize", where);
}

cudnnStatus_t CudnnDescriptor::try_finalize() { return cudnnBackendFinalize(raw()); }

int64_t CudnnDescriptor::size_of(Name name, cudnnBackendAttributeType_t type, Where where) const {
    int64_t size = 0;
    check_attribute(cudnnBackendGetAttribute(raw(), name, type, 0, &size, nullptr),
                    "cudnnBackendGetAttribute", name, where);
    return size;
}

std::vector<CudnnDescriptor> CudnnDescriptor::get_descriptors(Name name,
                                                              cudnnBackendDescriptorType_t type,
                                                              int64_t most, Where where) const {
    std::vector<CudnnDescriptor> descriptors;
    std::vector<cudnnBackendDescriptor_t> raw;
    for (int64_t i = 0; i < most; ++i) raw.push_back(descriptors.emplace_back(type, where).raw());
    if (most == 0) return descriptors;
    const int64_t found = get_raw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, most, raw.data(), where);
    while (static_cast<int64_t>(descriptors.size()) > found) descriptors.pop_back();
    return descriptors;
}

void CudnnDescriptor::set_raw(Name name, cudnnBackendAttributeType_t type, int64_t count,
                              const void* values, Where where) {
    check_attribute(cudnnBackendSetAttribute(raw(), name, type, count, values),
                    "cudnnBackendSetAttribute", name, where);
}

int64_t CudnnDescriptor::get_raw(Name name, cudnnBackendAttributeType_t type, int64_t most,
                                 void* values, Where where) const {
    int64_t count = 0;
    check_attribute(cudnnBackendGetAttribute(raw(), name, type, most, &count, values),
                    "cudnnBackendGetAttribute", name, where);
    return std::min(count, most);
}

}  // namespace facet::cuda
