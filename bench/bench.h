/* SPDX-License-Identifier: MIT */
/*
 * bench.h: what the harness, the cases and the peers agree on.
 *
 * A case measures one thing and fixes the rules for everybody (cases/FAMILY/NAME.h). A peer is what is measured (peers/FAMILY/NAME.h).
 * Each pair of one family is compiled as a source of its own (pair.in), so that every peer is inlined into the same loops, and adds one
 * entry to the harness's list. Read by C and by C++.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_INLINE static inline __attribute__((always_inline, unused))

/* How the calls that are measured reach the peer. Ratios are given within one of them only. */
enum bench_linkage { BENCH_LINK_INLINE, BENCH_LINK_STATIC, BENCH_LINK_SHARED };

enum bench_role {
    BENCH_PEER,
    BENCH_RIVAL,  /* what a program has without any library: shown by --summary */
    BENCH_LEAT,   /* the leat that others of its linkage are compared with */
    BENCH_VARIANT /* leat, used another way */
};

enum bench_unit { BENCH_NS_PER_OPERATION, BENCH_MILLIONS_PER_S };

struct bench_case {
    const char *name;  /* FAMILY-FILE */
    const char *title; /* a few words, for the short form */
    const char *rules; /* who touches what, when it is flushed, how much it may hold: the same for all peers */
    const char *what;  /* what one operation is */
    enum bench_unit unit;
};

struct bench_peer {
    const char *name;
    enum bench_role role;
    enum bench_linkage linkage;
    const char *note; /* what a reader of the table must know; NULL: nothing */
};

/* One side's part of one slice. Each side has its own, on lines of its own. */
struct __attribute__((aligned(128))) bench_slice {
    int64_t length_ns;  /* in: stop at the first look at the clock after this long */
    int64_t batch;      /* in: operations between two looks */
    uint64_t seed;      /* in: of whatever is random; the same for all peers of a round */
    int64_t start_ns;   /* out: first side */
    int64_t end_ns;     /* out: first side */
    int64_t operations; /* out: each side; 0 when handed in, and at the end the same on both sides */
    const char *wrong;  /* out: how the peer failed, or NULL, as handed in */
};

typedef void bench_side(void *subject, struct bench_slice *slice);

/* A case and a peer, compiled together. */
struct bench_entry {
    const struct bench_case *measures;
    const struct bench_peer *peer;
    void *(*open)(void); /* the subject, ready for both sides; NULL: the peer cannot be had now */
    void (*close)(void *subject);
    bench_side *first;        /* takes the time */
    bench_side *second;       /* on the second core, at the same time; NULL: the case has one thread */
    struct bench_entry *next; /* the harness's */
};

/* The entry, which must live as long as the program, is in the list. Called before main. */
void bench_add(struct bench_entry *entry);

/* CLOCK_MONOTONIC. */
BENCH_INLINE int64_t bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The compiler must take the memory behind `block` as read and written here. */
BENCH_INLINE void bench_use(void *block)
{
    __asm__ volatile("" : : "r"(block) : "memory");
}

/* Returns zeroed memory for `bytes`, on lines of its own, to be given to free; or NULL. */
BENCH_INLINE void *bench_lines(size_t bytes)
{
    size_t whole = (bytes + 127) & ~(size_t)127;
    unsigned char *memory = (unsigned char *)aligned_alloc(128, whole);
    for (size_t i = 0; memory != NULL && i < whole; i++) {
        memory[i] = 0;
    }
    return memory;
}

/* The next number of a splitmix64 sequence. */
BENCH_INLINE uint64_t bench_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Closes a case's file: puts the pair into the list. The peer has described itself in `bench_this_peer`. */
#define BENCH_ENTRY(about, first_side, second_side)                                                                                 \
    static void *bench_open(void)                                                                                                   \
    {                                                                                                                               \
        return peer_open();                                                                                                         \
    }                                                                                                                               \
    static void bench_close(void *subject)                                                                                          \
    {                                                                                                                               \
        peer_close((struct peer *)subject);                                                                                         \
    }                                                                                                                               \
    __attribute__((constructor)) static void bench_enlist(void)                                                                     \
    {                                                                                                                               \
        static struct bench_entry entry = {&(about), &bench_this_peer, bench_open, bench_close, (first_side), (second_side), NULL}; \
        bench_add(&entry);                                                                                                          \
    }

#ifdef __cplusplus
}
#endif
#endif
