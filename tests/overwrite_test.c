/* SPDX-License-Identifier: MIT */
/* The ring that drops the oldest: nothing is lost uncounted, torn, read twice or slept past. */
#define _GNU_SOURCE
#include <leat/os.h>
#include <leat/overwrite.h>

#include "pipe_support.h"

#include <pthread.h>
#include <unistd.h>

enum { CAPACITY = 8, WORDS = 5 };

static struct leat_overwrite ring;
static uint64_t memory[CAPACITY * WORDS];
static uint64_t last_dropped, drops, odd; /* the writer's */

static void note_drop(void *context, const void *item)
{
    const uint64_t *words = item;
    (void)context;
    odd += words[0] <= last_dropped || words[WORDS - 1] != words[0];
    last_dropped = words[0];
    drops++;
}

static void set_up(void)
{
    struct leat_overwrite_config config = {.item_bytes = WORDS * 8, .capacity = CAPACITY, .memory = memory, .drop = note_drop};
    assert_int_equal(leat_overwrite_init(&ring, &config), 0);
    last_dropped = drops = odd = 0;
}

static enum leat_flush put(uint64_t number)
{
    uint64_t words[WORDS];
    for (size_t i = 0; i < WORDS; i++) {
        words[i] = number;
    }
    return leat_overwrite_write(&ring, words);
}

static void overwrite_refuses_settings_out_of_range(void **state)
{
    (void)state;
    struct leat_overwrite_config config = {.item_bytes = 8, .capacity = 8, .memory = memory};
    assert_int_equal(leat_overwrite_init(&ring, &config), 0);
    config.capacity = 6;
    assert_int_equal(leat_overwrite_init(&ring, &config), -EINVAL);
    config.capacity = 0;
    assert_int_equal(leat_overwrite_init(&ring, &config), -EINVAL);
    config.capacity = 8;
    config.item_bytes = 0;
    assert_int_equal(leat_overwrite_init(&ring, &config), -EINVAL);
    config.item_bytes = 8;
    config.memory = (unsigned char *)memory + 4;
    assert_int_equal(leat_overwrite_init(&ring, &config), -EINVAL);
}

static void overwrite_keeps_the_newest_and_hands_the_oldest_back(void **state)
{
    (void)state;
    uint64_t words[WORDS];
    struct leat_overwrite_stats stats;
    static const size_t starts[] = {0, UINT32_MAX - 3, SIZE_MAX - 3};
    for (size_t s = 0; s < 3; s++) {
        set_up();
        ring.head_seen = starts[s];
        leat_store(&ring.head, starts[s], relaxed);
        leat_store(&ring.tail, starts[s], relaxed);
        assert_false(leat_overwrite_poll_read(&ring, words));
        for (uint64_t i = 1; i <= 20; i++) {
            assert_int_equal(put(i), LEAT_FLUSH_AWAKE);
        }
        assert_int_equal(drops, 12);
        assert_int_equal(last_dropped, 12);
        for (uint64_t i = 13; i <= 20; i++) {
            assert_true(leat_overwrite_poll_read(&ring, words) && words[0] == i && words[WORDS - 1] == i);
        }
        assert_false(leat_overwrite_read(&ring, words));
        assert_false(leat_overwrite_read(&ring, words)); /* the same announcement */
        assert_int_equal(put(21), LEAT_FLUSH_ASLEEP);
        assert_int_equal(put(22), LEAT_FLUSH_AWAKE);
        assert_true(leat_overwrite_read(&ring, words) && words[0] == 21);
        leat_overwrite_stats(&ring, &stats);
        assert_int_equal((size_t)stats.written - starts[s], 22);
        assert_int_equal(stats.read, 9);
        assert_int_equal(stats.dropped, 12);
        assert_int_equal(odd, 0);
    }
}

static struct leat_waker waker;
static uint64_t last_number;

static void *write_all(void *context)
{
    (void)context;
    for (uint64_t i = 1; i <= last_number; i++) {
        if (put(i) == LEAT_FLUSH_ASLEEP) {
            leat_waker_wake(&waker);
        }
        if (i % 500 == 0) {
            usleep(i % 5000 == 0 ? 100 : 1); /* so the reader catches up and sleeps */
        }
    }
    return NULL;
}

static void overwrite_counts_every_item_once_between_two_threads(void **state)
{
    (void)state;
    pthread_t writer;
    uint64_t before = 0, reads = 0, sleeps = 0;
    last_number = (uint64_t)items_at_most(2000000);
    set_up();
    assert_int_equal(leat_waker_init(&waker, false), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_all, NULL), 0);
    while (before < last_number) {
        uint64_t words[WORDS];
        uint32_t seen = leat_waker_seen(&waker);
        if (!leat_overwrite_read(&ring, words)) {
            sleeps++;
            assert_int_equal(leat_waker_wait(&waker, seen, leat_os_now_ns() + (int64_t)60000000000), 0);
            continue;
        }
        for (size_t i = 1; i < WORDS; i++) {
            assert_int_equal(words[i], words[0]);
        }
        assert_true(words[0] > before);
        before = words[0];
        reads++;
    }
    pthread_join(writer, NULL);
    print_message("%llu written, %llu read, %llu dropped, %llu sleeps\n", (unsigned long long)last_number, (unsigned long long)reads,
                  (unsigned long long)drops, (unsigned long long)sleeps);
    struct leat_overwrite_stats stats;
    leat_overwrite_stats(&ring, &stats);
    assert_int_equal(odd, 0);
    assert_int_equal(stats.read, reads);
    assert_int_equal(stats.dropped, drops);
    assert_int_equal(reads + drops, last_number);
    leat_waker_fini(&waker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overwrite_refuses_settings_out_of_range),
        cmocka_unit_test(overwrite_keeps_the_newest_and_hands_the_oldest_back),
        cmocka_unit_test(overwrite_counts_every_item_once_between_two_threads),
    };
    alarm(120);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
