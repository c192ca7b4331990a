// Where a command computes: --device and --precision.
#pragma once

#include <string>

#include "engine/device.h"

namespace facet {

// What --device asks for: with auto the first GPU, or the CPU where there is none. Throws Error
// when cuda is asked for and cannot be had, UsageError for a precision that the CPU does not have.
Device& chosen_device(Precision precision = Precision::Float32);

// Whether that is a GPU; false where cuda is asked for and cannot be had.
bool computes_on_gpu();

// One line: the device, and with auto on a CPU why it is not a GPU.
std::string device_line(const Device& device);

}  // namespace facet
