#include "tests/gpureport/kernels.h"

#include <cuda_occupancy.h>
#include <cxxabi.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "engine/error.h"

namespace facet::cuda {
namespace {

int number(const std::string& line, const std::regex& pattern) {
    std::smatch found;
    return std::regex_search(line, found, pattern) ? std::stoi(found[1]) : 0;
}

}  // namespace

// "void facet::cuda::(anonymous namespace)::fill_kernel<float>(float*, long, float)" without result
// type, namespaces of the kernel itself and parameters.
std::string short_name(const std::string& symbol) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> text(
        abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), std::free);
    if (status != 0) return symbol;
    static const std::regex scopes(R"((\(anonymous namespace\)|[A-Za-z_0-9]+)::)");
    std::string name = std::regex_replace(text.get(), scopes, "");
    if (name.rfind("void ", 0) == 0) name.erase(0, 5);
    for (size_t at; (at = name.find("> >")) != std::string::npos;) name.erase(at + 1, 1);
    int depth = 0;  // of template arguments, which may have parentheses too
    for (size_t i = 0; i < name.size(); ++i) {
        depth += name[i] == '<' ? 1 : name[i] == '>' ? -1 : 0;
        if (name[i] == '(' && depth == 0) return name.substr(0, i);
    }
    return name;
}

std::vector<KernelUse> parse_ptxas(const std::string& log) {
    static const std::regex entry(R"(Compiling entry function '([^']+)' for '([^']+)')"),
        registers(R"(Used (\d+) registers)"), barriers(R"(used (\d+) barriers)"),
        shared(R"((\d+) bytes smem)"), stack(R"((\d+) bytes stack frame)"),
        stores(R"((\d+) bytes spill stores)"), loads(R"((\d+) bytes spill loads)");
    std::vector<KernelUse> kernels;
    std::istringstream lines(log);
    std::string line;
    std::smatch found;
    bool complete = true;
    while (std::getline(lines, line)) {
        if (std::regex_search(line, found, entry)) {
            FACET_CHECK(complete, "ptxas: no registers stated for {}", kernels.back().symbol);
            complete = false;
            KernelUse kernel;
            kernel.symbol = found[1];
            kernel.architecture = found[2];
            kernel.name = short_name(kernel.symbol);
            kernels.push_back(kernel);
        } else if (complete) {
            continue;  // a device function or a remark
        } else if (line.find("bytes stack frame") != std::string::npos) {
            kernels.back().stack_bytes = number(line, stack);
            kernels.back().spill_bytes = number(line, stores) + number(line, loads);
        } else if (line.find("registers") != std::string::npos) {
            kernels.back().registers = number(line, registers);
            kernels.back().barriers = number(line, barriers);
            kernels.back().shared_bytes = number(line, shared);
            complete = true;
        }
    }
    FACET_CHECK(complete, "ptxas: no registers stated for {}", kernels.back().symbol);
    return kernels;
}

std::map<std::string, PtxFacts> parse_ptx(const std::string& ptx) {
    static const std::regex entry(R"(\.entry\s+(\S+?)\()"), bound(R"(\.maxntid\s+(\d+))"),
        arithmetic(R"(\s(add|sub|mul|fma|div|sqrt|rsqrt|rcp|ex2|lg2|sin|cos)\.\S*f(32|64)\s)");
    std::map<std::string, PtxFacts> kernels;
    std::istringstream lines(ptx);
    std::string line;
    std::smatch found;
    PtxFacts* kernel = nullptr;
    while (std::getline(lines, line)) {
        if (std::regex_search(line, found, entry)) {
            kernel = &kernels[found[1]];
            *kernel = PtxFacts();
        }
        if (!kernel) continue;
        if (std::regex_search(line, found, bound)) kernel->block_threads = std::stoi(found[1]);
        if (!std::regex_search(line, found, arithmetic)) continue;
        (found[2] == "32" ? kernel->flops_float32 : kernel->flops_float64) +=
            found[1] == "fma" ? 2 : 1;
    }
    return kernels;
}

DeviceLimits read_limits(const std::string& path) {
    std::ifstream file(path);
    FACET_CHECK(file.good(), "{} cannot be read", path);
    const auto j = nlohmann::json::parse(file);
    try {
        const int version = j.at("deviceVer");
        return {j.at("deviceName"),
                fmt::format("sm_{}", version / 10),
                version / 100,
                version / 10 % 10,
                j.at("multiProcessorCount"),
                j.at("maxThreadsPerSM"),
                j.at("maxCtasPerSM"),
                j.at("maxRegistersPerSM"),
                j.at("maxSharedMemoryPerBlock"),
                j.at("maxSharedMemoryPerBlockOptin"),
                j.at("reservedSharedMemoryPerBlock")};
    } catch (const nlohmann::json::exception& error) {
        throw Error(fmt::format("{}: {}", path, error.what()));
    }
}

Occupancy occupancy(const KernelUse& kernel, const DeviceLimits& device) {
    cudaOccDeviceProp properties;
    properties.computeMajor = device.major;
    properties.computeMinor = device.minor;
    properties.maxThreadsPerBlock = 1024;
    properties.maxThreadsPerMultiprocessor = device.threads_a_multiprocessor;
    properties.regsPerBlock = device.registers_a_multiprocessor;
    properties.regsPerMultiprocessor = device.registers_a_multiprocessor;
    properties.warpSize = 32;
    properties.sharedMemPerBlock = device.shared_a_block;
    properties.sharedMemPerMultiprocessor = device.shared_a_block_optin + device.shared_reserved;
    properties.numSms = device.multiprocessors;
    properties.sharedMemPerBlockOptin = device.shared_a_block_optin;
    properties.reservedSharedMemPerBlock = device.shared_reserved;

    cudaOccFuncAttributes attributes{};
    attributes.maxThreadsPerBlock = kernel.ptx.block_threads;
    attributes.numRegs = kernel.registers;
    attributes.sharedSizeBytes = static_cast<size_t>(kernel.shared_bytes);
    attributes.maxDynamicSharedSizeBytes = device.shared_a_block;
    attributes.partitionedGCConfig = PARTITIONED_GC_OFF;

    const cudaOccDeviceState state;
    cudaOccResult result;
    const cudaOccError status = cudaOccMaxActiveBlocksPerMultiprocessor(
        &result, &properties, &attributes, &state, kernel.ptx.block_threads, 0);
    FACET_CHECK(status == CUDA_OCC_SUCCESS, "{}: cuda_occupancy.h says error {}", kernel.name,
                static_cast<int>(status));
    std::string limits;
    const auto add = [&](unsigned flag, const char* what) {
        if (result.limitingFactors & flag)
            limits += (limits.empty() ? "" : ", ") + std::string(what);
    };
    add(OCC_LIMIT_WARPS, "threads");
    add(OCC_LIMIT_REGISTERS, "registers");
    add(OCC_LIMIT_SHARED_MEMORY, "shared memory");
    add(OCC_LIMIT_BLOCKS, "blocks");
    const int blocks = result.activeBlocksPerMultiprocessor;
    return {
        blocks,
        static_cast<double>(blocks) * kernel.ptx.block_threads / device.threads_a_multiprocessor,
        limits};
}

}  // namespace facet::cuda
