// What a person sees while facet works: progress and tables.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace facet {

// 75 -> "1:15", 3700 -> "1:01:40", 200000 -> "2d 07:33"; negative or not finite -> "?"
std::string format_duration(double seconds);

// Progress of long work on standard error.
//
// On a terminal it is one line with a bar, redrawn in place at most ten times a second:
//   train [########............]  40%  1160/2900  loss 1.23, 204 img/s  2:31 left
// In a pipe or a file it is a plain line without the bar, at most one every five seconds. The first
// and the last update are always shown.
class Progress {
public:
    // total: units of work, 0 if it is not known. start: units done before now, by an earlier run
    // that this one resumes; they do not count for the time left.
    explicit Progress(std::string label, int64_t total, int64_t start = 0);
    ~Progress();  // leaves the bar on screen and moves to a new line
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // done: units of work done so far. note: what is known now, "loss 1.23, 204 img/s".
    void update(int64_t done, const std::string& note = "");

    // Prints a line of its own, above the bar.
    void say(const std::string& line);

private:
    void draw();

    using Clock = std::chrono::steady_clock;
    std::string label_;
    int64_t total_;
    int64_t start_;
    int64_t done_;
    std::string note_;
    bool on_terminal_;
    bool stale_ = false;  // the last update was not drawn
    bool shown_ = false;  // a bar stands on the screen, without a newline after it
    Clock::time_point began_ = Clock::now();
    Clock::time_point next_draw_ = began_;
};

// The line that Progress draws, at most `width` columns; bar: with or without the bar.
// seconds: since the work began.
std::string progress_line(const std::string& label, int64_t done, int64_t total, int64_t start,
                          const std::string& note, double seconds, int width, bool bar);

// A table with aligned columns:
//   loss     m     TAR
//   -------  ----  -----
//   cosface  0.35  91.20
// A column of numbers is aligned to the right, any other to the left.
class Table {
public:
    explicit Table(std::vector<std::string> columns);

    // One cell a column; FACET_CHECKs the count.
    void row(std::vector<std::string> cells);

    std::string str() const;  // every line ends with '\n', none with a blank
    void print(FILE* to = stdout) const;

private:
    std::vector<std::string> columns_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace facet
