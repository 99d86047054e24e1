/* SPDX-License-Identifier: MIT */
/*
 * crew.hpp: the two threads that measure, each pinned to a core of its own. The first is the program's; the second sleeps, so that it
 * disturbs nobody, until spin(true), and then stays awake and spinning until spin(false).
 */
#ifndef BENCH_CREW_HPP
#define BENCH_CREW_HPP

#include "worker.hpp"

namespace crew {

/* The calling thread is pinned to cpus[0] and a second thread, asleep, to cpus[1]. Returns 0 or a negative errno. */
int start(const int cpus[2]);

/* Asked for what it already does, it does it on. */
void spin(bool on);

/* Both sides are done. Without `second` the first thread runs alone. Else the second thread must be spinning. */
void run(const bench::entry &entry, void *subject, bench::slice slices[2]);

/* Returns the one-way latency of a line between the two cores now, in ns: half a round trip. The second thread must be spinning. */
double probe();

} // namespace crew
#endif
