#include "tools/versions.h"

#include <fmt/format.h>
#include <oneapi/dnnl/dnnl.h>
#include <toml++/toml.h>
#include <zlib.h>

#include <CLI/Version.hpp>
#include <nlohmann/json.hpp>

namespace facet {

std::vector<Library> libraries() {
    const auto dotted = [](int major, int minor, int patch) {
        return fmt::format("{}.{}.{}", major, minor, patch);
    };
    const dnnl_version_t& onednn = *dnnl_version();
    return {
        {"oneDNN", dotted(onednn.major, onednn.minor, onednn.patch),
         "convolutions, matrix products"},
        {"fmt", dotted(FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100), "text"},
        {"CLI11", CLI11_VERSION, "the command line"},
        {"nlohmann-json",
         dotted(NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                NLOHMANN_JSON_VERSION_PATCH),
         "JSON"},
        {"toml++", dotted(TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH), "configuration files"},
        {"zlib", zlibVersion(), "pixels and checksums of PNGs"},
    };
}

std::string version_text() {
    std::string list;
    for (const Library& library : libraries())
        list += fmt::format("{}{} {}", list.empty() ? "" : ", ", library.name, library.version);
    return fmt::format("facet {} ({})", kVersion, list);
}

}  // namespace facet
