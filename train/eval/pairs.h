// Pairs of images for verification: are the two the same person?
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace facet {

struct Pair {
    int a = 0, b = 0;  // indices into a list of image files (or of labels)
    bool same = false;
    int fold = 0;  // 0 .. folds - 1
};

struct PairList {
    std::vector<std::string> files;  // relative paths; empty where they are not known
    bool formats_known = true;       // false: Ann/Ann_0001.jpg may be Ann/Ann_0001.png as well
    std::vector<Pair> pairs;
    int folds = 1;
    bool cross_validated = false;  // the protocol names folds: accuracy is cross-validated on them
    std::string protocol;          // in words, for tables and evaluation cards
};

// Reads a pairs file, in one of these forms:
//   LFW (and XQLFW), tab-separated
//     View 2   first line "folds<TAB>count", then for each fold `count` lines "name n1 n2" (same)
//              and `count` lines "name1 n1 name2 n2" (different);
//     View 1   first line "count" or "1<TAB>count", then `count` same and `count` different lines;
//              one fold, and not cross-validated.
//     Image n of a person is the file name/name_%04d, in whichever format the folder has it
//     (train/data/picture_files.h).
//   a line a pair, "picture picture 1" (same) or "picture picture 0" (different), separated by
//     blanks or tabs: paths below the image folder.
//   two lines a pair, "picture fold" with the same fold, 0 for different people (CALFW, CPLFW).
// In the last two forms a number above 1 is a fold, counted from 1; different pairs, which have
// none, are dealt to the folds evenly, in their order. Without folds they are not cross-validated.
//
// A byte-order mark, carriage returns and blanks at the ends of lines do not count. Each file is
// listed once, in the order of its first appearance. Throws Error naming file and line, and what
// was expected there, for anything else.
PairList read_pairs(const std::filesystem::path& path);

// Whom a picture of a pairs file shows: its folder or, where all lie in one, its name without the
// number ("Ann_0001.jpg": Ann).
std::string person_of(const std::string& file);

// Draws `pairs_per_kind` same and as many different pairs (totals over all folds; a fold's share
// differs by one at most) of the images whose identities are `labels`. No pair occurs twice.
//
// Folds have no person in common when each fold's people can supply its share: people are dealt to
// the folds in turn, those with most images first. Otherwise pairs of all people are dealt, people
// recur in several folds, and `protocol` says so. A same pair is drawn by its person (every person
// with two images is equally likely, so that nobody photographed often prevails), a different pair
// by its images. The same arguments give the same pairs.
//
// Throws UsageError for a count or a number of folds below 1 or fewer pairs than folds, Error if
// the images do not hold that many different pairs.
PairList generate_pairs(std::span<const int> labels, int pairs_per_kind, int folds, uint64_t seed);

}  // namespace facet
