// `--data synth`: procedural faces, rendered as they are asked for.
#pragma once

#include "tools/synth/dataset.h"
#include "train/data/source.h"

namespace facet::synth {

// Unseen people start here: far beyond any training set.
inline constexpr uint64_t kFirstUnseenPerson = 1'000'000;

class Source : public DataSource {
public:
    static constexpr SourcePage page{
        .what = "synth",
        .recognises = [](const std::string& name) { return name == "synth"; },
        .procedural = true};

    // Throws UsageError for a number of people or images, a size or a difficulty out of range.
    Source(const std::string& name, const DataOptions& options);

    // person_00000, person_00001, ...
    std::vector<SourcePerson> people(std::vector<LeftOut>& left_out) const override;
    Image decode(const SourcePicture& picture) const override;

private:
    SynthSet set_;
    std::vector<Identity> identities_;
};
inline const RegisteredSource<Source> registered_source;

}  // namespace facet::synth
