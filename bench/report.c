/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "stats.h"

#include <stdio.h>
#include <string.h>

/* The kept samples of one entry in one state; none when the peer failed at any time. */
struct kept {
    double *sorted; /* owned; NULL when there are none */
    struct stats_range range;
};

/* Returns how the peer failed, or NULL. */
static const char *failure_of(const struct run_samples *samples, const struct bench_entry *entry)
{
    const char *how = NULL;
    for (int64_t i = 0; i < samples->count; i++) {
        const struct run_sample *sample = &samples->items[i];
        how = sample->entry == entry && sample->fate == RUN_WRONG ? sample->wrong : how;
    }
    return how;
}

static struct kept kept_of(const struct run_samples *samples, const struct bench_entry *entry, enum run_state state)
{
    struct kept kept = {NULL, {0, 0, 0, 0}};
    if (failure_of(samples, entry) != NULL) {
        return kept;
    }
    double *values = malloc((size_t)(samples->count + 1) * sizeof(*values));
    int count = 0;
    for (int64_t i = 0; values != NULL && i < samples->count; i++) {
        const struct run_sample *sample = &samples->items[i];
        if (sample->entry == entry && sample->state == state && sample->fate == RUN_KEPT) {
            values[count++] = sample->value;
        }
    }
    if (count == 0) {
        free(values);
        return kept;
    }
    stats_sort(values, count);
    kept.sorted = values;
    kept.range = stats_range(values, count);
    return kept;
}

/* How many times as fast as `other` leat is; neither empty. */
static struct stats_ratio leat_against(const struct bench_entry *entry, const struct kept *leat, const struct kept *other, uint64_t seed)
{
    bool cost = entry->measures->unit == BENCH_NS_PER_OPERATION;
    const struct kept *above = cost ? other : leat, *below = cost ? leat : other;
    return stats_ratio(above->sorted, above->range.count, below->sorted, below->range.count, seed);
}

static const struct bench_entry *find(const struct bench_entry *const *entries, int count, enum bench_role role,
                                      const enum bench_linkage *linkage)
{
    for (int i = 0; i < count; i++) {
        if (entries[i]->peer->role == role && (linkage == NULL || entries[i]->peer->linkage == *linkage)) {
            return entries[i];
        }
    }
    return NULL;
}

struct figure {
    char s[24];
};

struct text {
    char s[128];
};

/* Three figures or so. */
static struct figure figure(double value)
{
    struct figure text;
    snprintf(text.s, sizeof(text.s), "%.*f", value < 10 ? 2 : value < 100 ? 1 : 0, value);
    return text;
}

/* The text, indented, in lines of no more than 110 characters. */
static void print_wrapped(const char *text)
{
    const int width = 106;
    while (*text != '\0') {
        int length = (int)strlen(text);
        for (int i = width; length > width && i > 0; i--) {
            length = text[i] == ' ' ? i : length;
        }
        printf("    %.*s\n", length, text);
        text += length + (text[length] == ' ');
    }
}

void report_environment(const struct environment *environment)
{
    printf("leat %s, %s, seed %llu\n", environment->leat, environment->date, (unsigned long long)environment->seed);
    printf("%s, ", environment->cpu);
    if (environment->cpu_count == 1) {
        printf("only CPU %d, ", environment->cpus[0]);
    } else {
        printf("CPUs %d and %d of %d, ", environment->cpus[0], environment->cpus[1], environment->cpu_count);
    }
    printf("%s\n", environment->kernel);
    printf("%s, %s\n", environment->compiler, environment->libc);
    if (strstr(environment->compiler, "NOT") != NULL) {
        printf("This program was built without optimisation: these figures mean nothing.\n");
    }
}

void report_busy(const struct environment *environment)
{
    if (environment->others > 0.05 || environment->stolen > 0.05) {
        printf("  Meanwhile other work used %.2f CPUs and the host withheld %.2f: these figures are only indicative.\n",
               environment->others, environment->stolen);
    }
}

/* @param leat  what leat did by the same linkage, or empty    @param failure  NULL: none */
static void print_row(const struct bench_entry *entry, const struct kept *own, const struct kept *leat, const char *failure, uint64_t seed)
{
    bool is_leat = entry->peer->role == BENCH_LEAT;
    printf("    %-14s %-7s", entry->peer->name, run_linkage_name(entry->peer->linkage));
    if (own->range.count == 0) {
        printf("%9s%s%s\n", "-", failure != NULL ? "   failed: " : "", failure != NULL ? failure : "");
        return;
    }
    printf("%9s%9s - %-8s%6d  ", figure(own->range.median).s, figure(own->range.least).s, figure(own->range.most).s, own->range.count);
    char ratio[96] = "-";
    if (is_leat) {
        snprintf(ratio, sizeof(ratio), "1");
    } else if (leat->range.count > 0) {
        struct stats_ratio against = leat_against(entry, leat, own, seed);
        snprintf(ratio, sizeof(ratio), "%s (%s - %s)", figure(against.ratio).s, figure(against.low).s, figure(against.high).s);
    }
    printf("%-23s%s\n", ratio, entry->peer->note != NULL ? entry->peer->note : "");
}

static void print_state(const struct bench_entry *const *entries, int count, const struct run_samples *samples, enum run_state state,
                        uint64_t seed)
{
    bool any = false;
    for (int i = 0; i < count; i++) {
        const struct bench_entry *reference = find(entries, count, BENCH_LEAT, &entries[i]->peer->linkage);
        struct kept own = kept_of(samples, entries[i], state);
        struct kept leat = reference != NULL ? kept_of(samples, reference, state) : (struct kept){NULL, {0, 0, 0, 0}};
        if (!any && own.range.count > 0) {
            any = true;
            i = -1; /* from the start, with the empty ones */
            printf("    %-14s %-7s%9s%9s - %-8s%6s  %s\n", run_state_name(state), "linkage", "median", "least", "most", "slices",
                   "leat's speed / its");
        } else if (any) {
            print_row(entries[i], &own, &leat, failure_of(samples, entries[i]), seed);
        }
        free(own.sorted);
        free(leat.sorted);
    }
}

void report_case(const struct bench_entry *const *entries, int count, const struct run_samples *samples, uint64_t seed)
{
    const struct bench_case *about = entries[0]->measures;
    bool cost = about->unit == BENCH_NS_PER_OPERATION;
    printf("\n%s: %s\n", about->name, about->title);
    print_wrapped(about->rules);
    printf("    %s\n", cost ? "ns, less is better" : "million a second, more is better");
    for (enum run_state state = 0; state < RUN_STATES; state++) {
        print_state(entries, count, samples, state, seed);
    }
    int64_t fates[RUN_FATES] = {0}, all = 0;
    for (int64_t i = 0; i < samples->count; i++) {
        if (strcmp(samples->items[i].entry->measures->name, about->name) == 0) {
            fates[samples->items[i].fate]++;
            all++;
        }
    }
    if (fates[RUN_MOVED] + fates[RUN_LENGTH] > 0) {
        printf("    left out of %lld slices: %lld in which the cores were moved, %lld that took less than 4 or more than 25 ms\n",
               (long long)all, (long long)fates[RUN_MOVED], (long long)fates[RUN_LENGTH]);
    }
}

void report_summary_head(void)
{
    printf("  %-31s %-26s %-36s %s\n", "median (least - most)", "leat", "without", "leat is as fast");
}

static struct text beside(const struct kept *kept, const char *unit)
{
    struct text text;
    snprintf(text.s, sizeof(text.s), "%s %s (%s - %s)", figure(kept->range.median).s, unit, figure(kept->range.least).s,
             figure(kept->range.most).s);
    return text;
}

/* Sets both to what was kept in the state that says most: the one in which the fewer of the two are the most. */
static enum run_state choose_state(const struct run_samples *samples, const struct bench_entry *leat, const struct bench_entry *rival,
                                   struct kept *own, struct kept *other)
{
    enum run_state best = RUN_ALONE;
    int most = 0;
    for (enum run_state state = 0; state < RUN_STATES; state++) {
        struct kept a = kept_of(samples, leat, state), b = kept_of(samples, rival, state);
        int fewer = a.range.count < b.range.count ? a.range.count : b.range.count;
        bool better = fewer > most;
        free(better ? own->sorted : a.sorted);
        free(better ? other->sorted : b.sorted);
        if (better) {
            *own = a;
            *other = b;
            best = state;
            most = fewer;
        }
    }
    return best;
}

void report_summary(const struct bench_entry *const *entries, int count, const struct run_samples *samples, uint64_t seed)
{
    const struct bench_case *about = entries[0]->measures;
    const char *unit = about->unit == BENCH_NS_PER_OPERATION ? "ns" : "M/s";
    const enum bench_linkage inlined = BENCH_LINK_INLINE;
    const struct bench_entry *rival = find(entries, count, BENCH_RIVAL, NULL);
    const struct bench_entry *leat = rival != NULL ? find(entries, count, BENCH_LEAT, &rival->peer->linkage) : NULL;
    const struct bench_entry *fastest = find(entries, count, BENCH_LEAT, &inlined);
    struct kept own = {NULL, {0, 0, 0, 0}}, other = own, extra = own;
    enum run_state state = leat != NULL ? choose_state(samples, leat, rival, &own, &other) : RUN_ALONE;
    if (own.range.count == 0) {
        printf("  %-31s no slice of both that can be compared\n", about->title);
        return;
    }
    char without[192];
    snprintf(without, sizeof(without), "%s %s", rival->peer->name, beside(&other, unit).s);
    printf("  %-31s %-26s %-36s %sx", about->title, beside(&own, unit).s, without, figure(leat_against(leat, &own, &other, seed).ratio).s);
    if (state != RUN_ALONE) {
        printf("  (%s cores)", run_state_name(state));
    }
    if (fastest != NULL && fastest != leat) {
        extra = kept_of(samples, fastest, state);
        printf("  (both %s; inlined %s %s)", run_linkage_name(rival->peer->linkage),
               extra.range.count > 0 ? figure(extra.range.median).s : "-", unit);
    }
    printf("\n");
    free(own.sorted);
    free(other.sorted);
    free(extra.sorted);
}

bool report_failures(const struct run_samples *samples)
{
    bool none = true;
    for (int64_t i = 0; i < samples->count; i++) {
        const struct run_sample *sample = &samples->items[i];
        if (sample->fate == RUN_WRONG) {
            fprintf(stderr, "leat-bench: %s: %s failed: %s\n", sample->entry->measures->name, sample->entry->peer->name, sample->wrong);
            none = false;
        }
    }
    return none;
}
