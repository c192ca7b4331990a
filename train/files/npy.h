// NumPy's array files: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/error.h"

namespace facet {

struct NpyArray {
    std::vector<int64_t> shape;    // empty: one element, NumPy's ()
    std::string dtype;             // "<f4", "<f8", "<i4", "<i8", "|u1" or "|b1"
    std::vector<std::byte> bytes;  // little-endian elements in C order: the last index runs fastest
};

// Reads versions 1, 2 and 3; an array in Fortran order is transposed to C order. Throws Error, with
// the file and the byte, for anything else: other element types, object arrays (which would have to
// be unpickled, that is, executed), truncated files, bytes after the array.
NpyArray read_npy(const std::filesystem::path& path);

// Writes version 1.0, byte for byte what numpy.save writes, atomically. Throws Error if the dtype
// is none of the six, if shape and bytes disagree, or if the file cannot be written.
void write_npy(const std::filesystem::path& path, const NpyArray& array);

// Number of elements; 1 for the empty shape. Throws Error for a negative size or an overflow.
int64_t npy_count(const std::vector<int64_t>& shape);
// Bytes an element; throws Error naming the six supported types for any other.
size_t npy_element_size(const std::string& dtype);

namespace npy_detail {

template <class T>
constexpr const char* dtype_name() {
    if constexpr (std::is_same_v<T, float>) return "<f4";
    if constexpr (std::is_same_v<T, double>) return "<f8";
    if constexpr (std::is_same_v<T, int32_t>) return "<i4";
    if constexpr (std::is_same_v<T, int64_t>) return "<i8";
    if constexpr (std::is_same_v<T, uint8_t>) return "|u1";
    if constexpr (std::is_same_v<T, bool>) return "|b1";
}

// A floating target rounds; an integer target must be able to hold the value exactly.
template <class T, class S>
T converted(S value, size_t index) {
    if constexpr (std::is_integral_v<T>) {
        bool exact;
        if constexpr (std::is_floating_point_v<S>) {
            // Both bounds are exact in binary floating point, unlike the maximum of T itself.
            const double beyond = std::ldexp(1.0, std::numeric_limits<T>::digits);
            const double lowest = std::is_signed_v<T> ? -beyond : 0.0;
            exact = value >= lowest && value < beyond && std::trunc(value) == value;
        } else {
            exact = std::in_range<T>(value);
        }
        FACET_CHECK(exact, "array element {}: {} is no {}-bit {} integer", index, value,
                    8 * sizeof(T), std::is_signed_v<T> ? "signed" : "unsigned");
    }
    return static_cast<T>(value);
}

template <class T, class S>
std::vector<T> convert(const NpyArray& array) {
    std::vector<T> values(array.bytes.size() / sizeof(S));
    for (size_t i = 0; i < values.size(); ++i) {
        S value;
        std::memcpy(&value, array.bytes.data() + i * sizeof(S), sizeof(S));
        values[i] = converted<T>(value, i);
    }
    return values;
}

}  // namespace npy_detail

// The elements in C order as T (a numeric type other than bool), whatever their type in the file;
// false is 0 and true is 1. Throws Error if T is an integer and cannot hold an element exactly.
template <class T>
std::vector<T> npy_as(const NpyArray& array) {
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>);
    const size_t size = npy_element_size(array.dtype);
    const auto expected = static_cast<size_t>(npy_count(array.shape)) * size;
    FACET_CHECK(array.bytes.size() == expected, "array: {} bytes found, its shape needs {}",
                array.bytes.size(), expected);
    if (array.dtype == "<f4") return npy_detail::convert<T, float>(array);
    if (array.dtype == "<f8") return npy_detail::convert<T, double>(array);
    if (array.dtype == "<i4") return npy_detail::convert<T, int32_t>(array);
    if (array.dtype == "<i8") return npy_detail::convert<T, int64_t>(array);
    std::vector<T> values = npy_detail::convert<T, uint8_t>(array);
    if (array.dtype == "|b1") {
        for (T& value : values) value = value != T(0);
    }
    return values;
}

// An array of the element type that T is: float, double, int32_t, int64_t, uint8_t or bool.
// Throws Error if the shape does not hold exactly the values given.
template <class T>
NpyArray npy_from(std::span<const T> values, std::vector<int64_t> shape) {
    const int64_t count = npy_count(shape);
    FACET_CHECK(static_cast<size_t>(count) == values.size(),
                "array: {} values given for a shape of {} elements", values.size(), count);
    NpyArray array{std::move(shape), npy_detail::dtype_name<T>(), {}};
    const auto bytes = std::as_bytes(values);
    array.bytes.assign(bytes.begin(), bytes.end());
    return array;
}

}  // namespace facet
