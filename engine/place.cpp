#include "engine/place.h"

#include <utility>

namespace facet {
namespace {

thread_local Place place;

}  // namespace

const char* name_of(Phase phase) {
    switch (phase) {
        case Phase::Other:
            return "other";
        case Phase::Data:
            return "data";
        case Phase::Forward:
            return "forward";
        case Phase::Backward:
            return "backward";
        case Phase::Update:
            return "update";
    }
    return "";
}

const Place& current_place() { return place; }

InPart::InPart(std::string_view name) : length_(place.part.size()) {
    if (length_ > 0) place.part += '.';
    place.part += name;
}
InPart::~InPart() { place.part.resize(length_); }

AtPart::AtPart(std::string part) : before_(std::exchange(place.part, std::move(part))) {}
AtPart::~AtPart() { place.part = std::move(before_); }

InPhase::InPhase(Phase phase) : before_(std::exchange(place.phase, phase)) {}
InPhase::~InPhase() { place.phase = before_; }

}  // namespace facet
