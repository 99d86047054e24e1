/* SPDX-License-Identifier: MIT */
/* The flight recorder: the newest whole records stay, none comes out torn or twice, and each is read, lost or inside. */
#include "test.h"

#include <leat/os.h>
#include <leat/recorder.h>

#include <pthread.h>

#define WORD ((int64_t)sizeof(size_t))

/* Byte `i` of record `number`; the first eight are the number itself. */
static unsigned char record_byte(uint64_t number, int64_t i)
{
    return i < 8 ? (unsigned char)(number >> 8 * i) : (unsigned char)((number * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)i * 251) >> 24);
}

static void put_pattern(unsigned char *to, uint64_t number, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i++) {
        to[i] = record_byte(number, i);
    }
}

static bool is_pattern(const unsigned char *data, uint64_t number, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i++) {
        if (data[i] != record_byte(number, i)) {
            return false;
        }
    }
    return true;
}

static int64_t words_of(int64_t bytes)
{
    return 1 + (bytes + WORD - 1) / WORD;
}

/* A recorder that has been in use for long: all its positions stand at `position`. */
static void start_at(struct leat_recorder *recorder, size_t position)
{
    leat_store(&recorder->tail, position, relaxed); /* relaxed, all: nobody else is here */
    leat_store(&recorder->head, position, relaxed);
    leat_store(&recorder->oldest, position, relaxed);
    recorder->at = position;
    assert_true(leat_recorder_valid(recorder));
}

static void assert_counts(const struct leat_recorder *recorder, int64_t written, int64_t read, int64_t lost)
{
    struct leat_recorder_stats stats;

    leat_recorder_stats(recorder, &stats);
    assert_int_equal(stats.written_records, written);
    assert_int_equal(stats.read_records, read);
    assert_int_equal(stats.lost_records, lost);
}

static void recorder_init_refuses_what_it_cannot_use(void **state)
{
    static size_t memory[64];
    static const struct {
        void *memory;
        int64_t size;
    } table[] = {
        {NULL, 64},          {(unsigned char *)memory + 1, 64},
        {memory, 0},         {memory, 32},
        {memory, 65},        {memory, 96},
        {memory, -64},       {memory, INT64_MIN},
        {memory, INT64_MAX}, {memory, LEAT_RECORDER_MAX_BYTES + 1},
    };
    struct leat_recorder recorder;
    struct leat_recorder before;
    struct leat_recorder_stats stats;

    (void)state;
    memset(&recorder, 0x5a, sizeof recorder);
    memcpy(&before, &recorder, sizeof recorder);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(leat_recorder_init(&recorder, table[i].memory, table[i].size), -EINVAL);
        assert_memory_equal(&recorder, &before, sizeof recorder);
    }
    assert_int_equal(leat_recorder_init(&recorder, memory, 64), 0);
    assert_true(leat_recorder_valid(&recorder));
    assert_int_equal(leat_recorder_largest(&recorder), 64 - WORD);
    leat_recorder_stats(&recorder, &stats);
    assert_int_equal(stats.size_bytes, 64);
    assert_int_equal(stats.peak_bytes, 0);
    assert_int_equal(
        stats.written_records | stats.written_bytes | stats.read_records | stats.read_bytes | stats.lost_records | stats.lost_bytes, 0);
}

static void recorder_takes_records_from_0_bytes_to_the_largest(void **state)
{
    static const size_t starts[] = {0, 5, SIZE_MAX - 2};
    size_t memory[64 / sizeof(size_t)];
    unsigned char from[64];
    unsigned char to[64];
    struct leat_recorder recorder;

    (void)state;
    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
        assert_int_equal(leat_recorder_init(&recorder, memory, sizeof memory), 0);
        start_at(&recorder, starts[s]);
        assert_int_equal(leat_recorder_read(&recorder, to, sizeof to, NULL), -EAGAIN);
        for (int64_t bytes = 0; bytes <= 64 - WORD; bytes++) {
            put_pattern(from, (uint64_t)bytes + 1000, bytes);
            assert_int_equal(leat_recorder_write(&recorder, bytes == 0 ? NULL : from, bytes), 0);
            assert_true(leat_recorder_valid(&recorder));
            memset(to, 0x77, sizeof to);
            assert_int_equal(leat_recorder_read(&recorder, to, bytes, NULL), bytes);
            assert_true(is_pattern(to, (uint64_t)bytes + 1000, bytes));
            assert_int_equal(to[bytes], 0x77); /* not a byte more */
            assert_int_equal(leat_recorder_read(&recorder, to, sizeof to, NULL), -EAGAIN);
            assert_true(leat_recorder_valid(&recorder));
        }
        assert_counts(&recorder, 65 - WORD, 65 - WORD, 0);
        assert_int_equal(leat_recorder_write(&recorder, from, 65 - WORD), -EMSGSIZE);
        assert_int_equal(leat_recorder_write(&recorder, from, -1), -EMSGSIZE);
        assert_int_equal(leat_recorder_write(&recorder, from, INT64_MIN), -EMSGSIZE);
        assert_int_equal(leat_recorder_write(&recorder, from, INT64_MAX), -EMSGSIZE);
        assert_int_equal(leat_recorder_write(&recorder, from, (INT64_C(1) << 32) + 1), -EMSGSIZE);
        assert_counts(&recorder, 65 - WORD, 65 - WORD, 0);
    }
}

static void recorder_too_long_for_the_buffer_stays_until_it_is_overwritten(void **state)
{
    size_t memory[64 / sizeof(size_t)];
    unsigned char from[64];
    unsigned char to[64];
    struct leat_recorder recorder;
    int64_t needed = -1;

    (void)state;
    assert_int_equal(leat_recorder_init(&recorder, memory, sizeof memory), 0);
    put_pattern(from, 1, 20);
    assert_int_equal(leat_recorder_write(&recorder, from, 20), 0);
    assert_int_equal(leat_recorder_read(&recorder, to, 19, NULL), -EMSGSIZE);
    assert_int_equal(needed, -1);
    assert_int_equal(leat_recorder_read(&recorder, to, 0, &needed), -EMSGSIZE);
    assert_int_equal(leat_recorder_read(&recorder, NULL, INT64_MIN, &needed), -EMSGSIZE);
    assert_int_equal(needed, 20);
    assert_int_equal(leat_recorder_read(&recorder, to, needed, &needed), 20);
    assert_true(is_pattern(to, 1, 20));
    assert_int_equal(leat_recorder_write(&recorder, from, 20), 0);
    assert_int_equal(leat_recorder_read(&recorder, to, 19, &needed), -EMSGSIZE);
    put_pattern(from, 2, 64 - WORD);
    assert_int_equal(leat_recorder_write(&recorder, from, 64 - WORD), 0);
    assert_int_equal(leat_recorder_read(&recorder, to, sizeof to, &needed), 64 - WORD);
    assert_true(is_pattern(to, 2, 64 - WORD));
    assert_counts(&recorder, 3, 2, 1);
}

/* What was read before it was overwritten is not lost; what was not is, whether the reader came since or not. */
static void recorder_counts_as_lost_what_was_not_read(void **state)
{
    size_t memory[16];
    unsigned char bytes[16 * sizeof(size_t)];
    struct leat_recorder recorder;
    struct leat_recorder_stats stats;

    (void)state;
    assert_int_equal(leat_recorder_init(&recorder, memory, sizeof memory), 0);
    for (uint64_t number = 1; number <= 4; number++) { /* four of four words each fill it */
        put_pattern(bytes, number, 3 * WORD);
        assert_int_equal(leat_recorder_write(&recorder, bytes, 3 * WORD), 0);
    }
    assert_counts(&recorder, 4, 0, 0);
    assert_int_equal(leat_recorder_read(&recorder, bytes, 3 * WORD, NULL), 3 * WORD);
    assert_true(is_pattern(bytes, 1, 3 * WORD));
    put_pattern(bytes, 5, 3 * WORD);
    assert_int_equal(leat_recorder_write(&recorder, bytes, 3 * WORD), 0); /* over 1, which was read */
    assert_counts(&recorder, 5, 1, 0);
    assert_int_equal(leat_recorder_write(&recorder, bytes, 2 * WORD + 1), 0); /* four words, too: over 2 */
    assert_counts(&recorder, 6, 1, 1);
    assert_int_equal(leat_recorder_write(&recorder, bytes, 7 * WORD), 0); /* eight words: over 3 and 4 */
    leat_recorder_stats(&recorder, &stats);
    assert_true(stats.lost_records == 3 && stats.lost_bytes == 9 * WORD);
    assert_true(stats.written_bytes == 24 * WORD + 1 && stats.peak_bytes == 16 * WORD);
    assert_true(leat_recorder_valid(&recorder));
    assert_int_equal(leat_recorder_read(&recorder, bytes, sizeof bytes, NULL), 3 * WORD);
    assert_true(is_pattern(bytes, 5, 3 * WORD));
    leat_recorder_stats(&recorder, &stats);
    assert_true(stats.read_records == 2 && stats.read_bytes == 6 * WORD && stats.lost_records == 3 && stats.lost_bytes == 9 * WORD);
    assert_true(leat_recorder_valid(&recorder));
}

/* A writer that was stopped in the midst of making room: the reader does not wait for it. */
static void recorder_reader_does_not_wait_for_a_writer_that_stands_still(void **state)
{
    size_t memory[64 / sizeof(size_t)];
    unsigned char from[64] = {0};
    unsigned char to[64];
    struct leat_recorder recorder;
    size_t head;

    (void)state;
    assert_int_equal(leat_recorder_init(&recorder, memory, sizeof memory), 0);
    put_pattern(from, 1, 9);
    assert_int_equal(leat_recorder_write(&recorder, from, 9), 0);
    put_pattern(from, 2, 10);
    assert_int_equal(leat_recorder_write(&recorder, from, 10), 0);
    head = leat_load(&recorder.head, relaxed) + (size_t)words_of(9); /* relaxed, all: nobody else is here */
    leat_store(&recorder.head, head, relaxed);
    assert_int_equal(leat_recorder_read(&recorder, to, sizeof to, NULL), -EAGAIN);
    leat_store(&recorder.gone_records, 1, relaxed);
    leat_store(&recorder.gone_bytes, 9, relaxed);
    assert_int_equal(leat_recorder_read(&recorder, to, sizeof to, NULL), -EAGAIN);
    leat_store(&recorder.oldest, head, relaxed);
    assert_int_equal(leat_recorder_read(&recorder, to, sizeof to, NULL), 10);
    assert_true(is_pattern(to, 2, 10));
    assert_counts(&recorder, 2, 1, 1);
    assert_true(leat_recorder_valid(&recorder));
}

static void recorder_valid_sees_each_broken_invariant(void **state)
{
    size_t memory[256 / sizeof(size_t)];
    unsigned char bytes[256] = {0};

    (void)state;
    for (int fault = 0; fault <= 10; fault++) {
        struct leat_recorder recorder;

        assert_int_equal(leat_recorder_init(&recorder, memory, sizeof memory), 0);
        start_at(&recorder, SIZE_MAX - 3);
        for (int i = 0; i < 40; i++) {
            assert_int_equal(leat_recorder_write(&recorder, bytes, 9 + i % 9), 0);
        }
        assert_true(leat_recorder_valid(&recorder));
        assert_true(leat_recorder_read(&recorder, bytes, sizeof bytes, NULL) > 0);
        assert_true(leat_recorder_valid(&recorder));
        switch (fault) { /* relaxed, all: nobody else is here */
        case 0:
            continue;
        case 1:
            leat_store(&recorder.tail, recorder.at + recorder.mask + 9, relaxed);
            break;
        case 2:
            leat_store(&recorder.oldest, recorder.at, relaxed);
            break;
        case 3:
            leat_store(&recorder.head, recorder.at, relaxed);
            leat_store(&recorder.oldest, recorder.at, relaxed);
            break;
        case 4:
            leat_store(&recorder.gone_records, 1, relaxed);
            break;
        case 5:
            leat_store(&recorder.gone_bytes, 1, relaxed);
            break;
        case 6:
            recorder.at++; /* in the midst of a record */
            break;
        case 7:
            recorder.at = leat_load(&recorder.tail, relaxed) + 1;
            break;
        case 8:
            leat_store(&recorder.read_records, 2, relaxed);
            break;
        case 9:
            leat_store(&recorder.words[recorder.at & recorder.mask], SIZE_MAX, relaxed);
            break;
        default:
            recorder.at -= recorder.mask; /* before all that is inside, and none missed */
            break;
        }
        assert_false(leat_recorder_valid(&recorder));
    }
}

/* What a recorder of so many words must hold, kept as a plain list. */
struct model {
    int64_t lengths[4096];
    int64_t words, oldest, next, written; /* oldest, next and written are numbers of records */
    int64_t inside;                       /* words, from oldest to written */
    int64_t read_records, read_bytes, lost_records, lost_bytes, written_bytes;
};

static void model_write(struct model *model, int64_t bytes)
{
    model->lengths[model->written++] = bytes;
    model->written_bytes += bytes;
    model->inside += words_of(bytes);
    while (model->inside > model->words) {
        const int64_t gone = model->lengths[model->oldest++];

        model->inside -= words_of(gone);
        if (model->next < model->oldest) {
            model->next++;
            model->lost_records++;
            model->lost_bytes += gone;
        }
    }
}

static void follow_model(size_t position, int64_t size, uint64_t *chance)
{
    static struct model model;
    static size_t memory[512];
    unsigned char bytes[2048];
    struct leat_recorder recorder;
    struct leat_recorder_stats stats;

    memset(&model, 0, sizeof model);
    model.words = size / WORD;
    assert_int_equal(leat_recorder_init(&recorder, memory, size), 0);
    start_at(&recorder, position);
    for (int step = 0; step < 4000; step++) {
        if (test_random(chance) % 5 < 3) {
            const int64_t most = test_random(chance) % 8 == 0 ? size - WORD : size / 8;
            const int64_t length = (int64_t)(test_random(chance) % (uint64_t)(most + 1));

            put_pattern(bytes, (uint64_t)model.written, length);
            model_write(&model, length);
            assert_int_equal(leat_recorder_write(&recorder, bytes, length), 0);
        } else if (model.next == model.written) {
            assert_int_equal(leat_recorder_read(&recorder, bytes, sizeof bytes, NULL), -EAGAIN);
        } else {
            assert_int_equal(leat_recorder_read(&recorder, bytes, sizeof bytes, NULL), model.lengths[model.next]);
            assert_true(is_pattern(bytes, (uint64_t)model.next, model.lengths[model.next]));
            model.read_records++;
            model.read_bytes += model.lengths[model.next++];
        }
        assert_true(leat_recorder_valid(&recorder));
        leat_recorder_stats(&recorder, &stats);
        assert_int_equal(stats.written_records, model.written);
        assert_int_equal(stats.written_bytes, model.written_bytes);
        assert_int_equal(stats.read_records, model.read_records);
        assert_int_equal(stats.read_bytes, model.read_bytes);
        assert_int_equal(stats.lost_records, model.lost_records);
        assert_int_equal(stats.lost_bytes, model.lost_bytes);
        assert_true(stats.peak_bytes <= size);
    }
    assert_true(model.lost_records > 0 && model.read_records > 0);
}

static void recorder_keeps_the_newest_whole_records_under_random_calls(void **state)
{
    static const size_t starts[] = {0, UINT32_MAX - 7, SIZE_MAX - 7};
    uint64_t chance = test_seed();

    (void)state;
    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
        follow_model(starts[s], 64, &chance);
        follow_model(starts[s], 512, &chance);
        follow_model(starts[s], 256 * WORD, &chance);
    }
}

/* Two threads. What the writer did before it wrote, here a plain word for each record, is seen by the reader of the record. */
struct flight {
    struct leat_recorder recorder;
    int64_t records;
    uint32_t *before; /* one for each record, written by the writer, read by the reader of the record */
    LEAT_ATOMIC(bool) ended;
};

static int64_t length_of(uint64_t number)
{
    uint64_t chance = number;

    return 8 + (int64_t)(test_random(&chance) % 100);
}

static void *write_all(void *argument)
{
    struct flight *flight = argument;
    unsigned char bytes[128];

    for (uint64_t i = 0; i < (uint64_t)flight->records; i++) {
        const int64_t length = length_of(i);

        put_pattern(bytes, i, length);
        flight->before[i] = (uint32_t)i ^ 0x5a5a5a5a;
        if (leat_recorder_write(&flight->recorder, bytes, length) != 0) {
            break;
        }
        if (i % 64 == 0) {
            leat_os_host()->yield(NULL);
        }
    }
    leat_store(&flight->ended, true, release);
    return NULL;
}

/* Reads until the writer has ended and nothing is left; returns the first record that was not as it should be, or -1. */
static int64_t read_all(struct flight *flight, int64_t *reads)
{
    unsigned char bytes[128];
    uint64_t next = 0;
    size_t bytes_before = 0; /* the bytes of all records before `next` */
    int64_t wrong = -1;

    for (;;) {
        const bool ended = leat_load(&flight->ended, acquire);
        const int64_t got = leat_recorder_read(&flight->recorder, bytes, sizeof bytes, NULL);
        uint64_t number = 0;

        if (got == -EAGAIN) {
            if (ended) {
                return wrong;
            }
            leat_os_host()->yield(NULL);
            continue;
        }
        for (int i = 0; i < 8; i++) {
            number |= (uint64_t)bytes[i] << 8 * i;
        }
        (*reads)++;
        for (; next <= number && number < (uint64_t)flight->records; next++) {
            bytes_before += (size_t)length_of(next);
        }
        /* The reader's own counts of what was lost lead exactly here. relaxed, all: its own */
        if (number + 1 != next || got != length_of(number) || !is_pattern(bytes, number, got) ||
            next != (uint64_t)*reads + leat_load(&flight->recorder.lost_records, relaxed) ||
            bytes_before != leat_load(&flight->recorder.read_bytes, relaxed) + leat_load(&flight->recorder.lost_bytes, relaxed) ||
            flight->before[number] != ((uint32_t)number ^ 0x5a5a5a5a)) {
            wrong = wrong < 0 ? (int64_t)next : wrong;
        }
    }
}

/* Returns whether some were read, and some lost: on a busy machine the two may hardly meet. */
static bool fly(int64_t size, int64_t records)
{
    static size_t memory[65536 / sizeof(size_t)];
    struct flight flight = {.records = records};
    struct leat_recorder_stats stats;
    pthread_t writer;
    int64_t reads = 0;
    int64_t written_bytes = 0;

    for (int64_t i = 0; i < records; i++) {
        written_bytes += length_of((uint64_t)i);
    }
    flight.before = calloc((size_t)records, sizeof *flight.before);
    assert_non_null(flight.before);
    assert_int_equal(leat_recorder_init(&flight.recorder, memory, size), 0);
    start_at(&flight.recorder, SIZE_MAX - 9999);
    assert_int_equal(pthread_create(&writer, NULL, write_all, &flight), 0);
    assert_int_equal(read_all(&flight, &reads), -1);
    assert_int_equal(pthread_join(writer, NULL), 0);
    leat_recorder_stats(&flight.recorder, &stats);
    print_message("%lld bytes: %lld written, %lld read, %lld lost\n", (long long)size, (long long)stats.written_records, (long long)reads,
                  (long long)stats.lost_records);
    assert_int_equal(stats.written_records, records);
    assert_int_equal(stats.written_bytes, written_bytes);
    assert_int_equal(stats.read_records, reads);
    assert_int_equal(stats.read_records + stats.lost_records, records);
    assert_int_equal(stats.read_bytes + stats.lost_bytes, written_bytes);
    assert_true(leat_recorder_valid(&flight.recorder));
    free(flight.before);
    return reads > 0 && stats.lost_records > 0;
}

static void recorder_loses_nothing_uncounted_between_two_threads(void **state)
{
    (void)state;
    static const int64_t sizes[] = {256, 4096}; /* in 256 are two or three records: the reader is overtaken all the time */
    for (int i = 0; i < 2; i++) {
        int tries = 0;
        while (!fly(sizes[i], test_items(2000000)))
            assert_true(++tries < 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorder_init_refuses_what_it_cannot_use),
        cmocka_unit_test(recorder_takes_records_from_0_bytes_to_the_largest),
        cmocka_unit_test(recorder_too_long_for_the_buffer_stays_until_it_is_overwritten),
        cmocka_unit_test(recorder_counts_as_lost_what_was_not_read),
        cmocka_unit_test(recorder_reader_does_not_wait_for_a_writer_that_stands_still),
        cmocka_unit_test(recorder_valid_sees_each_broken_invariant),
        cmocka_unit_test(recorder_keeps_the_newest_whole_records_under_random_calls),
        cmocka_unit_test(recorder_loses_nothing_uncounted_between_two_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
