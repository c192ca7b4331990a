// Named tensors in one file: https://github.com/huggingface/safetensors#format
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/error.h"

namespace facet {

struct StoredTensor {
    std::string dtype;             // F32, F64, I64, U64, U8, ...: see safetensors_element_size
    std::vector<int64_t> shape;    // empty: one element
    std::vector<std::byte> bytes;  // little-endian elements in C order
};

struct SafeTensors {
    std::map<std::string, StoredTensor> tensors;
    // Any bytes: in the file as train/files/text.h has them; without the checksum.
    std::map<std::string, std::string> metadata;
    bool checked = false;  // it was read, and its checksum is right

    // Throws Error naming the tensor that is missing.
    const StoredTensor& at(const std::string& name) const;
};

// Reads a whole file. Throws Error, with the file and the byte, for a truncated file, a header
// above 100 MB or not as the format demands, a name that occurs twice, an unknown dtype, a shape
// that disagrees with its bytes, tensors that overlap, leave holes or do not end with the file, and
// a checksum that is not that of the content. A file without one, from elsewhere, is read
// unchecked.
SafeTensors read_safetensors(const std::filesystem::path& path);

// Writes atomically and keeps what was there as `previous`, if given (see atomic.h). The same
// content gives the same bytes: tensors are ordered by decreasing element size and then by name,
// which also aligns each to its element size. Two entries are added to the metadata:
// facet_checksum, of the header without them and of all bytes, and facet_checksum_kind, so that
// damage to either name is seen.
void write_safetensors(const std::filesystem::path& path, const SafeTensors& content,
                       const std::filesystem::path& previous = {});

// Bytes an element: BOOL U8 I8 F8_E5M2 F8_E4M3 (1), I16 U16 F16 BF16 (2), I32 U32 F32 (4),
// I64 U64 F64 (8). Throws Error naming these for any other.
size_t safetensors_element_size(const std::string& dtype);

// F32 of float, ...
template <class T>
constexpr const char* dtype_of() {
    if constexpr (std::is_same_v<T, float>) return "F32";
    if constexpr (std::is_same_v<T, double>) return "F64";
    if constexpr (std::is_same_v<T, int32_t>) return "I32";
    if constexpr (std::is_same_v<T, uint32_t>) return "U32";
    if constexpr (std::is_same_v<T, int64_t>) return "I64";
    if constexpr (std::is_same_v<T, uint64_t>) return "U64";
    if constexpr (std::is_same_v<T, uint8_t>) return "U8";
}

// A tensor of the element type that T is. write_safetensors checks that the shape fits.
template <class T>
StoredTensor stored_tensor(std::span<const T> values, std::vector<int64_t> shape) {
    const auto bytes = std::as_bytes(values);
    return {dtype_of<T>(), std::move(shape), {bytes.begin(), bytes.end()}};
}

// The elements, which must be stored as exactly T; throws Error naming both types otherwise.
template <class T>
std::vector<T> tensor_values(const StoredTensor& tensor) {
    FACET_CHECK(tensor.dtype == dtype_of<T>(), "stored tensor: type {} found, expected {}",
                tensor.dtype, dtype_of<T>());
    std::vector<T> values(tensor.bytes.size() / sizeof(T));
    // memcpy must not be given the null pointer of an empty vector.
    if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    return values;
}

}  // namespace facet
