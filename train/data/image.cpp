#include "train/data/image.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>

#include "engine/error.h"
#include "train/data/jpeg_checks.h"
#include "train/data/orientation.h"
#include "train/data/picture_formats.h"
#include "train/data/png_checks.h"
#include "train/data/pnm.h"
#include "train/files/file_reader.h"

// stb's functions stay private to this file; the warnings it raises are not ours to fix. Its memory
// starts as zeros: the JPEG decoder reads tables that a damaged file uses without defining them.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wsign-compare"
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_MALLOC(size) std::calloc(1, size)
#define STBI_REALLOC(pointer, size) std::realloc(pointer, size)
#define STBI_FREE(pointer) std::free(pointer)
#include <stb/stb_image.h>
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace facet {
namespace {

void check_file_size(uint64_t size, std::string_view name) {
    FACET_CHECK(size <= INT32_MAX, "{}: {} bytes are too many for a picture", name, size);
}

// `bytes` have been checked.
Image decode_with_stb(std::span<const uint8_t> bytes, std::string_view name) {
    int width = 0, height = 0, channels = 0;
    const std::unique_ptr<uint8_t, decltype(&stbi_image_free)> pixels(
        stbi_load_from_memory(bytes.data(), static_cast<int>(bytes.size()), &width, &height,
                              &channels, 3),
        stbi_image_free);
    FACET_CHECK(pixels != nullptr, "{}: damaged or truncated ({})", name, stbi_failure_reason());
    return {width, height, {pixels.get(), pixels.get() + size_t{3} * width * height}};
}

void append(void* context, void* data, int size) {
    auto& bytes = *static_cast<std::vector<uint8_t>*>(context);
    const auto* begin = static_cast<const uint8_t*>(data);
    bytes.insert(bytes.end(), begin, begin + size);
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return result;
}

}  // namespace

Image decode_image(std::span<const uint8_t> bytes, std::string_view name) {
    check_file_size(bytes.size(), name);
    switch (picture_format(bytes)) {
        case PictureFormat::Jpeg: {
            const std::span<const uint8_t> exif = check_jpeg(bytes, name);
            return upright(decode_with_stb(bytes, name), exif_orientation(exif));
        }
        case PictureFormat::Png: {
            const CheckedPng png = check_png(bytes, name);
            return upright(decode_with_stb(png.plain, name), exif_orientation(png.exif));
        }
        case PictureFormat::Pnm:
            return decode_pnm(bytes, name);
        case PictureFormat::Other:
            break;
    }
    refuse_format(bytes, name);
}

Image load_image(const std::filesystem::path& path) {
    FileReader file(path);
    check_file_size(file.size(), path.string());
    std::vector<uint8_t> bytes(file.size());
    file.read(std::as_writable_bytes(std::span(bytes)), "the picture");
    return decode_image(bytes, path.string());
}

std::vector<uint8_t> encode_image(const Image& image, std::string_view extension, int quality) {
    const std::string format = lower(extension);
    const int w = image.width, h = image.height;
    FACET_CHECK(w > 0 && h > 0 && image.rgb.size() == size_t{3} * w * h,
                "encoding a {} x {} picture with {} bytes of pixels", w, h, image.rgb.size());
    std::vector<uint8_t> bytes;
    int written = 1;
    if (format == ".png") {
        written = stbi_write_png_to_func(append, &bytes, w, h, 3, image.rgb.data(), 3 * w);
    } else if (format == ".jpg" || format == ".jpeg") {
        FACET_USAGE(quality >= 1 && quality <= 100, "JPEG quality is 1 to 100, found {}", quality);
        written = stbi_write_jpg_to_func(append, &bytes, w, h, 3, image.rgb.data(), quality);
    } else if (format == ".ppm") {
        const std::string header = fmt::format("P6\n{} {}\n255\n", w, h);
        bytes.assign(header.begin(), header.end());
        bytes.insert(bytes.end(), image.rgb.begin(), image.rgb.end());
    } else {
        throw UsageError(fmt::format("pictures cannot be written as '{}'", extension),
                         "use .png, .jpg or .ppm");
    }
    FACET_CHECK(written, "encoding a {} x {} picture as {} failed", w, h, format);
    return bytes;
}

void save_image(const Image& image, const std::filesystem::path& path, int quality) {
    const std::vector<uint8_t> bytes = encode_image(image, path.extension().string(), quality);
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    FACET_CHECK(file, "cannot write {}: {}", path.string(), std::strerror(errno));
}

Image centre_square(const Image& image) {
    const int side = std::min(image.width, image.height);
    const int left = (image.width - side) / 2, top = (image.height - side) / 2;
    Image square{side, side, std::vector<uint8_t>(size_t{3} * side * side)};
    for (int y = 0; y < side; ++y)
        std::copy_n(image.at(left, top + y), size_t{3} * side, square.at(0, y));
    return square;
}

Image mirror(const Image& image) {
    Image result{image.width, image.height, std::vector<uint8_t>(image.rgb.size())};
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x)
            std::copy_n(image.at(x, y), 3, result.at(image.width - 1 - x, y));
    return result;
}

}  // namespace facet
