/* SPDX-License-Identifier: MIT */
/* Two threads on two cores, one item at a time: each is flushed as soon as it is written. */
#include "bench.h"

#define CAPACITY 1024
typedef uint64_t item_type;
#include BENCH_PEER_FILE

#define END UINT64_MAX

static const struct bench_case about = {
    BENCH_CASE_NAME,
    "8 B items, a flush for each",
    "one thread writes items of 8 bytes and flushes after each, the other reads and checks that they count up; at most 1024 lie between; "
    "who finds it full or empty looks again at once; nobody has to be woken",
    "item",
    BENCH_MILLIONS_PER_S,
};

static void put(struct peer *peer, item_type item)
{
    while (!peer_put(peer, item)) {
    }
}

static void write_items(void *subject, struct bench_slice *slice)
{
    struct peer *peer = (struct peer *)subject;
    const int64_t batch = slice->batch;
    int64_t start_ns = bench_now_ns();
    uint64_t item = 0;
    do {
        for (int64_t i = 0; i < batch; i++) {
            put(peer, ++item);
        }
    } while (bench_now_ns() - start_ns < slice->length_ns);
    put(peer, END);
    slice->operations = (int64_t)item;
}

static void read_items(void *subject, struct bench_slice *slice)
{
    struct peer *peer = (struct peer *)subject;
    uint64_t expected = 0;
    slice->start_ns = bench_now_ns();
    for (;;) {
        item_type item;
        while (!peer_get(peer, &item)) {
        }
        if (item == ++expected) {
            continue;
        }
        if (item == END) {
            break;
        }
        slice->wrong = "an item came out that was not the next one written";
        expected = item;
    }
    slice->end_ns = bench_now_ns();
    slice->operations = (int64_t)(expected - 1);
}

BENCH_ENTRY(about, read_items, write_items)
