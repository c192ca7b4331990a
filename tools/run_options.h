// What commands that train have in common: the settings of a run as options and the record of a
// run.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "train/config.h"
#include "train/data/dataset.h"
#include "train/run_folder.h"

namespace CLI {
class App;
}

namespace facet {

// The settings typed on the command line, (option, text) in their order.
using GivenSettings = std::vector<std::pair<std::string, std::string>>;

// Adds an option for every setting of a run that has one, `left_out` apart. `given` outlives the
// app.
void add_settings(CLI::App& command, GivenSettings& given, const std::string& left_out = "");

// What a run stores in place of what was left to the machine and the folder it was started in: the
// number of threads, which is also set (--threads, then the configuration's, then the machine's),
// and absolute paths, so that the run can be resumed from anywhere.
void settle(RunConfig& config);

// Throws UsageError for a setting that was typed and acts in none of the runs.
void refuse_unused(const GivenSettings& given, const std::vector<RunConfig>& runs);

// The same for a configuration file and what it makes of the defaults, `read`. A setting that acts
// by what the file itself says is no fault of the file when the command line says otherwise.
void refuse_unused(const std::string& file, RunConfig read, const std::vector<RunConfig>& runs);

bool is_given(const GivenSettings& given, const std::string& option);

// Sets what is named; options that are no setting are passed over.
void apply_settings(const GivenSettings& given, RunConfig& config);

// Writes config.toml: all that makes the same run again, the versions and the data's hash.
void write_config(const RunFolder& folder, RunConfig config, Learner& learner, const Dataset& data);

}  // namespace facet
