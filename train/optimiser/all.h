// The list of all optimisers, one line each: whatever is made of all of them is made of this list,
// by the compiler (train/optimiser/form.h).
#pragma once

#include "train/optimiser/adamw.h"
#include "train/optimiser/sgd.h"
