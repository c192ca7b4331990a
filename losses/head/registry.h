// How a loss becomes known by its name and its page: one line at the end of its own file,
//
//   FACET_LOSS(cosface, ClassLoss<CosFace>);
//
// and the #include of that file in losses/all.h, which is the list of all losses.
#pragma once

#include <memory>

#include "losses/head/page.h"
#include "losses/head/parameters.h"
#include "losses/head/state.h"

// Where kernels are compiled (losses/head/cuda/*_losses.cu) the line gives the loss its kernels
// instead: that file defines FACET_LOSS_KERNELS as a template of the class that does.
#ifdef FACET_LOSS_KERNELS
#define FACET_LOSS(NAME, ...) \
    [[maybe_unused]] static const FACET_LOSS_KERNELS<__VA_ARGS__> kernels_of_##NAME
#else
#define FACET_LOSS(NAME, ...) inline const Registered<__VA_ARGS__> registered_##NAME(__FILE__)
#endif

namespace facet {

class Loss;

// A form whose members ask for parameters and state (parameters.h).
template <class Form>
Form make_form(const Settings& settings, State& state) {
    Parameters parameters(settings, state);
    const Asked asked(parameters);
    return Form();
}

// The description of a loss of that form.
template <class Form>
LossInfo info_of() {
    State state;
    Parameters parameters(state);
    const Asked asked(parameters);
    Form();
    return describe(Form::page, parameters.described());
}

using MakeLoss = std::unique_ptr<Loss> (*)(const LossInfo&, const Settings&);

// `file`: that of the loss. Ends the program with a message if the name is taken.
void register_loss(LossInfo info, const char* file, MakeLoss make);

// L: constructible from (const LossInfo&, const Settings&), with a static L::info().
template <class L>
struct Registered {
    explicit Registered(const char* file) {
        register_loss(L::info(), file, [](const LossInfo& info, const Settings& settings) {
            return std::unique_ptr<Loss>(std::make_unique<L>(info, settings));
        });
    }
};

}  // namespace facet
