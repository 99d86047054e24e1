/* SPDX-License-Identifier: MIT */
/* run.h: the order of a run: rounds, slices, what is kept of them. */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include "bench.h"

/* How far apart the two cores were during a slice; figures are compared within one state only. */
enum run_state { RUN_ALONE, RUN_SIBLING, RUN_NEAR, RUN_FAR, RUN_STATES };

enum run_fate {
    RUN_KEPT,
    RUN_MOVED,  /* the probes before and after disagree: the cores were moved */
    RUN_LENGTH, /* not 4 to 25 ms: the machine was taken away */
    RUN_WRONG,  /* the peer failed; it takes no further part */
    RUN_FATES
};

struct run_sample {
    const struct bench_entry *entry;
    int64_t round, slice; /* the slice's place in its round */
    enum run_state state; /* as probed before */
    enum run_fate fate;
    double before_ns, after_ns; /* one-way latencies; 0 where one thread runs */
    int64_t elapsed_ns, operations;
    double value;      /* in the case's unit */
    const char *wrong; /* RUN_WRONG: how */
};

struct run_samples {
    struct run_sample *items;
    int64_t count, room;
};

/* Returns a word for each. */
const char *run_state_name(enum run_state state);
const char *run_fate_name(enum run_fate fate);
const char *run_linkage_name(enum bench_linkage linkage);

/*
 * Every entry, all of one case, was measured in turn for `seconds` altogether, three rounds at least, and the samples are appended.
 *
 * @param seed  of the order and of what is random in the case
 * Returns false when there was no memory for them. A peer that hangs ends the program.
 */
bool run_case(const struct bench_entry *const *entries, int count, double seconds, uint64_t seed, struct run_samples *samples);

#endif
