#include "tools/lab/atlas/table.h"

#include <fmt/format.h>

#include <iterator>
#include <span>

#include "engine/error.h"
#include "train/files/atomic.h"
#include "train/files/npy.h"

namespace facet::atlas {

void write_table(const std::filesystem::path& path, const Table& table) {
    const size_t width = table.columns.size(), rows = table.rows();
    FACET_CHECK(table.remarks.empty() || table.remarks.size() == rows, "{}: {} remarks for {} rows",
                path.string(), table.remarks.size(), rows);
    std::string csv;
    for (size_t k = 0; k < width; ++k) csv += (k == 0 ? "" : ",") + table.columns[k];
    csv += table.remarks.empty() ? "\n" : ",what\n";
    for (size_t i = 0; i < rows; ++i) {
        for (size_t k = 0; k < width; ++k) {
            fmt::format_to(std::back_inserter(csv), "{}{:.10g}", k == 0 ? "" : ",",
                           table.cells[i * width + k]);
        }
        if (!table.remarks.empty()) csv += ",\"" + table.remarks[i] + "\"";
        csv += '\n';
    }
    write_file_atomically(path.string() + ".csv", std::string_view(csv));
    write_npy(path.string() + ".npy", npy_from<double>(std::span<const double>(table.cells),
                                                       {int64_t(rows), int64_t(width)}));
}

}  // namespace facet::atlas
