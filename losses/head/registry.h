// How a loss becomes known by its name: one line at the end of its own file,
//
//   inline const Registered<ClassLoss<CosFace>> registered_cosface;
//
// and the #include of that file in losses/all.h, which is the list of all losses.
#pragma once

#include <memory>
#include <source_location>

#include "losses/head/loss.h"
#include "losses/head/page.h"

namespace facet {

using MakeLoss = std::unique_ptr<Loss> (*)(const LossInfo&, const Settings&);

// `file`: that of the loss. Ends the program with a message if the name is taken.
void register_loss(LossInfo info, const char* file, MakeLoss make);

#ifdef FACET_LOSS_KERNELS
// Where kernels are compiled (losses/head/cuda/*_losses.cu) the line gives a loss its kernels
// instead; there is a specialisation for each kind of loss that has any.
namespace {
template <class L>
struct Registered {};
}  // namespace
#else
// L: constructible from (const LossInfo&, const Settings&), with a static L::info().
template <class L>
struct Registered {
    Registered(std::source_location here = std::source_location::current()) {
        register_loss(L::info(), here.file_name(),
                      [](const LossInfo& info, const Settings& settings) {
                          return std::unique_ptr<Loss>(std::make_unique<L>(info, settings));
                      });
    }
};
#endif

}  // namespace facet
