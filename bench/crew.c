/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "crew.h"

#include <errno.h>
#include <leat/base.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

/*
 * I1  the second thread sleeps on `wake` before its first order, and after an order without a side.
 * I2  an order is given only when the last one is done.
 *
 * Edges: "order": what the first thread wrote before it gave an order is seen by the second.
 *        "done":  what the second wrote is seen by the first.
 */
static struct {
    pthread_t thread;
    sem_t wake;
    bool stop; /* the first thread's, covered by wake */
    /* The first thread's, covered by "order". */
    bench_side *side;
    void *subject;
    struct bench_slice *slice;
    alignas(128) LEAT_ATOMIC(uint32_t) order; /* counts orders: written by the first thread */
    alignas(128) LEAT_ATOMIC(uint32_t) ready; /* the order being worked on: written by the second thread */
    alignas(128) LEAT_ATOMIC(uint32_t) done;  /* the order done last: written by the second thread */
    alignas(128) LEAT_ATOMIC(uint32_t) line;  /* goes to and fro in a probe: written by both in turn */
} crew;

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void *second_thread(void *unused)
{
    (void)unused;
    uint32_t number = 0;
    bool asleep = true;
    for (;;) {
        if (asleep) {
            while (sem_wait(&crew.wake) != 0) {
            }
            if (crew.stop) {
                return NULL;
            }
        }
        while (leat_load(&crew.order, acquire) == number) { /* edge "order" */
            relax();
        }
        number++;
        asleep = crew.side == NULL;
        leat_store(&crew.ready, number, relaxed); /* relaxed: says only that the side begins now */
        if (!asleep) {
            crew.side(crew.subject, crew.slice);
        }
        leat_store(&crew.done, number, release); /* edge "done" */
    }
}

static int pin(pthread_t thread, int cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    return -pthread_setaffinity_np(thread, sizeof(one), &one);
}

int crew_start(int cpus[2])
{
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof(mask), &mask) != 0) {
        return -errno;
    }
    int count = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET((size_t)cpu, &mask)) {
            if (count < 2) {
                cpus[count] = cpu;
            }
            count++;
        }
    }
    if (count == 1) {
        cpus[1] = cpus[0];
    }
    sem_init(&crew.wake, 0, 0);
    int rc = pin(pthread_self(), cpus[0]);
    if (rc == 0) {
        rc = -pthread_create(&crew.thread, NULL, second_thread, NULL);
    }
    if (rc == 0) {
        rc = pin(crew.thread, cpus[1]);
    }
    return rc < 0 ? rc : count;
}

void crew_stop(void)
{
    crew.stop = true;
    sem_post(&crew.wake);
    pthread_join(crew.thread, NULL);
    sem_destroy(&crew.wake);
}

static uint32_t give_order(bench_side *side, void *subject, struct bench_slice *slice)
{
    crew.side = side;
    crew.subject = subject;
    crew.slice = slice;
    uint32_t number = leat_load(&crew.order, relaxed) + 1; /* relaxed: the first thread's own */
    leat_store(&crew.order, number, release);              /* edge "order" */
    return number;
}

void crew_spin(bool on)
{
    if (on) {
        sem_post(&crew.wake);
        return;
    }
    uint32_t number = give_order(NULL, NULL, NULL);
    while (leat_load(&crew.done, acquire) != number) { /* edge "done" */
        relax();
    }
}

void crew_run(bench_side *first, bench_side *second, void *subject, struct bench_slice slices[2])
{
    if (second == NULL) {
        first(subject, &slices[0]);
        return;
    }
    uint32_t number = give_order(second, subject, &slices[1]);
    while (leat_load(&crew.ready, relaxed) != number) { /* relaxed: only to begin together */
        relax();
    }
    first(subject, &slices[0]);
    while (leat_load(&crew.done, acquire) != number) { /* edge "done" */
        relax();
    }
}

#define PROBES 9
#define TRIPS 64 /* round trips of one probe */

/* The line holds 2i + 1 on its way to and 2i + 2 on its way back. Relaxed: nothing but the line itself is carried. */
static void probe_first(void *subject, struct bench_slice *slice)
{
    double *one_way_ns = subject;
    uint32_t at = 0;
    leat_store(&crew.line, 0u, relaxed); /* relaxed: the other side's first wait is for 1 */
    for (int probe = 0; probe < PROBES; probe++) {
        int64_t start_ns = bench_now_ns();
        for (int trip = 0; trip < TRIPS; trip++) {
            leat_store(&crew.line, at + 1, relaxed); /* relaxed: see above */
            at += 2;
            while (leat_load(&crew.line, relaxed) != at) { /* relaxed: see above */
            }
        }
        one_way_ns[probe] = (double)(bench_now_ns() - start_ns) / (2.0 * TRIPS);
    }
    (void)slice;
}

static void probe_second(void *subject, struct bench_slice *slice)
{
    uint32_t at = 0;
    for (int trip = 0; trip < PROBES * TRIPS; trip++) {
        while (leat_load(&crew.line, relaxed) != at + 1) { /* relaxed: see probe_first */
        }
        at += 2;
        leat_store(&crew.line, at, relaxed); /* relaxed: see probe_first */
    }
    (void)subject;
    (void)slice;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double crew_probe(void)
{
    double one_way_ns[PROBES];
    struct bench_slice slices[2] = {{0}, {0}};
    crew_run(probe_first, probe_second, one_way_ns, slices);
    qsort(one_way_ns, PROBES, sizeof(double), by_value);
    return one_way_ns[PROBES / 2];
}
