#include "train/files/npy.h"

#include <fmt/ranges.h>

#include <bit>
#include <cctype>
#include <optional>
#include <utility>

#include "train/files/atomic.h"
#include "train/files/file_reader.h"

namespace facet {
namespace {

static_assert(std::endian::native == std::endian::little, "array files are little-endian");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kAlignment = 64;  // of the first element, from the beginning of the file

struct Header {
    std::string dtype;
    bool fortran_order = false;
    std::vector<int64_t> shape;
};

// Reads the one form of Python literal a header is: a dict with the keys 'descr' (a string),
// 'fortran_order' (True or False) and 'shape' (a tuple of integers), in any order.
class HeaderParser {
public:
    HeaderParser(const FileReader& file, std::string_view text, uint64_t begin)
        : file_(file), text_(text), begin_(begin) {}

    Header parse() {
        std::optional<std::string> dtype;
        std::optional<bool> fortran_order;
        std::optional<std::vector<int64_t>> shape;
        expect('{');
        while (!accept('}')) {
            const std::string key = quoted("a key in quotes");
            expect(':');
            if (key == "descr" && !dtype) {
                dtype = descr();
            } else if (key == "fortran_order" && !fortran_order) {
                fortran_order = truth();
            } else if (key == "shape" && !shape) {
                shape = tuple();
            } else {
                fail(fmt::format("unexpected or repeated header key '{}'", key));
            }
            if (!accept(',') && peek() != '}') fail("expected ',' or '}' in the header");
        }
        peek();
        if (position_ != text_.size()) fail("expected nothing but spaces after the header's dict");
        if (!dtype || !fortran_order || !shape) {
            fail("expected the header keys 'descr', 'fortran_order' and 'shape'");
        }
        return {*dtype, *fortran_order, *shape};
    }

private:
    template <class... What>
    [[noreturn]] void fail(const What&... what) const {
        file_.fail(begin_ + position_, what...);
    }

    char peek() {  // the next character that is no white space, '\0' at the end
        while (position_ < text_.size() &&
               std::isspace(static_cast<unsigned char>(text_[position_])))
            ++position_;
        return position_ < text_.size() ? text_[position_] : '\0';
    }
    bool accept(char c) {
        if (peek() != c || position_ == text_.size()) return false;
        ++position_;
        return true;
    }
    void expect(char c) {
        if (!accept(c)) fail(fmt::format("expected '{}' in the header", c));
    }

    std::string quoted(std::string_view expected) {
        const char quote = peek();
        if (quote != '\'' && quote != '"') fail(fmt::format("expected {} in the header", expected));
        const size_t end = text_.find(quote, position_ + 1);
        if (end == text_.npos) fail("a string in the header does not end");
        std::string result(text_.substr(position_ + 1, end - position_ - 1));
        position_ = end + 1;
        return result;
    }

    std::string descr() {
        if (peek() == '[') fail("a structured array; expected one plain element type");
        const size_t at = position_;
        std::string dtype = quoted("an element type in quotes");
        position_ = at;  // so that an error names the place of the type
        if (dtype.find('O') != dtype.npos) {
            fail(fmt::format("an object array ('{}'): it holds pickled Python objects, which are "
                             "never loaded; expected a numeric type",
                             dtype),
                 "convert it in Python with array.astype('<f4')");
        }
        try {
            npy_element_size(dtype);
        } catch (const Error& error) {
            fail(error);
        }
        position_ = at + dtype.size() + 2;
        return dtype;
    }

    bool truth() {
        peek();
        for (const auto& [word, value] : {std::pair{"True", true}, std::pair{"False", false}}) {
            if (!text_.substr(position_).starts_with(word)) continue;
            position_ += std::strlen(word);
            return value;
        }
        fail("expected True or False in the header");
    }

    std::vector<int64_t> tuple() {
        std::vector<int64_t> sizes;
        expect('(');
        while (!accept(')')) {
            sizes.push_back(integer());
            // (3) is a number in Python, not a tuple: only a comma makes it one.
            const bool comma = accept(',');
            if (!comma && (peek() != ')' || sizes.size() == 1)) fail("expected ',' in the shape");
        }
        return sizes;
    }

    int64_t integer() {
        if (!std::isdigit(static_cast<unsigned char>(peek()))) {
            fail("expected a size, 0 or greater, in the shape");
        }
        int64_t value = 0;
        for (; position_ < text_.size(); ++position_) {
            const char c = text_[position_];
            if (!std::isdigit(static_cast<unsigned char>(c))) break;
            if (value > (std::numeric_limits<int64_t>::max() - (c - '0')) / 10) {
                fail("a size in the shape is too large");
            }
            value = value * 10 + (c - '0');
        }
        // Python 2 wrote its long integers as 3L.
        if (position_ < text_.size() && text_[position_] == 'L') ++position_;
        return value;
    }

    const FileReader& file_;
    std::string_view text_;
    uint64_t begin_;
    size_t position_ = 0;
};

Header read_header(FileReader& file) {
    if (file.text(kMagic.size(), "the magic of an .npy file") != kMagic) {
        file.fail(0, "no NumPy array file: expected \\x93NUMPY at its beginning");
    }
    const uint64_t major = file.little_endian(1, "the version");
    const uint64_t minor = file.little_endian(1, "the version");
    if (major < 1 || major > 3 || minor != 0) {
        file.fail(6, fmt::format("version {}.{}; expected 1.0, 2.0 or 3.0", major, minor));
    }
    const uint64_t length = file.little_endian(major == 1 ? 2 : 4, "the header length");
    const uint64_t begin = file.offset();
    const std::string text = file.text(length, "the header");
    return HeaderParser(file, text, begin).parse();
}

// Reorders elements stored with the first index running fastest so that the last one does.
std::vector<std::byte> from_fortran_order(const std::vector<std::byte>& source,
                                          const std::vector<int64_t>& shape, size_t element) {
    std::vector<std::byte> target(source.size());
    std::vector<int64_t> index(shape.size(), 0);
    for (size_t to = 0; to < target.size(); to += element) {
        size_t from = 0;
        for (size_t axis = shape.size(); axis-- > 0;) {
            from = from * static_cast<size_t>(shape[axis]) + static_cast<size_t>(index[axis]);
        }
        std::memcpy(target.data() + to, source.data() + from * element, element);
        for (size_t axis = shape.size(); axis-- > 0;) {  // counts like an odometer
            if (++index[axis] < shape[axis]) break;
            index[axis] = 0;
        }
    }
    return target;
}

std::string header_text(const NpyArray& array) {
    std::string text =
        fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", array.dtype,
                    fmt::join(array.shape, ", "), array.shape.size() == 1 ? "," : "");
    const size_t before = kMagic.size() + 4;  // magic, version, header length
    const size_t unpadded = before + text.size() + 1;
    text.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
    return text + '\n';
}

}  // namespace

int64_t npy_count(const std::vector<int64_t>& shape) {
    int64_t count = 1;
    for (const int64_t size : shape) {
        FACET_CHECK(size >= 0, "array shape: a size of {} found, expected 0 or greater", size);
        FACET_CHECK(!__builtin_mul_overflow(count, size, &count),
                    "array shape: its number of elements exceeds 64 bits");
    }
    return count;
}

size_t npy_element_size(const std::string& dtype) {
    if (dtype == "<f4" || dtype == "<i4") return 4;
    if (dtype == "<f8" || dtype == "<i8") return 8;
    if (dtype == "|u1" || dtype == "|b1") return 1;
    throw Error(
        fmt::format("array of unsupported type '{}'; expected <f4, <f8, <i4, <i8, |u1 or |b1",
                    dtype),
        "convert it in Python with array.astype('<f4')");
}

NpyArray read_npy(const std::filesystem::path& path) {
    FileReader file(path);
    Header header = read_header(file);
    const size_t element = npy_element_size(header.dtype);
    const uint64_t begin = file.offset();
    uint64_t count = 0;
    try {
        count = static_cast<uint64_t>(npy_count(header.shape));
    } catch (const Error& error) {
        file.fail(begin, error);
    }
    // Compared by division: count * element could overflow.
    if (count > file.left() / element) {
        file.fail(begin, fmt::format("truncated: {} elements of {} bytes expected, {} bytes left",
                                     count, element, file.left()));
    }
    NpyArray array{std::move(header.shape), std::move(header.dtype), {}};
    array.bytes.resize(count * element);
    file.read(array.bytes, "the array");
    if (file.left() > 0) {
        file.fail(file.offset(),
                  fmt::format("{} bytes after the end of the array; expected none", file.left()));
    }
    if (header.fortran_order && array.shape.size() > 1) {
        array.bytes = from_fortran_order(array.bytes, array.shape, element);
    }
    return array;
}

void write_npy(const std::filesystem::path& path, const NpyArray& array) {
    const size_t expected =
        static_cast<size_t>(npy_count(array.shape)) * npy_element_size(array.dtype);
    FACET_CHECK(array.bytes.size() == expected, "cannot write {}: {} bytes given, shape needs {}",
                path.string(), array.bytes.size(), expected);
    const std::string text = header_text(array);
    FACET_CHECK(text.size() <= std::numeric_limits<uint16_t>::max(),
                "cannot write {}: a shape of {} dimensions", path.string(), array.shape.size());
    std::string start(kMagic);
    start += {'\x01', '\x00', static_cast<char>(text.size() & 0xff),
              static_cast<char>(text.size() >> 8)};
    start += text;
    write_file_atomically(path, {std::as_bytes(std::span(start)), array.bytes});
}

}  // namespace facet
