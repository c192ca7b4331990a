// The losses of a part of the list register themselves where this is compiled for it.
#include "losses/all.h"

namespace facet {

// registry.cpp names the parts, so that they are linked.
template <int Part>
void part_of_losses() {}
#ifdef FACET_LOSSES
template void part_of_losses<FACET_LOSSES>();
#else
template void part_of_losses<1>();
template void part_of_losses<2>();
template void part_of_losses<3>();
#endif

}  // namespace facet
