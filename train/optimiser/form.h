// How an optimiser is written: a form, which moves one element of a parameter. The host's loops,
// the kernels of a GPU, the moments of a checkpoint and the options are made of it.
//
//   template <class T>              T is float or double
//   struct Form {
//       static constexpr const char* name = "sgd";            as in --optimizer
//       static constexpr std::array moments{"momentum"};      what is kept of an element, from 0 on
//       static constexpr double flops = 7;                    an element
//       explicit Form(OptimiserSettings& s);                  asks for its settings
//       FACET_HD void move(const Rates<T>& rates, T g, T& w, T& momentum) const;
//   };                              g: the element's gradient, clipped; w and its moments are moved
//   FACET_OPTIMISER(Form);
//
// and, where the formula needs the number of the step, 1 for the first,
//
//       void begin(int64_t step);   before the elements of a step are moved
//
// A form is copied to a GPU byte by byte. The #include of its file in train/optimiser/all.h, which
// is the list of all optimisers, makes it known.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>

#include "engine/hd.h"
#include "train/optimiser/settings.h"
#include "train/optimiser/update_step.h"

namespace facet {

template <class Form>
inline constexpr bool counts_steps = requires(Form form) {
    form.begin(int64_t{1});
};

template <class Form>
void begin(Form& form, int64_t step) {
    if constexpr (counts_steps<Form>) form.begin(step);
}

// How a form finds its kernels: train/optimiser/cuda/update.cu, which compiles those of all
// optimisers, sets this. In a build without such kernels it is null.
namespace cuda {
class UpdateKernel;
}
template <class Form>
inline std::shared_ptr<cuda::UpdateKernel> (*make_update_kernel)(const Form& form) = nullptr;

}  // namespace facet

// Where kernels are compiled the line that makes an optimiser known gives it its kernels instead:
// that file defines FACET_OPTIMISER_KERNELS as a template of the class that does.
#ifdef FACET_OPTIMISER_KERNELS
#define FACET_OPTIMISER(FORM) \
    [[maybe_unused]] static const FACET_OPTIMISER_KERNELS<FORM<float>> kernels_of_##FORM
#else
#include "train/optimiser/registry.h"
#define FACET_OPTIMISER(FORM) inline const RegisteredOptimiser<FORM> registered_##FORM
#endif
