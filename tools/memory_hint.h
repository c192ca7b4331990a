// What to do when memory runs out, in the words of the command that runs.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace facet {

// Names only options that the command, "facet bench step", has.
std::string memory_hint(const CLI::App& command);

}  // namespace facet
