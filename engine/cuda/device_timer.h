// How long work takes on a device beside the host.
#pragma once

#include <functional>

#include "engine/device.h"

namespace facet {

// Seconds between two events on the device's stream, before and after what `work` puts there; waits
// for it. Throws Error for a device that has no stream.
double seconds_on(Device& device, const std::function<void()>& work);

}  // namespace facet
