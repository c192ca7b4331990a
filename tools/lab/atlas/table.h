// The numbers behind a picture, written twice: as CSV to read, as .npy to compute with.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace facet::atlas {

struct Table {
    std::vector<std::string> columns;
    std::vector<double> cells = {};         // (rows, columns)
    std::vector<std::string> remarks = {};  // (rows) or none: a last column "what", in the CSV only

    void add(const std::vector<double>& row) { cells.insert(cells.end(), row.begin(), row.end()); }
    size_t rows() const { return cells.size() / columns.size(); }
};

// path.csv, ten significant digits; path.npy, float64 of shape (rows, columns), all digits.
void write_table(const std::filesystem::path& path, const Table& table);

}  // namespace facet::atlas
