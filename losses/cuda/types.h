// A list of types: the generated lists of losses are such.
#pragma once

namespace facet::cuda {

template <class... L>
struct Types {};

}  // namespace facet::cuda
