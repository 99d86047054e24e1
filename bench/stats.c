/* SPDX-License-Identifier: MIT */
#include "stats.h"

#include "bench.h"

#define DRAWS 1000

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void stats_sort(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), by_value);
}

static double median(const double *sorted, int count)
{
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

struct stats_range stats_range(const double *sorted, int count)
{
    struct stats_range range = {0, 0, 0, 0};
    if (count > 0) {
        range = (struct stats_range){count, median(sorted, count), sorted[0], sorted[count - 1]};
    }
    return range;
}

/*
 * The median of `count` draws with replacement. The draws are never sorted: `drawn`, of `count` zeroes on entry and on return, counts how
 * often each sorted value came.
 */
static double median_of_draws(const double *sorted, int count, int *drawn, uint64_t *random)
{
    for (int i = 0; i < count; i++) {
        drawn[bench_random(random) % (uint64_t)count]++;
    }
    double sum = 0;
    int before = 0;
    for (int i = 0; i < count; i++) {
        int after = before + drawn[i];
        sum += (before <= (count - 1) / 2 && (count - 1) / 2 < after) ? sorted[i] : 0;
        sum += (before <= count / 2 && count / 2 < after) ? sorted[i] : 0;
        before = after;
        drawn[i] = 0;
    }
    return sum / 2;
}

struct stats_ratio stats_ratio(const double *above, int above_count, const double *below, int below_count, uint64_t seed)
{
    double whole = median(above, above_count) / median(below, below_count);
    struct stats_ratio ratio = {whole, whole, whole};
    int *drawn = calloc((size_t)(above_count > below_count ? above_count : below_count), sizeof(*drawn));
    if (drawn == NULL) {
        return ratio;
    }
    double ratios[DRAWS];
    for (int i = 0; i < DRAWS; i++) {
        double top = median_of_draws(above, above_count, drawn, &seed);
        ratios[i] = top / median_of_draws(below, below_count, drawn, &seed);
    }
    stats_sort(ratios, DRAWS);
    ratio.low = ratios[DRAWS * 25 / 1000];
    ratio.high = ratios[DRAWS * 975 / 1000 - 1];
    free(drawn);
    return ratio;
}
