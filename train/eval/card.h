// The evaluation card: a number together with everything that decides what it is worth.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "train/data/left_out.h"
#include "train/data/picture_hash.h"
#include "train/eval/floors.h"
#include "train/eval/metrics.h"

namespace facet {

struct EvaluationCard {
    std::string model;  // file name and, where known, what it is: backbone, loss, D
    std::string model_hash;
    std::string data;       // folder or file
    std::string data_hash;  // data_hash() of train/data/dataset.h
    int64_t images = 0;
    std::vector<LeftOut> left_out;  // what the data hold beside these images, by reason
    // What was done to images and embeddings, in words: {"mirror", "embeddings added"},
    // {"crop", "112x112"}, ...: figures with different flags must not be compared.
    std::map<std::string, std::string> flags;
    // What the model was trained on and is judged on again; none where it is not known.
    std::optional<Overlap> common_with_training;
    // What the training data hold beside the images trained on; none where it is not known.
    std::optional<std::vector<LeftOut>> left_out_of_training;
    std::string versions;  // of facet and the libraries that compute
    Verification verification;
    std::optional<Floors> floors;
};

// Keys in the order above; figures under "verification" and "floors" (see metrics.h, floors.h).
nlohmann::ordered_json to_json(const EvaluationCard& card);

// Is the file such a card? Throws Error if it cannot be read.
bool is_card(const std::filesystem::path& path);

// The card as JSON, indented and ending with a newline, written atomically.
void write_card(const std::filesystem::path& path, const EvaluationCard& card);

}  // namespace facet
