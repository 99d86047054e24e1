/* SPDX-License-Identifier: MIT */
#include "crew.hpp"

#include <algorithm>
#include <atomic>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

/*
 * I1  the second thread sleeps on `wake` before its first order, and after an order without an entry.
 * I2  an order is given only when the last one is done.
 *
 * Edges: "order": what the first thread wrote before it gave an order is seen by the second.
 *        "done":  what the second wrote is seen by the first.
 */
namespace {

struct {
    pthread_t thread;
    sem_t wake;
    bool spinning = false; /* the first thread's */
    /* The first thread's, covered by "order". */
    void (*side)(void *, bench::slice &);
    void *subject;
    bench::slice *slice;
    alignas(128) std::atomic<uint32_t> order; /* counts orders: written by the first thread */
    alignas(128) std::atomic<uint32_t> ready; /* the order being worked on: written by the second thread */
    alignas(128) std::atomic<uint32_t> done;  /* the order done last: written by the second thread */
    alignas(128) std::atomic<uint32_t> line;  /* goes to and fro in a probe: written by both in turn */
} state;

/* Spins; now and then lets a worker whose turn comes next begin on this core. */
void await(const std::atomic<uint32_t> &word, uint32_t value)
{
    for (uint32_t looks = 1; word.load(std::memory_order_acquire) != value; looks++) { /* edge "order" or "done", as called */
        if (looks % 1024 == 0) {
            sched_yield();
        }
        bench::relax();
    }
}

void *second_thread(void *)
{
    bool asleep = true;
    for (uint32_t number = 1;; number++) {
        while (asleep && sem_wait(&state.wake) != 0) {
        }
        await(state.order, number); /* edge "order" */
        asleep = state.side == nullptr;
        state.ready.store(number, std::memory_order_relaxed); /* relaxed: says only that the side begins now */
        if (!asleep) {
            state.side(state.subject, *state.slice);
        }
        state.done.store(number, std::memory_order_release); /* edge "done" */
    }
    return nullptr;
}

int pin(pthread_t thread, int cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(size_t(cpu), &one);
    return -pthread_setaffinity_np(thread, sizeof(one), &one);
}

uint32_t give_order(void (*side)(void *, bench::slice &), void *subject, bench::slice *slice)
{
    state.side = side;
    state.subject = subject;
    state.slice = slice;
    uint32_t number = state.order.load(std::memory_order_relaxed) + 1; /* relaxed: the first thread's own */
    state.order.store(number, std::memory_order_release);              /* edge "order" */
    return number;
}

constexpr int probes = 9, trips = 64; /* round trips of one probe */

/* The line holds 2i + 1 on its way to and 2i + 2 on its way back. Relaxed: nothing but the line itself is carried. */
void probe_first(void *subject, bench::slice &)
{
    auto *one_way_ns = static_cast<double *>(subject);
    uint32_t at = 0;
    for (int probe = 0; probe < probes; probe++) {
        int64_t start_ns = bench::now_ns();
        for (int trip = 0; trip < trips; trip++) {
            state.line.store(at + 1, std::memory_order_relaxed); /* relaxed: see above */
            at += 2;
            while (state.line.load(std::memory_order_relaxed) != at) { /* relaxed: see above */
            }
        }
        one_way_ns[probe] = double(bench::now_ns() - start_ns) / (2.0 * trips);
    }
}

void probe_second(void *, bench::slice &)
{
    uint32_t at = 0;
    for (int trip = 0; trip < probes * trips; trip++) {
        while (state.line.load(std::memory_order_relaxed) != at + 1) { /* relaxed: see probe_first */
        }
        at += 2;
        state.line.store(at, std::memory_order_relaxed); /* relaxed: see probe_first */
    }
}

} // namespace

int crew::start(const int cpus[2])
{
    sem_init(&state.wake, 0, 0);
    int rc = pin(pthread_self(), cpus[0]);
    rc = rc != 0 ? rc : -pthread_create(&state.thread, nullptr, second_thread, nullptr);
    return rc != 0 ? rc : pin(state.thread, cpus[1]);
}

void crew::spin(bool on)
{
    if (on && !state.spinning) {
        sem_post(&state.wake);
    } else if (!on && state.spinning) {
        await(state.done, give_order(nullptr, nullptr, nullptr)); /* edge "done" */
    }
    state.spinning = on;
}

static void run_both(void (*first)(void *, bench::slice &), void (*second)(void *, bench::slice &), void *subject, bench::slice slices[2])
{
    uint32_t number = give_order(second, subject, &slices[1]);
    while (state.ready.load(std::memory_order_relaxed) != number) { /* relaxed: only to begin together */
        bench::relax();
    }
    first(subject, slices[0]);
    await(state.done, number); /* edge "done" */
}

void crew::run(const bench::entry &entry, void *subject, bench::slice slices[2])
{
    if (entry.second == nullptr) {
        entry.first(subject, slices[0]);
    } else {
        run_both(entry.first, entry.second, subject, slices);
    }
}

double crew::probe()
{
    double one_way_ns[probes];
    bench::slice slices[2];
    state.line.store(0, std::memory_order_relaxed); /* relaxed: the order that follows carries it */
    run_both(probe_first, probe_second, one_way_ns, slices);
    std::sort(one_way_ns, one_way_ns + probes);
    return one_way_ns[probes / 2];
}
