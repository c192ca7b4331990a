#include "train/eval/pairs.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "engine/error.h"
#include "train/data/picture_files.h"
#include "train/files/file_reader.h"
#include "train/files/text.h"

namespace facet {
namespace {

constexpr const char* kForms =
    "LFW's pairs.txt (first line 'folds<TAB>count' or 'count'), lines 'picture picture 0|1', or "
    "two "
    "lines 'picture fold' a pair (CALFW, CPLFW)";

using Fields = std::vector<std::string>;

Fields split(const std::string& line, const char* separators, bool join_empty) {
    Fields fields;
    for (size_t begin = 0; begin <= line.size();) {
        const size_t end = std::min(line.find_first_of(separators, begin), line.size());
        if (end > begin || !join_empty) fields.push_back(line.substr(begin, end - begin));
        begin = end + 1;
    }
    return fields;
}

// Whole numbers of nothing but digits, from `least` on.
std::optional<int> number(const std::string& text, int least) {
    const auto value = number_of<int>(text);
    return value && *value >= least ? value : std::nullopt;
}

std::optional<int> positive(const std::string& text) { return number(text, 1); }

// A name becomes part of a path: it must not lead out of the image folder.
bool is_name(const std::string& name) {
    return !name.empty() && name != "." && name != ".." && name.find_first_of("/\\") == name.npos &&
           name.find('\0') == name.npos;
}

bool is_picture_below_folder(const std::string& text) {
    const std::filesystem::path path = text;
    return is_picture_name(path) && path.is_relative() && text.find('\0') == text.npos &&
           std::find(path.begin(), path.end(), "..") == path.end();
}

// 'a.jpg b.jpg 1' by blanks or, for names that hold some, by tabs.
Fields split_paths(const std::string& line) {
    Fields fields = split(line, " \t", true);
    return fields.size() > 3 ? split(line, "\t", false) : fields;
}

class PairsFile {
public:
    explicit PairsFile(const std::filesystem::path& path)
        : name_(path.string()), lines_(lines_of_text(read_file(path), name_)) {
        while (!lines_.empty() && lines_.back().empty()) lines_.pop_back();
    }

    PairList read() {
        const std::string first = lines_.empty() ? "" : lines_.front();
        const Fields paths = split_paths(first);
        if (paths.size() == 2 && is_picture_below_folder(paths[0])) {
            read_two_lines_a_pair();
        } else if (paths.size() == 3 && is_picture_below_folder(paths[0])) {
            read_one_line_a_pair();
        } else {
            read_lfw();
        }
        return std::move(list_);
    }

private:
    [[noreturn]] void fail(std::string_view expected) const {
        const bool at_end = at_ > lines_.size();
        throw Error(fmt::format("{}, line {}: found '{}', expected {}", name_, at_,
                                at_end ? "the end of the file" : lines_[at_ - 1], expected));
    }

    std::string next(std::string_view expected) {
        if (++at_ > lines_.size()) fail(expected);
        return lines_[at_ - 1];
    }

    int file(std::string path) {
        const auto [found, is_new] =
            index_.try_emplace(std::move(path), static_cast<int>(list_.files.size()));
        if (is_new) list_.files.push_back(found->first);
        return found->second;
    }

    // LFW's own form: pictures are named by a person and a number.

    void read_lfw() {
        const auto header = split(next(kForms), "\t", false);
        const auto first = positive(header[0]);
        const auto second = header.size() == 2 ? positive(header[1]) : std::nullopt;
        if (!first || header.size() > 2 || (header.size() == 2 && !second)) fail(kForms);
        list_.folds = second ? *first : 1;
        list_.cross_validated = list_.folds > 1;
        list_.formats_known = false;
        const int count = second ? *second : *first;
        list_.protocol =
            list_.cross_validated
                ? fmt::format("{} folds of {} same and {} different pairs", *first, count, count)
                : fmt::format("{} same and {} different pairs, no folds", count, count);
        for (int fold = 0; fold < list_.folds; ++fold) {
            for (int i = 0; i < count; ++i) same_pair(fold);
            for (int i = 0; i < count; ++i) different_pair(fold);
        }
        while (at_ < lines_.size()) {
            if (!next("").empty()) fail("the end of the file");
        }
    }

    int lfw_file(const std::string& person, int image) {
        return file(fmt::format("{}/{}_{:04}.jpg", person, person, image));
    }

    void same_pair(int fold) {
        constexpr std::string_view kExpected = "'name<TAB>n1<TAB>n2' with two different images";
        const auto fields = split(next(kExpected), "\t", false);
        if (fields.size() != 3 || !is_name(fields[0])) fail(kExpected);
        const auto a = positive(fields[1]), b = positive(fields[2]);
        if (!a || !b || *a == *b) fail(kExpected);
        const int first = lfw_file(fields[0], *a);
        list_.pairs.push_back({first, lfw_file(fields[0], *b), true, fold});
    }

    void different_pair(int fold) {
        constexpr std::string_view kExpected =
            "'name1<TAB>n1<TAB>name2<TAB>n2' with two different names";
        const auto fields = split(next(kExpected), "\t", false);
        if (fields.size() != 4 || !is_name(fields[0]) || !is_name(fields[2])) fail(kExpected);
        const auto a = positive(fields[1]), b = positive(fields[3]);
        if (!a || !b || fields[0] == fields[2]) fail(kExpected);
        const int first = lfw_file(fields[0], *a);
        list_.pairs.push_back({first, lfw_file(fields[2], *b), false, fold});
    }

    // The forms that name picture files: a fold from 1 on for two pictures of one person (1 where
    // there are no folds), 0 for different people.

    void read_one_line_a_pair() {
        constexpr std::string_view kExpected =
            "'picture picture 0|1' with two different files below --data (.jpg .png .pgm .ppm)";
        while (at_ < lines_.size()) {
            const Fields fields = split_paths(next(kExpected));
            if (fields.empty()) continue;
            if (fields.size() != 3 || fields[0] == fields[1]) fail(kExpected);
            path_pair(fields[0], fields[1], fields[2], kExpected);
        }
        deal_folds();
    }

    void read_two_lines_a_pair() {
        constexpr std::string_view kExpected =
            "'picture fold', two lines with the same fold a pair (0: different people)";
        while (at_ < lines_.size()) {
            const Fields a = split_paths(next(kExpected));
            if (a.empty()) continue;
            if (a.size() != 2) fail(kExpected);
            const Fields b = split_paths(next(kExpected));
            if (b.size() != 2 || a[0] == b[0] || a[1] != b[1]) fail(kExpected);
            path_pair(a[0], b[0], a[1], kExpected);
        }
        deal_folds();
    }

    void path_pair(const std::string& a, const std::string& b, const std::string& fold,
                   std::string_view expected) {
        const auto k = number(fold, 0);
        if (!k || *k > kMostFolds || !is_picture_below_folder(a) || !is_picture_below_folder(b))
            fail(expected);
        const int first = file(a);
        list_.pairs.push_back({first, file(b), *k > 0, *k - 1});
        list_.folds = std::max(list_.folds, *k);
    }

    // Different pairs come without a fold: each fold gets its part of them, in the file's order.
    void deal_folds() {
        const auto count = [&](auto&& is) {
            return std::count_if(list_.pairs.begin(), list_.pairs.end(), is);
        };
        const int64_t same = count([](const Pair& pair) { return pair.same; });
        const int64_t different = std::ssize(list_.pairs) - same;
        for (int k = 0; k < list_.folds; ++k) {
            const int64_t of_fold = count([k](const Pair& p) { return p.same && p.fold == k; });
            if (of_fold == 0 && list_.folds > 1)
                throw Error(
                    fmt::format("{}: no pair of fold {}, expected some of each of the "
                                "folds 1 to {}",
                                name_, k + 1, list_.folds));
        }
        int64_t dealt = 0;
        for (Pair& pair : list_.pairs) {
            if (!pair.same) pair.fold = static_cast<int>(dealt++ * list_.folds / different);
        }
        list_.cross_validated = list_.folds > 1;
        list_.protocol =
            list_.cross_validated
                ? fmt::format(
                      "{} same pairs in {} folds of the file, {} different pairs dealt to "
                      "them in its order",
                      same, list_.folds, different)
                : fmt::format("{} same and {} different pairs, no folds", same, different);
    }

    static constexpr int kMostFolds = 1000;

    std::string name_;
    std::vector<std::string> lines_;
    size_t at_ = 0;  // lines read: the number of the last one
    PairList list_;
    std::unordered_map<std::string, int> index_;  // file to its place in list_.files
};

}  // namespace

PairList read_pairs(const std::filesystem::path& path) { return PairsFile(path).read(); }

std::string person_of(const std::string& file) {
    const std::filesystem::path path = file;
    if (path.has_parent_path()) return path.parent_path().string();
    const std::string stem = path.stem().string();
    const size_t digits = stem.find_last_not_of("0123456789") + 1;
    const bool numbered = digits > 1 && digits < stem.size() && stem[digits - 1] == '_';
    return numbered ? stem.substr(0, digits - 1) : stem;
}

}  // namespace facet
