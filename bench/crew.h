/* SPDX-License-Identifier: MIT */
/*
 * crew.h: the two threads that measure, each pinned to a core of its own. The first is the program's; the second sleeps, so that it
 * disturbs nobody, until crew_spin(true), and then stays awake and spinning until crew_spin(false).
 */
#ifndef BENCH_CREW_H
#define BENCH_CREW_H

#include "bench.h"

/*
 * The calling thread is pinned to the first CPU of the process's mask, and a second thread, asleep, to the second one.
 * Returns the number of CPUs in the mask, with the ones taken in cpus[] (with one CPU both are the same); or a negative errno.
 */
int crew_start(int cpus[2]);
void crew_stop(void);

void crew_spin(bool on);

/* Both sides are done. `second` NULL: the first thread runs alone. Else the second thread must be spinning. */
void crew_run(bench_side *first, bench_side *second, void *subject, struct bench_slice slices[2]);

/* Returns the one-way latency of a line between the two cores now, in ns: half a round trip. The second thread must be spinning. */
double crew_probe(void);

#endif
