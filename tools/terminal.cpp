#include "tools/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/error.h"

namespace facet {
namespace {

constexpr int kBarWidth = 20;
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kNewLine = std::chrono::seconds(5);

bool continues_a_character(char byte) { return (byte & 0xC0) == 0x80; }  // within UTF-8

// Columns that a UTF-8 text takes, one for each character.
int width_of(const std::string& text) {
    return static_cast<int>(std::count_if(text.begin(), text.end(),
                                          [](char byte) { return !continues_a_character(byte); }));
}

std::string cut(const std::string& text, int width) {
    if (width_of(text) <= width) return text;
    size_t end = 0;
    for (int columns = 0; end < text.size(); ++end) {
        if (!continues_a_character(text[end]) && columns++ == width) break;
    }
    return text.substr(0, end);
}

int terminal_width() {
    winsize size{};
    const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80;
}

// "-1.5", "91.20 %", "3e-4", "12 ms", "inf": a number, perhaps with a unit; "-" stands for none.
bool is_number(const std::string& cell) {
    if (cell == "-" || cell.empty()) return true;
    char* end = nullptr;
    std::strtod(cell.c_str(), &end);
    return end != cell.c_str() && (*end == '\0' || *end == ' ' || *end == '%');
}

std::string padding(const std::string& cell, int width) {
    return std::string(static_cast<size_t>(std::max(0, width - width_of(cell))), ' ');
}

}  // namespace

std::string format_duration(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e9) return "?";
    const auto all = static_cast<int64_t>(seconds + 0.5);
    const int64_t days = all / 86400, hours = all / 3600 % 24, minutes = all / 60 % 60;
    if (days > 0) return fmt::format("{}d {:02}:{:02}", days, hours, minutes);
    if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, all % 60);
    return fmt::format("{}:{:02}", minutes, all % 60);
}

std::string progress_line(const std::string& label, int64_t done, int64_t total, int64_t start,
                          const std::string& note, double seconds, int width, bool bar) {
    std::string line = label;
    if (total > 0) {
        const double fraction = std::clamp(static_cast<double>(done) / total, 0.0, 1.0);
        const int filled = static_cast<int>(fraction * kBarWidth);
        if (bar) line += fmt::format(" [{:.<{}}]", std::string(filled, '#'), kBarWidth);
        line += fmt::format(" {:3}%  {}/{}", static_cast<int>(fraction * 100), done, total);
    } else {
        line += fmt::format("  {}", done);
    }
    if (!note.empty()) line += "  " + note;
    if (total > 0 && done > start && done < total)
        line +=
            fmt::format("  {} left", format_duration(seconds / (done - start) * (total - done)));
    if (done >= total && total > 0) line += fmt::format("  in {}", format_duration(seconds));
    return cut(line, width);
}

Progress::Progress(std::string label, int64_t total, int64_t start)
    : label_(std::move(label)),
      total_(total),
      start_(start),
      done_(start),
      on_terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    if (stale_) draw();
    if (shown_) std::fputc('\n', stderr);
}

void Progress::update(int64_t done, const std::string& note) {
    done_ = done;
    note_ = note;
    const auto now = Clock::now();
    stale_ = now < next_draw_ && (done < total_ || total_ <= 0);
    if (stale_) return;
    next_draw_ = now + (on_terminal_ ? Clock::duration(kRedraw) : Clock::duration(kNewLine));
    draw();
}

void Progress::draw() {
    const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    const int width = on_terminal_ ? terminal_width() - 1 : 1000;
    const std::string line =
        progress_line(label_, done_, total_, start_, note_, seconds, width, on_terminal_);
    // \r to the start of the line, ESC [ K clears what a longer line left behind.
    if (on_terminal_)
        fmt::print(stderr, "\r{}\x1b[K", line);
    else
        fmt::print(stderr, "{}\n", line);
    shown_ = on_terminal_;
    std::fflush(stderr);
}

void Progress::say(const std::string& line) {
    fmt::print(stderr, "{}{}\n", shown_ ? "\r\x1b[K" : "", line);
    shown_ = false;
    if (on_terminal_ && done_ > start_) draw();
}

Table::Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}

void Table::row(std::vector<std::string> cells) {
    FACET_CHECK(cells.size() == columns_.size(), "table: a row has {} cells, expected {}",
                cells.size(), columns_.size());
    rows_.push_back(std::move(cells));
}

std::string Table::str() const {
    const size_t count = columns_.size();
    std::vector<int> widths(count);
    std::vector<bool> numeric(count, !rows_.empty());
    for (size_t i = 0; i < count; ++i) {
        widths[i] = width_of(columns_[i]);
        for (const auto& row : rows_) {
            widths[i] = std::max(widths[i], width_of(row[i]));
            numeric[i] = numeric[i] && is_number(row[i]);
        }
    }

    std::string text;
    const auto add_line = [&](const std::vector<std::string>& cells) {
        std::string line;
        for (size_t i = 0; i < count; ++i) {
            const std::string blank = padding(cells[i], widths[i]);
            line += (i > 0 ? "  " : "") + (numeric[i] ? blank + cells[i] : cells[i] + blank);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    };
    std::vector<std::string> rules;
    for (const int width : widths) rules.emplace_back(width, '-');
    add_line(columns_);
    add_line(rules);
    for (const auto& row : rows_) add_line(row);
    return text;
}

void Table::print(FILE* to) const { fmt::print(to, "{}", str()); }

}  // namespace facet
