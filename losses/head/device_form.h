// How a form finds its kernels: the files that compile the kernels of all losses
// (losses/head/cuda/class_losses.cu, pair_losses.cu) set for each form the function here that makes
// its device form: a ClassForm or PairForm whose methods launch kernels. In a build without such
// kernels there is none.
#pragma once

#include <memory>
#include <string>

#include "engine/error.h"

namespace facet {

namespace cuda {
class HeadDevice;
}

// Host: what a device must know of a form (HostRows, HostColumns, HostPairs).
template <class Host, class Form>
using MakeDeviceForm = std::unique_ptr<Form> (*)(Host& host, cuda::HeadDevice& device);

template <class Host, class Form>
inline MakeDeviceForm<Host, Form> make_device_form = nullptr;

// An object of this type says that `Device` is what runs a form on a device.
template <class Host, class Device, class Form>
struct GiveKernels {
    GiveKernels() {
        make_device_form<Host, Form> = [](Host& host, cuda::HeadDevice& device) {
            return std::unique_ptr<Form>(std::make_unique<Device>(host, device));
        };
    }
};

// The form of a loss on that device; nullptr where there is no device. Throws Error for a loss that
// was not there when the kernels were compiled.
template <class Form, class Host>
std::unique_ptr<Form> device_form(const std::string& loss, Host& host, cuda::HeadDevice* device) {
    if (!device) return nullptr;
    const auto make = make_device_form<Host, Form>;
    FACET_CHECK(make, "loss {}: it has no CUDA kernels in this build", loss);
    return make(host, *device);
}

}  // namespace facet
