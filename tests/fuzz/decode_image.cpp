// Damaged pictures through the decoder, under the address and undefined-behaviour sanitizers:
//
//   decode-image COUNT [SEED [PICTURE...]]
//
// decodes COUNT mutations of pictures made here and of the files given. Each must end in a picture
// of the size that it claims or in an Error of one line; a sanitizer's report, another exception or
// a crash ends the program and leaves the bytes in fuzz-failure. The same seed mutates the same
// way.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include "engine/error.h"
#include "engine/random.h"
#include "tests/train/jpeg_fixture.h"
#include "tests/train/png_fixture.h"
#include "train/data/image.h"
#include "train/files/file_reader.h"

namespace facet::test {
namespace {

Image patterned_image(int width, int height) {
    Image image{width, height, {}};
    Random random(1, Purpose::Test);
    for (int i = 0; i < 3 * width * height; ++i)
        image.rgb.push_back(static_cast<uint8_t>(5 * i + random.below(40)));
    return image;
}

std::vector<Bytes> pictures() {
    std::vector<Bytes> all;
    const Image image = patterned_image(21, 13);
    for (const char* extension : {".png", ".jpg", ".ppm"})
        all.push_back(encode_image(image, extension));
    all.push_back(encode_image(image, ".jpg", 40));  // halved chroma
    all.push_back(bytes_from("P5 # grey\n3 2\n255\nabcdef"));
    const Bytes exif = bytes_from(
        std::string_view("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", 26));
    Bytes exif_segment = bytes_from(std::string_view("Exif\0\0", 6));
    append(exif_segment, exif);
    all.push_back(with_segment(encode_image(image, ".jpg"), jpeg_segment(0xE1, exif_segment)));
    all.push_back(flat_jpeg({{200, 100, 50, 128}, {}, adobe_segment(0)}));
    all.push_back(flat_jpeg({{131, 170, 74, 128}, {}, adobe_segment(2)}));
    for (const auto& [colour, depth] :
         {std::pair{0, 1}, {0, 4}, {2, 16}, {3, 2}, {3, 8}, {4, 8}, {6, 8}})
        for (const bool interlaced : {false, true}) {
            Bytes before = png_chunk("eXIf", exif);
            if (colour == 3) append(before, png_chunk("PLTE", Bytes(9, 77)));
            const PngKind kind{11, 7, depth, colour, interlaced};
            all.push_back(make_png(kind, std::vector<int>(77 * samples_of(colour), 1), before));
        }
    return all;
}

// Gives every chunk that still can be followed the right CRC, so that damage gets behind it.
void repair_png(Bytes& png) {
    for (size_t at = 8; at + 12 <= png.size();) {
        const size_t length =
            size_t{png[at]} << 24 | png[at + 1] << 16 | png[at + 2] << 8 | png[at + 3];
        if (length > png.size() - at - 12) return;
        const auto crc = static_cast<uint32_t>(crc32_z(0, &png[at + 4], 4 + length));
        for (int i = 0; i < 4; ++i)
            png[at + 8 + length + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
        at += 12 + length;
    }
}

void mutate(Bytes& bytes, const Bytes& other, Random& random) {
    const auto place = [&] { return random.below(bytes.size()); };
    for (uint64_t n = 1 + random.below(4); n > 0 && !bytes.empty(); --n) {
        const size_t at = place();
        const size_t length = 1 + random.below(std::min<size_t>(bytes.size() - at, 24));
        const auto first = bytes.begin() + static_cast<ptrdiff_t>(at);
        const auto last = first + static_cast<ptrdiff_t>(length);
        constexpr uint8_t kEdges[] = {0, 1, 0x7F, 0x80, 0xFE, 0xFF};
        switch (random.below(8)) {
            case 0:
                *first ^= static_cast<uint8_t>(1 << random.below(8));
                break;
            case 1:
                *first = static_cast<uint8_t>(random.bits());
                break;
            case 2:
                *first = kEdges[random.below(std::size(kEdges))];
                break;
            case 3:
                std::fill(first, last, kEdges[random.below(std::size(kEdges))]);
                break;
            case 4:
                bytes.erase(first, last);
                break;
            case 5: {
                const Bytes part(first, last);
                bytes.insert(bytes.begin() + static_cast<ptrdiff_t>(place()), part.begin(),
                             part.end());
                break;
            }
            case 6:
                bytes.resize(at);
                break;
            case 7: {
                const size_t from = random.below(other.size());
                const size_t count = std::min(other.size() - from, length);
                std::copy_n(other.begin() + static_cast<ptrdiff_t>(from),
                            std::min(count, bytes.size() - at), first);
                break;
            }
        }
    }
}

// Written before each decoding: it stays when that does not return.
class Witness {
public:
    Witness() : file_(std::fopen("fuzz-failure", "wb")) {}
    void hold(const Bytes& bytes) {
        std::rewind(file_);
        std::fwrite(bytes.data(), 1, bytes.size(), file_);
        std::fflush(file_);
        if (ftruncate(fileno(file_), static_cast<off_t>(bytes.size())) != 0) std::abort();
    }
    void discard() {
        std::fclose(file_);
        std::remove("fuzz-failure");
    }

private:
    std::FILE* file_;
};

int fuzz(uint64_t count, uint64_t seed, const std::vector<Bytes>& pictures) {
    Witness witness;
    uint64_t decoded = 0;
    for (uint64_t i = 0; i < count; ++i) {
        Random random(seed, Purpose::Test, i);
        Bytes bytes = pictures[random.below(pictures.size())];
        mutate(bytes, pictures[random.below(pictures.size())], random);
        if (bytes.size() > 8 && bytes[0] == 0x89 && random.below(4) > 0) repair_png(bytes);
        witness.hold(bytes);
        try {
            const Image image = decode_image(bytes, "mutant");
            if (image.rgb.size() != size_t{3} * image.width * image.height) std::abort();
            ++decoded;
        } catch (const Error& error) {
            if (std::strchr(error.what(), '\n')) std::abort();
        }
    }
    witness.discard();
    std::printf("%lu mutations of %zu pictures: %lu decoded, %lu refused\n", count, pictures.size(),
                decoded, count - decoded);
    return 0;
}

}  // namespace
}  // namespace facet::test

int main(int argc, char** argv) {
    using namespace facet::test;
    std::vector<Bytes> all = pictures();
    for (int i = 3; i < argc; ++i) all.push_back(bytes_from(facet::read_file(argv[i])));
    return fuzz(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20'000,
                argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0, all);
}
