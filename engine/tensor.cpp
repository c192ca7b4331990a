#include "engine/tensor.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <type_traits>

#include "engine/device.h"

namespace facet {

namespace {

template <class T>
constexpr DType kDType = std::is_same_v<T, float> ? DType::F32 : DType::F64;

}  // namespace

size_t size_of(DType dtype) {
    switch (dtype) {
        case DType::F32:
            return 4;
        case DType::F64:
            return 8;
        case DType::BF16:
            return 2;
    }
    return 0;
}

const char* name_of(DType dtype) {
    switch (dtype) {
        case DType::F32:
            return "float32";
        case DType::F64:
            return "float64";
        case DType::BF16:
            return "bfloat16";
    }
    return "";
}

int64_t count(const Shape& shape) {
    int64_t product = 1;
    for (const int64_t size : shape) product *= size;
    return product;
}

std::string to_string(const Shape& shape) { return fmt::format("({})", fmt::join(shape, ", ")); }

Tensor::Tensor(Device& device, Shape shape, Layout layout)
    : device_(&device), shape_(std::move(shape)), layout_(layout) {
    for (const int64_t size : shape_) {
        FACET_CHECK(size >= 0, "tensor: a size in shape {} is negative", to_string(shape_));
    }
    FACET_CHECK(layout_ == Layout::Plain || rank() == 4,
                "tensor: a map has four sizes (N, C, H, W), found {}", to_string(shape_));
    storage_ = device.allocate(bytes());
}

DType Tensor::dtype() const {
    return layout_ == Layout::Map ? device_->map_dtype() : device_->dtype();
}

int64_t Tensor::stored_count() const {
    if (layout_ == Layout::Plain) return count();
    const int64_t block = device_->channel_block();
    const int64_t padded = (shape_[1] + block - 1) / block * block;
    return shape_[0] * padded * shape_[2] * shape_[3];
}

template <class T>
T* Tensor::raw() const {
    FACET_CHECK(defined(), "tensor: it has no storage");
    FACET_CHECK(dtype() == kDType<T>, "tensor: element type is {}, {} was asked for, shape {}",
                name_of(dtype()), name_of(kDType<T>), to_string(shape_));
    return static_cast<T*>(address());
}
template float* Tensor::raw<float>() const;
template double* Tensor::raw<double>() const;

template <class T>
T* Tensor::data() const {
    FACET_CHECK(!defined() || device_->has_host_memory(),
                "tensor: the numbers of {} lie in the memory of {}, host code cannot read them",
                to_string(shape_), device_->name());
    return raw<T>();
}
template float* Tensor::data<float>() const;
template double* Tensor::data<double>() const;

template <class T>
Tensor Tensor::from(Device& device, Shape shape, std::span<const T> values) {
    Tensor tensor(device, std::move(shape));
    FACET_CHECK(tensor.count() == static_cast<int64_t>(values.size()),
                "tensor: shape {} holds {} values, found {}", to_string(tensor.shape_),
                tensor.count(), values.size());
    if (tensor.dtype() == kDType<T>) {
        device.upload(values.data(), tensor);
    } else if constexpr (std::is_same_v<T, double>) {
        device.upload(std::vector<float>(values.begin(), values.end()).data(), tensor);
    } else {
        device.upload(std::vector<double>(values.begin(), values.end()).data(), tensor);
    }
    return tensor;
}
template Tensor Tensor::from<float>(Device&, Shape, std::span<const float>);
template Tensor Tensor::from<double>(Device&, Shape, std::span<const double>);

Tensor Tensor::from(Device& device, Shape shape, const std::vector<double>& values) {
    return from(device, std::move(shape), std::span<const double>(values));
}

Tensor Tensor::full(Device& device, Shape shape, double value) {
    Tensor tensor(device, std::move(shape));
    device.fill(tensor, value);
    return tensor;
}

Tensor Tensor::reshape(Shape shape) const {
    FACET_CHECK(layout_ == Layout::Plain, "reshape: {} is a map in its device's layout; flatten it",
                to_string(shape_));
    FACET_CHECK(facet::count(shape) == count(), "reshape: {} has {} elements, {} has {}",
                to_string(shape_), count(), to_string(shape), facet::count(shape));
    Tensor view = *this;
    view.shape_ = std::move(shape);
    return view;
}

Tensor Tensor::clone() const {
    Tensor copy = like();
    device_->copy(*this, copy);
    return copy;
}

template <class T>
std::vector<T> Tensor::to_vector() const {
    Tensor plain = *this;
    if (layout_ == Layout::Map) {
        plain = Tensor(*device_, shape_);
        device_->copy(*this, plain);
    }
    std::vector<T> values(plain.count());
    if (plain.dtype() == kDType<T>) {
        device_->download(plain, values.data());
    } else if constexpr (std::is_same_v<T, double>) {
        const std::vector<float> stored = plain.to_vector<float>();
        std::copy(stored.begin(), stored.end(), values.begin());
    } else {
        const std::vector<double> stored = plain.to_vector<double>();
        std::copy(stored.begin(), stored.end(), values.begin());
    }
    return values;
}
template std::vector<float> Tensor::to_vector<float>() const;
template std::vector<double> Tensor::to_vector<double>() const;

std::vector<double> Tensor::to_doubles() const { return to_vector<double>(); }

double Tensor::item() const {
    FACET_CHECK(count() == 1, "item: expected one element, found shape {}", to_string(shape_));
    return to_doubles().front();
}

void expect_shape(const char* operation, const char* what, const Tensor& tensor,
                  const Shape& shape) {
    FACET_CHECK(tensor.defined(), "{}: {} has no storage, expected shape {}", operation, what,
                to_string(shape));
    FACET_CHECK(tensor.shape() == shape, "{}: {} has shape {}, expected {}", operation, what,
                to_string(tensor.shape()), to_string(shape));
}

void expect_layout(const char* operation, const char* what, const Tensor& tensor, Layout layout) {
    FACET_CHECK(tensor.layout() == layout, "{}: {} {} is {}, expected {}", operation, what,
                to_string(tensor.shape()), tensor.layout() == Layout::Map ? "a map" : "plain",
                layout == Layout::Map ? "a map in its device's layout" : "a plain tensor");
}

void expect_rank(const char* operation, const char* what, const Tensor& tensor, int rank) {
    FACET_CHECK(tensor.rank() == rank, "{}: {} has shape {}, expected {} sizes", operation, what,
                to_string(tensor.shape()), rank);
}

}  // namespace facet
