// The evaluation card: a number together with everything that decides what it is worth.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "train/eval/floors.h"
#include "train/eval/metrics.h"

namespace facet {

struct EvaluationCard {
    std::string model;  // file name and, where known, what it is: backbone, loss, D
    std::string model_hash;
    std::string data;       // folder or file
    std::string data_hash;  // data_hash() of train/data/dataset.h
    int64_t images = 0;
    // What was done to images and embeddings, in words: {"mirror", "embeddings added"},
    // {"crop", "112x112"}, ...: figures with different flags must not be compared.
    std::map<std::string, std::string> flags;
    // Whether people of the pairs were seen in training; empty where it is not known.
    std::string training_people;
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
