#include <fstream>
#include <map>
#include <sstream>

#include "engine/error.h"
#include "tests/plans/fixtures.h"

namespace facet::cuda {

ConvKey key_of(const ConvShape& s, int64_t N, ConvOperation operation, ConvCompute compute,
               Grad mode) {
    return {operation, compute, N, s.C, s.H, s.W, s.K, s.R, s.stride, s.R / 2, mode};
}

const CudnnDevice& described_device(const std::string& name) {
    static std::map<std::string, CudnnDevice> devices;
    const auto known = devices.find(name);
    if (known != devices.end()) return known->second;
    const std::string path = "tests/plans/devices/" + name + ".json";
    std::ifstream file(path);
    FACET_CHECK(file.good(), "{} cannot be read; expected to run in the repository's root", path);
    std::ostringstream text;
    text << file.rdbuf();
    return devices.emplace(name, CudnnDevice(text.str())).first->second;
}

}  // namespace facet::cuda
