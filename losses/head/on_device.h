// How a form finds its kernels: the file that compiles the kernels of all losses
// (losses/head/cuda/losses.cu) puts for each form the function here that makes of it one that runs
// on a device. In a build without such kernels there is none.
#pragma once

#include <memory>
#include <string>

#include "engine/error.h"

namespace facet {

namespace cuda {
class HeadDevice;
}

template <class Host, class Form>
using MakeOnDevice = std::unique_ptr<Form> (*)(Host& host, cuda::HeadDevice& device);

template <class Host, class Form>
inline MakeOnDevice<Host, Form> make_on_device = nullptr;

// The `form` (HostRows, HostColumns, HostPairs) of a loss on that device; nullptr where there is no
// device. Throws Error for a loss that was not there when the kernels were compiled.
template <class Form, class Host>
std::unique_ptr<Form> form_on_device(const std::string& loss, Host& host,
                                     cuda::HeadDevice* device) {
    if (!device) return nullptr;
    const auto make = make_on_device<Host, Form>;
    FACET_CHECK(make, "loss {}: it has no CUDA kernels in this build", loss);
    return make(host, *device);
}

}  // namespace facet
