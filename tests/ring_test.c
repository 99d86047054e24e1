/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <leat/os.h>
#include <leat/ring.h>

static const unsigned char zeros[256];

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

static void assert_stream(const unsigned char *from, uint64_t position, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i++) {
        assert_int_equal(from[i], stream_byte(position + (uint64_t)i));
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

static void ring_layout_is_abi(void **state)
{
    (void)state;
    assert_int_equal(offsetof(struct leat_ring, data), 0);
    assert_int_equal(offsetof(struct leat_ring, mask), sizeof(size_t));
    assert_int_equal(offsetof(struct leat_ring, reach), 2 * sizeof(size_t));
    assert_int_equal(offsetof(struct leat_ring, give), 3 * sizeof(size_t));
    assert_int_equal(offsetof(struct leat_ring, flags), 4 * sizeof(size_t));
    assert_int_equal(offsetof(struct leat_ring, over), 4 * sizeof(size_t) + sizeof(unsigned));
    assert_int_equal(offsetof(struct leat_ring, in), 64);
    assert_int_equal(offsetof(struct leat_ring, out_seen), 64 + sizeof(size_t));
    assert_int_equal(offsetof(struct leat_ring, look), 64 + 2 * sizeof(size_t));
    assert_int_equal(offsetof(struct leat_ring, peak), 64 + 3 * sizeof(size_t));
    assert_int_equal(offsetof(struct leat_ring, watch), 64 + 4 * sizeof(size_t));
    assert_int_equal(offsetof(struct leat_ring, watch_context), 64 + 5 * sizeof(size_t));
    assert_int_equal(offsetof(struct leat_ring, watch_high), 64 + 6 * sizeof(size_t));
    assert_int_equal(offsetof(struct leat_ring, watch_low), 64 + 7 * sizeof(size_t));
    assert_int_equal(offsetof(struct leat_ring, out), 128);
    assert_int_equal(offsetof(struct leat_ring, out_local), 128 + sizeof(size_t));
    assert_int_equal(offsetof(struct leat_ring, in_seen), 128 + 2 * sizeof(size_t));
    assert_int_equal(sizeof(struct leat_ring), 192);
}

static void ring_size_for_is_the_smallest_that_init_takes(void **state)
{
    static const struct {
        int64_t min_bytes, size;
    } table[] = {
        {0, 64},
        {1, 64},
        {64, 64},
        {65, 128},
        {4096, 4096},
        {4097, 8192},
        {-1, -EINVAL},
        {LEAT_RING_MAX_BYTES, LEAT_RING_MAX_BYTES},
        {INT64_MIN, -EINVAL},
        {LEAT_RING_MAX_BYTES / 2 + 1, LEAT_RING_MAX_BYTES},
        {INT64_MAX, -EINVAL},
        {LEAT_RING_MAX_BYTES + 1, -EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(leat_ring_size_for(table[i].min_bytes), table[i].size);
    }
}

static void ring_init_refuses_what_it_cannot_use(void **state)
{
    static unsigned char memory[128];
    static const struct {
        void *memory;
        int64_t size;
        unsigned flags;
    } table[] = {
        {NULL, 64, 0},   {memory, 0, 0},    {memory, 32, 0},        {memory, 63, 0},        {memory, 65, 0},
        {memory, 96, 0}, {memory, -64, 0},  {memory, INT64_MIN, 0}, {memory, INT64_MAX, 0}, {memory, LEAT_RING_MAX_BYTES, 2},
        {memory, 64, 2}, {memory, 64, ~0u},
    };
    struct leat_ring ring;
    struct leat_ring before;

    (void)state;
    memset(&ring, 0x5a, sizeof ring);
    memcpy(&before, &ring, sizeof ring);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(leat_ring_init(&ring, table[i].memory, table[i].size, table[i].flags), -EINVAL);
        assert_memory_equal(&ring, &before, sizeof ring);
    }
    assert_int_equal(leat_ring_init(&ring, memory, 128, 0), 0);
    assert_true(leat_ring_valid(&ring));
    assert_int_equal(leat_ring_size(&ring), 128);
}

static void ring_reserved_bytes_are_not_readable_before_commit(void **state)
{
    unsigned char memory[64];
    struct leat_ring ring;
    void *in = NULL;
    const void *out = memory;

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    assert_int_equal(leat_ring_peek(&ring, 1, &out), 0);
    assert_ptr_equal(out, memory); /* untouched */
    assert_int_equal(leat_ring_reserve(&ring, 10, &in), 64);
    memcpy(in, "0123456789", 10);
    assert_int_equal(leat_ring_peek(&ring, 1, &out), 0);
    leat_ring_commit(&ring, 4); /* and six are free again */
    assert_int_equal(leat_ring_used(&ring), 4);
    assert_int_equal(leat_ring_avail(&ring), 60);
    assert_int_equal(leat_ring_reserve(&ring, 1, &in), 60);
    memcpy(in, "abcdef", 6);
    leat_ring_commit(&ring, 6);
    assert_int_equal(leat_ring_peek(&ring, 5, &out), 10); /* 4 were seen; asked for 5 it looks again */
    assert_memory_equal(out, "0123abcdef", 10);
    leat_ring_consume(&ring, 10);
    assert_int_equal(leat_ring_used(&ring), 0);
    assert_true(leat_ring_valid(&ring));
}

static void ring_full_and_empty_leave_the_span_alone(void **state)
{
    unsigned char memory[64] = {0};
    unsigned char other;
    struct leat_ring ring;
    void *in = &other;
    const void *out = &other;
    struct leat_span spans[2] = {{&other, -1}, {&other, -2}};

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    assert_int_equal(leat_ring_peek(&ring, 0, &out), 0); /* 0 and less count as 1 */
    assert_int_equal(leat_ring_peek(&ring, INT64_MIN, &out), 0);
    assert_int_equal(leat_ring_peek_spans(&ring, spans), 0);
    assert_int_equal(leat_ring_reserve(&ring, 65, &in), 0);
    assert_int_equal(leat_ring_reserve(&ring, INT64_MAX, &in), 0);
    assert_int_equal(leat_ring_reserve(&ring, (INT64_C(1) << 32) + 1, &in), 0);
    assert_int_equal(leat_ring_write(&ring, zeros, 64), 64);
    assert_int_equal(leat_ring_reserve(&ring, 0, &in), 0);
    assert_int_equal(leat_ring_reserve(&ring, -1, &in), 0);
    assert_int_equal(leat_ring_reserve_spans(&ring, spans), 0);
    assert_ptr_equal(in, &other);
    assert_ptr_equal(out, &other);
    assert_true(spans[0].bytes == -1 && spans[1].bytes == -2);
    assert_true(leat_ring_valid(&ring));
}

static void ring_write_and_read_move_as_much_as_fits(void **state)
{
    unsigned char memory[64];
    unsigned char from[100];
    unsigned char to[100];
    struct leat_ring ring;

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    put_stream(from, 0, sizeof from);
    assert_int_equal(leat_ring_write(&ring, NULL, 0), 0);
    assert_int_equal(leat_ring_write(&ring, NULL, -1), 0);
    assert_int_equal(leat_ring_read(&ring, NULL, INT64_MIN), 0);
    assert_int_equal(leat_ring_read(&ring, to, 1), 0);
    assert_int_equal(leat_ring_write(&ring, from, 40), 40);
    assert_int_equal(leat_ring_read(&ring, to, 30), 30);
    assert_int_equal(leat_ring_write(&ring, from + 40, INT64_MAX), 54); /* over the physical end, up to the last byte */
    assert_int_equal(leat_ring_write(&ring, from, 1), 0);
    assert_int_equal(leat_ring_read(&ring, to + 30, INT64_MAX), 64);
    assert_stream(to, 0, 94);
    assert_true(leat_ring_valid(&ring));
}

/* One call each way of every size up to what is copied inline and a little beyond, over both ends of the memory. */
static void write_and_read_each_size(struct leat_ring *ring)
{
    unsigned char from[LEAT_RING_SMALL + 48];
    unsigned char to[LEAT_RING_SMALL + 48];
    uint64_t position = 0;

    for (int64_t bytes = 0; bytes <= LEAT_RING_SMALL + 40; bytes++) {
        put_stream(from + bytes % 8, position, bytes);
        memset(to, 0x5a, sizeof to);
        assert_int_equal(leat_ring_write(ring, from + bytes % 8, bytes), bytes);
        assert_int_equal(leat_ring_used(ring), bytes);
        assert_int_equal(leat_ring_read(ring, to + bytes % 5, bytes), bytes);
        assert_stream(to + bytes % 5, position, bytes);
        for (int64_t i = 0; i < bytes % 5; i++) {
            assert_int_equal(to[i], 0x5a);
        }
        assert_int_equal(to[bytes % 5 + bytes], 0x5a);
        position += (uint64_t)bytes;
        assert_true(leat_ring_valid(ring));
    }
}

static void ring_write_and_read_touch_no_byte_more(void **state)
{
    static unsigned char memory[4096];
    struct leat_ring ring;

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    write_and_read_each_size(&ring);
    assert_int_equal(leat_os_ring_create(&ring, 4096), 0);
    start_at(&ring, SIZE_MAX - 5000);
    write_and_read_each_size(&ring);
    leat_os_ring_destroy(&ring);
}

static void ring_plain_spans_stop_at_the_physical_end(void **state)
{
    unsigned char memory[64];
    unsigned char bytes[64];
    struct leat_ring ring;
    struct leat_span spans[2];
    void *in;
    const void *out;

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    start_at(&ring, 60);
    assert_int_equal(leat_ring_reserve(&ring, 5, &in), 0); /* 64 are free, but 4 in one piece */
    assert_int_equal(leat_ring_reserve(&ring, 4, &in), 4);
    assert_int_equal(leat_ring_reserve_spans(&ring, spans), 64);
    assert_ptr_equal(spans[0].data, memory + 60);
    assert_int_equal(spans[0].bytes, 4);
    assert_ptr_equal(spans[1].data, memory);
    assert_int_equal(spans[1].bytes, 60);
    put_stream(spans[0].data, 0, 4);
    put_stream(spans[1].data, 4, 6);
    leat_ring_commit(&ring, 10);
    assert_int_equal(leat_ring_peek(&ring, 5, &out), 0);
    assert_int_equal(leat_ring_peek(&ring, 4, &out), 4);
    assert_int_equal(leat_ring_peek_spans(&ring, spans), 10);
    assert_int_equal(spans[0].bytes, 4);
    assert_int_equal(spans[1].bytes, 6);
    assert_int_equal(leat_ring_read(&ring, bytes, 10), 10);
    assert_stream(bytes, 0, 10);
    assert_int_equal(leat_ring_reserve_spans(&ring, spans), 64);
    assert_int_equal(spans[0].bytes, 58);
    assert_int_equal(spans[1].bytes, 6);
}

static void ring_mirrored_spans_are_always_whole(void **state)
{
    struct leat_ring ring;
    struct leat_span spans[2];
    void *in = NULL;
    const void *out = NULL;
    int64_t size;

    (void)state;
    assert_int_equal(leat_os_ring_create(&ring, 1), 0);
    size = leat_ring_size(&ring);
    for (int64_t at = 0; at < size; at += 511) {
        start_at(&ring, (size_t)(size - at));
        assert_int_equal(leat_ring_reserve(&ring, size, &in), size);
        put_stream(in, (uint64_t)at, size);
        leat_ring_commit(&ring, size);
        assert_int_equal(leat_ring_peek(&ring, size, &out), size);
        assert_stream(out, (uint64_t)at, size);
        assert_int_equal(leat_ring_peek_spans(&ring, spans), size);
        assert_int_equal(spans[0].bytes, size);
        assert_int_equal(spans[1].bytes, 0);
        leat_ring_consume(&ring, size);
        assert_int_equal(leat_ring_reserve_spans(&ring, spans), size);
        assert_int_equal(spans[0].bytes, size);
        assert_int_equal(spans[1].bytes, 0);
    }
    leat_os_ring_destroy(&ring);
}

static void ring_gives_space_back_an_eighth_at_a_time(void **state)
{
    unsigned char memory[128] = {0};
    struct leat_ring ring;
    const void *out;

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    assert_int_equal(leat_ring_write(&ring, zeros, 128), 128);
    assert_int_equal(leat_ring_peek(&ring, 1, &out), 128);
    leat_ring_consume(&ring, 15);
    assert_int_equal(leat_ring_avail(&ring), 0);
    leat_ring_consume(&ring, 1);
    assert_int_equal(leat_ring_avail(&ring), 16);
    assert_true(leat_ring_valid(&ring));
}

/* Else a reader that waits for a long frame and a writer that waits for the space of the last one would wait for ever. */
static void ring_gives_everything_back_before_it_says_need_more(void **state)
{
    unsigned char memory[128] = {0};
    unsigned char bytes[128];
    struct leat_span spans[2];
    const void *out;

    (void)state;
    for (int way = 0; way < 7; way++) {
        struct leat_ring ring;

        assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
        assert_int_equal(leat_ring_write(&ring, zeros, 128), 128);
        assert_int_equal(leat_ring_read(&ring, bytes, 7), 7);
        assert_int_equal(leat_ring_avail(&ring), 0);
        if (way == 0) {
            assert_int_equal(leat_ring_peek(&ring, 122, &out), 0);
            assert_int_equal(leat_ring_avail(&ring), 7);
        } else if (way == 1) {
            assert_int_equal(leat_ring_peek_spans(&ring, spans), 121);
            assert_int_equal(leat_ring_avail(&ring), 7);
        } else if (way == 2) {
            assert_int_equal(leat_ring_read(&ring, bytes, 122), 121);
            assert_int_equal(leat_ring_avail(&ring), 128);
        } else if (way == 3) {
            assert_int_equal(leat_ring_skip(&ring, 112), 112);
            assert_int_equal(leat_ring_skip(&ring, 9), 9);
            assert_int_equal(leat_ring_avail(&ring), 119);
            assert_int_equal(leat_ring_skip(&ring, 1), 0);
            assert_int_equal(leat_ring_avail(&ring), 128);
        } else if (way == 4) {
            assert_int_equal(leat_ring_copy_out(&ring, 100, bytes, 22), 21);
            assert_int_equal(leat_ring_avail(&ring), 7);
        } else {
            /* Nine consumed after the last give-back, and empty: an eighth has not gathered. */
            assert_int_equal(leat_ring_read(&ring, bytes, 112), 112);
            assert_int_equal(leat_ring_read(&ring, bytes, 9), 9);
            assert_int_equal(leat_ring_avail(&ring), 119);
            if (way == 5) {
                assert_int_equal(leat_ring_used(&ring), 0);
            } else {
                assert_true(leat_ring_is_empty(&ring));
            }
            assert_int_equal(leat_ring_avail(&ring), 128);
        }
        assert_true(leat_ring_valid(&ring));
    }
}

static void ring_sides_look_at_each_other_only_when_they_must(void **state)
{
    unsigned char memory[128] = {0};
    unsigned char bytes[128];
    struct leat_ring ring;
    void *in;
    const void *out;

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    assert_int_equal(leat_ring_write(&ring, zeros, 100), 100);
    assert_int_equal(leat_ring_read(&ring, bytes, 100), 100);
    assert_int_equal(leat_ring_reserve(&ring, 1, &in), 28); /* the old view is enough */
    start_at(&ring, 128);
    assert_int_equal(leat_ring_write(&ring, zeros, 10), 10);
    assert_int_equal(leat_ring_peek(&ring, 1, &out), 10);
    assert_int_equal(leat_ring_write(&ring, zeros, 10), 10);
    assert_int_equal(leat_ring_peek(&ring, 10, &out), 10);
    assert_int_equal(leat_ring_peek(&ring, 11, &out), 20);
}

static void ring_peak_is_the_most_that_was_inside(void **state)
{
    unsigned char memory[256] = {0};
    unsigned char bytes[256];
    struct leat_ring ring;
    struct leat_ring_stats stats;

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    for (int i = 0; i < 100; i++) { /* 10 bytes at most are inside, though 1000 go through */
        assert_int_equal(leat_ring_write(&ring, zeros, 10), 10);
        assert_int_equal(leat_ring_read(&ring, bytes, 11), 10);
    }
    leat_ring_stats(&ring, &stats);
    assert_int_equal(stats.size_bytes, 256);
    assert_int_equal(stats.used_bytes, 0);
    assert_true(stats.peak_bytes <= 10);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(leat_ring_write(&ring, zeros, 10), 10);
    }
    assert_int_equal(leat_ring_read(&ring, bytes, 60), 60);
    leat_ring_stats(&ring, &stats);
    assert_int_equal(stats.used_bytes, 40);
    assert_int_equal(stats.peak_bytes, 100);
    leat_ring_reset(&ring);
    leat_ring_stats(&ring, &stats);
    assert_int_equal(stats.peak_bytes, 0);
    assert_int_equal(leat_ring_avail(&ring), 256);
    assert_int_equal(leat_ring_write(&ring, zeros, 3), 3);
    leat_ring_look(&ring);
    assert_int_equal(leat_ring_read(&ring, bytes, 3), 3);
    leat_ring_stats(&ring, &stats);
    assert_int_equal(stats.peak_bytes, 3); /* having looked, exact however small */
}

static void ring_skip_drops_as_much_as_is_inside(void **state)
{
    unsigned char memory[64];
    unsigned char bytes[64];
    struct leat_ring ring;

    (void)state;
    put_stream(bytes, 0, sizeof bytes);
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    start_at(&ring, SIZE_MAX - 20); /* over the wrap of the indices and the physical end */
    assert_int_equal(leat_ring_skip(&ring, 1), 0);
    assert_int_equal(leat_ring_skip(&ring, -1), 0);
    assert_int_equal(leat_ring_skip(&ring, INT64_MIN), 0);
    assert_int_equal(leat_ring_write(&ring, bytes, 40), 40);
    assert_int_equal(leat_ring_skip(&ring, 0), 0);
    assert_int_equal(leat_ring_skip(&ring, 30), 30);
    assert_int_equal(leat_ring_read(&ring, bytes, 1), 1);
    assert_stream(bytes, 30, 1);
    assert_int_equal(leat_ring_skip(&ring, INT64_MAX), 9);
    assert_int_equal(leat_ring_write(&ring, bytes, 64), 64);
    assert_int_equal(leat_ring_skip(&ring, (INT64_C(1) << 32) + 1), 64);
    assert_int_equal(leat_ring_avail(&ring), 64);
    assert_true(leat_ring_valid(&ring));
}

static void ring_copy_out_leaves_the_bytes_inside(void **state)
{
    unsigned char memory[64];
    unsigned char from[64];
    unsigned char to[64] = {0};
    struct leat_ring ring;

    (void)state;
    put_stream(from, 0, sizeof from);
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    start_at(&ring, SIZE_MAX - 20);
    assert_int_equal(leat_ring_copy_out(&ring, 0, to, 1), 0);
    assert_int_equal(leat_ring_write(&ring, from, 40), 40);
    assert_int_equal(leat_ring_copy_out(&ring, 0, NULL, 0), 0);
    assert_int_equal(leat_ring_copy_out(&ring, 0, NULL, -1), 0);
    for (int64_t offset = 0; offset < 40; offset++) {
        assert_int_equal(leat_ring_copy_out(&ring, offset, to, 40 - offset), 40 - offset);
        assert_stream(to, (uint64_t)offset, 40 - offset);
        assert_int_equal(leat_ring_copy_out(&ring, offset, to, 64), 40 - offset);
    }
    assert_int_equal(leat_ring_copy_out(&ring, -5, to, 2), 2); /* below 0 counts as 0 */
    assert_stream(to, 0, 2);
    assert_int_equal(leat_ring_copy_out(&ring, 40, to, 1), 0);
    assert_int_equal(leat_ring_copy_out(&ring, INT64_MAX, to, INT64_MAX), 0);
    assert_int_equal(leat_ring_used(&ring), 40);
    assert_int_equal(leat_ring_write(&ring, from + 40, 24), 24);
    assert_int_equal(leat_ring_copy_out(&ring, 39, to, 2), 2); /* it looks again when it has to */
    assert_stream(to, 39, 2);
    assert_int_equal(leat_ring_copy_out(&ring, 64, to, 1), 0);
    assert_int_equal(leat_ring_read(&ring, to, 64), 64);
    assert_stream(to, 0, 64);
    assert_true(leat_ring_valid(&ring));
}

static void ring_is_full_and_is_empty_look_again(void **state)
{
    unsigned char memory[64] = {0};
    unsigned char bytes[64];
    struct leat_ring ring;

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    assert_true(leat_ring_is_empty(&ring));
    assert_false(leat_ring_is_full(&ring));
    assert_int_equal(leat_ring_write(&ring, zeros, 63), 63);
    assert_false(leat_ring_is_empty(&ring));
    assert_false(leat_ring_is_full(&ring));
    assert_int_equal(leat_ring_write(&ring, zeros, 1), 1);
    assert_true(leat_ring_is_full(&ring));
    assert_int_equal(leat_ring_read(&ring, bytes, 7), 7); /* less than an eighth: not given back */
    assert_true(leat_ring_is_full(&ring));
    assert_int_equal(leat_ring_read(&ring, bytes, 1), 1);
    assert_false(leat_ring_is_full(&ring));
    assert_int_equal(leat_ring_read(&ring, bytes, 56), 56);
    assert_true(leat_ring_is_empty(&ring));
}

static void ring_is_a_sink(void **state)
{
    unsigned char memory[64];
    struct leat_ring ring;
    struct leat_sink sink;
    void *span;
    const void *out;

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    sink = leat_ring_sink(&ring);
    assert_int_equal(sink.reserve(sink.context, 65, &span), 0);
    assert_int_equal(sink.reserve(sink.context, 5, &span), 64);
    memcpy(span, "water", 5);
    sink.commit(sink.context, 5);
    assert_int_equal(leat_ring_peek(&ring, 5, &out), 5);
    assert_memory_equal(out, "water", 5);
}

static void never_called(void *context, struct leat_ring *ring, int64_t inside_bytes)
{
    (void)context;
    (void)ring;
    (void)inside_bytes;
    fail();
}

static void ring_valid_sees_each_broken_invariant(void **state)
{
    unsigned char memory[64] = {0};
    unsigned char copy[3];

    (void)state;
    for (int fault = 0; fault <= 14; fault++) {
        struct leat_ring ring;

        assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
        start_at(&ring, 1000);
        assert_int_equal(leat_ring_write(&ring, zeros, 20), 20);
        assert_int_equal(leat_ring_read(&ring, copy, 3), 3);
        assert_int_equal(leat_ring_watch(&ring, 30, 10, never_called, NULL), 0);
        assert_true(leat_ring_valid(&ring));
        switch (fault) {
        case 0:
            continue;
        case 1:
            ring.data = NULL;
            break;
        case 2:
            ring.mask = 62;
            break;
        case 3:
            ring.reach *= 2;
            break;
        case 4:
            ring.give = 0;
            break;
        case 5:
            leat_store(&ring.in, 1065, relaxed); /* relaxed, here and below: nobody else is here */
            break;
        case 6:
            leat_store(&ring.out, 1004, relaxed); /* beyond what was consumed */
            break;
        case 7:
            ring.out_local = 1021; /* beyond what was written */
            break;
        case 8:
            ring.in_seen = 1021;
            break;
        case 9:
            ring.out_seen = 1001; /* the producer believes in what was not given back */
            break;
        case 10:
            ring.look = 21; /* above the peak */
            break;
        case 11:
            ring.watch_high = 19; /* below what the producer looks at */
            break;
        case 12:
            ring.watch_low = 31;
            break;
        case 13:
            ring.watch_high = 64;
            break;
        default:
            ring.out_local = 1008; /* an eighth consumed and kept */
            break;
        }
        assert_false(leat_ring_valid(&ring));
    }
}

/* One random call against a ring that holds the stream from *tail to *head. */
static void random_step(struct leat_ring *ring, uint64_t *chance, uint64_t *head, uint64_t *tail)
{
    unsigned char copy[8192];
    struct leat_span spans[2];
    const int64_t size = leat_ring_size(ring);
    const int64_t bytes = (int64_t)(test_random(chance) % (uint64_t)(size + size / 8));
    const bool mirrored = (ring->flags & LEAT_RING_MIRRORED) != 0;
    void *in;
    const void *out;
    int64_t got;

    switch (test_random(chance) % 8) {
    case 0:
        put_stream(copy, *head, bytes);
        got = leat_ring_write(ring, copy, bytes);
        assert_true(got <= bytes && (got == bytes || leat_ring_avail(ring) == 0));
        *head += (uint64_t)got;
        break;
    case 1:
        got = leat_ring_reserve(ring, bytes, &in);
        assert_true(got == 0 ? !mirrored || bytes > leat_ring_avail(ring) || leat_ring_avail(ring) == 0 : got >= bytes);
        got = got < bytes ? got : bytes;
        put_stream(in, *head, got);
        leat_ring_commit(ring, got);
        *head += (uint64_t)got;
        break;
    case 2:
        got = leat_ring_reserve_spans(ring, spans);
        if (got != 0) {
            assert_int_equal(spans[0].bytes + spans[1].bytes, got);
            put_stream(spans[0].data, *head, spans[0].bytes);
            put_stream(spans[1].data, *head + (uint64_t)spans[0].bytes, spans[1].bytes);
            got = bytes % (got + 1);
            leat_ring_commit(ring, got);
            *head += (uint64_t)got;
        }
        break;
    case 3:
        got = leat_ring_read(ring, copy, bytes);
        assert_int_equal(got, bytes < (int64_t)(*head - *tail) ? bytes : (int64_t)(*head - *tail));
        assert_stream(copy, *tail, got);
        *tail += (uint64_t)got;
        break;
    case 4:
        got = leat_ring_peek(ring, bytes, &out);
        if (got != 0) {
            assert_true(got >= bytes);
            assert_stream(out, *tail, got);
            got = bytes < got ? bytes : got;
            leat_ring_consume(ring, got);
            *tail += (uint64_t)got;
        } else {
            assert_int_equal(leat_ring_avail(ring), size - (int64_t)(*head - *tail));
        }
        break;
    case 5:
        got = leat_ring_skip(ring, bytes);
        assert_int_equal(got, bytes < (int64_t)(*head - *tail) ? bytes : (int64_t)(*head - *tail));
        *tail += (uint64_t)got;
        break;
    case 6: {
        const int64_t offset = (int64_t)(test_random(chance) % (uint64_t)(size + 1));
        const int64_t left = (int64_t)(*head - *tail) - offset;

        got = leat_ring_copy_out(ring, offset, copy, bytes);
        assert_int_equal(got, left < 0 ? 0 : bytes < left ? bytes : left);
        assert_stream(copy, *tail + (uint64_t)offset, got);
        break;
    }
    default:
        got = leat_ring_peek_spans(ring, spans);
        assert_int_equal(got, *head - *tail);
        if (got != 0) {
            assert_stream(spans[0].data, *tail, spans[0].bytes);
            assert_stream(spans[1].data, *tail + (uint64_t)spans[0].bytes, spans[1].bytes);
            got = bytes % (got + 1);
            leat_ring_consume(ring, got);
            *tail += (uint64_t)got;
        }
    }
    assert_true(leat_ring_valid(ring));
}

static void random_run(struct leat_ring *ring, size_t index, int64_t steps)
{
    uint64_t chance = test_seed();
    uint64_t head = 0;
    uint64_t tail = 0;

    leat_ring_reset(ring);
    start_at(ring, index);
    for (int64_t i = 0; i < steps; i++) {
        random_step(ring, &chance, &head, &tail);
    }
    assert_true(head > (uint64_t)leat_ring_size(ring));
    assert_true(leat_load(&ring->in, relaxed) == index + (size_t)head); /* relaxed: nobody else is here */
}

static void run_from(size_t index)
{
    unsigned char memory[256];
    struct leat_ring ring;

    assert_int_equal(leat_ring_init(&ring, memory, 64, 0), 0);
    random_run(&ring, index, 2000);
    assert_int_equal(leat_ring_init(&ring, memory, 256, 0), 0);
    random_run(&ring, index, 2000);
    assert_int_equal(leat_os_ring_create(&ring, 1), 0);
    random_run(&ring, index, 500);
    leat_os_ring_destroy(&ring);
}

static void ring_keeps_order_under_random_calls(void **state)
{
    (void)state;
    run_from(0);
}

static void ring_index_wraps_past_4_gib(void **state)
{
    (void)state;
    run_from(UINT32_MAX - 3);
}

static void ring_index_wraps_past_size_max(void **state)
{
    (void)state;
    run_from(SIZE_MAX - 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_layout_is_abi),
        cmocka_unit_test(ring_size_for_is_the_smallest_that_init_takes),
        cmocka_unit_test(ring_init_refuses_what_it_cannot_use),
        cmocka_unit_test(ring_reserved_bytes_are_not_readable_before_commit),
        cmocka_unit_test(ring_full_and_empty_leave_the_span_alone),
        cmocka_unit_test(ring_write_and_read_move_as_much_as_fits),
        cmocka_unit_test(ring_write_and_read_touch_no_byte_more),
        cmocka_unit_test(ring_plain_spans_stop_at_the_physical_end),
        cmocka_unit_test(ring_mirrored_spans_are_always_whole),
        cmocka_unit_test(ring_gives_space_back_an_eighth_at_a_time),
        cmocka_unit_test(ring_gives_everything_back_before_it_says_need_more),
        cmocka_unit_test(ring_sides_look_at_each_other_only_when_they_must),
        cmocka_unit_test(ring_peak_is_the_most_that_was_inside),
        cmocka_unit_test(ring_skip_drops_as_much_as_is_inside),
        cmocka_unit_test(ring_copy_out_leaves_the_bytes_inside),
        cmocka_unit_test(ring_is_full_and_is_empty_look_again),
        cmocka_unit_test(ring_is_a_sink),
        cmocka_unit_test(ring_valid_sees_each_broken_invariant),
        cmocka_unit_test(ring_keeps_order_under_random_calls),
        cmocka_unit_test(ring_index_wraps_past_4_gib),
        cmocka_unit_test(ring_index_wraps_past_size_max),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
