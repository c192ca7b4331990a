// Tensors and metadata of one of facet's own safetensors files (models, checkpoints).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "train/files/safetensors.h"

namespace facet {

// A file that was read, with its name for errors.
struct StoredFile {
    std::filesystem::path path;
    SafeTensors content;

    // Throws Error unless the metadata's "format" is `format`; `hint` says which file is wanted.
    StoredFile(const std::filesystem::path& path, const std::string& format,
               const std::string& hint);

    // Throws Error naming file and key when it is missing, or not a number >= 0 below 2^53.
    std::string text(const std::string& key) const;
    int64_t number(const std::string& key) const;

    // The elements of the tensor of that name, T: float or double. Throws Error naming file and
    // tensor when it is missing or of another type.
    template <class T>
    std::vector<T> values(const std::string& name) const;

    // Copies the tensor of that name into `to`. Throws Error naming file and tensor when it is
    // missing, has another shape, or holds a value that is not finite.
    void restore(const std::string& name, const Tensor& to) const;

private:
    const StoredTensor& at(const std::string& name) const;
};

// A tensor as float32 in row-major order.
StoredTensor store(const Tensor& tensor);

}  // namespace facet
