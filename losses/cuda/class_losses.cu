// The kernels of every class loss. class_losses.inc is generated (rules.mk): it includes the
// losses' files and names their types,
//
//   using ClassLosses = Types<ClassLoss<AdaCos>, ClassLoss<AdaFace>, ...>;
#define FACET_LOSS_KERNELS  // the losses themselves are registered where the host's code is
#ifdef __CUDACC__
#define FMT_USE_CONSTEXPR 1  // fmt's formats are checked in constant expressions, with nvcc too
#endif
#include <map>

#include "class_losses.inc"
#include "losses/cuda/form_kernels.cuh"

namespace facet::cuda {
namespace {

using Table = std::map<std::string, LossKernels>;

template <class... L>
Table tables(Types<L...>) {
    return {{L::info().name, KernelsOf<L>::table()}...};
}

const Table table = tables(ClassLosses());

}  // namespace

const LossKernels& kernels_of(const std::string& loss) {
    const auto found = table.find(loss);
    FACET_CHECK(found != table.end(), "loss {}: it has no CUDA kernels in this build", loss);
    return found->second;
}

}  // namespace facet::cuda
