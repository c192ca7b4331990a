// Small runs of `facet train`, whole or ended on the way, and what their logs say.
#pragma once

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "tests/tools/command.h"

namespace facet::test {

// 12 people x 5 images, batch 8: 7 steps an epoch, 21 steps in all.
inline const std::string small_run =
    "train --data synth --synth-people 12 --synth-images 5 --synth-eval-people 4 "
    "--synth-eval-images 4 --batch 8 --epochs 3 --warmup 3 --embedding 32 "
    "--checkpoint-every 4 ";

inline int64_t lines_of(const std::filesystem::path& file) {
    const std::string text = content(file);
    return std::count(text.begin(), text.end(), '\n');
}

// The parameter hashes of a log, one a step.
inline std::vector<std::string> hashes_of(const std::filesystem::path& log) {
    std::vector<std::string> hashes;
    std::ifstream in(log);
    for (std::string line; std::getline(in, line);) {
        const auto entry = nlohmann::json::parse(line);
        if (entry.contains("hash")) hashes.push_back(entry["hash"]);
    }
    return hashes;
}

// A command that runs beside the test.
class BackgroundRun {
public:
    // `before` comes before it in the shell.
    explicit BackgroundRun(const std::string& arguments, const std::string& before = "") {
        const std::string command =
            before + "exec '" + facet_binary() + "' " + arguments + " >/dev/null 2>&1";
        child_ = fork();
        if (child_ == 0) {
            execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
            _exit(127);
        }
    }
    ~BackgroundRun() {
        if (child_ > 0) end(SIGKILL);
    }
    BackgroundRun(const BackgroundRun&) = delete;
    BackgroundRun& operator=(const BackgroundRun&) = delete;

    pid_t process() const { return child_; }

    // False if the log does not come to have so many lines.
    bool await_lines(const std::filesystem::path& log, int64_t lines) const {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
        while (lines_of(log) < lines) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return true;
    }
    void send(int signal) const { kill(child_, signal); }
    int end(int signal) {  // the status of waitpid(2)
        send(signal);
        int status = 0;
        waitpid(std::exchange(child_, -1), &status, 0);
        return status;
    }

private:
    pid_t child_ = -1;
};

// Starts the run and sends it `signal` as soon as it has logged `steps` steps.
inline int interrupt(const std::string& arguments, const std::filesystem::path& out, int signal,
                     int64_t steps) {
    BackgroundRun run(arguments + "--out '" + out.string() + "'");
    run.await_lines(out / "log.jsonl", steps);
    return run.end(signal);
}

}  // namespace facet::test
