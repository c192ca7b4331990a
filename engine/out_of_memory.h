// The failure whose remedy depends on what is being done: the command that runs knows it.
#pragma once

#include "engine/error.h"

namespace facet {

// Memory of the host or of a device was asked for and could not be had. It has no hint.
class OutOfMemory : public Error {
public:
    explicit OutOfMemory(const std::string& message) : Error(message) {}
};

}  // namespace facet
