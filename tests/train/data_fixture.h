// What the tests of train/data share: a folder that goes away, and pictures with known content.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "engine/error.h"
#include "engine/random.h"
#include "train/data/image.h"

namespace facet::test {

class TemporaryFolder {
public:
    TemporaryFolder() {
        static std::atomic<int> counter = 0;
        path_ = std::filesystem::temp_directory_path() /
                fmt::format("facet-data-test-{}-{}", getpid(), counter++);
        std::filesystem::create_directories(path_);
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }

    std::filesystem::path write(const std::string& name, std::string_view content) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name, std::ios::binary) << content;
        return path_ / name;
    }
    std::filesystem::path write(const std::string& name, const Image& image) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        save_image(image, path_ / name);
        return path_ / name;
    }

private:
    std::filesystem::path path_;
};

inline Image constant_image(int width, int height, uint8_t value) {
    return {width, height, std::vector<uint8_t>(size_t{3} * width * height, value)};
}

inline Image noise_image(int width, int height, uint64_t seed) {
    Image image = constant_image(width, height, 0);
    Random random(seed, Purpose::Test);
    for (uint8_t& value : image.rgb) value = static_cast<uint8_t>(random.bits());
    return image;
}

// A smooth picture that survives JPEG: red grows to the right, green downwards.
inline Image gradient_image(int width, int height) {
    Image image = constant_image(width, height, 100);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            image.at(x, y)[0] = static_cast<uint8_t>(255 * x / std::max(1, width - 1));
            image.at(x, y)[1] = static_cast<uint8_t>(255 * y / std::max(1, height - 1));
        }
    return image;
}

// The exception that `action` throws, for looking at its message and hint.
template <class Exception, class Action>
Exception thrown_by(Action&& action) {
    try {
        action();
    } catch (const Exception& error) {
        return error;
    }
    ADD_FAILURE() << "nothing of the expected type was thrown";
    return Exception("");
}

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// One line, as everything that is printed after `facet: error:` must be.
inline bool is_one_line(std::string_view text) { return !text.empty() && !contains(text, "\n"); }

}  // namespace facet::test
