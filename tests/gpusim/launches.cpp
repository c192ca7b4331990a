// Which kernels the tests launched, in which orders, how many accesses were checked, and whether
// the tests that launched them passed: what tests/gpureport reads.
//
//   GPUSIM_LAUNCHES=FILE race-tests       writes it, as JSON, when the tests have run
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/gpusim/sim.h"
#include "tests/gpusim/state.h"

namespace gpusim {
namespace {

struct Record {
    uint64_t launches = 0, accesses = 0;
    std::set<std::string> orders;
    std::set<const testing::TestInfo*> tests;
};

std::map<uintptr_t, Record> records;  // by the kernel's address
uint64_t accesses_before = 0;

void note_launch() {
    // What a launch copies begins with the kernel (cuda_runtime.h, Launch::Packed).
    const auto kernel = *static_cast<const uintptr_t*>(run.parameters);
    Record& record = records[kernel];
    ++record.launches;
    record.accesses += accesses_checked() - accesses_before;
    accesses_before = accesses_checked();
    record.orders.insert(order_name());
    record.tests.insert(testing::UnitTest::GetInstance()->current_test_info());
}

// Symbols of this program by address.
std::map<uintptr_t, std::string> program_symbols() {
    std::map<uintptr_t, std::string> symbols;
    const std::string command = fmt::format("nm --defined-only /proc/{}/exe", getpid());
    FILE* output = popen(command.c_str(), "r");
    if (!output) return symbols;
    unsigned long offset;
    char type, name[4096];
    while (std::fscanf(output, "%lx %c %4095s", &offset, &type, name) == 3)
        symbols[program_begin() + offset] = name;
    pclose(output);
    return symbols;
}

// Symbols and names of tests have nothing that JSON would escape.
std::string json_of(const std::string& symbol, const Record& record) {
    std::set<std::string> failed;
    for (const testing::TestInfo* test : record.tests) {
        if (test->result()->Passed()) continue;
        failed.insert(fmt::format("\"{}.{}\"", test->test_suite_name(), test->name()));
    }
    return fmt::format(
        R"({{"symbol": "{}", "launches": {}, "orders": ["{}"], "accesses": {}, "failed_tests": [{}]}})",
        symbol, record.launches, fmt::join(record.orders, R"(", ")"), record.accesses,
        fmt::join(failed, ", "));
}

class LaunchRecord : public testing::Environment {
public:
    explicit LaunchRecord(const char* path) : path_(path) { after_launch = note_launch; }

    void TearDown() override {
        const auto symbols = program_symbols();
        std::vector<std::string> kernels;
        for (const auto& [kernel, record] : records) {
            const auto symbol = symbols.find(kernel);
            ASSERT_NE(symbol, symbols.end()) << "nm does not know a kernel's address";
            kernels.push_back(json_of(symbol->second, record));
        }
        std::ofstream file(path_);
        file << fmt::format("{{\"instrumented\": {}, \"kernels\": [\n{}\n]}}\n",
                            kernels_are_instrumented(), fmt::join(kernels, ",\n"));
        file.flush();
        ASSERT_TRUE(file.good()) << path_ << " cannot be written";
    }

private:
    const char* path_;
};

const bool recording = [] {
    const char* path = std::getenv("GPUSIM_LAUNCHES");
    if (path) testing::AddGlobalTestEnvironment(new LaunchRecord(path));
    return path != nullptr;
}();

}  // namespace
}  // namespace gpusim
