// The static report of the project's own kernels, and its gate.
//
//   report OUTPUT FILE...
//
// FILE is a .log that ptxas -v printed, with the .ptx of the same kernels beside it, or a .json
// that the simulated GPU's tests wrote. Writes OUTPUT.md and OUTPUT.json, prints why a kernel is
// refused and ends with "N passed, N failed". The exit status is 1 if one is refused or there is
// none.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/error.h"
#include "tests/gpureport/rows.h"

namespace facet::cuda {
namespace {

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path);
    FACET_CHECK(file.good(), "{} cannot be read", path.string());
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void write(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    file.flush();
    FACET_CHECK(file.good(), "{} cannot be written", path);
}

void add_log(const std::filesystem::path& log, std::map<std::string, Row>& rows) {
    const auto facts = parse_ptx(read(std::filesystem::path(log).replace_extension("ptx")));
    for (KernelUse kernel : parse_ptxas(read(log))) {
        const auto found = facts.find(kernel.symbol);
        FACET_CHECK(found != facts.end(), "{}: its PTX lacks {}", log.string(), kernel.name);
        kernel.ptx = found->second;
        Row& row = rows[kernel.name];
        row.name = kernel.name;
        row.file = log.stem().string();
        row.uses[kernel.architecture] = kernel;
    }
}

int run(int count, char** arguments) {
    FACET_USAGE(count >= 3, "expected: report OUTPUT FILE...");
    std::map<std::string, Simulated> simulated;
    std::map<std::string, Row> by_name;
    for (int i = 2; i < count; ++i) {
        const std::filesystem::path path = arguments[i];
        if (path.extension() == ".json") {
            add_simulated(path, simulated);
        } else {
            add_log(path, by_name);
        }
    }
    std::vector<Row> rows;
    for (auto& [name, row] : by_name) {
        complete(row, simulated[name]);
        rows.push_back(row);
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return a.file < b.file; });
    int failed = 0;
    for (const Row& row : rows) {
        failed += !row.faults.empty();
        for (const std::string& fault : row.faults) fmt::print("{}: {}\n", row.name, fault);
    }
    const std::string output = arguments[1];
    write(output + ".json", json_of(rows));
    write(output + ".md", markdown_of(rows));
    fmt::print("kernels: {0}.md, {0}.json\n{1} passed, {2} failed\n", output,
               static_cast<int>(rows.size()) - failed, failed);
    return failed == 0 && !rows.empty() ? 0 : 1;
}

}  // namespace
}  // namespace facet::cuda

int main(int count, char** arguments) {
    try {
        return facet::cuda::run(count, arguments);
    } catch (const std::exception& error) {
        fmt::print(stderr, "report: error: {}\n", error.what());
        return 2;
    }
}
