// A tensor: a shape, an element type, a layout and a share in a buffer of some device.
//
// Copying a Tensor copies the handle, not the numbers: both see the same storage. `clone()` copies
// the numbers. `reshape()` is a view and costs nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/error.h"

namespace facet {

class Device;

enum class DType { F32, F64, BF16 };
size_t size_of(DType dtype);  // bytes
const char* name_of(DType dtype);

using Shape = std::vector<int64_t>;  // outermost first; a map is (N, C, H, W)
int64_t count(const Shape& shape);   // product of the sizes, 1 for ()
std::string to_string(const Shape& shape);

// Plain: row-major, the last index fastest; what files, users and matrices have.
// Map:   a map (N, C, H, W) stored as its device likes it. On the CPU channels are cut into blocks
//        of `Device::channel_block()`, (N, ceil(C/b), H, W, b), padding channels zero; the
//        reference device stores maps plainly, a GPU channels last.
enum class Layout { Plain, Map };

class Tensor {
public:
    Tensor() = default;  // no storage; `defined()` is false

    // Contents undefined, except that padding channels of a map are the writer's duty to zero.
    Tensor(Device& device, Shape shape, Layout layout = Layout::Plain);

    // Plain tensor holding `values`, converted to the device's element type.
    // Throws Error when the number of values is not that of the shape.
    template <class T>
    static Tensor from(Device& device, Shape shape, std::span<const T> values);
    static Tensor from(Device& device, Shape shape, const std::vector<double>& values);
    static Tensor full(Device& device, Shape shape, double value);

    bool defined() const { return device_ != nullptr; }
    Device& device() const { return *device_; }
    DType dtype() const;
    Layout layout() const { return layout_; }
    const Shape& shape() const { return shape_; }
    int64_t size(int axis) const { return shape_.at(axis); }
    int rank() const { return static_cast<int>(shape_.size()); }
    int64_t count() const { return facet::count(shape_); }  // elements, without padding
    int64_t stored_count() const;                           // elements of storage, with padding
    size_t bytes() const { return stored_count() * size_of(dtype()); }

    // For host code; T must be the element type. Throws Error for a tensor whose device has memory
    // of its own: to_vector() copies its numbers.
    template <class T>
    T* data() const;
    // The address in its device's memory, for the device's own code.
    void* address() const { return storage_.get(); }
    // The same as a T*, which must be the element type.
    template <class T>
    T* raw() const;

    // The same numbers under another shape of the same count. Plain tensors only.
    Tensor reshape(Shape shape) const;
    Tensor clone() const;
    Tensor like() const {
        return Tensor(*device_, shape_, layout_);
    }  // same kind, undefined contents

    // All numbers, in row-major order of the shape whatever the layout. Waits for the device.
    std::vector<double> to_doubles() const;
    template <class T>
    std::vector<T> to_vector() const;
    double item() const;  // the only element

private:
    Device* device_ = nullptr;
    Shape shape_;
    Layout layout_ = Layout::Plain;
    std::shared_ptr<void> storage_;
};

// Throws Error naming `operation`, what the tensor is, and both shapes, unless they agree.
void expect_shape(const char* operation, const char* what, const Tensor& tensor,
                  const Shape& shape);
void expect_layout(const char* operation, const char* what, const Tensor& tensor, Layout layout);
void expect_rank(const char* operation, const char* what, const Tensor& tensor, int rank);

}  // namespace facet
