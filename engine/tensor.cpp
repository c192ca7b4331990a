#include "engine/tensor.h"

#include <algorithm>
#include <cstring>

#include "engine/device.h"

namespace facet {

size_t size_of(DType dtype) { return dtype == DType::F32 ? 4 : 8; }
const char* name_of(DType dtype) { return dtype == DType::F32 ? "float32" : "float64"; }

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
    storage_ = std::make_shared<Buffer>(bytes());
}

DType Tensor::dtype() const { return device_->dtype(); }

int64_t Tensor::stored_count() const {
    if (layout_ == Layout::Plain) return count();
    const int64_t block = device_->channel_block();
    const int64_t padded = (shape_[1] + block - 1) / block * block;
    return shape_[0] * padded * shape_[2] * shape_[3];
}

template <class T>
T* Tensor::data() const {
    FACET_CHECK(defined(), "tensor: it has no storage");
    constexpr DType wanted = std::is_same_v<T, float> ? DType::F32 : DType::F64;
    FACET_CHECK(dtype() == wanted, "tensor: element type is {}, {} was asked for, shape {}",
                name_of(dtype()), name_of(wanted), to_string(shape_));
    return static_cast<T*>(storage_->data());
}
template float* Tensor::data<float>() const;
template double* Tensor::data<double>() const;

template <class T>
Tensor Tensor::from(Device& device, Shape shape, std::span<const T> values) {
    Tensor tensor(device, std::move(shape));
    FACET_CHECK(tensor.count() == static_cast<int64_t>(values.size()),
                "tensor: shape {} holds {} values, found {}", to_string(tensor.shape_),
                tensor.count(), values.size());
    if (tensor.dtype() == DType::F32) {
        std::copy(values.begin(), values.end(), tensor.data<float>());
    } else {
        std::copy(values.begin(), values.end(), tensor.data<double>());
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
    std::memcpy(copy.storage_->data(), storage_->data(), bytes());
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
    if (dtype() == DType::F32) {
        std::copy_n(plain.data<float>(), values.size(), values.begin());
    } else {
        std::copy_n(plain.data<double>(), values.size(), values.begin());
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
