// Commands run inside the test, which can then look at what they leave in the process.
#pragma once

#include <string>

#include "tools/commands.h"

namespace facet::test {

using AddCommand = void (*)(CLI::App&);

// What it prints, on the CPU. Not for commands that change how many threads the process has.
std::string printed_here(AddCommand add, const std::string& arguments);

}  // namespace facet::test
