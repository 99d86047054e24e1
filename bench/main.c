/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "crew.h"
#include "record.h"
#include "report.h"
#include "run.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#ifndef BENCH_SKIPPED
#define BENCH_SKIPPED "" /* from the build: the peers whose packages are missing */
#endif
#define ENTRIES_MAX 512
#define SECONDS 20.0
#define SUMMARY_SECONDS 4.5

/* Every entry, in the order of the report. */
static struct bench_entry *first_entry;
static const struct bench_entry *entries[ENTRIES_MAX];
static int entry_count;

struct options {
    const char *cases, *peers; /* names with commas between, NULL: all */
    const char *json, *tsv;
    double seconds; /* 0: not said */
    uint64_t seed;
    bool summary;
};

void bench_add(struct bench_entry *entry)
{
    entry->next = first_entry;
    first_entry = entry;
}

/* By case; leat first within each linkage, the inlined before the shared. */
static int by_place(const void *a, const void *b)
{
    const struct bench_entry *x = *(const struct bench_entry *const *)a, *y = *(const struct bench_entry *const *)b;
    static const int place[] = {[BENCH_LEAT] = 0, [BENCH_VARIANT] = 1, [BENCH_PEER] = 2, [BENCH_RIVAL] = 2};
    int order = strcmp(x->measures->name, y->measures->name);
    order = order != 0 ? order : (int)x->peer->linkage - (int)y->peer->linkage;
    order = order != 0 ? order : place[x->peer->role] - place[y->peer->role];
    return order != 0 ? order : strcmp(x->peer->name, y->peer->name);
}

static void list_entries(void)
{
    for (struct bench_entry *entry = first_entry; entry != NULL && entry_count < ENTRIES_MAX; entry = entry->next) {
        entries[entry_count++] = entry;
    }
    qsort(entries, (size_t)entry_count, sizeof(*entries), by_place);
}

/* Whether `name` is one of the names, with commas between, in `list`. */
static bool among(const char *list, const char *name, size_t bytes)
{
    for (const char *at = list; at != NULL; at = strchr(at, ',') != NULL ? strchr(at, ',') + 1 : NULL) {
        if (strcspn(at, ",") == bytes && strncmp(at, name, bytes) == 0) {
            return true;
        }
    }
    return false;
}

static const char *case_name(const struct bench_entry *entry)
{
    return entry->measures->name;
}

static const char *peer_name(const struct bench_entry *entry)
{
    return entry->peer->name;
}

/* Returns false, and the known names are listed, when `list` has one that no entry has. */
static bool all_known(const char *list, const char *what, const char *(*name_of)(const struct bench_entry *))
{
    for (const char *at = list; at != NULL; at = strchr(at, ',') != NULL ? strchr(at, ',') + 1 : NULL) {
        size_t bytes = strcspn(at, ",");
        bool known = false;
        for (int i = 0; i < entry_count; i++) {
            known = known || among(name_of(entries[i]), at, bytes);
        }
        if (known) {
            continue;
        }
        fprintf(stderr, "leat-bench: no %s '%.*s'; known are:", what, (int)bytes, at);
        for (int i = 0; i < entry_count; i++) {
            bool again = false;
            for (int j = 0; j < i; j++) {
                again = again || strcmp(name_of(entries[i]), name_of(entries[j])) == 0;
            }
            if (!again) {
                fprintf(stderr, " %s", name_of(entries[i]));
            }
        }
        fprintf(stderr, "%s%s\n", BENCH_SKIPPED[0] != '\0' ? "; not built in: " : "", BENCH_SKIPPED);
        return false;
    }
    return true;
}

static const struct argp_option option_list[] = {
    {"case", 'c', "NAME", 0, "Only this case; several with commas between", 0},
    {"peers", 'p', "NAMES", 0, "Only these peers, with commas between", 0},
    {"seconds", 's', "S", 0, "For all cases together (20; with --summary 4.5)", 0},
    {"summary", 'u', NULL, 0, "The short form: leat beside what a program has without it", 0},
    {"tsv", 't', "FILE", 0, "Write every sample there", 0},
    {"json", 'j', "FILE", 0, "Write every sample there", 0},
    {"seed", 'e', "N", 0, "Of the order and of what is random (the time)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *options = state->input;
    char *end = NULL;
    switch (key) {
    case 'c':
        options->cases = value;
        return 0;
    case 'p':
        options->peers = value;
        return 0;
    case 'j':
        options->json = value;
        return 0;
    case 't':
        options->tsv = value;
        return 0;
    case 'u':
        options->summary = true;
        return 0;
    case 's':
        options->seconds = strtod(value, &end);
        if (end == value || *end != '\0' || !(options->seconds > 0 && options->seconds <= 86400)) {
            argp_error(state, "--seconds: '%s' is not a number of seconds up to 86400", value);
        }
        return 0;
    case 'e':
        errno = 0;
        options->seed = strtoull(value, &end, 10);
        if (end == value || *end != '\0' || errno != 0 || value[0] == '-') {
            argp_error(state, "--seed: '%s' is not a number from 0 to 2^64 - 1", value);
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Copies the entries of the case that entries[at] belongs to, as far as they are wanted. Sets *next to the next case. Returns how many. */
static int choose(const struct options *options, int at, const struct bench_entry **chosen, int *next)
{
    const char *name = case_name(entries[at]);
    int count = 0;
    for (; at < entry_count && strcmp(case_name(entries[at]), name) == 0; at++) {
        const char *peer = peer_name(entries[at]);
        bool wanted = options->cases == NULL || among(options->cases, name, strlen(name));
        wanted = wanted && (options->peers == NULL || among(options->peers, peer, strlen(peer)));
        wanted = wanted && (!options->summary || entries[at]->peer->role == BENCH_RIVAL || entries[at]->peer->role == BENCH_LEAT);
        if (wanted) {
            chosen[count++] = entries[at];
        }
    }
    *next = at;
    return count;
}

static bool fits(const struct bench_entry *entry, int cpu_count)
{
    return entry->second == NULL || cpu_count >= 2;
}

/* Returns how many cases are wanted and can be run. */
static int count_cases(const struct options *options, int cpu_count)
{
    const struct bench_entry *chosen[ENTRIES_MAX];
    int cases = 0, next = 0;
    for (int at = 0; at < entry_count; at = next) {
        cases += choose(options, at, chosen, &next) > 0 && fits(chosen[0], cpu_count);
    }
    return cases;
}

/* Runs and reports case after case. Returns false when there was no memory. */
static bool run_all(const struct options *options, int cpu_count, struct run_samples *samples)
{
    const struct bench_entry *chosen[ENTRIES_MAX];
    int cases = count_cases(options, cpu_count), next = 0, count;
    double seconds = options->seconds > 0 ? options->seconds : options->summary ? SUMMARY_SECONDS : SECONDS;
    for (int at = 0; at < entry_count; at = next) {
        count = choose(options, at, chosen, &next);
        if (count == 0) {
            continue;
        }
        if (!fits(chosen[0], cpu_count)) {
            printf("%s%s: left out: it needs two CPUs and this process may use one\n", options->summary ? "  " : "\n",
                   case_name(chosen[0]));
            continue;
        }
        if (!run_case(chosen, count, seconds / cases, options->seed, samples)) {
            return false;
        }
        (options->summary ? report_summary : report_case)(chosen, count, samples, options->seed);
        fflush(stdout);
    }
    return true;
}

static bool record(const char *path, void (*write)(FILE *, const struct environment *, const struct run_samples *),
                   const struct environment *environment, const struct run_samples *samples)
{
    int rc = path != NULL ? record_to(path, write, environment, samples) : 0;
    if (rc != 0) {
        fprintf(stderr, "leat-bench: %s: %s\n", path, strerror(-rc));
    }
    return rc == 0;
}

int main(int argc, char **argv)
{
    struct options options = {NULL, NULL, NULL, NULL, 0, (uint64_t)bench_now_ns(), false};
    const struct argp parser = {option_list, parse_option, NULL, "Measures leat beside what would be used instead.", NULL, NULL, NULL};
    struct environment environment = {.seed = 0};
    struct run_samples samples = {NULL, 0, 0};
    argp_err_exit_status = 1;
    argp_parse(&parser, argc, argv, 0, NULL, &options);
    list_entries();
    if (!all_known(options.cases, "case", case_name) || !all_known(options.peers, "peer", peer_name)) {
        return 1;
    }
    if (count_cases(&options, INT_MAX) == 0) {
        fprintf(stderr, "leat-bench: none of these peers takes part in these cases\n");
        return 1;
    }
    environment_look(&environment);
    environment.seed = options.seed;
    environment.cpu_count = crew_start(environment.cpus);
    if (environment.cpu_count < 0) {
        fprintf(stderr, "leat-bench: the threads could not be pinned: %s\n", strerror(-environment.cpu_count));
        return 1;
    }
    if (options.summary) {
        report_summary_head();
    } else {
        report_environment(&environment);
        printf("%s%s%s", BENCH_SKIPPED[0] != '\0' ? "Peers not built in: " : "", BENCH_SKIPPED, BENCH_SKIPPED[0] != '\0' ? "\n" : "");
    }
    bool ok = run_all(&options, environment.cpu_count, &samples);
    environment_look_back(&environment);
    printf("%s", options.summary ? "" : "\n");
    report_busy(&environment);
    crew_stop();
    if (!ok) {
        fprintf(stderr, "leat-bench: out of memory\n");
    }
    ok = report_failures(&samples) && ok;
    ok = record(options.json, record_json, &environment, &samples) && ok;
    ok = record(options.tsv, record_tsv, &environment, &samples) && ok;
    free(samples.items);
    return ok ? 0 : 1;
}
