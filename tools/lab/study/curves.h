// What several studies draw: means over the seeds, along training.
#pragma once

#include "tools/lab/study/runs.h"

namespace facet::study {

// A figure of the logged steps, averaged over the seeds and over twentieths of the run.
atlas::Line log_line(const Results& results, const std::string& label, int pen,
                     const std::function<double(const LoggedStep&)>& figure);

// Mean of a figure of the logged steps from `from` (0 to 1) of the run on.
double log_mean(const Run& run, double from,
                const std::function<double(const LoggedStep&)>& figure);
// Mean target cosine over the last tenth of the steps.
double last_cosine(const Run& run);

// A figure of the looks at the gradient, averaged over the seeds at each look. `name`: in the
// legend.
atlas::Line look_line(const Results& results, const std::string& label, const std::string& name,
                      int pen, const std::function<double(const nlohmann::json&)>& figure);

// (seeds): a figure of the looks, averaged over the run from `from` (0 to 1) on.
std::vector<double> look_means(const Results& results, const std::string& label, double from,
                               const std::function<double(const nlohmann::json&)>& figure);

// The accuracy of every run, in per cent.
Dots accuracy_dots(const Results& results);

}  // namespace facet::study
