// What is said, on standard error, of the pictures that a command read: nothing is left out and
// nothing is judged on twice without a line.
#pragma once

#include <string>
#include <vector>

#include "train/data/dataset.h"
#include "train/data/picture_hash.h"
#include "train/embed.h"

namespace facet {

// Warnings, unreadable pictures, a line for every reason for which something was left out, and what
// the data set holds. Of unreadable pictures the first ten are printed; where there are more, a
// temporary file has them all.
void print_notes(const std::string& source, const Dataset& data);

// For pictures that cannot be gone on without: prints the first ten, writes all to a temporary file
// and returns the error to throw, whose hint names that file.
Error listed(const UnreadablePictures& error);

// What is judged on and learned from; nothing in an honest evaluation.
Overlap overlap_of(const Dataset& training, const EvalSet& evaluation);
void warn_of_overlap(const Overlap& common);

}  // namespace facet
