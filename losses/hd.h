// The functions that define a loss are FACET_HD.
#pragma once

#include "engine/hd.h"
