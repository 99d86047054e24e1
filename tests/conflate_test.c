/* SPDX-License-Identifier: MIT */
/* Conflate: only the newest item is kept; no torn one and no lost wake-up between two threads. */
#define _GNU_SOURCE
#include <leat/conflate.h>
#include <leat/os.h>

#include "pipe_support.h"

#include <pthread.h>
#include <unistd.h>

struct reading {
    uint64_t words[9]; /* all the same */
};

static struct leat_conflate conflate;
static alignas(64) unsigned char memory[LEAT_CONFLATE_BYTES(sizeof(struct reading))];

static struct reading reading_of(uint64_t number)
{
    struct reading reading;
    for (size_t i = 0; i < 9; i++) {
        reading.words[i] = number;
    }
    return reading;
}

static void conflate_refuses_what_it_cannot_hold(void **state)
{
    (void)state;
    assert_int_equal(leat_conflate_init(&conflate, memory, 0), -EINVAL);
    assert_int_equal(leat_conflate_init(&conflate, memory, -1), -EINVAL);
    assert_int_equal(leat_conflate_init(&conflate, memory, INT64_MAX), -EINVAL);
    assert_int_equal(leat_conflate_init(&conflate, memory + 8, 8), -EINVAL);
    assert_int_equal(leat_conflate_init(&conflate, NULL, 8), -EINVAL);
}

static void conflate_keeps_the_newest_and_counts_the_rest(void **state)
{
    (void)state;
    struct reading reading;
    struct leat_conflate_stats stats;
    assert_int_equal(leat_conflate_init(&conflate, memory, sizeof reading), 0);
    assert_false(leat_conflate_poll(&conflate));
    for (uint64_t i = 1; i <= 100; i++) {
        reading = reading_of(i);
        assert_int_equal(leat_conflate_write(&conflate, &reading), LEAT_FLUSH_AWAKE);
        if (i % 10 == 0) {
            assert_true(leat_conflate_poll(&conflate));
            assert_int_equal(((const struct reading *)leat_conflate_front(&conflate))->words[8], i);
            assert_false(leat_conflate_poll(&conflate));
            assert_int_equal(((const struct reading *)leat_conflate_front(&conflate))->words[0], i); /* still there */
        }
    }
    leat_conflate_stats(&conflate, &stats);
    assert_int_equal(stats.written, 100);
    assert_int_equal(stats.replaced, 90);
}

static void conflate_flush_learns_that_the_reader_sleeps(void **state)
{
    (void)state;
    struct reading reading = reading_of(7), got;
    assert_int_equal(leat_conflate_init(&conflate, memory, sizeof reading), 0);
    assert_false(leat_conflate_check_read(&conflate));
    assert_false(leat_conflate_check_read(&conflate)); /* the same announcement */
    assert_int_equal(leat_conflate_write(&conflate, &reading), LEAT_FLUSH_ASLEEP);
    assert_int_equal(leat_conflate_write(&conflate, &reading), LEAT_FLUSH_AWAKE);
    assert_true(leat_conflate_read(&conflate, &got) && got.words[4] == 7);
    assert_false(leat_conflate_read(&conflate, &got));
    leat_conflate_cancel_sleep(&conflate);
    assert_int_equal(leat_conflate_write(&conflate, &reading), LEAT_FLUSH_AWAKE);
}

static struct leat_waker waker;
static uint64_t last_number;

static void *write_all(void *context)
{
    (void)context;
    for (uint64_t i = 1; i <= last_number; i++) {
        struct reading *back = leat_conflate_back(&conflate);
        *back = reading_of(i);
        if (leat_conflate_push(&conflate) == LEAT_FLUSH_ASLEEP) {
            leat_waker_wake(&waker);
        }
        if (i % 1000 == 0) {
            usleep(i % 5000 == 0 ? 100 : 1); /* so the reader sleeps now and then */
        }
    }
    return NULL;
}

static void conflate_never_goes_back_tears_or_sleeps_past_the_last(void **state)
{
    (void)state;
    pthread_t writer;
    uint64_t before = 0, reads = 0, sleeps = 0;
    last_number = (uint64_t)items_at_most(2000000);
    assert_int_equal(leat_conflate_init(&conflate, memory, sizeof(struct reading)), 0);
    assert_int_equal(leat_waker_init(&waker, false), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_all, NULL), 0);
    while (before < last_number) {
        uint32_t seen = leat_waker_seen(&waker);
        if (!leat_conflate_check_read(&conflate)) {
            sleeps++;
            assert_int_equal(leat_waker_wait(&waker, seen, leat_os_now_ns() + (int64_t)60000000000), 0);
            continue;
        }
        const struct reading *front = leat_conflate_front(&conflate);
        for (size_t i = 1; i < 9; i++) {
            assert_int_equal(front->words[i], front->words[0]);
        }
        assert_true(front->words[0] > before);
        before = front->words[0];
        reads++;
    }
    pthread_join(writer, NULL);
    struct leat_conflate_stats stats;
    leat_conflate_stats(&conflate, &stats);
    print_message("%llu written, %llu read, %llu sleeps\n", (unsigned long long)last_number, (unsigned long long)reads,
                  (unsigned long long)sleeps);
    assert_int_equal(stats.written, last_number);
    assert_int_equal(stats.written - stats.replaced, reads);
    leat_waker_fini(&waker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conflate_refuses_what_it_cannot_hold),
        cmocka_unit_test(conflate_keeps_the_newest_and_counts_the_rest),
        cmocka_unit_test(conflate_flush_learns_that_the_reader_sleeps),
        cmocka_unit_test(conflate_never_goes_back_tears_or_sleeps_past_the_last),
    };
    alarm(120);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
