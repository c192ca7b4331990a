#include "engine/conv_algorithm.h"

#include "engine/cpu/onednn.h"

namespace facet {

std::string why_no_winograd() {
    if (onednn::offers_winograd()) return "";
    return onednn::description() + ", has direct convolutions only";
}

ConvAlgorithm conv_algorithm_named(const std::string& option, const std::string& name) {
    if (name == "auto") return ConvAlgorithm::Auto;
    if (name == "direct") return ConvAlgorithm::Direct;
    FACET_USAGE(name == "winograd", "{} must be auto, direct or winograd, found '{}'", option,
                name);
    if (const std::string why = why_no_winograd(); !why.empty())
        throw UsageError(fmt::format("{} winograd: {}", option, why),
                         fmt::format("say {} auto: Winograd where there is one", option));
    return ConvAlgorithm::Winograd;
}

}  // namespace facet
