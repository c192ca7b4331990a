// Warp operations: the lanes of a mask meet, each brings a word, each may read all words.
#include <fmt/format.h>

#include "tests/gpusim/state.h"

namespace gpusim {
namespace {

LaneGroup& group_of(Warp& warp, unsigned mask) {
    for (LaneGroup& group : warp.groups)
        if (group.mask == mask) return group;
    warp.groups.push_back({mask});
    return warp.groups.back();
}

// CUDA calls a mask wrong when a lane in it cannot come; so does this.
void check_mask(const Warp& warp, unsigned mask, Place place) {
    if (!(mask >> lane() & 1)) {
        fail(
            fmt::format("the warp operation of {} has mask {:08x}, which lacks the calling lane "
                        "{}",
                        describe(place), mask, lane()));
    }
    if (const unsigned missing = mask & ~(warp.lanes & ~warp.exited)) {
        fail(
            fmt::format("the warp operation of {} has mask {:08x}, but lane {} does not take "
                        "part: it does not exist or has left the kernel",
                        describe(place), mask, __builtin_ctz(missing)));
    }
}

}  // namespace

int lane() { return run.current->number % 32; }

const uint64_t* exchange(unsigned mask, uint64_t word, bool orders_memory, Place place) {
    const int warp_number = run.current->number / 32;
    Warp& warp = run.warps[warp_number];
    check_mask(warp, mask, place);
    LaneGroup& group = group_of(warp, mask);
    if (group.arrived && !same(group.place, place)) {
        fail(
            fmt::format("reaches the warp operation of {} while lanes of its mask {:08x} wait at "
                        "that of {}",
                        describe(place), mask, describe(group.place)));
    }
    const uint64_t* words = group.words[group.turn];
    group.place = place;
    group.words[group.turn][lane()] = word;
    group.arrived |= 1u << lane();
    if (group.arrived != mask) {
        wait(Waiting::AtWarpOperation, place);
        return words;
    }
    group.arrived = 0;
    group.turn ^= 1;
    // An operation of part of the lanes orders only these; not followed, so reported as a race.
    if (orders_memory && mask == warp.lanes) ++warp.epoch;
    for (int i = 0; i < 32; ++i)
        if (mask >> i & 1) make_ready(run.threads[warp_number * 32 + i]);
    wait(Waiting::ForNothing, place);
    return words;
}

void leave_warp(const Thread& thread) {
    Warp& warp = run.warps[thread.number / 32];
    const unsigned bit = 1u << (thread.number % 32);
    warp.exited |= bit;
    for (const LaneGroup& group : warp.groups) {
        if (group.arrived && (group.mask & bit)) {
            fail(
                fmt::format("leaves the kernel while lanes of mask {:08x} wait for it at the "
                            "warp operation of {}",
                            group.mask, describe(group.place)));
        }
    }
}

void fail_shuffle(unsigned mask, int source, Place place) {
    fail(fmt::format("the shuffle of {} reads lane {}, which is not in its mask {:08x}",
                     describe(place), source, mask));
}

}  // namespace gpusim

unsigned __ballot_sync(unsigned mask, int predicate, gpusim::Place place) {
    const uint64_t* words = gpusim::exchange(mask, predicate != 0, false, place);
    unsigned votes = 0;
    for (int i = 0; i < 32; ++i)
        if (mask >> i & 1 && words[i]) votes |= 1u << i;
    return votes;
}
