#include "train/eval/pairs.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <unordered_map>

#include "engine/error.h"

namespace facet {
namespace {

std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> fields;
    size_t begin = 0;
    for (size_t end; (end = line.find('\t', begin)) != line.npos; begin = end + 1) {
        fields.push_back(line.substr(begin, end - begin));
    }
    fields.push_back(line.substr(begin));
    return fields;
}

std::optional<int> positive(const std::string& text) {
    int value = 0;
    const char* end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || last != end || value < 1) return std::nullopt;
    return value;
}

// A name becomes part of a path: it must not lead out of the image folder.
bool is_name(const std::string& name) {
    return !name.empty() && name != "." && name != ".." && name.find_first_of("/\\") == name.npos &&
           name.find('\0') == name.npos;
}

class PairsFile {
public:
    explicit PairsFile(const std::filesystem::path& path) : name_(path.string()), stream_(path) {
        FACET_CHECK(stream_.is_open() && !std::filesystem::is_directory(path),
                    "cannot read the pairs file {}", name_);
    }

    PairList read() {
        const auto header = split(next("'folds<TAB>count' or 'count'"));
        const auto first = positive(header[0]);
        const auto second = header.size() == 2 ? positive(header[1]) : std::nullopt;
        if (!first || header.size() > 2 || (header.size() == 2 && !second)) {
            fail("'folds<TAB>count' or 'count'");
        }
        list_.folds = second ? *first : 1;
        list_.cross_validated = second.has_value();
        const int count = second ? *second : *first;
        list_.protocol =
            second ? fmt::format("{} folds of {} same and {} different pairs", *first, count, count)
                   : fmt::format("{} same and {} different pairs, no folds", count, count);
        for (int fold = 0; fold < list_.folds; ++fold) {
            for (int i = 0; i < count; ++i) same_pair(fold);
            for (int i = 0; i < count; ++i) different_pair(fold);
        }
        while (std::getline(stream_, line_)) {
            ++number_;
            if (line_.find_first_not_of(" \t\r") != line_.npos) fail("the end of the file");
        }
        return std::move(list_);
    }

private:
    [[noreturn]] void fail(std::string_view expected) const {
        throw Error(
            fmt::format("{}, line {}: found '{}', expected {}", name_, number_, line_, expected));
    }

    std::string next(std::string_view expected) {
        ++number_;
        if (!std::getline(stream_, line_)) {
            line_ = "the end of the file";
            fail(expected);
        }
        if (line_.ends_with('\r')) line_.pop_back();
        return line_;
    }

    int file(const std::string& person, int image) {
        std::string path = fmt::format("{}/{}_{:04}.jpg", person, person, image);
        const auto [found, is_new] =
            index_.try_emplace(std::move(path), static_cast<int>(list_.files.size()));
        if (is_new) list_.files.push_back(found->first);
        return found->second;
    }

    void same_pair(int fold) {
        constexpr std::string_view kExpected = "'name<TAB>n1<TAB>n2' with two different images";
        const auto fields = split(next(kExpected));
        if (fields.size() != 3 || !is_name(fields[0])) fail(kExpected);
        const auto a = positive(fields[1]), b = positive(fields[2]);
        if (!a || !b || *a == *b) fail(kExpected);
        const int first = file(fields[0], *a);
        list_.pairs.push_back({first, file(fields[0], *b), true, fold});
    }

    void different_pair(int fold) {
        constexpr std::string_view kExpected =
            "'name1<TAB>n1<TAB>name2<TAB>n2' with two different names";
        const auto fields = split(next(kExpected));
        if (fields.size() != 4 || !is_name(fields[0]) || !is_name(fields[2])) fail(kExpected);
        const auto a = positive(fields[1]), b = positive(fields[3]);
        if (!a || !b || fields[0] == fields[2]) fail(kExpected);
        const int first = file(fields[0], *a);
        list_.pairs.push_back({first, file(fields[2], *b), false, fold});
    }

    std::string name_;
    std::ifstream stream_;
    std::string line_;
    int number_ = 0;
    PairList list_;
    std::unordered_map<std::string, int> index_;  // file to its place in list_.files
};

}  // namespace

PairList read_lfw_pairs(const std::filesystem::path& path) { return PairsFile(path).read(); }

}  // namespace facet
