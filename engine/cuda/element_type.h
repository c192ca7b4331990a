// From a tensor of the CUDA device to a pointer of its element type.
#pragma once

#include "engine/cuda/bfloat16.h"
#include "engine/tensor.h"

namespace facet {

// Calls use(T*) with the address of x, T being float or bfloat16.
template <class Use>
void by_element_type(const Tensor& x, Use use) {
    if (x.dtype() == DType::BF16) {
        use(static_cast<cuda::bfloat16*>(x.address()));
    } else {
        use(x.raw<float>());
    }
}

// The address of x as that of numbers like those of `example`; null for an undefined tensor.
template <class T>
T* like_elements(const T* /*example*/, const Tensor& x) {
    return static_cast<T*>(x.address());
}

}  // namespace facet
