// The kernels of every class loss: in this file the line that registers a loss makes them.
#define FACET_LOSS_KERNELS ClassKernels
#include "losses/head/class_loss.h"
#include "losses/head/cuda/device_columns.cuh"
#include "losses/head/cuda/device_rows.cuh"

namespace facet {

// Of a loss that is no class loss: nothing.
template <class L>
struct ClassKernels {};

template <template <class> class Loss>
struct ClassKernels<ClassLoss<Loss, RowsOf>>
    : GiveKernels<HostRows<Loss<float>>, cuda::DeviceRows<Loss<float>>, ClassForm<float>> {};
template <template <class> class Loss>
struct ClassKernels<ClassLoss<Loss, ColumnsOf>>
    : GiveKernels<HostColumns<Loss<float>>, cuda::DeviceColumns<Loss<float>>, ClassForm<float>> {};

}  // namespace facet

#include "losses/all.h"
