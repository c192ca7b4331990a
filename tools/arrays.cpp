#include "tools/arrays.h"

#include <fmt/format.h>

#include "engine/error.h"

namespace facet {
namespace {

std::string shape_text(const NpyArray& array) {
    std::string text;
    for (const int64_t n : array.shape) text += fmt::format("{}{}", text.empty() ? "" : ", ", n);
    return "(" + text + ")";
}

NpyArray read_matrix(const std::string& path, const char* option, const char* shape) {
    NpyArray array = read_npy(path);
    FACET_CHECK(array.shape.size() == 2, "{}: shape {}, expected {} for {}", path,
                shape_text(array), shape, option);
    FACET_CHECK(array.dtype == "<f4" || array.dtype == "<f8",
                "{}: element type {}, expected <f4 or <f8", path, array.dtype);
    return array;
}

}  // namespace

Arrays read_arrays(const ArrayFiles& files, bool proxies) {
    Arrays in;
    in.x = read_matrix(files.x, "--x", "(B, D)");
    in.B = in.x.shape[0];
    in.D = in.x.shape[1];
    FACET_CHECK(in.B > 0 && in.D > 0, "{}: shape {}, expected at least one row and one column",
                files.x, shape_text(in.x));
    const NpyArray labels = read_npy(files.y);
    FACET_CHECK(labels.dtype == "<i4" || labels.dtype == "<i8",
                "{}: element type {}, expected <i4 or <i8", files.y, labels.dtype);
    FACET_CHECK(labels.shape == std::vector<int64_t>{in.B},
                "{}: shape {}, expected ({}), one label a row of {}", files.y, shape_text(labels),
                in.B, files.x);
    in.y = npy_as<int64_t>(labels);
    if (!proxies) return in;
    in.w = read_matrix(files.w, "--w", "(C, D)");
    in.C = in.w.shape[0];
    FACET_CHECK(in.C > 0 && in.w.shape[1] == in.D,
                "{}: shape {}, expected (C, {}) as {} has {} columns", files.w, shape_text(in.w),
                in.D, files.x, in.D);
    return in;
}

}  // namespace facet
