// What the simulated GPU found of a kernel (tests/gpusim/launches.cpp).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace facet::cuda {

struct Simulated {
    long launches = 0;
    long accesses = 0;  // checked for races and bounds
    std::set<std::string> orders;
    std::vector<std::string> failed_tests;
};

// Adds what a launches.json says, by the kernel's name as KernelUse::name has it. Throws Error when
// the file is none, or its kernels' accesses were not checked.
void add_simulated(const std::string& path, std::map<std::string, Simulated>& kernels);

}  // namespace facet::cuda
