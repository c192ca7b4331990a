// A cuDNN backend descriptor that owns itself, and the check of every cuDNN call.
//
// cuDNN 9 describes everything, from a tensor to an execution plan, as a descriptor: created empty,
// given attributes, finalised (that is when the library checks it), then read or used by another.
#pragma once

#include <cudnn_graph.h>

#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <type_traits>
#include <vector>

namespace facet::cuda {

// Throws Error with `call`, the library's own text, and the caller's file and line, unless the
// status is success.
void check_cudnn(cudnnStatus_t status, const char* call,
                 std::source_location where = std::source_location::current());

// FACET_CUDNN(cudnnSetStream(handle, stream));
#define FACET_CUDNN(call) ::facet::cuda::check_cudnn((call), #call)

// The library's name for the type of an attribute's elements.
template <class T>
constexpr cudnnBackendAttributeType_t attribute_type = T::no_such_attribute_type;
template <>
inline constexpr auto attribute_type<int64_t> = CUDNN_TYPE_INT64;
template <>
inline constexpr auto attribute_type<float> = CUDNN_TYPE_FLOAT;
template <>
inline constexpr auto attribute_type<char> = CUDNN_TYPE_CHAR;
template <>
inline constexpr auto attribute_type<void*> = CUDNN_TYPE_VOID_PTR;
template <>
inline constexpr auto attribute_type<cudnnHandle_t> = CUDNN_TYPE_HANDLE;
template <>
inline constexpr auto attribute_type<cudnnDataType_t> = CUDNN_TYPE_DATA_TYPE;
template <>
inline constexpr auto attribute_type<cudnnConvolutionMode_t> = CUDNN_TYPE_CONVOLUTION_MODE;
template <>
inline constexpr auto attribute_type<cudnnBackendHeurMode_t> = CUDNN_TYPE_HEUR_MODE;
template <>
inline constexpr auto attribute_type<cudnnBackendNumericalNote_t> = CUDNN_TYPE_NUMERICAL_NOTE;

class CudnnDescriptor {
public:
    using Name = cudnnBackendAttributeName_t;
    using Where = std::source_location;

    explicit CudnnDescriptor(cudnnBackendDescriptorType_t type, Where where = Where::current());

    cudnnBackendDescriptor_t raw() const { return raw_.get(); }

    // --- attributes are set before finalize() ---
    template <class T>
    void set(Name name, const T& value, Where where = Where::current()) {
        set_raw(name, attribute_type<T>, 1, &value, where);
    }
    template <class T>
    void set_all(Name name, std::span<const T> values, Where where = Where::current()) {
        set_raw(name, attribute_type<T>, static_cast<int64_t>(values.size()), values.data(), where);
    }
    void set(Name name, const CudnnDescriptor& other, Where where = Where::current()) {
        const cudnnBackendDescriptor_t raw = other.raw();
        set_raw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &raw, where);
    }

    void finalize(Where where = Where::current());
    // The same for a descriptor that the library may decline: returns a status instead of throwing.
    cudnnStatus_t try_finalize();

    // --- and read after it ---
    template <class T>
    T get(Name name, Where where = Where::current()) const {
        T value{};
        get_raw(name, attribute_type<T>, 1, &value, where);
        return value;
    }
    // At most `most` values.
    template <class T>
    std::vector<T> get_all(Name name, int64_t most, Where where = Where::current()) const {
        std::vector<T> values(static_cast<size_t>(most));
        values.resize(
            static_cast<size_t>(get_raw(name, attribute_type<T>, most, values.data(), where)));
        return values;
    }
    // The number of values an attribute has; an upper bound for the results of a heuristic.
    int64_t size_of(Name name, cudnnBackendAttributeType_t type,
                    Where where = Where::current()) const;
    // The descriptors in an attribute; the library fills descriptors that the caller creates.
    std::vector<CudnnDescriptor> get_descriptors(Name name, cudnnBackendDescriptorType_t type,
                                                 int64_t most,
                                                 Where where = Where::current()) const;

private:
    void set_raw(Name name, cudnnBackendAttributeType_t type, int64_t count, const void* values,
                 Where where);
    // Returns how many values there are; writes at most `most` of them.
    int64_t get_raw(Name name, cudnnBackendAttributeType_t type, int64_t most, void* values,
                    Where where) const;

    struct Destroy {
        void operator()(cudnnBackendDescriptor_t raw) const { cudnnBackendDestroyDescriptor(raw); }
    };
    std::unique_ptr<std::remove_pointer_t<cudnnBackendDescriptor_t>, Destroy> raw_;
};

}  // namespace facet::cuda
