// The kernels of every class loss: in this file the line that registers a loss makes them.
#define FACET_LOSS_KERNELS ClassKernels
#include "losses/head/class_loss.h"
#include "losses/head/cuda/device_columns.cuh"
#include "losses/head/cuda/device_rows.cuh"
#include "losses/head/pair_loss.h"

namespace facet {

// Of a loss that is no class loss: nothing.
template <class L>
struct ClassKernels {};
#ifdef FACET_LOSSES
template <class Form>
struct ClassKernels<PairLoss<Form>> {
    static_assert(sizeof(Form) == 0, "a pair loss belongs to part 3 of losses/all.h");
};
#endif

template <template <class> class Loss>
struct ClassKernels<ClassLoss<Loss, RowsOf>>
    : GiveKernels<HostRows<Loss<float>>, cuda::DeviceRows<Loss<float>>, ClassForm<float>> {};
template <template <class> class Loss>
struct ClassKernels<ClassLoss<Loss, ColumnsOf>>
    : GiveKernels<HostColumns<Loss<float>>, cuda::DeviceColumns<Loss<float>>, ClassForm<float>> {};

}  // namespace facet

#include "losses/all.h"
