#include "losses/head/registry.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <tuple>

#include "engine/error.h"
#include "losses/head/loss.h"

namespace facet {

template <int Part>
void part_of_losses();  // registered.cpp

namespace {

struct Entry {
    LossInfo info;
    MakeLoss make;
};

// A deque: losses refer to their description, so it may not move.
std::deque<Entry>& registry() {
    part_of_losses<1>();
    part_of_losses<2>();
    part_of_losses<3>();
    static std::deque<Entry> entries;
    return entries;
}

const Entry& find(const std::string& name) {
    std::vector<std::string> names;
    for (const Entry& entry : registry()) {
        if (entry.info.name == name) return entry;
        names.push_back(entry.info.name);
    }
    const std::string near = closest_name(name, names);
    throw UsageError(fmt::format("unknown loss {}; expected one of {}", name, join_names(names)),
                     near.empty() ? "see facet losses" : fmt::format("did you mean {}?", near));
}

}  // namespace

void register_loss(LossInfo info, const char* file, MakeLoss make) {
    for (const Entry& entry : registry()) {
        if (entry.info.name != info.name) continue;
        std::fprintf(stderr, "facet: two losses are called %s\n", info.name.c_str());
        std::abort();
    }
    info.file = std::string_view(file).starts_with("./") ? file + 2 : file;
    registry().push_back({std::move(info), make});
}

std::string Loss::describe() const {
    std::string text = name();
    for (const auto& [parameter, value] : settings_.all()) {
        if (!value.empty()) text += fmt::format(" {}={}", parameter, value);
    }
    return text;
}

void Loss::require_classes(int64_t C) const {
    if (C >= info_.fewest_classes) return;
    throw UsageError(fmt::format("loss {}: {} {}, expected at least {}: {}", name(), C,
                                 C == 1 ? "class" : "classes", info_.fewest_classes, info_.too_few),
                     "give more classes, or another loss");
}

std::unique_ptr<Loss> make_loss(const std::string& name, const KeyValues& parameters) {
    const Entry& entry = find(name);
    return entry.make(entry.info, Settings(entry.info, parameters));
}

std::vector<const LossInfo*> all_losses() {
    std::vector<const LossInfo*> infos;
    for (const Entry& entry : registry()) infos.push_back(&entry.info);
    std::sort(infos.begin(), infos.end(), [](const LossInfo* a, const LossInfo* b) {
        return std::tie(a->place, a->name) < std::tie(b->place, b->name);
    });
    return infos;
}

const LossInfo& loss_info(const std::string& name) { return find(name).info; }

}  // namespace facet
