/* SPDX-License-Identifier: MIT */
/* report.h: what a person reads of a run. Prints to standard output. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "environment.h"
#include "run.h"

#include <stdbool.h>

void report_environment(const struct environment *environment);
void report_busy(const struct environment *environment); /* at the end: says so when others disturbed */

/* The table of one case: for each state a line per entry, in the order given, and what was left out. */
void report_case(const struct bench_entry *const *entries, int count, const struct run_samples *samples, uint64_t seed);

/* The short form: the heads of the columns, then one line per case: leat beside its rival. */
void report_summary_head(void);
void report_summary(const struct bench_entry *const *entries, int count, const struct run_samples *samples, uint64_t seed);

/* Returns whether no sample is wrong; says of each peer that failed how. */
bool report_failures(const struct run_samples *samples);

#endif
