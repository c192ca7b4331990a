// `facet embed` as scripts see it: row i of the array is line i of the list, whatever a file is
// called.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "train/files/npy.h"
#include "train/files/text.h"

namespace facet::test {
namespace {

TEST(EmbedCommand, TheListHasALineARowWhateverFilesAreCalled) {
    const TemporaryFolder folder;
    const std::string path = folder.path().string();
    const std::vector<std::string> names{"a/1\n2.png", "a/3\r\t\x1b[2K.png", "a/\\x0a.png",
                                         "a/plain name.png", "b\n/x.png"};
    for (const std::string& name : names) folder.write("data/" + name, noise_image(32, 32, 1));
    ASSERT_EQ(run("train --data synth --synth-people 4 --synth-images 2 --synth-eval-people 2 "
                  "--synth-eval-images 2 --backbone r10 --image 32 --embedding 8 --batch 4 "
                  "--steps 1 --threads 1 --loss cosface --out '" +
                  path + "/run' >/dev/null 2>&1")
                  .status,
              0);
    const Outcome outcome =
        errors_of("embed --model '" + path + "/run/model.safetensors' --data '" + path +
                  "/data' --out '" + path + "/e.npy'");
    ASSERT_EQ(outcome.status, 0) << outcome.text;
    const std::string list = content(folder.path() / "e.txt");
    EXPECT_EQ(std::count(list.begin(), list.end(), '\n'), std::ssize(names)) << list;
    EXPECT_EQ(read_npy(folder.path() / "e.npy").shape[0], std::ssize(names));
    std::vector<std::string> read;
    for (size_t at = 0, end; (end = list.find('\n', at)) != list.npos; at = end + 1)
        read.push_back(bytes_of(list.substr(at, end - at)));
    std::vector<std::string> expected = names;
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(read, expected);
}

}  // namespace
}  // namespace facet::test
