#include "train/eval/card.h"

#include <nlohmann/json.hpp>

#include "train/files/atomic.h"
#include "train/files/file_reader.h"
#include "train/files/text.h"

namespace facet {
namespace {

constexpr const char* kFormat = "facet evaluation card 1";

nlohmann::ordered_json to_json(const Overlap& common) {
    return {{"pictures", common.pictures},
            {"of_pictures", common.of_pictures},
            {"share_compared", common.known},
            {"names_of_people", common.names},
            {"of_names", common.of_names}};
}

}  // namespace

nlohmann::ordered_json to_json(const EvaluationCard& card) {
    nlohmann::ordered_json json{{"format", kFormat},
                                {"model", card.model},
                                {"model_hash", card.model_hash},
                                {"data", card.data},
                                {"data_hash", card.data_hash},
                                {"images", card.images},
                                {"left_out", to_json(card.left_out)},
                                {"flags", card.flags}};
    json["common_with_training"] = "not known";
    if (card.common_with_training)
        json["common_with_training"] = to_json(*card.common_with_training);
    if (card.left_out_of_training)
        json["left_out_of_training"] = to_json(*card.left_out_of_training);
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
    write_file_atomically(path, json_text(to_json(card), 2) + "\n");
}

}  // namespace facet
