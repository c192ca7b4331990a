// Which version of facet this is and what it stands on.
#pragma once

#include <string>
#include <vector>

namespace facet {

inline constexpr const char* kVersion = "0.1.0";

struct Library {
    std::string name;
    std::string version;
    std::string purpose;
};

// oneDNN is asked at run time, since it is a shared library; the others are what was compiled in.
std::vector<Library> libraries();

// "facet 0.1.0 (oneDNN 2.6.3, fmt 9.1.0, ...)"
std::string version_text();

}  // namespace facet
