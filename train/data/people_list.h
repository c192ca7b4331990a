// The list of people to train or to test on, in the format of Labeled Faces in the Wild
// (people.txt, peopleDevTrain.txt): one `name<TAB>count` a line, where count is the number of the
// person's images.
//
// Lines with a bare number announce how many names follow. View 1 has one such line at the top;
// View 2 has the number of folds at the top, then one such line before every fold. A list without
// any is read as well. A byte-order mark, carriage returns, blank lines and blanks around a name do
// not count.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace facet {

struct ListedPerson {
    std::string name;
    int images;
};

// In the order of the file. Throws UsageError if there is no such file, Error (with the line
// number) for a line that is neither of the two kinds, a name given twice, or announced numbers
// that the names do not match, as in a file cut short.
std::vector<ListedPerson> read_people_list(const std::filesystem::path& path);

}  // namespace facet
