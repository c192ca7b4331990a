#include "tools/memory_hint.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace facet {
namespace {

// Options whose smaller values need less, those first that matter most.
constexpr const char* kSizes[] = {"--batch",  "--image",        "--classes",          "--people",
                                  "--images", "--synth-people", "--synth-eval-people"};

}  // namespace

std::string memory_hint(const CLI::App& command) {
    const auto has = [&](const char* option) {
        return command.get_option_no_throw(option) != nullptr;
    };
    std::string smaller;
    for (int named = 0; const char* option : kSizes) {
        if (!has(option) || named == 2) continue;
        ++named;
        smaller += (smaller.empty() ? "a smaller " : " or ") + std::string(option);
    }
    if (smaller.empty() && has("--tile")) smaller = "--head streamed, with a smaller --tile,";
    if (smaller.empty()) smaller = "a smaller input";
    return smaller + " needs less; `facet doctor` shows the memory";
}

}  // namespace facet
