#include "engine/cuda/cudnn_device.h"

#include <nlohmann/json.hpp>

#include "engine/error.h"

namespace facet::cuda {

CudnnDevice::CudnnDevice(cudnnHandle_t handle) : descriptor_(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR) {
    descriptor_.set(CUDNN_ATTR_DEVICEPROP_HANDLE, handle);
    descriptor_.finalize();
    read_back();
}

CudnnDevice::CudnnDevice(const std::string& json)
    : descriptor_(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR) {
    const std::span<const char> text(json.c_str(), json.size() + 1);  // with the final zero
    descriptor_.set_all(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, text);
    descriptor_.finalize();
    read_back();
}

// Name and architecture are what the library understood, not what the caller believes.
void CudnnDevice::read_back() {
    constexpr auto attribute = CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION;
    const int64_t size = descriptor_.size_of(attribute, CUDNN_TYPE_CHAR);
    const std::vector<char> text = descriptor_.get_all<char>(attribute, size);
    const auto properties = nlohmann::json::parse(text.data());
    name_ = properties.at("deviceName").get<std::string>();
    const int version = properties.at("deviceVer").get<int>();  // 100 major + 10 minor
    architecture_ = fmt::format("sm_{}", version / 10);
}

}  // namespace facet::cuda
