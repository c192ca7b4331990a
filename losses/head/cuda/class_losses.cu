// The kernels of every class loss: in this file the line that registers a loss makes them.
#define FACET_LOSS_KERNELS
#ifdef __CUDACC__
#define FMT_USE_CONSTEXPR 1  // fmt's formats are checked in constant expressions, with nvcc too
#endif
#include "losses/head/class_loss.h"
#include "losses/head/cuda/device_columns.cuh"
#include "losses/head/cuda/device_rows.cuh"

namespace facet {
namespace {

template <class Host, template <class> class Device, class Form>
struct GivesKernels {
    GivesKernels() {
        make_on_device<Host, ClassForm<float>> =
            [](Host& host, cuda::HeadDevice& device) -> std::unique_ptr<ClassForm<float>> {
            return std::make_unique<Device<Form>>(host, device);
        };
    }
};

template <template <class> class Loss>
struct Registered<ClassLoss<Loss, RowsOf>>
    : GivesKernels<HostRows<Loss<float>>, cuda::DeviceRows, Loss<float>> {};
template <template <class> class Loss>
struct Registered<ClassLoss<Loss, ColumnsOf>>
    : GivesKernels<HostColumns<Loss<float>>, cuda::DeviceColumns, Loss<float>> {};

}  // namespace
}  // namespace facet

#include "losses/all.h"
