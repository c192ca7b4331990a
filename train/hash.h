// A fast 64-bit fingerprint of memory: the same bytes in the same order give the same digits on
// every machine and for every number of threads. For telling runs apart, not against adversaries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace facet {

class Hash {
public:
    void add(const void* data, size_t bytes);
    std::string hex() const;  // 16 digits

private:
    uint64_t state_ = 0xcbf29ce484222325u;
};

}  // namespace facet
