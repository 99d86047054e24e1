/* SPDX-License-Identifier: MIT */
/* stats.h: what is said of a set of samples. */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stdint.h>

struct stats_range {
    int count; /* 0: nothing else is set */
    double median, least, most;
};

struct stats_ratio {
    double ratio;     /* of the medians */
    double low, high; /* 95 % of bootstrapped ratios lie between */
};

/* The values are in order, least first. */
void stats_sort(double *values, int count);

/* Of sorted values. */
struct stats_range stats_range(const double *sorted, int count);

/*
 * Of the medians of two sorted sets, neither empty: above / below. The interval comes from drawing both sets anew, with replacement, a
 * thousand times. It speaks of this run's samples, not of other machines. Source: B. Efron, "Bootstrap methods", 1979, percentile interval.
 */
struct stats_ratio stats_ratio(const double *above, int above_count, const double *below, int below_count, uint64_t seed);

#endif
