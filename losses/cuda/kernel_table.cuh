// Which kernels a loss has, by its name: the table behind kernels_of() and pair_kernels_of().
#pragma once

#include <map>
#include <string>

#include "engine/error.h"
#include "losses/cuda/types.h"

namespace facet::cuda {

template <class Kernels>
using KernelTable = std::map<std::string, Kernels>;

// KernelsOf<L>::table() of every loss of the list.
template <class Kernels, template <class> class KernelsOf, class... L>
KernelTable<Kernels> kernel_table(Types<L...>) {
    return {{L::info().name, KernelsOf<L>::table()}...};
}

template <class Kernels>
const Kernels& find_kernels(const KernelTable<Kernels>& table, const std::string& loss) {
    const auto found = table.find(loss);
    FACET_CHECK(found != table.end(), "loss {}: it has no CUDA kernels in this build", loss);
    return found->second;
}

}  // namespace facet::cuda
