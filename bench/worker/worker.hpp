/* SPDX-License-Identifier: MIT */
/*
 * worker.hpp: what the harness, the cases and the peers agree on.
 *
 * A peer is what is measured (peers/FAMILY/NAME.hpp), a case is how (cases/FAMILY/NAME.hpp). Every peer becomes a program of its own, a
 * worker: its file, then all cases of its family, in one translation unit, so that whatever can be inlined is. The harness runs the
 * workers of a case in turn, one slice each; what one of them links, preloads, breaks or leaks cannot touch another.
 *
 * A peer's file begins with one comment that says what the build needs and what the report says of it (bench/README.md), and defines
 * `bench::this_peer` and what its family's cases call. A case is a class: the constructor opens the subject (and throws bench::failure when
 * the peer cannot be had), first() measures on the first core, second(), where there is one, on the second core at the same time.
 */
#ifndef BENCH_WORKER_HPP
#define BENCH_WORKER_HPP

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#define BENCH_INLINE inline __attribute__((always_inline))

namespace bench {

/* How the calls that are measured reach the peer. Ratios are given within one of them only. */
enum linkage { inlined, statically, shared, process };

enum role {
    peer_role,
    rival,    /* what a program has without any library: the short form shows it */
    leat,     /* the leat that others of its linkage are compared with */
    variant,  /* leat, used another way */
    baseline, /* written here after a published idea */
    machine   /* not a peer: a limit of the machine itself */
};

struct peer_about {
    linkage link;
    role plays;
    const char *note = ""; /* what a reader of the table must know */
};
extern const peer_about this_peer;

/* The cores that first() and second() are pinned to, for a case that starts threads or processes of its own. Set before any case opens. */
extern int cpus[2];

/* Thrown by a case's constructor: the peer cannot be had now. `why` is literal. */
struct failure {
    const char *why;
};

enum unit { ns_per_operation, millions_per_s, gigabytes_per_s, bytes_per_item };

struct case_about {
    const char *name;  /* FAMILY-WORDS */
    const char *title; /* a few words, for tables and plots */
    const char *rules; /* who touches what, when it is flushed, how much it may hold: the same for all peers */
    const char *what;  /* what one operation is */
    unit in;
    int64_t bytes = 0;               /* gigabytes_per_s: moved by one operation */
    int64_t slice_ns = 8 * 1000000;  /* long enough for what is measured; kept when it took half of it to three times it */
    int64_t warm_ns = 1000000;       /* before it, not measured; 0: none, and the batch is 1 */
    const char *series = "";         /* cases of one series are points of one curve, over x */
    double x = 0;
    int64_t rounds_max = 0; /* a costly case is not measured more often; 0: as often as time allows */
};

/* One side's part of one slice. Each side has its own, on lines of its own. */
struct alignas(128) slice {
    int64_t length_ns = 0;        /* in: stop at the first look at the clock after this long */
    int64_t batch = 0;            /* in: operations between two looks, about 0.1 ms */
    uint64_t seed = 0;            /* in: of whatever is random; the same for all peers of a round */
    int64_t start_ns = 0;         /* out: first side */
    int64_t end_ns = 0;           /* out: first side */
    int64_t operations = 0;       /* out: each side; at the end the same on both sides */
    const char *wrong = nullptr;  /* out: how the peer failed */
    double value = -1;            /* out: first side; the figure itself where it is not operations over time, e.g. a median */
    double p99 = -1;              /* out: first side; where the figure is a median */
};

/* CLOCK_MONOTONIC. */
BENCH_INLINE int64_t now_ns()
{
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return int64_t(now.tv_sec) * 1000000000 + now.tv_nsec;
}

/* The compiler must take the memory behind `block` as read and written here. */
BENCH_INLINE void use(const void *block)
{
    __asm__ volatile("" : : "r"(block) : "memory");
}

BENCH_INLINE void relax()
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* The next number of a splitmix64 sequence. */
BENCH_INLINE uint64_t random(uint64_t &state)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A case in the worker's list. */
struct entry {
    case_about about;
    void *(*open)();
    void (*close)(void *subject);
    void (*first)(void *subject, slice &);
    void (*second)(void *subject, slice &); /* nullptr: the case has one thread */
    entry *next;
};
void enlist(entry *);

/*
 * At namespace scope: `static bench::add<flush<8>> flush_8{{.name = "pipe-flush-8", ...}};`. A Case with `static constexpr bool possible =
 * false` is left out for this peer.
 */
template <class Case> struct add {
    entry self;

    explicit add(const case_about &about) : self{about, nullptr, nullptr, nullptr, nullptr, nullptr}
    {
        if constexpr (requires { Case::possible; }) {
            if constexpr (Case::possible) {
                fill();
            }
        } else {
            fill();
        }
    }

private:
    template <class C = Case> void fill()
    {
        self.open = [] { return static_cast<void *>(new C); };
        self.close = [](void *subject) { delete static_cast<C *>(subject); };
        self.first = [](void *subject, slice &s) { static_cast<C *>(subject)->first(s); };
        if constexpr (requires(C &c, slice &s) { c.second(s); }) {
            self.second = [](void *subject, slice &s) { static_cast<C *>(subject)->second(s); };
        }
        enlist(&self);
    }
};

} // namespace bench
#endif
