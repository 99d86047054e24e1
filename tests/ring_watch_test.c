/* SPDX-License-Identifier: MIT */
/* The watch of a ring: when it is called, and when not. */
#include "test.h"

#include <leat/os.h>
#include <leat/ring.h>

#include <unistd.h>

static const unsigned char zeros[256];

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

struct watched {
    int64_t calls, inside;
    struct leat_ring *ring;
};

static void note_watch(void *context, struct leat_ring *ring, int64_t inside_bytes)
{
    struct watched *watched = context;

    watched->calls++;
    watched->inside = inside_bytes;
    watched->ring = ring;
}

static void ring_watch_is_called_once_above_and_again_after_below(void **state)
{
    unsigned char memory[256] = {0};
    unsigned char bytes[256];
    struct leat_ring ring;
    struct watched watched = {0};

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    start_at(&ring, SIZE_MAX - 500);
    assert_int_equal(leat_ring_write(&ring, zeros, 250), 250); /* a peak far above the marks does not hide them */
    assert_int_equal(leat_ring_read(&ring, bytes, 251), 250);
    assert_int_equal(leat_ring_watch(&ring, 100, 40, note_watch, &watched), 0);
    for (int64_t round = 1; round <= 20; round++) {
        for (int64_t i = 0; i < 100; i++) {
            assert_int_equal(leat_ring_write(&ring, zeros, 1), 1);
        }
        leat_ring_look(&ring);
        assert_int_equal(watched.calls, round - 1); /* 100 are not more than 100 */
        assert_int_equal(leat_ring_write(&ring, zeros, 1), 1);
        assert_int_equal(watched.calls, round);
        assert_int_equal(watched.inside, 101);
        assert_ptr_equal(watched.ring, &ring);
        assert_int_equal(leat_ring_write(&ring, zeros, 100), 100); /* above it stays silent, */
        assert_int_equal(leat_ring_read(&ring, bytes, 161), 161);  /* and with just `low` inside, too */
        leat_ring_look(&ring);
        assert_int_equal(leat_ring_write(&ring, zeros, 120), 120);
        leat_ring_look(&ring);
        assert_int_equal(watched.calls, round);
        assert_int_equal(leat_ring_read(&ring, bytes, 256), 160);
        assert_true(leat_ring_valid(&ring));
        leat_ring_look(&ring); /* fewer than `low` seen */
    }
    leat_ring_reset(&ring); /* keeps the watch */
    assert_int_equal(leat_ring_write(&ring, zeros, 101), 101);
    assert_int_equal(watched.calls, 21);
    leat_ring_reset(&ring);
    assert_int_equal(leat_ring_write(&ring, zeros, 101), 101);
    assert_int_equal(watched.calls, 22);
    assert_int_equal(leat_ring_watch(&ring, 0, 0, NULL, NULL), 0); /* none any more */
    leat_ring_reset(&ring);
    assert_int_equal(leat_ring_write(&ring, zeros, 101), 101);
    assert_int_equal(watched.calls, 22);
    assert_true(leat_ring_valid(&ring));
}

/* By its own looks, with no call of leat_ring_look. */
static void ring_watch_sees_an_emptied_ring_within_an_eighth(void **state)
{
    unsigned char memory[256] = {0};
    unsigned char bytes[257];
    struct leat_ring ring;
    struct watched watched = {0};

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    assert_int_equal(leat_ring_write(&ring, zeros, 256), 256);
    assert_int_equal(leat_ring_read(&ring, bytes, 257), 256);
    assert_int_equal(leat_ring_watch(&ring, 200, 100, note_watch, &watched), 0);
    for (int64_t round = 1; round <= 10; round++) {
        for (int64_t i = 0; i < 201; i++) {
            assert_int_equal(leat_ring_write(&ring, zeros, 1), 1);
        }
        assert_int_equal(watched.calls, round);
        assert_int_equal(leat_ring_read(&ring, bytes, 256), 201);
        for (int64_t i = 0; i < 33; i++) { /* one more than an eighth */
            assert_int_equal(leat_ring_write(&ring, zeros, 1), 1);
        }
        assert_false(ring.over);
        assert_int_equal(leat_ring_read(&ring, bytes, 256), 33);
    }
}

static void ring_watch_refuses_marks_out_of_range(void **state)
{
    static const struct {
        int64_t high, low;
        int result;
    } table[] = {
        {63, 63, 0},
        {63, 0, 0},
        {0, 0, 0},
        {64, 0, -EINVAL},
        {10, 11, -EINVAL},
        {10, -1, -EINVAL},
        {-1, -1, -EINVAL},
        {INT64_MAX, 0, -EINVAL},
        {INT64_MIN, INT64_MIN, -EINVAL},
    };
    unsigned char memory[64] = {0};
    unsigned char byte;
    struct leat_ring ring;
    struct watched watched = {0};

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(leat_ring_watch(&ring, table[i].high, table[i].low, note_watch, &watched), table[i].result);
        assert_true(leat_ring_valid(&ring));
    }
    /* The last that was taken, (0, 0), stands: the first byte calls, and nothing calls again. */
    assert_int_equal(leat_ring_write(&ring, zeros, 1), 1);
    assert_int_equal(watched.calls, 1);
    assert_int_equal(leat_ring_read(&ring, &byte, 1), 1);
    assert_true(leat_ring_is_empty(&ring));
    leat_ring_look(&ring);
    assert_int_equal(leat_ring_write(&ring, zeros, 1), 1);
    assert_int_equal(watched.calls, 1);
    /* Another watch begins anew, and is called at the next look. */
    assert_int_equal(leat_ring_watch(&ring, 0, 0, note_watch, &watched), 0);
    assert_int_equal(watched.calls, 1);
    assert_int_equal(leat_ring_avail(&ring), 63);
    assert_int_equal(watched.calls, 2);
}

/* Wherever the producer looks: when it finds too little room, when it asks, after a read from a device. */
static void ring_watch_is_called_by_whatever_looks(void **state)
{
    (void)state;
    for (int way = 0; way < 5; way++) {
        unsigned char memory[256] = {0};
        struct leat_ring ring;
        struct watched watched = {0};
        struct leat_span spans[2];
        void *span;
        int ends[2];

        assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
        if (way == 4) {
            assert_int_equal(leat_ring_watch(&ring, 99, 0, note_watch, &watched), 0);
            assert_int_equal(pipe(ends), 0);
            assert_int_equal(write(ends[1], zeros, 100), 100);
            assert_int_equal(leat_ring_from_dev(&ring, ends[0]), 100);
            close(ends[0]);
            close(ends[1]);
        } else {
            assert_int_equal(leat_ring_write(&ring, zeros, 100), 100);
            assert_int_equal(leat_ring_watch(&ring, 99, 0, note_watch, &watched), 0);
            assert_int_equal(leat_ring_reserve(&ring, 1, &span), 156); /* needs no look */
            assert_int_equal(watched.calls, 0);
            if (way == 0) {
                assert_int_equal(leat_ring_reserve(&ring, 157, &span), 0);
            } else if (way == 1) {
                assert_int_equal(leat_ring_reserve_spans(&ring, spans), 156);
            } else if (way == 2) {
                assert_int_equal(leat_ring_avail(&ring), 156);
            } else {
                assert_int_equal(leat_ring_write(&ring, zeros, 157), 156);
            }
        }
        assert_int_equal(watched.calls, 1);
        assert_int_equal(watched.inside, 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_watch_is_called_once_above_and_again_after_below),
        cmocka_unit_test(ring_watch_sees_an_emptied_ring_within_an_eighth),
        cmocka_unit_test(ring_watch_refuses_marks_out_of_range),
        cmocka_unit_test(ring_watch_is_called_by_whatever_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
