// `facet doctor`: what this build and this machine offer, what is missing, and how to get it.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "engine/conv_algorithm.h"
#include "engine/device.h"
#include "tools/commands.h"
#include "tools/terminal.h"
#include "tools/versions.h"
#include "train/files/text.h"

// The Makefile says which flags the arithmetic is compiled with; this file has others.
#ifndef FACET_BUILD_FLAGS
#define FACET_BUILD_FLAGS "unknown"
#endif

namespace facet {
namespace {

using Json = nlohmann::ordered_json;

// The value of the first line "key : value" of a file such as /proc/cpuinfo, or "".
std::string field(const std::string& path, const std::string& key) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(key)) continue;
        const size_t value = line.find_first_not_of(": \t", key.size());
        return value == std::string::npos ? "" : line.substr(value);
    }
    return "";
}

double memory_gib(const std::string& key) {  // /proc/meminfo counts in KiB
    return std::strtod(field("/proc/meminfo", key).c_str(), nullptr) / (1024.0 * 1024.0);
}

bool on_path(const std::string& program) {
    const char* path = std::getenv("PATH");
    std::stringstream folders(path != nullptr ? path : "");
    for (std::string folder; std::getline(folders, folder, ':');)
        if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
    return false;
}

bool python_has(const std::string& module) {
    const std::string command = fmt::format(
        "python3 -c 'import importlib.util as u; exit(u.find_spec(\"{}\") is None)' 2>/dev/null",
        module);
    return on_path("python3") && std::system(command.c_str()) == 0;
}

std::string instructions_of_cpu() {
    std::string list;
    const auto add = [&list](bool present, const char* name) {
        if (present) list += (list.empty() ? "" : " ") + std::string(name);
    };
#if defined(__x86_64__)
    add(__builtin_cpu_supports("avx2"), "avx2");
    add(__builtin_cpu_supports("fma"), "fma");
    add(__builtin_cpu_supports("avx512f"), "avx512f");
    add(__builtin_cpu_supports("avx512bw"), "avx512bw");
    add(__builtin_cpu_supports("avx512vnni"), "avx512vnni");
    add(__builtin_cpu_supports("avx512bf16"), "avx512bf16");
#endif
    return list.empty() ? "no vector extension known to facet" : list;
}

std::string instructions_of_onednn() {
    static const std::map<int, std::string> names = {
        {dnnl_cpu_isa_sse41, "sse41"},
        {dnnl_cpu_isa_avx, "avx"},
        {dnnl_cpu_isa_avx2, "avx2"},
        {dnnl_cpu_isa_avx2_vnni, "avx2_vnni"},
        {dnnl_cpu_isa_avx512_core, "avx512_core"},
        {dnnl_cpu_isa_avx512_core_vnni, "avx512_core_vnni"},
        {dnnl_cpu_isa_avx512_core_bf16, "avx512_core_bf16"},
        {dnnl_cpu_isa_avx512_core_amx, "avx512_core_amx"}};
    const int code = dnnl_get_effective_cpu_isa();
    const auto name = names.find(code);
    return name != names.end() ? name->second : fmt::format("code {:#x}", code);
}

// What facet can use and may be absent; `install` is the command that installs it.
Json look_for_optional() {
    const auto thing = [](const char* name, bool found, const char* purpose, const char* package) {
        return Json{
            {"name", name},
            {"found", found},
            {"purpose", purpose},
            {"install", fmt::format("apt-get install --no-install-recommends {}", package)}};
    };
    const bool nvcc = on_path("nvcc") || std::filesystem::exists("/usr/local/cuda/bin/nvcc");
    const bool driver = std::filesystem::exists("/proc/driver/nvidia/version");
    const bool gtest = std::filesystem::exists("/usr/include/gtest/gtest.h");
    return Json::array(
        {thing("CUDA toolkit", nvcc, "compiles for NVIDIA GPUs",
               "nvidia-cuda-toolkit (section non-free)"),
         thing("NVIDIA driver", driver, "runs on NVIDIA GPUs", "nvidia-driver (section non-free)"),
         thing("GoogleTest", gtest, "make test", "libgtest-dev"),
         thing("clang-format", on_path("clang-format"), "make format", "clang-format"),
         thing("python3-torch", python_has("torch"), "comparing gradients with PyTorch",
               "python3-torch")});
}

// -march=native ties a build to the machine that compiled it.
std::vector<std::string> look_for_problems() {
    std::vector<std::string> problems;
#if defined(__AVX512F__)
    if (!__builtin_cpu_supports("avx512f"))
        problems.push_back("built for AVX-512, which this CPU lacks: make clean build");
#elif defined(__AVX2__)
    if (!__builtin_cpu_supports("avx2"))
        problems.push_back("built for AVX2, which this CPU lacks: make clean build");
#endif
    const dnnl_version_t& onednn = *dnnl_version();
    if (onednn.major != DNNL_VERSION_MAJOR)
        problems.push_back(fmt::format("built with oneDNN {} but running with {}: make clean build",
                                       DNNL_VERSION_MAJOR, onednn.major));
    return problems;
}

// What --json prints.
Json examine() {
    Json report{{"facet", kVersion},
                {"compiler",
#if defined(__clang__)
                 fmt::format("clang++ {}", __clang_version__)
#else
                 fmt::format("g++ {}", __VERSION__)
#endif
                },
                {"flags", FACET_BUILD_FLAGS}};
    for (const Library& library : libraries()) report["libraries"][library.name] = library.version;
    report["cpu"] = field("/proc/cpuinfo", "model name");
    report["cores"] = omp_get_num_procs();      // that this process may run on
    report["threads"] = omp_get_max_threads();  // that OpenMP starts
    report["instructions"] = instructions_of_cpu();
    report["onednn_instructions"] = instructions_of_onednn();
    report["winograd"] = why_no_winograd().empty();
    report["memory_gib"] = memory_gib("MemTotal");
    report["available_gib"] = memory_gib("MemAvailable");
    const std::string why_none = why_no_cuda();
    report["devices"] = why_none.empty() ? Json{"cpu", "cuda"} : Json::array({"cpu"});
    report["gpu"] = why_none.empty() ? cuda_device().description() : "none: " + why_none;
    report["optional"] = look_for_optional();
    report["problems"] = look_for_problems();  // each keeps facet from working
    return report;
}

void print(const Json& report) {
    const auto line = [](const std::string& name, const std::string& value) {
        fmt::print("{:<15}{}\n", name, value);
    };
    const auto text = [&](const char* key) { return report[key].get<std::string>(); };
    const auto number = [&](const char* key) { return report[key].get<double>(); };
    for (const char* key : {"facet", "compiler", "flags"}) line(key, text(key));
    for (const Library& library : libraries())
        line(library.name, fmt::format("{} ({})", library.version, library.purpose));
    line("CPU", text("cpu").empty() ? "unknown" : text("cpu"));
    line("cores", fmt::format("{} ({} threads in use)", number("cores"), number("threads")));
    line("instructions",
         fmt::format("{} (oneDNN uses {})", text("instructions"), text("onednn_instructions")));
    const std::string no_winograd = why_no_winograd();
    line("convolutions", no_winograd.empty() ? "direct and Winograd" : "direct: " + no_winograd);
    line("memory", fmt::format("{:.1f} GiB, {:.1f} GiB available", number("memory_gib"),
                               number("available_gib")));
    line("devices",
         fmt::format("{}", fmt::join(report["devices"].get<std::vector<std::string>>(), ", ")));
    line("GPU", text("gpu"));

    fmt::print("\nOptional:\n");
    Table table({"what", "", "what for", "how to install"});
    for (const Json& thing : report["optional"]) {
        const bool found = thing["found"];
        table.row({thing["name"], found ? "found" : "missing", thing["purpose"],
                   found ? std::string() : thing["install"].get<std::string>()});
    }
    table.print();

    fmt::print("\n");
    for (const std::string problem : report["problems"]) fmt::print("problem: {}\n", problem);
    if (report["problems"].empty()) fmt::print("facet can work on this machine.\n");
}

}  // namespace

void add_doctor_command(CLI::App& app) {
    CLI::App* command = app.add_subcommand(
        "doctor", "tell what was found on this machine, what is missing and how to install it");
    auto json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "print one JSON object");
    command->footer("Example: facet doctor --json\n\nThe exit status is 0 if facet can work.");
    command->callback([json] {
        const Json report = examine();
        if (*json)
            fmt::print("{}\n", json_text(report, 2));
        else
            print(report);
        if (!report["problems"].empty()) set_exit_status(1);
    });
}

}  // namespace facet
