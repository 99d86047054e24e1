/* SPDX-License-Identifier: MIT */
/* environment.h: where and with what a run was made. */
#ifndef BENCH_ENVIRONMENT_H
#define BENCH_ENVIRONMENT_H

#include <stdint.h>

struct environment {
    char date[32]; /* UTC, at the start */
    char cpu[128];
    char kernel[256];
    char compiler[128];
    char libc[32];
    char leat[32];
    double others; /* CPUs that other programs kept busy during the run, on average; -1: unknown */
    double stolen; /* CPUs that the host did not give, likewise */
    int cpu_count;
    int cpus[2]; /* the ones used */
    uint64_t seed;
};

/* At the start. Sets all but others, stolen, cpu_count, cpus and seed; what cannot be found out is "unknown". */
void environment_look(struct environment *environment);

/* At the end. Sets others and stolen. */
void environment_look_back(struct environment *environment);

#endif
