// The kernels of every class loss. class_losses.inc is generated (rules.mk): it includes the
// losses' files and names their types,
//
//   using ClassLosses = Types<ClassLoss<AdaCos>, ClassLoss<AdaFace>, ...>;
#define FACET_LOSS_KERNELS  // the losses themselves are registered where the host's code is
#ifdef __CUDACC__
#define FMT_USE_CONSTEXPR 1  // fmt's formats are checked in constant expressions, with nvcc too
#endif
#include "class_losses.inc"
#include "losses/cuda/form_kernels.cuh"
#include "losses/cuda/kernel_table.cuh"

namespace facet::cuda {
namespace {

const KernelTable<LossKernels> table = kernel_table<LossKernels, KernelsOf>(ClassLosses());

}  // namespace

const LossKernels& kernels_of(const std::string& loss) { return find_kernels(table, loss); }

}  // namespace facet::cuda
