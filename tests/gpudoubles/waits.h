// How often the host has stood still.
#pragma once

#include <cstddef>

namespace gpudoubles {

// Calls that waited for a stream or an event since the program began.
size_t host_waits();

}  // namespace gpudoubles
