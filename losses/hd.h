// FACET_HD marks what runs for every entry of a row, on a device too.
#pragma once

#include "engine/hd.h"
