/* SPDX-License-Identifier: MIT */
/* record.h: a run's raw samples in a file, with where they were taken. */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H

#include "environment.h"
#include "run.h"

#include <stdio.h>

/* Lines of "# key: value", a line of column names, one line per slice, separated by tabs. What left a slice out stands in column fate. */
void record_tsv(FILE *file, const struct environment *environment, const struct run_samples *samples);

/* One object: "environment" and "samples", an array of objects with the names of the TSV's columns. */
void record_json(FILE *file, const struct environment *environment, const struct run_samples *samples);

/* Opens `path`, lets `write` fill it and closes it. Returns 0 or a negative errno. */
int record_to(const char *path, void (*write)(FILE *, const struct environment *, const struct run_samples *),
              const struct environment *environment, const struct run_samples *samples);

#endif
