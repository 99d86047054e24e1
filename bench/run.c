/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "run.h"

#include "crew.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WARM_NS 1000000
#define SLICE_NS 8000000
#define SHORTEST_NS 4000000
#define LONGEST_NS 25000000
#define LOOK_NS 100000 /* between two looks at the clock, about */
#define HANG_S 20      /* a slice that takes this long never ends */
#define PEERS_MAX 64

const char *run_state_name(enum run_state state)
{
    static const char *const names[RUN_STATES] = {"alone", "sibling", "near", "far"};
    return names[state];
}

const char *run_fate_name(enum run_fate fate)
{
    static const char *const names[RUN_FATES] = {"kept", "moved", "length", "wrong"};
    return names[fate];
}

const char *run_linkage_name(enum bench_linkage linkage)
{
    return linkage == BENCH_LINK_INLINE ? "inline" : linkage == BENCH_LINK_STATIC ? "static" : "shared";
}

static enum run_state state_of(double one_way_ns)
{
    return one_way_ns < 40 ? RUN_SIBLING : one_way_ns <= 150 ? RUN_NEAR : RUN_FAR;
}

static char hung[200]; /* what the watchdog says; written while it is not set */

static void on_alarm(int signal)
{
    (void)signal;
    ssize_t written = write(STDERR_FILENO, hung, strlen(hung));
    (void)written;
    _exit(1);
}

static struct run_sample *append(struct run_samples *samples)
{
    if (samples->count == samples->room) {
        int64_t room = samples->room == 0 ? 1024 : 2 * samples->room;
        struct run_sample *items = realloc(samples->items, (size_t)room * sizeof(*items));
        if (items == NULL) {
            return NULL;
        }
        samples->items = items;
        samples->room = room;
    }
    struct run_sample *sample = &samples->items[samples->count++];
    memset(sample, 0, sizeof(*sample));
    return sample;
}

/* One timed stretch; the sample's elapsed_ns, operations, value and wrong are set. */
static void stretch(const struct bench_entry *entry, void *subject, int64_t length_ns, int64_t batch, uint64_t seed,
                    struct run_sample *sample)
{
    struct bench_slice slices[2];
    memset(slices, 0, sizeof(slices));
    for (int side = 0; side < 2; side++) {
        slices[side].length_ns = length_ns;
        slices[side].batch = batch;
        slices[side].seed = seed;
    }
    crew_run(entry->first, entry->second, subject, slices);
    sample->wrong = slices[0].wrong != NULL ? slices[0].wrong : slices[1].wrong;
    if (entry->second != NULL && slices[0].operations != slices[1].operations && sample->wrong == NULL) {
        sample->wrong = "not as many came out as went in";
    }
    sample->elapsed_ns = slices[0].end_ns - slices[0].start_ns;
    sample->operations = slices[0].operations;
    if (sample->wrong == NULL) {
        double elapsed = (double)sample->elapsed_ns, operations = (double)sample->operations;
        sample->value = entry->measures->unit == BENCH_NS_PER_OPERATION ? elapsed / operations : operations / elapsed * 1000;
    }
}

static int64_t batch_for(const struct run_sample *warm)
{
    double batch = (double)warm->operations / (double)(warm->elapsed_ns + 1) * LOOK_NS;
    return batch < 16 ? 16 : batch > 1e6 ? 1000000 : (int64_t)batch;
}

/* A fresh subject is warmed up, probed, measured, probed again and closed. */
static void measure(const struct bench_entry *entry, uint64_t seed, struct run_sample *sample)
{
    bool two = entry->second != NULL;
    sample->entry = entry;
    sample->state = RUN_ALONE;
    void *subject = entry->open();
    if (subject == NULL) {
        sample->fate = RUN_WRONG;
        sample->wrong = "it could not be opened";
        return;
    }
    snprintf(hung, sizeof(hung), "leat-bench: %s: %s hangs\n", entry->measures->name, entry->peer->name);
    alarm(HANG_S);
    stretch(entry, subject, WARM_NS, 64, seed, sample);
    if (sample->wrong == NULL) {
        int64_t batch = batch_for(sample);
        sample->before_ns = two ? crew_probe() : 0;
        stretch(entry, subject, SLICE_NS, batch, seed + 1, sample);
        sample->after_ns = two ? crew_probe() : 0;
    }
    alarm(0);
    entry->close(subject);
    if (two) {
        sample->state = state_of(sample->before_ns);
    }
    if (sample->wrong != NULL) {
        sample->fate = RUN_WRONG;
    } else if (two && sample->state != state_of(sample->after_ns)) {
        sample->fate = RUN_MOVED;
    } else if (sample->elapsed_ns < SHORTEST_NS || sample->elapsed_ns > LONGEST_NS) {
        sample->fate = RUN_LENGTH;
    }
}

static void shuffle(const struct bench_entry **entries, int count, uint64_t *random)
{
    for (int i = count - 1; i > 0; i--) {
        int j = (int)(bench_random(random) % (uint64_t)(i + 1));
        const struct bench_entry *entry = entries[i];
        entries[i] = entries[j];
        entries[j] = entry;
    }
}

bool run_case(const struct bench_entry *const *entries, int count, double seconds, uint64_t seed, struct run_samples *samples)
{
    const struct bench_entry *turn[PEERS_MAX];
    int left = count < PEERS_MAX ? count : PEERS_MAX;
    memcpy(turn, entries, (size_t)left * sizeof(*turn));
    signal(SIGALRM, on_alarm);
    bool two = turn[0]->second != NULL;
    bool ok = true;
    int64_t end_ns = bench_now_ns() + (int64_t)(seconds * 1e9);
    if (two) {
        crew_spin(true);
    }
    for (int64_t round = 0; ok && left > 0 && (round < 3 || bench_now_ns() < end_ns); round++) {
        shuffle(turn, left, &seed);
        uint64_t round_seed = bench_random(&seed);
        for (int i = 0; ok && i < left; i++) {
            struct run_sample *sample = append(samples);
            ok = sample != NULL;
            if (!ok) {
                break;
            }
            sample->round = round;
            sample->slice = i;
            measure(turn[i], round_seed, sample);
            if (sample->fate == RUN_WRONG) {
                turn[i--] = turn[--left];
            }
        }
    }
    if (two) {
        crew_spin(false);
    }
    return ok;
}
