// The list of studies.
#include <fmt/ranges.h>

#include "engine/error.h"
#include "tools/lab/study/study.h"

namespace facet::study {

std::vector<Study> all_studies() {
    return {npt_range(), sv_weight(), npcface_margin(), unpg_gap(), arcface_factor(), resolution()};
}

Study find_study(const std::string& name) {
    std::vector<std::string> names;
    for (Study& study : all_studies()) {
        if (study.name == name) return study;
        names.push_back(study.name);
    }
    throw UsageError(fmt::format("there is no study '{}'", name),
                     fmt::format("the studies are {}", fmt::join(names, ", ")));
}

}  // namespace facet::study
