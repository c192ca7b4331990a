// What is in a file: the command `facet inspect`, apart from its command line.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace facet {

// Describes an .npy array, a .safetensors file, a .rec file or a run folder as an object whose
// values are scalars, lists of numbers, or lists of objects with the same keys. Throws Error if the
// file is damaged, with the byte where, and UsageError if it is of no kind known.
nlohmann::ordered_json describe(const std::filesystem::path& path);

// The same kinds, each on its own.
nlohmann::ordered_json describe_npy(const std::filesystem::path& path);
nlohmann::ordered_json describe_safetensors(const std::filesystem::path& path);
nlohmann::ordered_json describe_rec(const std::filesystem::path& path);
nlohmann::ordered_json describe_run(const std::filesystem::path& folder);

// For people: a line a scalar, a table a list of objects.
std::string description_text(const nlohmann::ordered_json& description);

}  // namespace facet
