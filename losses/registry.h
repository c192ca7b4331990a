// How a loss becomes known by its name: one line at the end of its own file,
//
//   inline const Registered<ClassLoss<CosFace>> registered_cosface;
//
// and the #include of that file in registry.cpp, which is the list of all losses.
#pragma once

#include <memory>

#include "losses/loss.h"

namespace facet {

using MakeLoss = std::unique_ptr<Loss> (*)(const LossInfo&, const Settings&);

// Ends the program with a message if the name is taken.
void register_loss(LossInfo info, MakeLoss make);

#ifdef FACET_LOSS_KERNELS
// Files of kernels (losses/cuda) read a loss's form; there the line registers nothing.
namespace {
template <class L>
struct Registered {};
}  // namespace
#else
// L: constructible from (const LossInfo&, const Settings&), with a static L::info().
template <class L>
struct Registered {
    Registered() {
        register_loss(L::info(), [](const LossInfo& info, const Settings& settings) {
            return std::unique_ptr<Loss>(std::make_unique<L>(info, settings));
        });
    }
};
#endif

}  // namespace facet
