#include "train/stored.h"

#include <cmath>

#include "engine/device.h"
#include "train/files/text.h"

namespace facet {

StoredFile::StoredFile(const std::filesystem::path& path, const std::string& format,
                       const std::string& hint)
    : path(path), content(read_safetensors(path)) {
    const auto entry = content.metadata.find("format");
    if (entry == content.metadata.end() || entry->second != format) {
        throw Error(fmt::format("{}: its format is {}, expected '{}'", path.string(),
                                entry == content.metadata.end() ? "not named in its metadata"
                                                                : "'" + entry->second + "'",
                                format),
                    hint);
    }
}

std::string StoredFile::text(const std::string& key) const {
    const auto entry = content.metadata.find(key);
    FACET_CHECK(entry != content.metadata.end(), "{}: its metadata lack '{}'", path.string(), key);
    return entry->second;
}

int64_t StoredFile::number(const std::string& key) const {
    const std::string digits = text(key);
    const auto value = number_of<int64_t>(digits);
    FACET_CHECK(value && *value >= 0 && *value < int64_t{1} << 53,
                "{}: metadata '{}' is '{}', expected a number", path.string(), key, digits);
    return *value;
}

template <class T>
std::vector<T> StoredFile::values(const std::string& name) const {
    const StoredTensor& tensor = at(name);
    FACET_CHECK(tensor.dtype == dtype_of<T>(), "{}: tensor '{}' has type {}, expected {}",
                path.string(), name, tensor.dtype, dtype_of<T>());
    return tensor_values<T>(tensor);
}
template std::vector<double> StoredFile::values(const std::string&) const;
template std::vector<float> StoredFile::values(const std::string&) const;

const StoredTensor& StoredFile::at(const std::string& name) const {
    const auto entry = content.tensors.find(name);
    FACET_CHECK(entry != content.tensors.end(), "{}: tensor '{}' is missing", path.string(), name);
    return entry->second;
}

void StoredFile::restore(const std::string& name, const Tensor& to) const {
    const StoredTensor& tensor = at(name);
    FACET_CHECK(tensor.shape == to.shape(), "{}: tensor '{}' has shape {}, expected {}",
                path.string(), name, to_string(tensor.shape), to_string(to.shape()));
    const std::vector<float> values = this->values<float>(name);
    for (const float value : values) {
        FACET_CHECK(std::isfinite(value), "{}: tensor '{}' holds a value that is not finite",
                    path.string(), name);
    }
    to.device().copy(Tensor::from(to.device(), to.shape(), std::span<const float>(values)), to);
}

StoredTensor store(const Tensor& tensor) {
    const std::vector<float> values = tensor.to_vector<float>();
    return stored_tensor(std::span<const float>(values), tensor.shape());
}

}  // namespace facet
