#include "tools/commands.h"
#include "tools/lab/microscope_page.h"

namespace facet {

void add_all_commands(CLI::App& app) {
    add_train_command(app, write_microscope_page);
    add_eval_command(app);
    add_embed_command(app);
    add_grad_command(app);
    add_atlas_command(app);
    add_explorer_command(app);
    add_compare_command(app);
    add_study_command(app);
    add_losses_command(app);
    add_synth_command(app);
    add_inspect_command(app);
    add_diff_command(app);
    add_verify_command(app);
    add_bench_command(app);
    add_profile_command(app);
    add_doctor_command(app);
}

}  // namespace facet
