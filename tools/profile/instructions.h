// Instructions of the calling thread, counted by the processor (Linux: perf_event_open).
#pragma once

#include <cstdint>
#include <string>

namespace facet::profile {

class InstructionCounter {
public:
    InstructionCounter();  // counts from now on, user code only
    ~InstructionCounter();
    InstructionCounter(const InstructionCounter&) = delete;
    InstructionCounter& operator=(const InstructionCounter&) = delete;

    bool works() const { return file_ >= 0; }
    const std::string& why_not() const { return why_not_; }
    int64_t read() const;  // so far; needs works()

private:
    int file_ = -1;
    std::string why_not_;
};

}  // namespace facet::profile
