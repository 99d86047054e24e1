/* SPDX-License-Identifier: MIT */
/* Records on a ring: whole or not at all, in order, at every place of the ring. */
#include "test.h"

#include <leat/os.h>
#include <leat/record.h>

#include <pthread.h>

enum { PREFIXES = 3 };
static const int64_t prefixes[PREFIXES] = {1, 2, 4};

/* Byte `i` of record `number`. */
static unsigned char record_byte(uint64_t number, int64_t i)
{
    return (unsigned char)((number * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)i * 251) >> 24);
}

static void put_pattern(unsigned char *to, uint64_t number, int64_t from, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i++) {
        to[i] = record_byte(number, from + i);
    }
}

static bool is_pattern(const unsigned char *data, uint64_t number, int64_t from, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i++) {
        if (data[i] != record_byte(number, from + i)) {
            return false;
        }
    }
    return true;
}

/* A ring that has been in use for long: all its indices stand at `index`. */
static void start_at(struct leat_ring *ring, size_t index)
{
    leat_ring_reset(ring);
    leat_store(&ring->in, index, relaxed);  /* relaxed: nobody else is here */
    leat_store(&ring->out, index, relaxed); /* relaxed: likewise */
    ring->out_seen = index;
    ring->out_local = index;
    ring->in_seen = index;
    assert_true(leat_ring_valid(ring));
}

static void record_init_takes_prefixes_of_1_2_and_4_bytes(void **state)
{
    static unsigned char memory[262144];
    struct leat_ring ring;
    struct leat_record record = {NULL, 77, 78};

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, 64, 0), 0);
    for (int64_t bytes = -1; bytes < 70; bytes++) {
        if (bytes != 1 && bytes != 2 && bytes != 4) {
            assert_int_equal(leat_record_init(&record, &ring, bytes), -EINVAL);
        }
    }
    assert_int_equal(leat_record_init(&record, &ring, INT64_MIN), -EINVAL);
    assert_int_equal(leat_record_init(&record, &ring, INT64_MAX), -EINVAL);
    assert_true(record.ring == NULL && record.prefix_bytes == 77 && record.largest == 78);
    for (int i = 0; i < PREFIXES; i++) {
        assert_int_equal(leat_record_init(&record, &ring, prefixes[i]), 0);
        assert_int_equal(leat_record_largest(&record), 64 - prefixes[i]);
    }
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    assert_int_equal(leat_record_init(&record, &ring, 1), 0);
    assert_int_equal(leat_record_largest(&record), 255);
    assert_int_equal(leat_record_init(&record, &ring, 2), 0);
    assert_int_equal(leat_record_largest(&record), 65535);
    assert_int_equal(leat_record_init(&record, &ring, 4), 0);
    assert_int_equal(leat_record_largest(&record), (int64_t)sizeof memory - 4);
}

static void record_prefix_is_little_endian_before_the_bytes(void **state)
{
    static unsigned char memory[262144];
    unsigned char from[259];
    struct leat_ring ring;
    struct leat_record record;

    (void)state;
    put_pattern(from, 1, 0, sizeof from);
    for (int i = 0; i < PREFIXES; i++) {
        const unsigned char head[4] = {prefixes[i] == 1 ? 254 : 3, 1, 0, 0};
        const int64_t bytes = prefixes[i] == 1 ? 254 : 259;
        unsigned char copy[263];

        assert_int_equal(leat_ring_init(&ring, memory, 512, 0), 0);
        assert_int_equal(leat_record_init(&record, &ring, prefixes[i]), 0);
        assert_int_equal(leat_record_put(&record, from, bytes), 0);
        assert_int_equal(leat_ring_read(&ring, copy, sizeof copy), prefixes[i] + bytes);
        assert_memory_equal(copy, head, (size_t)prefixes[i]);
        assert_memory_equal(copy + prefixes[i], from, (size_t)bytes);
    }
    /* 65539 in four bytes: 3 0 1 0. */
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    assert_int_equal(leat_record_init(&record, &ring, 4), 0);
    {
        static unsigned char large[65539];
        unsigned char head[4];

        assert_int_equal(leat_record_put(&record, large, sizeof large), 0);
        assert_int_equal(leat_record_peek_size(&record), 65539);
        assert_int_equal(leat_ring_copy_out(&ring, 0, head, 4), 4);
        assert_memory_equal(head, "\3\0\1", 4);
    }
}

static void record_put_tells_not_now_from_never(void **state)
{
    unsigned char memory[64];
    unsigned char from[300];
    static unsigned char wide[1024];
    unsigned char to[64];
    struct leat_ring ring;
    struct leat_record record;

    (void)state;
    put_pattern(from, 2, 0, sizeof from);
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    assert_int_equal(leat_record_init(&record, &ring, 2), 0);
    assert_int_equal(leat_record_put(&record, from, 63), -EMSGSIZE);
    assert_int_equal(leat_record_put(&record, from, -1), -EMSGSIZE);
    assert_int_equal(leat_record_put(&record, from, INT64_MAX), -EMSGSIZE);
    assert_int_equal(leat_record_put(&record, from, INT64_MIN), -EMSGSIZE);
    assert_int_equal(leat_record_put(&record, from, (INT64_C(1) << 32) + 1), -EMSGSIZE);
    assert_true(leat_ring_is_empty(&ring));
    assert_int_equal(leat_record_put(&record, from, 62), 0); /* exactly the ring */
    assert_true(leat_ring_is_full(&ring));
    assert_int_equal(leat_record_put(&record, NULL, 0), -ENOBUFS); /* its prefix has no room */
    assert_int_equal(leat_record_get(&record, to, sizeof to, NULL), 62);
    assert_true(is_pattern(to, 2, 0, 62));
    assert_int_equal(leat_record_put(&record, from, 10), 0);
    assert_int_equal(leat_record_put(&record, from, 51), -ENOBUFS); /* by one byte */
    assert_int_equal(leat_record_put(&record, from, 50), 0);
    assert_true(leat_ring_is_full(&ring));
    assert_true(leat_ring_valid(&ring));
    /* What the prefix cannot say never fits, however wide the ring. */
    assert_int_equal(leat_ring_init(&ring, wide, sizeof wide, 0), 0);
    assert_int_equal(leat_record_init(&record, &ring, 1), 0);
    assert_int_equal(leat_record_put(&record, from, 256), -EMSGSIZE);
    assert_int_equal(leat_record_put(&record, from, 255), 0);
    assert_int_equal(leat_record_skip(&record), 255);
}

static void record_of_0_bytes_is_not_no_record(void **state)
{
    unsigned char memory[64];
    unsigned char byte = 7;
    struct leat_ring ring;
    struct leat_record record;
    int64_t needed = -7;
    const void *span = NULL;

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    assert_int_equal(leat_record_init(&record, &ring, 4), 0);
    assert_int_equal(leat_record_get(&record, &byte, 1, &needed), -EAGAIN);
    assert_int_equal(leat_record_peek_size(&record), -EAGAIN);
    assert_int_equal(leat_record_skip(&record), -EAGAIN);
    assert_int_equal(leat_record_peek(&record, &span), -EAGAIN);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(leat_record_put(&record, NULL, 0), 0);
    }
    assert_int_equal(leat_record_put(&record, NULL, 0), -ENOBUFS);
    assert_int_equal(leat_record_peek_size(&record), 0);
    assert_int_equal(leat_record_peek(&record, &span), 0);
    leat_record_consume(&record, 0);
    assert_int_equal(leat_record_skip(&record), 0);
    assert_int_equal(leat_record_get(&record, NULL, -1, &needed), 0);
    for (int i = 0; i < 13; i++) {
        assert_int_equal(leat_record_get(&record, &byte, 1, &needed), 0);
    }
    assert_int_equal(leat_record_get(&record, &byte, 1, &needed), -EAGAIN);
    assert_int_equal(needed, -7);
    assert_int_equal(byte, 7);
    assert_true(leat_ring_valid(&ring));
}

static void record_too_long_for_the_buffer_stays_and_says_its_size(void **state)
{
    unsigned char memory[64];
    unsigned char from[20];
    unsigned char to[20] = {0};
    static const unsigned char zeros[20];
    struct leat_ring ring;
    struct leat_record record;
    int64_t needed = 0;

    (void)state;
    put_pattern(from, 3, 0, sizeof from);
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    assert_int_equal(leat_record_init(&record, &ring, 1), 0);
    assert_int_equal(leat_record_put(&record, from, 20), 0);
    assert_int_equal(leat_record_get(&record, to, 19, &needed), -EMSGSIZE);
    assert_int_equal(needed, 20);
    assert_int_equal(leat_record_get(&record, to, 0, NULL), -EMSGSIZE);
    assert_int_equal(leat_record_get(&record, to, INT64_MIN, NULL), -EMSGSIZE);
    assert_memory_equal(to, zeros, sizeof to);
    assert_int_equal(leat_record_peek_size(&record), 20);
    assert_int_equal(leat_record_get(&record, to, 20, &needed), 20);
    assert_true(is_pattern(to, 3, 0, 20));
}

static void record_in_place_says_where_plain_memory_cuts_it(void **state)
{
    unsigned char memory[64];
    struct leat_ring ring;
    struct leat_record record;
    struct leat_span spans[2];
    unsigned char other;
    void *in = &other;
    const void *out = &other;

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    assert_int_equal(leat_record_init(&record, &ring, 2), 0);
    start_at(&ring, 58);
    assert_int_equal(leat_record_reserve(&record, 5, &in), -EXDEV); /* 62 are free, 4 of them in one piece behind the prefix */
    assert_int_equal(leat_record_reserve(&record, 63, &in), -EMSGSIZE);
    assert_int_equal(leat_record_reserve(&record, -1, &in), -EMSGSIZE);
    assert_ptr_equal(in, &other);
    assert_int_equal(leat_record_reserve(&record, 4, &in), 4);
    assert_ptr_equal(in, memory + 60);
    assert_int_equal(leat_record_reserve_spans(&record, 5, spans), 62);
    assert_int_equal(spans[0].bytes, 4);
    assert_int_equal(spans[1].bytes, 58);
    put_pattern(spans[0].data, 4, 0, 4);
    put_pattern(spans[1].data, 4, 4, 3);
    assert_int_equal(leat_record_peek_size(&record), -EAGAIN); /* nothing before the commit */
    leat_record_commit(&record, 7);
    assert_int_equal(leat_record_peek(&record, &out), -EXDEV);
    assert_ptr_equal(out, &other);
    assert_int_equal(leat_record_peek_spans(&record, spans), 7);
    assert_true(spans[0].bytes == 4 && spans[1].bytes == 3);
    assert_true(is_pattern(spans[0].data, 4, 0, 4) && is_pattern(spans[1].data, 4, 4, 3));
    leat_record_consume(&record, 7);
    assert_int_equal(leat_record_peek_spans(&record, spans), -EAGAIN);
    /* The physical end in the midst of the prefix cuts nothing. */
    start_at(&ring, 63);
    assert_int_equal(leat_record_reserve(&record, 62, &in), 62);
    assert_ptr_equal(in, memory + 1);
    put_pattern(in, 5, 0, 62);
    leat_record_commit(&record, 62);
    assert_int_equal(leat_record_reserve(&record, 0, &in), -ENOBUFS);
    assert_int_equal(leat_record_reserve_spans(&record, 0, spans), -ENOBUFS);
    assert_int_equal(leat_record_peek(&record, &out), 62);
    assert_ptr_equal(out, memory + 1);
    assert_true(is_pattern(out, 5, 0, 62));
    assert_int_equal(leat_record_skip(&record), 62);
    assert_true(leat_ring_is_empty(&ring));
}

static void record_reserve_offers_no_more_than_the_prefix_can_say(void **state)
{
    static unsigned char memory[1024];
    struct leat_ring ring;
    struct leat_record record;
    struct leat_span spans[2];
    void *in;

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    assert_int_equal(leat_record_init(&record, &ring, 1), 0);
    assert_int_equal(leat_record_reserve(&record, 0, &in), 255);
    assert_int_equal(leat_record_reserve_spans(&record, 255, spans), 255);
    assert_int_equal(spans[0].bytes, 255);
    assert_int_equal(spans[1].bytes, 0);
    assert_int_equal(leat_record_reserve(&record, 256, &in), -EMSGSIZE);
}

static void record_mirrored_is_in_place_everywhere(void **state)
{
    struct leat_ring ring;
    struct leat_record record;
    int64_t size;

    (void)state;
    assert_int_equal(leat_os_ring_create(&ring, 1), 0);
    size = leat_ring_size(&ring);
    assert_int_equal(leat_record_init(&record, &ring, 4), 0);
    for (int64_t back = 0; back < 12; back++) {
        void *in;
        const void *out;

        start_at(&ring, (size_t)0 - (size_t)back);
        assert_int_equal(leat_record_reserve(&record, size - 4, &in), size - 4);
        put_pattern(in, (uint64_t)back, 0, size - 4);
        leat_record_commit(&record, size - 4);
        assert_int_equal(leat_record_peek(&record, &out), size - 4);
        assert_true(is_pattern(out, (uint64_t)back, 0, size - 4));
        leat_record_consume(&record, size - 4);
        assert_int_equal(leat_record_peek_size(&record), -EAGAIN);
        assert_true(leat_ring_valid(&ring));
    }
    leat_os_ring_destroy(&ring);
}

static void record_length_beyond_what_is_inside_is_bad(void **state)
{
    unsigned char memory[64];
    unsigned char to[64];
    struct leat_ring ring;
    struct leat_record record;
    struct leat_span spans[2];
    const void *out;

    (void)state;
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    assert_int_equal(leat_record_init(&record, &ring, 2), 0);
    assert_int_equal(leat_ring_write(&ring, "\4", 1), 1); /* not even a prefix */
    assert_int_equal(leat_record_peek_size(&record), -EBADMSG);
    assert_int_equal(leat_ring_write(&ring, "\0abc", 4), 4); /* a byte fewer than the prefix says */
    assert_int_equal(leat_record_peek_size(&record), -EBADMSG);
    assert_int_equal(leat_record_peek(&record, &out), -EBADMSG);
    assert_int_equal(leat_record_peek_spans(&record, spans), -EBADMSG);
    assert_int_equal(leat_record_get(&record, to, sizeof to, NULL), -EBADMSG);
    assert_int_equal(leat_record_skip(&record), -EBADMSG);
    assert_int_equal(leat_ring_used(&ring), 5); /* nothing was taken */
    assert_int_equal(leat_ring_write(&ring, "d", 1), 1);
    assert_int_equal(leat_record_get(&record, to, sizeof to, NULL), 4);
    assert_memory_equal(to, "abcd", 4);
    /* The largest lie of four bytes. */
    assert_int_equal(leat_record_init(&record, &ring, 4), 0);
    assert_int_equal(leat_ring_write(&ring, "\377\377\377\377abcd", 8), 8);
    assert_int_equal(leat_record_peek_size(&record), -EBADMSG);
}

/* A producer that waits for room and a consumer that finds nothing must not wait for each other. */
static void record_none_gives_all_space_back(void **state)
{
    unsigned char memory[64];
    unsigned char from[62];
    struct leat_ring ring;
    struct leat_record record;

    (void)state;
    put_pattern(from, 6, 0, sizeof from);
    assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
    assert_int_equal(leat_record_init(&record, &ring, 2), 0);
    assert_int_equal(leat_record_put(&record, from, 3), 0);
    assert_int_equal(leat_record_skip(&record), 3); /* 5 of 64 bytes: kept, it is less than an eighth */
    assert_int_equal(leat_record_put(&record, from, 62), -ENOBUFS);
    assert_int_equal(leat_record_peek_size(&record), -EAGAIN);
    assert_int_equal(leat_record_put(&record, from, 62), 0);
}

/* Puts record `number` in, one way or another; returns whether there was room. */
static bool send(struct leat_record *record, uint64_t number, int64_t bytes, uint64_t way)
{
    unsigned char copy[4096];
    struct leat_span spans[2];
    void *span;
    int64_t got;

    if (way % 3 == 0) {
        put_pattern(copy, number, 0, bytes);
        return leat_record_put(record, copy, bytes) == 0;
    }
    got = way % 3 == 1 ? leat_record_reserve(record, bytes, &span) : -EXDEV;
    if (got >= bytes) {
        put_pattern(span, number, 0, bytes);
        leat_record_commit(record, bytes);
        return true;
    }
    if (got == -EXDEV && leat_record_reserve_spans(record, bytes, spans) >= bytes) {
        const int64_t first = spans[0].bytes < bytes ? spans[0].bytes : bytes;

        put_pattern(spans[0].data, number, 0, first);
        put_pattern(spans[1].data, number, first, bytes - first);
        leat_record_commit(record, bytes);
        return true;
    }
    return false;
}

/* Takes the oldest record out, one way or another; returns its bytes, -EAGAIN, or -1 when it is not record `number`. */
static int64_t take(struct leat_record *record, uint64_t number, uint64_t way)
{
    unsigned char copy[4096];
    struct leat_span spans[2] = {{NULL, 0}, {NULL, 0}};
    const void *span;
    int64_t bytes;

    if (way % 3 == 0) {
        bytes = leat_record_get(record, copy, sizeof copy, NULL);
        return bytes < 0 || is_pattern(copy, number, 0, bytes) ? bytes : -1;
    }
    bytes = way % 3 == 1 ? leat_record_peek(record, &span) : -EXDEV;
    if (bytes >= 0) {
        bytes = is_pattern(span, number, 0, bytes) ? bytes : -1;
    } else if (bytes == -EXDEV) {
        bytes = leat_record_peek_spans(record, spans);
        if (bytes >= 0 && (spans[0].bytes + spans[1].bytes != bytes || !is_pattern(spans[0].data, number, 0, spans[0].bytes) ||
                           !is_pattern(spans[1].data, number, spans[0].bytes, spans[1].bytes))) {
            return -1;
        }
    }
    if (bytes >= 0) {
        leat_record_consume(record, bytes);
    }
    return bytes;
}

static int64_t length_of(const struct leat_record *record, uint64_t number)
{
    uint64_t chance = number;

    return (int64_t)(test_random(&chance) % (uint64_t)(number % 16 == 0 ? leat_record_largest(record) + 1 : 33));
}

static void random_run(struct leat_ring *ring, size_t index, int64_t steps)
{
    uint64_t chance = test_seed();

    for (int i = 0; i < PREFIXES; i++) {
        struct leat_record record;
        uint64_t sent = 0;
        uint64_t taken = 0;

        start_at(ring, index);
        assert_int_equal(leat_record_init(&record, ring, prefixes[i]), 0);
        for (int64_t step = 0; step < steps; step++) {
            const uint64_t way = test_random(&chance) >> 8;

            if (test_random(&chance) % 2 == 0) {
                sent += send(&record, sent, length_of(&record, sent), way) ? 1 : 0;
            } else {
                const int64_t got = take(&record, taken, way);

                assert_int_equal(got, taken == sent ? -EAGAIN : length_of(&record, taken));
                taken += got >= 0 ? 1 : 0;
            }
            assert_true(leat_ring_valid(ring));
        }
        assert_true(taken > (uint64_t)steps / 8);
    }
}

static void run_from(size_t index)
{
    unsigned char memory[512];
    struct leat_ring ring;

    assert_int_equal(leat_ring_init(&ring, memory, 64, 0), 0);
    random_run(&ring, index, 3000);
    assert_int_equal(leat_ring_init(&ring, memory, 512, 0), 0);
    random_run(&ring, index, 3000);
    assert_int_equal(leat_os_ring_create(&ring, 1), 0);
    random_run(&ring, index, 1000);
    leat_os_ring_destroy(&ring);
}

static void record_keeps_order_under_random_calls(void **state)
{
    (void)state;
    run_from(0);
}

static void record_index_wraps_past_4_gib(void **state)
{
    (void)state;
    run_from(UINT32_MAX - 3);
}

static void record_index_wraps_past_size_max(void **state)
{
    (void)state;
    run_from(SIZE_MAX - 3);
}

/* Two threads that look again and again, so that no order but the ring's own holds them together. */
struct traffic {
    struct leat_record record;
    int64_t records;
    int64_t wrong;          /* the first record that was not as it should be, -1: none */
    LEAT_ATOMIC(bool) stop; /* set by the consumer when something was wrong */
};

static void *producer(void *argument)
{
    struct traffic *traffic = argument;

    for (uint64_t i = 0; i < (uint64_t)traffic->records; i++) {
        while (!send(&traffic->record, i, length_of(&traffic->record, i), i / 7)) {
            if (leat_load(&traffic->stop, relaxed)) { /* relaxed: nothing is read on its account */
                return NULL;
            }
            leat_os_host()->yield(NULL);
        }
    }
    return NULL;
}

static void *consumer(void *argument)
{
    struct traffic *traffic = argument;

    for (uint64_t i = 0; i < (uint64_t)traffic->records;) {
        const int64_t got = take(&traffic->record, i, i / 5);

        if (got == -EAGAIN) {
            leat_os_host()->yield(NULL);
            continue;
        }
        if (got != length_of(&traffic->record, i)) {
            traffic->wrong = (int64_t)i;
            leat_store(&traffic->stop, true, relaxed); /* relaxed: likewise */
            return NULL;
        }
        i++;
    }
    return NULL;
}

static void carry(struct leat_ring *ring, int64_t prefix_bytes, int64_t records)
{
    struct traffic traffic = {.records = records, .wrong = -1};
    pthread_t threads[2];

    start_at(ring, SIZE_MAX - 99999);
    assert_int_equal(leat_record_init(&traffic.record, ring, prefix_bytes), 0);
    assert_int_equal(pthread_create(&threads[0], NULL, consumer, &traffic), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, producer, &traffic), 0);
    assert_int_equal(pthread_join(threads[1], NULL), 0);
    assert_int_equal(pthread_join(threads[0], NULL), 0);
    assert_int_equal(traffic.wrong, -1);
    assert_int_equal(leat_record_peek_size(&traffic.record), -EAGAIN);
    assert_true(leat_ring_valid(ring));
}

static void record_plain_carries_a_million_in_order_between_two_threads(void **state)
{
    static unsigned char memory[1024];
    struct leat_ring ring;

    (void)state;
    for (int i = 0; i < PREFIXES; i++) {
        assert_int_equal(leat_ring_init(&ring, memory, sizeof memory, 0), 0);
        carry(&ring, prefixes[i], test_items(1000000) / PREFIXES);
    }
}

static void record_mirrored_carries_a_million_in_order_between_two_threads(void **state)
{
    struct leat_ring ring;

    (void)state;
    assert_int_equal(leat_os_ring_create(&ring, 1), 0);
    for (int i = 0; i < PREFIXES; i++) {
        carry(&ring, prefixes[i], test_items(1000000) / PREFIXES);
    }
    leat_os_ring_destroy(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_init_takes_prefixes_of_1_2_and_4_bytes),
        cmocka_unit_test(record_prefix_is_little_endian_before_the_bytes),
        cmocka_unit_test(record_put_tells_not_now_from_never),
        cmocka_unit_test(record_of_0_bytes_is_not_no_record),
        cmocka_unit_test(record_too_long_for_the_buffer_stays_and_says_its_size),
        cmocka_unit_test(record_in_place_says_where_plain_memory_cuts_it),
        cmocka_unit_test(record_reserve_offers_no_more_than_the_prefix_can_say),
        cmocka_unit_test(record_mirrored_is_in_place_everywhere),
        cmocka_unit_test(record_length_beyond_what_is_inside_is_bad),
        cmocka_unit_test(record_none_gives_all_space_back),
        cmocka_unit_test(record_keeps_order_under_random_calls),
        cmocka_unit_test(record_index_wraps_past_4_gib),
        cmocka_unit_test(record_index_wraps_past_size_max),
        cmocka_unit_test(record_plain_carries_a_million_in_order_between_two_threads),
        cmocka_unit_test(record_mirrored_carries_a_million_in_order_between_two_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
