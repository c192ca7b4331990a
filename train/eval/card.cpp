#include "train/eval/card.h"

#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "train/files/atomic.h"
#include "train/files/file_reader.h"

namespace facet {
namespace {

constexpr const char* kFormat = "facet evaluation card 1";

}  // namespace

nlohmann::ordered_json to_json(const EvaluationCard& card) {
    nlohmann::ordered_json json{
        {"format", kFormat},  {"model", card.model},         {"model_hash", card.model_hash},
        {"data", card.data},  {"data_hash", card.data_hash}, {"images", card.images},
        {"flags", card.flags}};
    json["training_people"] = card.training_people.empty() ? "not known" : card.training_people;
    json["versions"] = card.versions;
    json["verification"] = to_json(card.verification);
    if (card.floors) json["floors"] = to_json(*card.floors);
    return json;
}

bool is_card(const std::filesystem::path& path) {
    const auto json = nlohmann::json::parse(read_file(path), nullptr, false);
    return json.is_object() && json.value("format", nlohmann::json()) == kFormat;
}

void write_card(const std::filesystem::path& path, const EvaluationCard& card) {
    std::string text;
    try {
        text = to_json(card).dump(2) + "\n";
    } catch (const nlohmann::json::exception& error) {  // text that is not UTF-8
        throw Error(fmt::format("cannot write {}: {}", path.string(), error.what()));
    }
    write_file_atomically(path, std::string_view(text));
}

}  // namespace facet
