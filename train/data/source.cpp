#include "train/data/source.h"

#include <algorithm>

#include "engine/error.h"
#include "train/data/all.h"

namespace facet {
namespace {

// Sources that recognise names stand before the one that takes the rest.
std::vector<SourceKind>& registry() {
    static std::vector<SourceKind> kinds;
    return kinds;
}

}  // namespace

void register_source(const SourceKind& kind) {
    auto& kinds = registry();
    FACET_CHECK(kind.page.recognises || kinds.empty() || kinds.back().page.recognises,
                "two data sources take every name: {} and {}", kinds.back().page.what,
                kind.page.what);
    kinds.insert(kind.page.recognises ? kinds.begin() : kinds.end(), kind);
}

const SourceKind& source_kind(const std::string& name) {
    return *std::ranges::find_if(registry(), [&](const SourceKind& kind) {
        return !kind.page.recognises || kind.page.recognises(name);
    });
}

std::string all_sources_text() {
    std::string text;
    for (const SourceKind& kind : registry()) {
        const bool last = &kind == &registry().back();
        text += text.empty() ? "" : last ? ", or " : ", ";
        text += kind.page.what;
    }
    return text;
}

}  // namespace facet
