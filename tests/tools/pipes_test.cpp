// A pipe where a command expects a file: refused at once, never waited for.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/tools/command.h"

namespace {

namespace fs = std::filesystem;
using facet::test::errors_of;
using facet::test::Outcome;

class Pipes : public testing::Test {
protected:
    Pipes() : folder_(fs::temp_directory_path() / ("facet-pipes-" + std::to_string(getpid()))) {
        for (const char* name :
             {"/data/a/1.jpg", "/data/a/2.jpg", "/data/b/1.jpg", "/data/b/2.jpg", "/x.npy",
              "/m.safetensors", "/list.txt", "/run/config.toml", "/r.rec", "/s.json"})
            make_pipe(folder_.string() + name);
    }
    ~Pipes() override { fs::remove_all(folder_); }

    static void make_pipe(const fs::path& path) {
        fs::create_directories(path.parent_path());
        ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    }

    const fs::path folder_;
};

TEST_F(Pipes, NoCommandWaitsForOne) {
    const std::string f = folder_.string(), model = " --model " + f + "/m.safetensors";
    for (const std::string& arguments : {
             "train --data " + f + "/data --loss cosface --out " + f + "/out-1",
             "train --data " + f + "/data --people " + f + "/list.txt --loss cosface --out " + f +
                 "/out-people",
             "train --data " + f + "/data --pairs " + f + "/list.txt --loss cosface --out " + f +
                 "/out-pairs",
             "train --config " + f + "/list.txt --out " + f + "/out-3",
             "train --resume " + f + "/run",
             "eval --data synth" + model,
             "embed --data " + f + "/data --out " + f + "/e.npy" + model,
             "grad --loss cosface --x " + f + "/x.npy --w " + f + "/x.npy --y " + f +
                 "/x.npy --out " + f + "/out-4",
             "inspect " + f + "/x.npy",
             "inspect " + f + "/m.safetensors",
             "inspect " + f + "/r.rec",
             "inspect " + f + "/run",
             "diff " + f + "/run " + f + "/run",
         }) {
        const Outcome outcome = errors_of(arguments, "timeout 30");
        EXPECT_TRUE(outcome.status == 1 || outcome.status == 2)  // 124: it was waiting
            << arguments << ": status " << outcome.status << "\n"
            << outcome.text;
        EXPECT_NE(outcome.text.find("facet: error: "), std::string::npos) << arguments;
    }
}

}  // namespace
