// The orders of threads that every kernel is tested in.
#pragma once

#include <gtest/gtest.h>

#include "tests/gpusim/sim.h"

namespace gpusim {

// Runs `check` with threads forward, in reverse, and in two random orders.
template <class Check>
void in_every_order(Check check) {
    const struct {
        Order order;
        uint64_t seed;
        const char* name;
    } orders[] = {{Order::Forward, 1, "forward"},
                  {Order::Reverse, 1, "reverse"},
                  {Order::Random, 1, "random, seed 1"},
                  {Order::Random, 2, "random, seed 2"}};
    for (const auto& [order, seed, name] : orders) {
        SCOPED_TRACE(name);
        set_order(order, seed);
        check();
    }
    set_order(Order::Forward);
}

}  // namespace gpusim
