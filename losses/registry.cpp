// The list of losses: one line each.
#include "engine/error.h"
#include "losses/arcface.h"
#include "losses/class_loss.h"
#include "losses/cosface.h"
#include "losses/loss.h"
#include "losses/normface.h"
#include "losses/npt.h"
#include "losses/softmax.h"
#include "losses/sv_softmax.h"

namespace facet {
namespace {

struct Entry {
    LossInfo info;
    std::unique_ptr<Loss> (*make)(const LossInfo&, const Settings&);
};

template <template <class> class Form>
Entry class_loss() {
    return {Form<double>::info(), [](const LossInfo& info, const Settings& settings) {
                return std::unique_ptr<Loss>(std::make_unique<ClassLoss<Form>>(info, settings));
            }};
}

const std::vector<Entry>& registry() {
    static const std::vector<Entry> entries = {
        class_loss<Softmax>(),    //
        class_loss<NormFace>(),   //
        class_loss<CosFace>(),    //
        class_loss<ArcFace>(),    //
        class_loss<SvSoftmax>(),  //
        class_loss<Npt>(),        //
    };
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

std::string Loss::describe() const {
    std::string text = name();
    for (const auto& [parameter, value] : settings_.all()) {
        if (!value.empty()) text += fmt::format(" {}={}", parameter, value);
    }
    return text;
}

std::unique_ptr<Loss> make_loss(const std::string& name, const KeyValues& parameters) {
    const Entry& entry = find(name);
    return entry.make(entry.info, Settings(entry.info, parameters));
}

std::vector<const LossInfo*> all_losses() {
    std::vector<const LossInfo*> infos;
    for (const Entry& entry : registry()) infos.push_back(&entry.info);
    return infos;
}

const LossInfo& loss_info(const std::string& name) { return find(name).info; }

}  // namespace facet
