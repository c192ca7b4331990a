// Running `facet` as a person would, for tests of whole commands.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace facet::test {

// The binary under test: named by FACET_BINARY, or `facet` beside the binary of the tests.
inline std::string facet_binary() {
    if (const char* named = std::getenv("FACET_BINARY")) return named;
    return std::filesystem::read_symlink("/proc/self/exe").replace_filename("facet");
}

struct Outcome {
    int status = -1;   // -1: ended by a signal
    std::string text;  // its standard output
};

// Runs `before 'facet' arguments` in a shell; redirections may be part of the arguments.
inline Outcome run(const std::string& arguments, const std::string& before = "") {
    FILE* pipe = popen((before + " '" + facet_binary() + "' " + arguments).c_str(), "r");
    if (pipe == nullptr) return {};
    Outcome outcome;
    for (int byte; (byte = std::fgetc(pipe)) != EOF;) outcome.text += static_cast<char>(byte);
    const int status = pclose(pipe);
    if (WIFEXITED(status)) outcome.status = WEXITSTATUS(status);
    return outcome;
}

inline Outcome errors_of(const std::string& arguments, const std::string& before = "") {
    return run(arguments + " 2>&1 >/dev/null", before);
}

inline std::string content(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

}  // namespace facet::test
