#include "tools/lab/explorer/explore.h"

#include "engine/error.h"
#include "losses/head/loss.h"
#include "tools/lab/explorer/question.h"
#include "tools/lab/scene.h"

namespace facet::explorer {
namespace {

const char* kind_name(ParameterInfo::Kind kind) {
    constexpr const char* names[] = {"number", "count", "flag", "choice"};
    return names[size_t(kind)];
}

// An end of a range; null where there is none.
ordered_json bound(double v) { return std::isfinite(v) ? ordered_json(v) : ordered_json(); }

ordered_json describe(const ParameterInfo& p) {
    return {{"name", p.name},
            {"kind", kind_name(p.kind)},
            {"default", p.default_text},
            {"doc", p.doc},
            {"allowed", p.allowed()},
            {"lowest", bound(p.lowest)},
            {"highest", bound(p.highest)},
            {"choices", p.choices}};
}

ordered_json answer(const ordered_json& request) {
    const std::string wanted = request.at("do").get<std::string>();
    if (wanted == "losses") return describe_losses();
    if (wanted == "typical") return typical_of(request);
    if (wanted == "grad") return gradient_of(request);
    FACET_USAGE(wanted == "walk", "explorer: \"do\" is {}, expected losses, typical, grad or walk",
                wanted);
    return walk(request);
}

}  // namespace

ordered_json describe_losses() {
    ordered_json all = ordered_json::array();
    for (const LossInfo* info : all_losses()) {
        const auto loss = make_loss(info->name);
        ordered_json parameters = ordered_json::array();
        for (const ParameterInfo& p : info->parameters) parameters.push_back(describe(p));
        all.push_back({{"name", info->name},
                       {"paper", info->paper},
                       {"formula", info->formula},
                       {"gradient", info->gradient},
                       {"proxies", loss->has_proxies()},
                       {"cosines", loss->has_cosines()},
                       {"parameters", parameters}});
    }
    return all;
}

ordered_json typical_of(const ordered_json& request) {
    const atlas::LossSpec spec{request.at("loss").get<std::string>(), settings_of(request)};
    const auto loss = spec.make();
    const atlas::Typical as_trained = atlas::typical(spec);
    ordered_json state = ordered_json::object();
    for (const auto& array : loss->state().arrays()) {
        if (array->scalar && array->value.size() == 1) state[array->name] = array->value[0];
    }
    for (const auto& [name, value] : as_trained.state) state[name] = value;
    // A loss that draws margins is shown with their mean.
    if (loss->state().find("E")) {
        const auto rows = request.at("rows").get<size_t>();
        state["E"] = std::vector<double>(rows, loss->settings().number("m"));
    }
    return {{"length", as_trained.length},
            {"companion", as_trained.companion > 0},
            {"describe", loss->describe()},
            {"state", state}};
}

ordered_json gradient_of(const ordered_json& request) {
    Question question(request);
    const double value = question.evaluate();
    const std::string after = question.state_after();
    ordered_json reply = {{"value", value},
                          {"dx", rows_of(question.dx, question.D)},
                          {"cos", rows_of(question.cosines(), question.others())},
                          {"state", ordered_json::parse(after)}};
    if (question.C > 0) reply["dw"] = rows_of(question.dw, question.D);
    if (!question.dcos.empty()) reply["dcos"] = rows_of(question.dcos, question.C);
    return reply;
}

std::string explore(const std::string& request) {
    const auto failure = [](const std::string& message, const std::string& hint) {
        return ordered_json{{"error", message}, {"hint", hint}}.dump();
    };
    try {
        return answer(ordered_json::parse(request)).dump();
    } catch (const Error& error) {
        return failure(error.what(), error.hint());
    } catch (const nlohmann::json::exception& error) {
        return failure(std::string("explorer: the request: ") + error.what(), "");
    }
}

}  // namespace facet::explorer

extern "C" const char* facet_explore(const char* request) {
    static std::string answer;
    answer = facet::explorer::explore(request);
    return answer.c_str();
}
