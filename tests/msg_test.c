/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "test.h"

#include <leat/msg.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#define BLOCK_BYTES 256
#define HEAD (sizeof(void *) == 8 ? 48 : 32) /* of a block */
#define PAYLOAD (BLOCK_BYTES - HEAD)

/* Blocks from malloc that are counted, and of which the `fail_at`th (from 1) cannot be had. Any thread. */
struct counting {
    struct leat_blocks blocks;
    _Atomic int64_t live, taken;
    int64_t fail_at;
};

static void *counting_alloc(void *context)
{
    struct counting *counting = context;

    if (atomic_fetch_add(&counting->taken, 1) + 1 == counting->fail_at)
        return NULL;
    atomic_fetch_add(&counting->live, 1);
    void *block = aligned_alloc(16, (size_t)counting->blocks.block_bytes);
    assert_non_null(block);
    memset(block, 0xa5, (size_t)counting->blocks.block_bytes);
    return block;
}

static void counting_free(void *context, void *block)
{
    struct counting *counting = context;

    atomic_fetch_sub(&counting->live, 1);
    memset(block, 0x5a, (size_t)counting->blocks.block_bytes); /* a race, if any reader is still there */
    free(block);
}

static void counting_init(struct counting *counting, int64_t block_bytes)
{
    memset(counting, 0, sizeof *counting);
    counting->blocks = (struct leat_blocks){counting_alloc, counting_free, counting, block_bytes};
}

static unsigned char pattern(int64_t i)
{
    return (unsigned char)(i * 7 + (i >> 8));
}

/* A buffer of `bytes` bytes of the pattern, and one to spare. */
static unsigned char *patterned(int64_t bytes)
{
    unsigned char *data = malloc((size_t)bytes + 1);

    assert_non_null(data);
    for (int64_t i = 0; i < bytes; i++)
        data[i] = pattern(i);
    return data;
}

/* msg is valid and holds the pattern's bytes from `from` on: seen piece by piece, and read at once and in sevens. */
static void check_bytes(struct leat_msg *msg, int64_t from, int64_t bytes)
{
    struct leat_msg_cursor cursor;
    struct leat_span piece;
    int64_t seen = 0;

    assert_true(leat_msg_valid(msg));
    assert_int_equal(leat_msg_size(msg), bytes);
    leat_msg_pieces(msg, &cursor);
    while (leat_msg_next_piece(&cursor, &piece)) {
        assert_true(piece.bytes > 0);
        for (int64_t i = 0; i < piece.bytes; i++, seen++)
            if (piece.data[i] != pattern(from + seen))
                fail_msg("byte %lld of %lld is wrong", (long long)seen, (long long)bytes);
    }
    assert_int_equal(seen, bytes);

    unsigned char *copy = calloc(1, (size_t)bytes + 8);
    assert_non_null(copy);
    assert_int_equal(leat_msg_read(msg, 0, copy, bytes + 5), bytes);
    for (int64_t i = 0; i < bytes; i++)
        assert_int_equal(copy[i], pattern(from + i));
    for (int64_t at = 0; at < bytes; at += 7) {
        int64_t want = bytes - at < 7 ? bytes - at : 7;
        assert_int_equal(leat_msg_read(msg, at, copy, 7), want);
        for (int64_t i = 0; i < want; i++)
            assert_int_equal(copy[i], pattern(from + at + i));
    }
    assert_int_equal(leat_msg_read(msg, bytes, copy, 1), 0);
    assert_int_equal(leat_msg_read(msg, bytes + 1, copy, 1), 0);
    free(copy);
}

static const int64_t sizes[] = {
    0, 1, 47, 48, 49, 100, PAYLOAD - 1, PAYLOAD, PAYLOAD + 1, 2 * PAYLOAD, 2 * PAYLOAD + 1, 5 * PAYLOAD, 5 * PAYLOAD + 77, 100000};
#define SIZES (sizeof sizes / sizeof sizes[0])

static void message_is_64_bytes_and_its_fields_stay_where_they_are(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct leat_msg), 64);
    assert_int_equal(offsetof(struct leat_msg, kind), 0);
    assert_int_equal(offsetof(struct leat_msg, inline_bytes), 1);
    assert_int_equal(offsetof(struct leat_msg, flags), 2);
    assert_int_equal(offsetof(struct leat_msg, reserved), 4);
    assert_int_equal(offsetof(struct leat_msg, size_bytes), 8);
    assert_int_equal(offsetof(struct leat_msg, body.bytes), 16);
    assert_int_equal(offsetof(struct leat_msg, body.slice.owner), 16);
    assert_int_equal(offsetof(struct leat_msg, body.slice.first), 16 + sizeof(void *));
    assert_int_equal(offsetof(struct leat_msg, body.slice.data), 16 + 2 * sizeof(void *));
    assert_int_equal(LEAT_MSG_EMPTY, 0);
    assert_int_equal(LEAT_MSG_INLINED, 1);
    assert_int_equal(LEAT_MSG_SLICE, 2);
    assert_int_equal(LEAT_MSG_CHAIN, 3);
}

static void every_size_takes_just_the_blocks_it_needs(void **state)
{
    (void)state;
    struct counting counting;
    counting_init(&counting, BLOCK_BYTES);
    assert_int_equal(leat_msg_block_payload(&counting.blocks), PAYLOAD);

    for (size_t i = 0; i < SIZES; i++) {
        unsigned char *data = patterned(sizes[i]);
        struct leat_msg msg;

        assert_int_equal(leat_msg_copy(&msg, &counting.blocks, data, sizes[i]), 0);
        free(data);
        check_bytes(&msg, 0, sizes[i]);
        assert_int_equal(counting.live, sizes[i] <= 48 ? 0 : (sizes[i] + PAYLOAD - 1) / PAYLOAD);
        assert_true((leat_msg_data(&msg) == NULL) == (sizes[i] > PAYLOAD));
        leat_msg_unref(&msg);
        assert_int_equal(counting.live, 0);
        assert_int_equal(msg.kind, LEAT_MSG_EMPTY);
        leat_msg_unref(&msg);
        check_bytes(&msg, 0, 0);
    }
}

static void room_that_was_allocated_is_writable_and_aligned_to_16(void **state)
{
    (void)state;
    struct counting counting;
    counting_init(&counting, BLOCK_BYTES);

    for (size_t i = 0; i < SIZES; i++) {
        struct leat_msg msg;
        struct leat_msg_cursor cursor;
        struct leat_span piece;
        int64_t at = 0;

        assert_int_equal(leat_msg_alloc(&msg, &counting.blocks, sizes[i]), 0);
        leat_msg_pieces(&msg, &cursor);
        while (leat_msg_next_piece(&cursor, &piece)) {
            assert_true(msg.kind == LEAT_MSG_INLINED || (uintptr_t)piece.data % 16 == 0);
            for (int64_t k = 0; k < piece.bytes; k++)
                piece.data[k] = pattern(at++);
        }
        check_bytes(&msg, 0, sizes[i]);
        leat_msg_unref(&msg);
    }
    assert_int_equal(counting.live, 0);
}

static void sizes_and_ranges_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct counting counting, tiny;
    counting_init(&counting, BLOCK_BYTES);
    counting_init(&tiny, HEAD);
    struct leat_msg msg, before;
    memset(&msg, 0x5a, sizeof msg);
    before = msg;
    char byte = 0;

    assert_int_equal(leat_msg_alloc(&msg, &counting.blocks, -1), -EINVAL);
    assert_int_equal(leat_msg_alloc(&msg, &counting.blocks, INT64_MIN), -EINVAL);
    assert_int_equal(leat_msg_copy(&msg, &counting.blocks, &byte, -1), -EINVAL);
    assert_int_equal(leat_msg_copy(&msg, &counting.blocks, NULL, 1), -EINVAL);
    assert_int_equal(leat_msg_from_buf(&msg, &counting.blocks, &byte, -1, NULL, NULL), -EINVAL);
    assert_int_equal(leat_msg_from_buf(&msg, &counting.blocks, NULL, 1, NULL, NULL), -EINVAL);
    assert_int_equal(leat_msg_block_payload(&tiny.blocks), 0);
    assert_int_equal(leat_msg_alloc(&msg, &tiny.blocks, 49), -EINVAL);
    assert_int_equal(leat_msg_from_buf(&msg, &tiny.blocks, &byte, 1, NULL, NULL), -EINVAL);
    assert_int_equal(counting.taken + tiny.taken, 0);
    assert_memory_equal(&msg, &before, sizeof msg);

    assert_int_equal(leat_msg_alloc(&msg, &tiny.blocks, 48), 0);
    assert_int_equal(leat_msg_copy(&msg, &tiny.blocks, NULL, 0), 0);
    assert_int_equal(leat_msg_read(&msg, -1, &byte, 1), -EINVAL);
    assert_int_equal(leat_msg_read(&msg, 0, &byte, -1), -EINVAL);
}

static void failure_at_the_nth_block_gives_all_back_and_leaves_the_message(void **state)
{
    (void)state;
    int64_t size = 5 * PAYLOAD + 1;
    unsigned char *data = patterned(size);
    int64_t n = 1;

    for (;; n++) {
        struct counting counting;
        counting_init(&counting, BLOCK_BYTES);
        counting.fail_at = n;
        struct leat_msg msg, before;
        memset(&msg, 0x5a, sizeof msg);
        before = msg;

        int rc = leat_msg_copy(&msg, &counting.blocks, data, size);
        if (rc == 0) {
            check_bytes(&msg, 0, size);
            leat_msg_unref(&msg);
            assert_int_equal(counting.live, 0);
            break;
        }
        assert_int_equal(rc, -ENOBUFS);
        assert_int_equal(counting.live, 0);
        assert_int_equal(counting.taken, n);
        assert_memory_equal(&msg, &before, sizeof msg);
    }
    assert_int_equal(n, 7); /* six blocks, each failed once */
    free(data);
}

static void blocks_stay_until_the_last_reference_goes(void **state)
{
    (void)state;
    struct counting counting;
    counting_init(&counting, BLOCK_BYTES);

    for (size_t i = 0; i < SIZES; i++) {
        unsigned char *data = patterned(sizes[i]);
        struct leat_msg refs[10];

        assert_int_equal(leat_msg_copy(&refs[0], &counting.blocks, data, sizes[i]), 0);
        free(data);
        int64_t live = counting.live;
        for (int k = 1; k < 10; k++)
            leat_msg_ref(&refs[k], &refs[k / 2]);
        for (int k = 0; k < 10; k++) {
            assert_int_equal(counting.live, live);
            check_bytes(&refs[(k + 3) % 10], 0, sizes[i]);
            leat_msg_unref(&refs[(k + 3) % 10]);
        }
        assert_int_equal(counting.live, 0);
    }
}

static void blocks_struct_may_go_before_its_messages(void **state)
{
    (void)state;
    struct counting counting;
    counting_init(&counting, BLOCK_BYTES);
    struct leat_blocks blocks = counting.blocks;
    struct leat_msg msg;

    assert_int_equal(leat_msg_alloc(&msg, &blocks, 3 * PAYLOAD), 0);
    memset(&blocks, 0, sizeof blocks);
    leat_msg_unref(&msg);
    assert_int_equal(counting.live, 0);
}

static void moved_message_leaves_an_empty_one(void **state)
{
    (void)state;
    struct counting counting;
    counting_init(&counting, BLOCK_BYTES);

    for (size_t i = 0; i < SIZES; i++) {
        unsigned char *data = patterned(sizes[i]);
        struct leat_msg a, b;

        assert_int_equal(leat_msg_copy(&a, &counting.blocks, data, sizes[i]), 0);
        free(data);
        leat_msg_move(&b, &a);
        check_bytes(&a, 0, 0);
        check_bytes(&b, 0, sizes[i]);
        leat_msg_unref(&a);
        check_bytes(&b, 0, sizes[i]);
        leat_msg_unref(&b);
        assert_int_equal(counting.live, 0);
    }
}

static void slice_of_a_slice_shows_the_same_bytes(void **state)
{
    (void)state;
    struct counting counting;
    uint32_t seed = 20240607;
    counting_init(&counting, BLOCK_BYTES);

    for (int round = 0; round < 3000; round++) {
        int64_t size = sizes[(unsigned)round % (SIZES - 1)], from = 0;
        unsigned char *data = patterned(size);
        struct leat_msg msg;

        assert_int_equal(leat_msg_copy(&msg, &counting.blocks, data, size), 0);
        free(data);
        while (size > 0) {
            struct leat_msg slice;
            seed = seed * 1664525 + 1013904223;
            int64_t offset = (seed >> 8) % (size + 1);
            seed = seed * 1664525 + 1013904223;
            int64_t bytes = (seed >> 8) % (size - offset + 1);

            assert_int_equal(leat_msg_slice(&slice, &msg, offset, bytes), 0);
            from += offset;
            size = bytes;
            if (round % 2 != 0)
                check_bytes(&msg, from - offset, leat_msg_size(&msg));
            leat_msg_unref(&msg);
            leat_msg_move(&msg, &slice);
            if (round % 16 < 4 || size < 64)
                check_bytes(&msg, from, size);
            assert_true(leat_msg_valid(&msg));
        }
        assert_int_equal(counting.live, 0); /* an empty slice holds nothing */
        leat_msg_unref(&msg);
    }
}

static void slice_inside_one_block_of_a_chain_is_one_piece(void **state)
{
    (void)state;
    struct counting counting;
    counting_init(&counting, BLOCK_BYTES);
    unsigned char *data = patterned(4 * PAYLOAD);
    struct leat_msg chain, slice;
    assert_int_equal(leat_msg_copy(&chain, &counting.blocks, data, 4 * PAYLOAD), 0);
    free(data);

    assert_int_equal(leat_msg_slice(&slice, &chain, 2 * PAYLOAD, PAYLOAD), 0);
    assert_non_null(leat_msg_data(&slice));
    leat_msg_unref(&chain);
    assert_int_equal(counting.live, 4); /* the slice holds the whole chain */
    check_bytes(&slice, 2 * PAYLOAD, PAYLOAD);
    leat_msg_unref(&slice);
    assert_int_equal(counting.live, 0);
}

static void slice_outside_is_refused(void **state)
{
    (void)state;
    struct counting counting;
    counting_init(&counting, BLOCK_BYTES);

    for (size_t i = 0; i < SIZES; i++) {
        struct leat_msg msg, slice, before;
        assert_int_equal(leat_msg_alloc(&msg, &counting.blocks, sizes[i]), 0);
        memset(&slice, 0x5a, sizeof slice);
        before = slice;
        assert_int_equal(leat_msg_slice(&slice, &msg, 0, sizes[i] + 1), -EINVAL);
        assert_int_equal(leat_msg_slice(&slice, &msg, sizes[i] + 1, 0), -EINVAL);
        assert_int_equal(leat_msg_slice(&slice, &msg, sizes[i], 1), -EINVAL);
        assert_int_equal(leat_msg_slice(&slice, &msg, 1, INT64_MAX), -EINVAL);
        assert_int_equal(leat_msg_slice(&slice, &msg, INT64_MAX, INT64_MAX), -EINVAL);
        assert_int_equal(leat_msg_slice(&slice, &msg, -1, 1), -EINVAL);
        assert_int_equal(leat_msg_slice(&slice, &msg, 0, -1), -EINVAL);
        assert_memory_equal(&slice, &before, sizeof slice);
        leat_msg_unref(&msg);
        assert_int_equal(counting.live, 0);
    }
}

/* Counts what free_fn is told, and checks that the buffer is whole then. */
struct lent {
    unsigned char *data;
    int64_t bytes;
    int64_t freed;
};

static void lent_free(void *data, void *context)
{
    struct lent *lent = context;

    assert_ptr_equal(data, lent->data);
    for (int64_t i = 0; i < lent->bytes; i++)
        assert_int_equal(lent->data[i], pattern(i));
    lent->freed++;
    free(data);
}

static void foreign_buffer_is_freed_once_with_its_last_slice(void **state)
{
    (void)state;
    static const int64_t lengths[] = {0, 1, 48, 49, 100000};

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct counting counting;
        counting_init(&counting, 80);
        struct lent lent = {patterned(lengths[i]), lengths[i], 0};
        struct leat_msg msg, slice, again;

        counting.fail_at = 1;
        assert_int_equal(leat_msg_from_buf(&msg, &counting.blocks, lent.data, lent.bytes, lent_free, &lent), -ENOBUFS);
        assert_int_equal(lent.freed, 0);
        assert_int_equal(leat_msg_from_buf(&msg, &counting.blocks, lent.data, lent.bytes, lent_free, &lent), 0);
        assert_ptr_equal(leat_msg_data(&msg), lent.data);
        assert_int_equal(counting.live, 1);
        check_bytes(&msg, 0, lent.bytes);
        leat_msg_ref(&again, &msg);
        assert_int_equal(leat_msg_slice(&slice, &msg, lent.bytes / 2, lent.bytes - lent.bytes / 2), 0);
        leat_msg_unref(&msg);
        assert_int_equal(lent.freed, 0);
        leat_msg_unref(&again);
        assert_int_equal(lent.freed, lent.bytes == 0 ? 1 : 0);
        check_bytes(&slice, lent.bytes / 2, lent.bytes - lent.bytes / 2);
        leat_msg_unref(&slice);
        assert_int_equal(lent.freed, 1);
        assert_int_equal(counting.live, 0);
    }
}

static void foreign_buffer_may_have_no_free_function(void **state)
{
    (void)state;
    struct counting counting;
    counting_init(&counting, 80);
    unsigned char bytes[100];
    struct leat_msg msg;

    assert_int_equal(leat_msg_from_buf(&msg, &counting.blocks, bytes, sizeof bytes, NULL, NULL), 0);
    leat_msg_unref(&msg);
    assert_int_equal(counting.live, 0);
}

static void count_that_overflows_sticks_and_frees_nothing(void **state)
{
    (void)state;
    struct counting counting;
    counting_init(&counting, BLOCK_BYTES);
    struct leat_msg msg, ref;
    assert_int_equal(leat_msg_alloc(&msg, &counting.blocks, 100), 0);
    _Atomic(uint32_t) *count = (_Atomic(uint32_t) *)(void *)msg.body.slice.owner; /* the head's first word */
    assert_int_equal(atomic_load(count), 1);

    atomic_store(count, UINT32_C(0x80000000));
    leat_msg_ref(&ref, &msg);
    for (int i = 0; i < 1000; i++) {
        struct leat_msg drop = ref;
        leat_msg_unref(&drop);
    }
    assert_int_equal(counting.live, 1);
    assert_int_equal(atomic_load(count), UINT32_C(0xc0000000));
    atomic_store(count, 1);
    leat_msg_unref(&msg);
    assert_int_equal(counting.live, 0);
}

static void valid_finds_what_is_broken(void **state)
{
    (void)state;
    struct counting counting;
    counting_init(&counting, BLOCK_BYTES);
    struct leat_msg msg, bad;
    assert_int_equal(leat_msg_alloc(&msg, &counting.blocks, 3 * PAYLOAD), 0);
    assert_true(leat_msg_valid(&msg));

    bad = msg, bad.size_bytes++;
    assert_false(leat_msg_valid(&bad));
    bad = msg, bad.size_bytes = PAYLOAD; /* fits one block: not a chain */
    assert_false(leat_msg_valid(&bad));
    bad = msg, bad.kind = LEAT_MSG_SLICE;
    assert_false(leat_msg_valid(&bad));
    bad = msg, bad.kind = 4;
    assert_false(leat_msg_valid(&bad));
    bad = msg, bad.flags = 1;
    assert_false(leat_msg_valid(&bad));
    bad = msg, bad.body.slice.data -= 1;
    assert_false(leat_msg_valid(&bad));
    bad = msg, bad.body.slice.data += 1;
    assert_false(leat_msg_valid(&bad));
    leat_msg_init(&bad);
    assert_true(leat_msg_valid(&bad));
    bad.kind = LEAT_MSG_INLINED, bad.size_bytes = bad.inline_bytes = 49;
    assert_false(leat_msg_valid(&bad));
    leat_msg_unref(&msg);
}

/* A place for one message between two threads, so simple that it needs no test of its own. */
struct hand_over {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct leat_msg msg;
    bool full;
    int64_t items;
};

static void hand_put(struct hand_over *hand, struct leat_msg *msg)
{
    pthread_mutex_lock(&hand->lock);
    while (hand->full)
        pthread_cond_wait(&hand->changed, &hand->lock);
    leat_msg_move(&hand->msg, msg);
    hand->full = true;
    pthread_cond_signal(&hand->changed);
    pthread_mutex_unlock(&hand->lock);
}

static void hand_take(struct hand_over *hand, struct leat_msg *msg)
{
    pthread_mutex_lock(&hand->lock);
    while (!hand->full)
        pthread_cond_wait(&hand->changed, &hand->lock);
    leat_msg_move(msg, &hand->msg);
    hand->full = false;
    pthread_cond_signal(&hand->changed);
    pthread_mutex_unlock(&hand->lock);
}

static void *take_check_and_drop(void *context)
{
    struct hand_over *hand = context;

    for (int64_t i = 0; i < hand->items; i++) {
        struct leat_msg msg;
        hand_take(hand, &msg);
        check_bytes(&msg, 1, leat_msg_size(&msg));
        leat_msg_unref(&msg); /* races with the other thread's */
    }
    return NULL;
}

static void shared_free(void *data, void *context)
{
    _Atomic int64_t *freed = context;

    memset(data, 0, 100); /* a race, if any reader is still there */
    free(data);
    atomic_fetch_add(freed, 1);
}

static void last_reference_may_go_on_either_of_two_threads(void **state)
{
    (void)state;
    struct counting counting;
    counting_init(&counting, BLOCK_BYTES);
    _Atomic int64_t freed = 0;
    int64_t lent = 0;
    struct hand_over hand = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .items = test_items(20000)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, take_check_and_drop, &hand), 0);

    for (int64_t i = 0; i < hand.items; i++) {
        int64_t size = i % 3 == 0 ? 2 * PAYLOAD : 100;
        unsigned char *data = patterned(size);
        struct leat_msg msg, slice;
        if (i % 3 == 2) {
            assert_int_equal(leat_msg_from_buf(&msg, &counting.blocks, data, size, shared_free, &freed), 0);
            lent++;
        } else {
            assert_int_equal(leat_msg_copy(&msg, &counting.blocks, data, size), 0);
            free(data);
        }
        assert_int_equal(leat_msg_slice(&slice, &msg, 1, size - 1), 0);
        hand_put(&hand, &slice);
        check_bytes(&msg, 0, size);
        leat_msg_unref(&msg);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(counting.live, 0);
    assert_int_equal(freed, lent);
}

/* The other thread holds the only reference left: the foreign buffer's free function must run there. */
struct where {
    struct leat_msg msg;
    pthread_t freed_on;
    int64_t freed;
};

static void where_free(void *data, void *context)
{
    struct where *where = context;

    (void)data;
    where->freed_on = pthread_self();
    where->freed++;
}

static void *drop_where(void *context)
{
    struct where *where = context;

    leat_msg_unref(&where->msg);
    return NULL;
}

static void foreign_buffer_is_freed_on_the_thread_that_drops_it(void **state)
{
    (void)state;
    struct counting counting;
    counting_init(&counting, BLOCK_BYTES);
    unsigned char bytes[100];
    struct where where = {.freed = 0};
    struct leat_msg msg;
    pthread_t thread;

    assert_int_equal(leat_msg_from_buf(&msg, &counting.blocks, bytes, sizeof bytes, where_free, &where), 0);
    leat_msg_ref(&where.msg, &msg);
    leat_msg_unref(&msg);
    assert_int_equal(where.freed, 0);
    assert_int_equal(pthread_create(&thread, NULL, drop_where, &where), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(where.freed, 1);
    assert_true(pthread_equal(where.freed_on, thread));
    assert_int_equal(counting.live, 0);
}

static void buffer_is_cut_without_counting_and_goes_home_with_its_last_message(void **state)
{
    (void)state;
    struct counting counting;
    struct leat_msg_buffer buffer;
    struct leat_msg a, b, inlined;
    unsigned char got[PAYLOAD];
    counting_init(&counting, BLOCK_BYTES);
    assert_int_equal(leat_msg_buffer_open(&buffer, &counting.blocks), 0);
    assert_int_equal(buffer.bytes, PAYLOAD);
    for (int64_t i = 0; i < PAYLOAD; i++)
        buffer.data[i] = pattern(i);
    leat_msg_buffer_cut(&buffer, 0, 100, &a);
    leat_msg_buffer_cut(&buffer, 100, 60, &b);
    leat_msg_buffer_cut(&buffer, 160, 48, &inlined);
    assert_int_equal(inlined.kind, LEAT_MSG_INLINED);
    assert_true(leat_msg_valid(&a) && leat_msg_valid(&b) && leat_msg_valid(&inlined));
    assert_ptr_equal(leat_msg_data(&b), buffer.data + 100);
    assert_int_equal(leat_msg_read(&b, 0, got, PAYLOAD), 60);
    assert_int_equal(got[59], pattern(159));
    assert_int_equal(leat_msg_read(&inlined, 0, got, PAYLOAD), 48);
    assert_int_equal(got[0], pattern(160));
    leat_msg_unref(&inlined);

    assert_false(leat_msg_buffer_alone(&buffer));
    leat_msg_unref(&a);
    assert_false(leat_msg_buffer_alone(&buffer));
    leat_msg_unref(&b);
    assert_true(leat_msg_buffer_alone(&buffer));
    leat_msg_buffer_cut(&buffer, 0, PAYLOAD, &a); /* anew */
    leat_msg_ref(&b, &a);
    leat_msg_buffer_close(&buffer);
    leat_msg_buffer_close(&buffer); /* nothing happens */
    leat_msg_unref(&a);
    assert_int_equal(counting.live, 1);
    leat_msg_unref(&b);
    assert_int_equal(counting.live, 0);

    assert_int_equal(leat_msg_buffer_open(&buffer, &counting.blocks), 0);
    leat_msg_buffer_close(&buffer); /* without a message */
    assert_int_equal(counting.live, 0);
    counting.fail_at = counting.taken + 1;
    assert_int_equal(leat_msg_buffer_open(&buffer, &counting.blocks), -ENOBUFS);
    counting.blocks.block_bytes = HEAD;
    assert_int_equal(leat_msg_buffer_open(&buffer, &counting.blocks), -EINVAL);
    assert_null(buffer.block);
}

/* Messages that go from the buffer's thread to another, which reads and drops them while the buffer is cut, closed and opened again. */
#define CUTS 8
struct cuts {
    struct leat_msg msgs[CUTS];
    _Atomic int64_t turn; /* even: the cutter's; odd: the dropper's */
    int64_t turns;
    int64_t wrong;
};

static void *drop_cuts(void *context)
{
    struct cuts *cuts = context;
    for (int64_t turn = 1; turn < 2 * cuts->turns; turn += 2) {
        struct leat_msg mine[CUTS];
        while (atomic_load_explicit(&cuts->turn, memory_order_acquire) != turn)
            (void)sched_yield();
        memcpy(mine, cuts->msgs, sizeof mine);
        atomic_store_explicit(&cuts->turn, turn + 1, memory_order_release); /* the cutter goes on while these are dropped */
        for (int i = 0; i < CUTS; i++) {
            unsigned char *data = leat_msg_data(&mine[i]);
            cuts->wrong += data[0] != (unsigned char)(turn / 2 + i) || data[leat_msg_size(&mine[i]) - 1] != data[0];
            leat_msg_unref(&mine[i]);
        }
    }
    return NULL;
}

static void buffer_and_its_messages_may_end_on_two_threads(void **state)
{
    (void)state;
    struct counting counting;
    struct cuts cuts = {.turns = test_items(100000) / 4};
    struct leat_msg_buffer buffer = {0};
    pthread_t thread;
    int64_t at = 0, reused = 0;
    counting_init(&counting, 4096);
    assert_int_equal(pthread_create(&thread, NULL, drop_cuts, &cuts), 0);
    for (int64_t turn = 0; turn < cuts.turns; turn++) {
        while (atomic_load_explicit(&cuts.turn, memory_order_acquire) != 2 * turn)
            (void)sched_yield();
        if (turn % 3 == 0 && buffer.block != NULL && leat_msg_buffer_alone(&buffer)) {
            at = 0;
            reused++;
        } else if (buffer.block == NULL || at + CUTS * 60 > buffer.bytes) {
            leat_msg_buffer_close(&buffer);
            assert_int_equal(leat_msg_buffer_open(&buffer, &counting.blocks), 0);
            at = 0;
        }
        for (int i = 0; i < CUTS; i++, at += 60) {
            memset(buffer.data + at, (int)(unsigned char)(turn + i), 60); /* a race, if a message is still there */
            leat_msg_buffer_cut(&buffer, at, 60, &cuts.msgs[i]);
        }
        atomic_store_explicit(&cuts.turn, 2 * turn + 1, memory_order_release);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(leat_msg_buffer_alone(&buffer));
    leat_msg_buffer_close(&buffer);
    assert_int_equal(cuts.wrong, 0);
    assert_int_equal(counting.live, 0);
    print_message("%lld of %lld buffers were written anew\n", (long long)reused, (long long)cuts.turns);
}

static void slices_that_lie_side_by_side_are_joined(void **state)
{
    (void)state;
    struct counting counting;
    struct leat_msg whole, a, b, c, other;
    unsigned char *bytes = patterned(300), got[300];
    counting_init(&counting, BLOCK_BYTES);
    assert_int_equal(leat_msg_copy(&whole, &counting.blocks, bytes, 200), 0);
    assert_int_equal(leat_msg_copy(&other, &counting.blocks, bytes, 60), 0);
    assert_int_equal(leat_msg_slice(&a, &whole, 10, 50), 0);
    assert_int_equal(leat_msg_slice(&b, &whole, 60, 50), 0);
    assert_int_equal(leat_msg_slice(&c, &whole, 111, 50), 0);
    assert_false(leat_msg_join(&a, &c));     /* a byte between them */
    assert_false(leat_msg_join(&b, &a));     /* the wrong way round */
    assert_false(leat_msg_join(&a, &other)); /* another block */
    assert_true(leat_msg_join(&a, &b));
    assert_int_equal(b.kind, LEAT_MSG_EMPTY);
    assert_int_equal(leat_msg_size(&a), 100);
    assert_true(leat_msg_valid(&a));
    assert_int_equal(leat_msg_read(&a, 0, got, 300), 100);
    assert_memory_equal(got, bytes + 10, 100);
    leat_msg_unref(&whole);
    leat_msg_unref(&c);
    assert_int_equal(counting.live, 2);
    leat_msg_unref(&a);
    leat_msg_unref(&other);
    assert_int_equal(counting.live, 0);

    assert_int_equal(leat_msg_copy(&a, &counting.blocks, bytes, 20), 0); /* inline: nothing to join */
    assert_int_equal(leat_msg_copy(&b, &counting.blocks, bytes, 20), 0);
    assert_false(leat_msg_join(&a, &b));
    assert_int_equal(leat_msg_copy(&whole, &counting.blocks, bytes, 300), 0);
    assert_int_equal(whole.kind, LEAT_MSG_CHAIN);
    leat_msg_ref(&c, &whole);
    assert_false(leat_msg_join(&whole, &c));
    leat_msg_unref(&c);
    leat_msg_unref(&whole);
    assert_int_equal(counting.live, 0);
    free(bytes);
}

/* Every front and back of every kind: the bytes between are there, and the blocks go home with them. */
static void a_message_is_trimmed_in_place(void **state)
{
    (void)state;
    static const int64_t cuts[] = {0, 1, 5, 16, 47, 48, 49, PAYLOAD - 1, PAYLOAD, PAYLOAD + 1, 2 * PAYLOAD, 3 * PAYLOAD - 1};
    const int64_t count = sizeof cuts / sizeof cuts[0];
    struct counting counting;
    int64_t trimmed = 0;
    unsigned char *bytes = patterned(4 * PAYLOAD);
    counting_init(&counting, BLOCK_BYTES);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int64_t cut = 0; cut < count * count; cut++) {
            const int64_t front = cuts[cut / count], back = cuts[cut % count];
            struct leat_msg msg, before;
            if (sizes[i] > 4 * PAYLOAD)
                continue;
            assert_int_equal(leat_msg_copy(&msg, &counting.blocks, bytes, sizes[i]), 0);
            before = msg;
            if (front + back > sizes[i]) {
                assert_int_equal(leat_msg_trim(&msg, front, back), -EINVAL);
                assert_int_equal(msg.kind, before.kind);
                check_bytes(&msg, 0, sizes[i]);
            } else {
                assert_int_equal(leat_msg_trim(&msg, front, back), 0);
                assert_true(leat_msg_valid(&msg));
                check_bytes(&msg, front, sizes[i] - front - back);
                assert_true(sizes[i] > front + back || counting.live == 0);
                trimmed++;
            }
            leat_msg_unref(&msg);
            assert_int_equal(counting.live, 0);
        }
    }
    assert_true(trimmed > 100);
    struct leat_msg msg;
    leat_msg_init(&msg);
    assert_int_equal(leat_msg_trim(&msg, 0, 0), 0);
    assert_int_equal(leat_msg_trim(&msg, -1, 0), -EINVAL);
    assert_int_equal(leat_msg_trim(&msg, 0, -1), -EINVAL);
    assert_int_equal(leat_msg_trim(&msg, INT64_MAX, INT64_MAX), -EINVAL);
    free(bytes);
}

/* Another reference keeps the whole of it. */
static void a_trim_is_one_messages_own(void **state)
{
    (void)state;
    struct counting counting;
    struct leat_msg one, other;
    unsigned char *bytes = patterned(3 * PAYLOAD);
    counting_init(&counting, BLOCK_BYTES);
    assert_int_equal(leat_msg_copy(&one, &counting.blocks, bytes, 3 * PAYLOAD), 0);
    leat_msg_ref(&other, &one);
    assert_int_equal(leat_msg_trim(&one, PAYLOAD + 3, PAYLOAD), 0);
    assert_int_equal(one.kind, LEAT_MSG_SLICE);
    check_bytes(&one, PAYLOAD + 3, PAYLOAD - 3);
    check_bytes(&other, 0, 3 * PAYLOAD);
    leat_msg_unref(&other);
    check_bytes(&one, PAYLOAD + 3, PAYLOAD - 3);
    assert_int_equal(leat_msg_trim(&one, 0, PAYLOAD - 3), 0);
    assert_int_equal(one.kind, LEAT_MSG_EMPTY);
    assert_int_equal(counting.live, 0);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_trimmed_in_place),
        cmocka_unit_test(a_trim_is_one_messages_own),
        cmocka_unit_test(message_is_64_bytes_and_its_fields_stay_where_they_are),
        cmocka_unit_test(every_size_takes_just_the_blocks_it_needs),
        cmocka_unit_test(room_that_was_allocated_is_writable_and_aligned_to_16),
        cmocka_unit_test(sizes_and_ranges_that_make_no_sense_are_refused),
        cmocka_unit_test(failure_at_the_nth_block_gives_all_back_and_leaves_the_message),
        cmocka_unit_test(blocks_stay_until_the_last_reference_goes),
        cmocka_unit_test(blocks_struct_may_go_before_its_messages),
        cmocka_unit_test(moved_message_leaves_an_empty_one),
        cmocka_unit_test(slice_of_a_slice_shows_the_same_bytes),
        cmocka_unit_test(slice_inside_one_block_of_a_chain_is_one_piece),
        cmocka_unit_test(slice_outside_is_refused),
        cmocka_unit_test(foreign_buffer_is_freed_once_with_its_last_slice),
        cmocka_unit_test(foreign_buffer_may_have_no_free_function),
        cmocka_unit_test(count_that_overflows_sticks_and_frees_nothing),
        cmocka_unit_test(valid_finds_what_is_broken),
        cmocka_unit_test(last_reference_may_go_on_either_of_two_threads),
        cmocka_unit_test(foreign_buffer_is_freed_on_the_thread_that_drops_it),
        cmocka_unit_test(buffer_is_cut_without_counting_and_goes_home_with_its_last_message),
        cmocka_unit_test(buffer_and_its_messages_may_end_on_two_threads),
        cmocka_unit_test(slices_that_lie_side_by_side_are_joined),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
