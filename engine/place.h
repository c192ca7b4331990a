// Where in a model the calling thread is: inside which part, and on which way.
//
// Layers enter their parts by the names under which their parameters are saved; the tape remembers
// where an operation was recorded and is there again on its way back. The ledger charges a
// primitive to the place at which it runs.
#pragma once

#include <string>
#include <string_view>

namespace facet {

enum class Phase { Other, Data, Forward, Backward, Update };
const char* name_of(Phase phase);  // "other", "data", ...

struct Place {
    Phase phase = Phase::Other;
    std::string part;  // "layer1.0.conv1"; empty: in no part
};

const Place& current_place();  // of the calling thread

// While it lives the thread is in a part of the part it was in: "layer1.0", then "conv1".
class InPart {
public:
    explicit InPart(std::string_view name);
    ~InPart();
    InPart(const InPart&) = delete;
    InPart& operator=(const InPart&) = delete;

private:
    size_t length_;  // of the part it was in
};

// While it lives the thread is in that part, wherever it was.
class AtPart {
public:
    explicit AtPart(std::string part);
    ~AtPart();
    AtPart(const AtPart&) = delete;
    AtPart& operator=(const AtPart&) = delete;

private:
    std::string before_;
};

class InPhase {
public:
    explicit InPhase(Phase phase);
    ~InPhase();
    InPhase(const InPhase&) = delete;
    InPhase& operator=(const InPhase&) = delete;

private:
    Phase before_;
};

}  // namespace facet
