#include "tools/commands.h"

namespace facet {
namespace {

Globals the_globals;
int the_exit_status = 0;

}  // namespace

const Globals& globals() { return the_globals; }
Globals& globals_to_fill() { return the_globals; }

void set_exit_status(int status) { the_exit_status = status; }
int exit_status() { return the_exit_status; }

}  // namespace facet
