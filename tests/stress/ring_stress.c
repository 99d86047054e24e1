/* SPDX-License-Identifier: MIT */
/* Rings between two threads: millions of items, their order and content checked, with and without sleep. */
#include "../test.h"

#include <leat/os.h>
#include <leat/ring.h>

#include <pthread.h>

/* Byte `position` of an endless stream: what must come out at that position. */
static unsigned char stream_byte(uint64_t position)
{
    return (unsigned char)((position * UINT64_C(0x9e3779b97f4a7c15)) >> 56);
}

static void put_stream(unsigned char *to, uint64_t position, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i++) {
        to[i] = stream_byte(position + (uint64_t)i);
    }
}

/* A ring that has been in use for long: all its indices stand at `index`. */
static void start_at(struct leat_ring *ring, size_t index)
{
    leat_store(&ring->in, index, relaxed);  /* relaxed: nobody else is here */
    leat_store(&ring->out, index, relaxed); /* relaxed: likewise */
    ring->out_seen = index;
    ring->out_local = index;
    ring->in_seen = index;
    assert_true(leat_ring_valid(ring));
}

/*
 * Two threads. An item is its number, 8 bytes, and after every fourth a chunk of 1 to 64 bytes whose length and content follow
 * from the number; so that both order and content are checked.
 */
#define ITEM_MOST 72

struct traffic {
    struct leat_ring *ring;
    struct leat_waker data, room;
    int64_t items, waits;
    int64_t wrong; /* the first item that was not as it should be, -1: none */
    unsigned char pattern[256 + ITEM_MOST];
    bool in_place;
    bool sleepy; /* wait by wakers; else by looking again, and then no order but the ring's own holds the threads together */
};

static int64_t chunk_bytes(uint64_t number)
{
    return (number & 3) != 0 ? 0 : (int64_t)(1 + (number * UINT64_C(0x9e3779b97f4a7c15) >> 58));
}

static int64_t make_item(const struct traffic *traffic, uint64_t number, unsigned char *item)
{
    const int64_t chunk = chunk_bytes(number);

    memcpy(item, &number, 8);
    memcpy(item + 8, traffic->pattern + number % 256, (size_t)chunk);
    return 8 + chunk;
}

static void wait_for(const struct traffic *traffic, struct leat_waker *own, uint32_t seen, struct leat_waker *other)
{
    if (traffic->sleepy) {
        leat_waker_wake(other);
        (void)leat_waker_wait(own, seen, LEAT_FOREVER);
    } else {
        leat_os_host()->yield(NULL);
    }
}

/* What `waker` counted, for wait_for. */
static uint32_t before_wait(const struct traffic *traffic, const struct leat_waker *waker)
{
    return traffic->sleepy ? leat_waker_seen(waker) : 0;
}

/* Puts in what fits of `bytes`, in one call; returns how many. In place an item goes in whole. */
static int64_t send_some(struct traffic *traffic, const unsigned char *item, int64_t bytes)
{
    struct leat_span spans[2];
    void *span;

    if (!traffic->in_place) {
        return leat_ring_write(traffic->ring, item, bytes);
    }
    if (leat_ring_reserve(traffic->ring, bytes, &span) != 0) {
        memcpy(span, item, (size_t)bytes);
    } else if (leat_ring_reserve_spans(traffic->ring, spans) >= bytes) {
        const int64_t first = spans[0].bytes < bytes ? spans[0].bytes : bytes;

        memcpy(spans[0].data, item, (size_t)first);
        memcpy(spans[1].data, item + first, (size_t)(bytes - first));
    } else {
        return 0;
    }
    leat_ring_commit(traffic->ring, bytes);
    return bytes;
}

static void send_or_sleep(struct traffic *traffic, const unsigned char *item, int64_t bytes)
{
    while (bytes != 0) {
        const uint32_t seen = before_wait(traffic, &traffic->room);
        const int64_t sent = send_some(traffic, item, bytes);

        if (sent == 0) {
            wait_for(traffic, &traffic->room, seen, &traffic->data);
        }
        item += sent;
        bytes -= sent;
    }
}

static void *producer(void *argument)
{
    struct traffic *traffic = argument;
    unsigned char item[ITEM_MOST];

    if (traffic->sleepy) {
        (void)leat_waker_wait(&traffic->room, 0, LEAT_FOREVER); /* the consumer found the ring empty: it sleeps once at least */
    }
    for (int64_t i = 0; i < traffic->items; i++) {
        send_or_sleep(traffic, item, make_item(traffic, (uint64_t)i, item));
        if (traffic->sleepy && i % 256 == 255) {
            leat_waker_wake(&traffic->data);
        }
    }
    leat_waker_wake(&traffic->data);
    return NULL;
}

/* Takes out what is there of `bytes`, in one call; returns how many. In place they are taken whole. */
static int64_t take_some(struct traffic *traffic, unsigned char *to, int64_t bytes)
{
    struct leat_span spans[2];
    const void *span;
    int64_t first;

    if (!traffic->in_place) {
        return leat_ring_read(traffic->ring, to, bytes);
    }
    if (leat_ring_peek(traffic->ring, bytes, &span) != 0) {
        memcpy(to, span, (size_t)bytes);
    } else {
        if (leat_ring_peek_spans(traffic->ring, spans) < bytes) {
            return 0;
        }
        first = spans[0].bytes < bytes ? spans[0].bytes : bytes;
        memcpy(to, spans[0].data, (size_t)first);
        memcpy(to + first, spans[1].data, (size_t)(bytes - first));
    }
    leat_ring_consume(traffic->ring, bytes);
    return bytes;
}

static void take_or_sleep(struct traffic *traffic, unsigned char *to, int64_t bytes)
{
    while (bytes != 0) {
        const uint32_t seen = before_wait(traffic, &traffic->data);
        const int64_t taken = take_some(traffic, to, bytes);

        if (taken == 0) {
            wait_for(traffic, &traffic->data, seen, &traffic->room);
            traffic->waits++;
        }
        to += taken;
        bytes -= taken;
    }
}

static void *consumer(void *argument)
{
    struct traffic *traffic = argument;
    unsigned char right[ITEM_MOST];
    unsigned char item[ITEM_MOST];

    for (int64_t i = 0; i < traffic->items; i++) {
        const int64_t bytes = make_item(traffic, (uint64_t)i, right);

        take_or_sleep(traffic, item, 8);
        take_or_sleep(traffic, item + 8, bytes - 8);
        if (traffic->wrong < 0 && memcmp(item, right, (size_t)bytes) != 0) {
            traffic->wrong = i;
        }
    }
    return NULL;
}

static void carry(struct leat_ring *ring, bool in_place, bool sleepy, int64_t items)
{
    struct traffic traffic = {.ring = ring, .items = items, .wrong = -1, .in_place = in_place, .sleepy = sleepy};
    pthread_t threads[2];
    struct leat_ring_stats stats;

    put_stream(traffic.pattern, 0, sizeof traffic.pattern);
    start_at(ring, SIZE_MAX - 99999);
    assert_int_equal(leat_waker_init(&traffic.data, false), 0);
    assert_int_equal(leat_waker_init(&traffic.room, false), 0);
    assert_int_equal(pthread_create(&threads[0], NULL, consumer, &traffic), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, producer, &traffic), 0);
    assert_int_equal(pthread_join(threads[1], NULL), 0);
    assert_int_equal(pthread_join(threads[0], NULL), 0);
    assert_int_equal(traffic.wrong, -1);
    assert_int_equal(leat_ring_used(ring), 0);
    assert_true(leat_ring_valid(ring));
    leat_ring_stats(ring, &stats);
    assert_true(stats.used_bytes == 0 && stats.peak_bytes > 0 && stats.peak_bytes <= stats.size_bytes);
    assert_true(traffic.waits > 0 || !sleepy);
    leat_waker_fini(&traffic.data);
    leat_waker_fini(&traffic.room);
}

static void carry_plain(bool in_place)
{
    static unsigned char memory[8192];
    struct leat_ring ring;

    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    carry(&ring, in_place, true, test_items(10000000));
}

static void carry_mirrored(bool in_place)
{
    struct leat_ring ring;

    assert_int_equal(leat_os_ring_create(&ring, 8192), 0);
    carry(&ring, in_place, true, test_items(10000000));
    leat_os_ring_destroy(&ring);
}

static void ring_plain_carries_10_million_copied_items_in_order(void **state)
{
    (void)state;
    carry_plain(false);
}

static void ring_plain_carries_10_million_items_in_place_in_order(void **state)
{
    (void)state;
    carry_plain(true);
}

static void ring_mirrored_carries_10_million_copied_items_in_order(void **state)
{
    (void)state;
    carry_mirrored(false);
}

static void ring_mirrored_carries_10_million_items_in_place_in_order(void **state)
{
    (void)state;
    carry_mirrored(true);
}

static void ring_holds_two_threads_together_by_itself(void **state)
{
    static unsigned char memory[256];

    (void)state;
    for (int in_place = 0; in_place < 2; in_place++) {
        struct leat_ring ring;

        assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
        carry(&ring, in_place != 0, false, test_items(1000000));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_plain_carries_10_million_copied_items_in_order),
        cmocka_unit_test(ring_plain_carries_10_million_items_in_place_in_order),
        cmocka_unit_test(ring_mirrored_carries_10_million_copied_items_in_order),
        cmocka_unit_test(ring_mirrored_carries_10_million_items_in_place_in_order),
        cmocka_unit_test(ring_holds_two_threads_together_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
