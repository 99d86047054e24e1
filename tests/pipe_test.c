/* SPDX-License-Identifier: MIT */
/* The pipe: what one thread can see of it step by step, against a model, and two threads with every sleep counted. */
#define _GNU_SOURCE
#include "pipe_bench.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

static void pipe_refuses_sizes_out_of_range(void **state)
{
    (void)state;
    static const struct {
        int64_t block_bytes, item_bytes, high_water;
        int result;
    } table[] = {
        {4096, 0, 1, -EINVAL},
        {4096, -1, 1, -EINVAL},
        {4096, INT64_MAX, 1, -EINVAL},
        {4096, INT64_MIN, 1, -EINVAL},
        {4096, 8, 0, -EINVAL},
        {4096, 8, -1, -EINVAL},
        {4096, 8, INT64_MAX, -EINVAL},
        {0, 8, 1, -EINVAL},
        {-1, 8, 1, -EINVAL},
        {INT64_MIN, 8, 1, -EINVAL},
        {64, 1, 1, -EINVAL},
        {127, 1, 1, -EINVAL},
        {128, 1, 1, 0},
        {128, 56, 1, 0},
        {128, 57, 1, -EINVAL},
        {135, 64, 1, -EINVAL},
        {136, 64, 1, 0},
        {4096, 4024, 1, 0},
        {4096, 4025, 1, -EINVAL},
        {4096, 4096, 1, -EINVAL},
        {4096, 8, (int64_t)(SIZE_MAX / 16 + 1), 0},
        {4096, 8, (int64_t)(SIZE_MAX / 8 + 1), -EINVAL},
        {4096, 8, (int64_t)(SIZE_MAX / 8), 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct counted_blocks counted;
        struct leat_blocks blocks = counted_blocks(&counted, table[i].block_bytes);
        struct leat_pipe_config config = {.item_bytes = table[i].item_bytes, .high_water = table[i].high_water, .blocks = &blocks};
        struct leat_pipe pipe;
        int result = leat_pipe_init(&pipe, &config);
        if (result != table[i].result) {
            fail_msg("row %zu: %d", i, result);
        }
        assert_int_equal(counted.allocs, result != 0 ? 0 : counted.live);
        leat_pipe_fini(&pipe);
        assert_int_equal(counted.live, 0);
    }
    struct leat_pipe pipe;
    assert_int_equal(leat_pipe_init(&pipe, &(struct leat_pipe_config){.item_bytes = 8, .high_water = 1}), -EINVAL);
}

static void pipe_without_its_first_chunk_is_enomem_and_fini_is_harmless(void **state)
{
    (void)state;
    struct counted_blocks counted;
    struct leat_blocks blocks = counted_blocks(&counted, 4096);
    leat_store(&counted.fail_at, 1, relaxed);
    struct leat_pipe pipe;
    struct leat_pipe_config config = {.item_bytes = 8, .high_water = 1, .blocks = &blocks};
    assert_int_equal(leat_pipe_init(&pipe, &config), -ENOMEM);
    leat_pipe_fini(&pipe);
    assert_int_equal(counted.live, 0);
}

/* Items of all sizes in chunks of all sizes: written full and read empty, several times over. */
static void pipe_gives_items_back_in_the_order_written(void **state)
{
    (void)state;
    static const int64_t item_bytes[] = {1, 3, 4, 7, 8, 12, 16, 64, 100}, chunk_items[] = {2, 3, 64}, high_water[] = {1, 2, 7, 64, 200};
    for (size_t c = 0; c < 9 * 3 * 5; c++) {
        struct bench bench;
        int64_t most = high_water[c / 27];
        set_up(&bench, item_bytes[c % 9], chunk_items[c / 9 % 3], most);
        uint64_t written = 0, read = 0;
        for (int round = 0; round < 4; round++) {
            for (int64_t i = 0; i < most; i++) {
                assert_true(write_number(&bench.pipe, written++, false));
            }
            assert_false(write_number(&bench.pipe, written, false));
            assert_int_equal(leat_pipe_flush(&bench.pipe), round == 0 ? LEAT_FLUSH_AWAKE : LEAT_FLUSH_ASLEEP);
            assert_true(leat_pipe_valid(&bench.pipe));
            unsigned char item[ITEM_MOST];
            while (leat_pipe_read(&bench.pipe, item)) {
                assert_true(is_item(item, (size_t)item_bytes[c % 9], read));
                read++;
                assert_true(leat_pipe_valid(&bench.pipe));
            }
            assert_int_equal(read, written);
        }
        tear_down(&bench);
    }
}

static void pipe_push_reserves_and_back_is_then_the_terminator(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 8, 2, 16);
    struct leat_pipe *pipe = &bench.pipe;
    for (uint64_t i = 0; i < 16; i++) {
        void *place = leat_pipe_back(pipe);
        memcpy(place, &i, sizeof i);
        assert_true(leat_pipe_push(pipe, false));
        assert_ptr_not_equal(leat_pipe_back(pipe), place);
    }
    uint64_t extra = 99;
    memcpy(leat_pipe_back(pipe), &extra, sizeof extra); /* stored, never pushed: no item */
    assert_false(leat_pipe_push(pipe, false));
    leat_pipe_flush(pipe);
    for (uint64_t i = 0; i < 16; i++) {
        assert_true(leat_pipe_check_read(pipe));
        assert_memory_equal(leat_pipe_front(pipe), &i, sizeof i);
        leat_pipe_pop(pipe);
    }
    assert_false(leat_pipe_check_read(pipe));
    /* What was stored while the pipe was full is still in its place: push makes it an item. */
    assert_true(leat_pipe_push(pipe, false));
    assert_int_equal(leat_pipe_flush(pipe), LEAT_FLUSH_ASLEEP);
    assert_true(leat_pipe_check_read(pipe));
    assert_memory_equal(leat_pipe_front(pipe), &extra, sizeof extra);
    tear_down(&bench);
}

static void pipe_shows_a_batch_only_when_it_is_complete_and_flushed(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 8, 3, 64);
    struct leat_pipe *pipe = &bench.pipe;
    for (uint64_t i = 0; i < 9; i++) {
        assert_true(write_number(pipe, i, true));
        assert_int_equal(leat_pipe_flush(pipe), LEAT_FLUSH_NOTHING);
        assert_false(leat_pipe_poll(pipe));
    }
    assert_true(write_number(pipe, 9, false));
    assert_false(leat_pipe_poll(pipe));
    assert_true(write_number(pipe, 10, true)); /* of the next batch */
    assert_int_equal(leat_pipe_flush(pipe), LEAT_FLUSH_AWAKE);
    unsigned char item[8];
    for (uint64_t i = 0; i < 10; i++) {
        assert_true(leat_pipe_read(pipe, item));
        assert_true(is_item(item, 8, i));
    }
    assert_false(leat_pipe_poll(pipe));
    tear_down(&bench);
}

static void pipe_unwrite_takes_back_the_open_batch_across_chunks(void **state)
{
    (void)state;
    for (int64_t chunk_items = 2; chunk_items < 6; chunk_items++) {
        struct bench bench;
        set_up(&bench, 8, chunk_items, 64);
        struct leat_pipe *pipe = &bench.pipe;
        unsigned char item[8] = {0};
        assert_false(leat_pipe_unwrite(pipe, item));
        for (uint64_t i = 0; i < 5; i++) {
            assert_true(write_number(pipe, i, false));
        }
        int64_t live = bench.counted.live;
        for (int round = 0; round < 3; round++) {
            for (uint64_t i = 5; i < 60; i++) {
                assert_true(write_number(pipe, i, true));
            }
            for (uint64_t i = 59; i >= 5; i--) {
                assert_true(leat_pipe_unwrite(pipe, i % 2 == 0 ? item : NULL));
                assert_true(i % 2 == 1 || is_item(item, 8, i));
                assert_true(leat_pipe_valid(pipe));
            }
            memset(item, 7, sizeof item);
            assert_false(leat_pipe_unwrite(pipe, item)); /* what is complete stays */
            assert_memory_equal(item, "\7\7\7\7\7\7\7\7", 8);
            assert_int_equal(bench.counted.live, live);
        }
        assert_int_equal(leat_pipe_flush(pipe), LEAT_FLUSH_AWAKE);
        for (uint64_t i = 0; i < 5; i++) {
            assert_true(leat_pipe_read(pipe, item) && is_item(item, 8, i));
        }
        assert_false(leat_pipe_read(pipe, item));
        tear_down(&bench);
    }
}

static void pipe_flush_says_nothing_awake_or_asleep(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 8, 4, 64);
    struct leat_pipe *pipe = &bench.pipe;
    unsigned char item[8];
    assert_int_equal(leat_pipe_flush(pipe), LEAT_FLUSH_NOTHING);
    assert_true(write_number(pipe, 0, false));
    assert_int_equal(leat_pipe_flush(pipe), LEAT_FLUSH_AWAKE);
    assert_int_equal(leat_pipe_flush(pipe), LEAT_FLUSH_NOTHING);
    assert_true(leat_pipe_read(pipe, item));
    assert_false(leat_pipe_read(pipe, item)); /* announces */
    assert_false(leat_pipe_check_read(pipe)); /* still the same announcement */
    assert_int_equal(leat_pipe_flush(pipe), LEAT_FLUSH_NOTHING);
    assert_true(write_number(pipe, 1, false));
    assert_int_equal(leat_pipe_flush(pipe), LEAT_FLUSH_ASLEEP);
    assert_true(write_number(pipe, 2, false));
    assert_int_equal(leat_pipe_flush(pipe), LEAT_FLUSH_AWAKE); /* the announcement was taken back, once */
    struct leat_pipe_stats stats;
    leat_pipe_stats(pipe, &stats);
    assert_int_equal(stats.sleeps, 1);
    assert_int_equal(stats.flushes, 3);
    assert_int_equal(stats.items_in, 3);
    assert_int_equal(stats.items_out, 1);
    tear_down(&bench);
}

static void pipe_poll_announces_nothing_and_cancel_sleep_withdraws(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 8, 4, 64);
    struct leat_pipe *pipe = &bench.pipe;
    assert_false(leat_pipe_poll(pipe));
    leat_pipe_cancel_sleep(pipe); /* nothing to withdraw */
    assert_true(write_number(pipe, 0, false));
    assert_int_equal(leat_pipe_flush(pipe), LEAT_FLUSH_AWAKE);
    leat_pipe_cancel_sleep(pipe);
    assert_true(leat_pipe_poll(pipe));
    leat_pipe_pop(pipe);
    assert_false(leat_pipe_check_read(pipe));
    assert_false(leat_pipe_poll(pipe)); /* neither announces nor withdraws */
    leat_pipe_cancel_sleep(pipe);
    assert_true(write_number(pipe, 1, false));
    assert_int_equal(leat_pipe_flush(pipe), LEAT_FLUSH_AWAKE);
    assert_true(leat_pipe_poll(pipe));
    leat_pipe_pop(pipe);
    assert_false(leat_pipe_check_read(pipe));
    assert_true(write_number(pipe, 2, false));
    assert_int_equal(leat_pipe_flush(pipe), LEAT_FLUSH_ASLEEP);
    leat_pipe_cancel_sleep(pipe); /* too late, and harmless */
    assert_true(leat_pipe_poll(pipe));
    tear_down(&bench);
}

static bool is_odd(const void *item, void *context)
{
    (*(int *)context)++;
    return *(const unsigned char *)item % 2 == 1;
}

static void pipe_probe_asks_of_the_oldest_item_only(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 1, 4, 64);
    int asked = 0;
    assert_false(leat_pipe_probe(&bench.pipe, is_odd, &asked));
    assert_int_equal(asked, 0);
    assert_true(leat_pipe_write(&bench.pipe, "\1", false));
    assert_true(leat_pipe_write(&bench.pipe, "\2", false));
    assert_int_equal(leat_pipe_flush(&bench.pipe), LEAT_FLUSH_AWAKE); /* the probe above announced nothing */
    assert_true(leat_pipe_probe(&bench.pipe, is_odd, &asked));
    leat_pipe_pop(&bench.pipe);
    assert_false(leat_pipe_probe(&bench.pipe, is_odd, &asked));
    assert_int_equal(asked, 2);
    tear_down(&bench);
}

static void pipe_holds_exactly_its_high_water_and_reopens_by_eighths(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 8, 16, 64);
    struct leat_pipe *pipe = &bench.pipe;
    for (uint64_t i = 0; i < 64; i++) {
        assert_true(leat_pipe_check_write(pipe));
        assert_true(write_number(pipe, i, false));
    }
    assert_false(write_number(pipe, 64, false));
    leat_pipe_flush(pipe);
    for (int i = 0; i < 8; i++) {
        assert_false(write_number(pipe, 64, false)); /* seven were read, none was given back */
        assert_true(leat_pipe_check_read(pipe));
        leat_pipe_pop(pipe);
    }
    for (uint64_t i = 64; i < 72; i++) {
        assert_true(write_number(pipe, i, false));
    }
    assert_false(write_number(pipe, 72, false));
    assert_false(leat_pipe_writer_asleep(pipe)); /* the writer never announced */
    tear_down(&bench);
}

static void pipe_makes_room_at_once_for_a_writer_that_sleeps(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 8, 16, 64);
    struct leat_pipe *pipe = &bench.pipe;
    for (uint64_t i = 0; i < 64; i++) {
        assert_true(write_number(pipe, i, false));
    }
    leat_pipe_flush(pipe);
    assert_false(leat_pipe_check_write(pipe));
    assert_false(leat_pipe_check_write(pipe)); /* still the same announcement */
    assert_false(leat_pipe_writer_asleep(pipe));
    assert_true(leat_pipe_check_read(pipe));
    leat_pipe_pop(pipe);
    assert_true(leat_pipe_writer_asleep(pipe));
    assert_false(leat_pipe_writer_asleep(pipe)); /* once */
    assert_true(leat_pipe_check_write(pipe));
    assert_true(write_number(pipe, 64, false));
    /* Withdrawn: the next pop publishes nothing early and wakes nobody. */
    assert_false(leat_pipe_check_write(pipe));
    leat_pipe_cancel_write_sleep(pipe);
    leat_pipe_cancel_write_sleep(pipe);
    leat_pipe_pop(pipe);
    assert_false(leat_pipe_writer_asleep(pipe));
    assert_false(write_number(pipe, 65, false));
    tear_down(&bench);
}

static void pipe_publishes_all_room_before_it_says_empty(void **state)
{
    (void)state;
    for (int with_poll = 0; with_poll < 2; with_poll++) {
        struct bench bench;
        set_up(&bench, 8, 16, 64);
        struct leat_pipe *pipe = &bench.pipe;
        for (uint64_t i = 0; i < 61; i++) {
            assert_true(write_number(pipe, i, false));
        }
        leat_pipe_flush(pipe);
        for (int i = 0; i < 61; i++) {
            assert_true(leat_pipe_check_read(pipe));
            leat_pipe_pop(pipe);
        }
        assert_int_equal(leat_load(&pipe->o, relaxed), 56);
        assert_false(with_poll != 0 ? leat_pipe_poll(pipe) : leat_pipe_check_read(pipe));
        assert_int_equal(leat_load(&pipe->o, relaxed), 61);
        tear_down(&bench);
    }
}

static void pipe_chunk_goes_back_with_its_last_item_and_the_spare_is_taken_first(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 56, 4, 64);
    struct leat_pipe *pipe = &bench.pipe;
    unsigned char item[ITEM_MOST];
    for (uint64_t i = 0; i < 64; i++) {
        assert_true(write_number(pipe, i, false));
    }
    leat_pipe_flush(pipe);
    assert_int_equal(bench.counted.live, 17);
    for (int64_t i = 1; i <= 64; i++) {
        assert_true(leat_pipe_read(pipe, item));
        struct leat_pipe_stats stats;
        leat_pipe_stats(pipe, &stats);
        assert_int_equal(stats.chunks, bench.counted.live);
        assert_int_equal(bench.counted.live, i < 12 ? 17 : 17 - i / 4 + 2); /* all but the two that become spare */
    }
    int64_t allocs = bench.counted.allocs;
    for (uint64_t i = 0; i < 10000; i++) { /* one in, one out: the same two chunks change places */
        assert_true(write_number(pipe, i, false));
        leat_pipe_flush(pipe);
        assert_true(leat_pipe_read(pipe, item) && is_item(item, 56, i));
    }
    assert_in_range(bench.counted.allocs, allocs, allocs + 1);
    tear_down(&bench);
}

static void pipe_without_a_chunk_says_false_and_changes_nothing(void **state)
{
    (void)state;
    for (int64_t fail_at = 2; fail_at < 35; fail_at++) {
        struct bench bench;
        set_up(&bench, 56, 2, 64);
        struct leat_pipe *pipe = &bench.pipe;
        leat_store(&bench.counted.fail_at, fail_at, relaxed);
        int failures = 0;
        for (uint64_t i = 0; i < 64; i++) {
            if (!write_number(pipe, i, i % 3 != 0)) {
                failures++;
                assert_true(leat_pipe_valid(pipe));
                assert_true(leat_pipe_check_write(pipe));          /* it is not full */
                assert_true(is_item(leat_pipe_back(pipe), 56, i)); /* stored, not pushed: push alone does it now */
                assert_true(leat_pipe_push(pipe, i % 3 != 0));
            }
            assert_true(leat_pipe_valid(pipe));
        }
        assert_int_equal(failures, fail_at <= 33);
        assert_int_equal(drain(pipe, 0), 64);
        tear_down(&bench);
    }
}

static void pipe_that_gets_no_more_chunks_goes_on_with_those_it_has(void **state)
{
    (void)state;
    for (int64_t chunks = 2; chunks < 10; chunks++) {
        struct bench bench;
        set_up(&bench, 56, 2, 64);
        struct leat_pipe *pipe = &bench.pipe;
        bench.counted.sticky = true;
        leat_store(&bench.counted.fail_at, chunks + 1, relaxed);
        uint64_t read = 0;
        for (uint64_t i = 0; i < 1000; i++) {
            if (!write_number(pipe, i, false)) {
                assert_int_equal(i - read, read == 0 ? chunks * 2 - 2 : chunks == 2 ? 2 : 4);
                read = drain(pipe, read); /* all chunks but the spare ones go back for good */
                assert_true(write_number(pipe, i, false));
            }
        }
        assert_int_equal(drain(pipe, read), 1000);
        tear_down(&bench);
    }
}

static void pipe_with_a_low_water_mark_stays_shut_down_to_it(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 8, 7, 16);
    struct leat_pipe *pipe = &bench.pipe;
    pipe->low_water = 4;
    unsigned char item[8];
    uint64_t written = 0, read = 0;
    for (int round = 0; round < 20; round++) {
        while (write_number(pipe, written, false)) {
            written++;
        }
        assert_int_equal(written - read, 16);
        leat_pipe_flush(pipe);
        assert_false(leat_pipe_check_write(pipe));
        for (int i = 0; i < 12; i++) {
            assert_false(write_number(pipe, written, false));
            assert_false(leat_pipe_writer_asleep(pipe));
            assert_true(leat_pipe_read(pipe, item) && is_item(item, 8, read++));
        }
        assert_true(leat_pipe_writer_asleep(pipe));
        assert_true(leat_pipe_check_write(pipe));
        assert_true(leat_pipe_valid(pipe));
    }
    /* Taking back does not open it before the mark. */
    read = drain(pipe, read);
    for (int i = 0; i < 16; i++) {
        assert_true(write_number(pipe, written++, i >= 14));
    }
    assert_false(write_number(pipe, written, true));
    assert_true(leat_pipe_unwrite(pipe, NULL) && leat_pipe_unwrite(pipe, NULL));
    written -= 2;
    assert_true(leat_pipe_valid(pipe));
    assert_false(write_number(pipe, written, false));
    assert_false(leat_pipe_check_write(pipe));
    read = drain(pipe, read);
    assert_true(leat_pipe_writer_asleep(pipe));
    /* An incomplete batch of more than the mark: all else being read is enough. */
    read = drain(pipe, read);
    for (int i = 0; i < 16; i++) {
        assert_true(write_number(pipe, written++, i >= 4));
    }
    assert_false(leat_pipe_check_write(pipe));
    read = drain(pipe, read);
    assert_true(leat_pipe_writer_asleep(pipe));
    assert_true(leat_pipe_check_write(pipe) && write_number(pipe, written++, false));
    assert_int_equal(drain(pipe, read), written);
    tear_down(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipe_refuses_sizes_out_of_range),
        cmocka_unit_test(pipe_without_its_first_chunk_is_enomem_and_fini_is_harmless),
        cmocka_unit_test(pipe_gives_items_back_in_the_order_written),
        cmocka_unit_test(pipe_push_reserves_and_back_is_then_the_terminator),
        cmocka_unit_test(pipe_shows_a_batch_only_when_it_is_complete_and_flushed),
        cmocka_unit_test(pipe_unwrite_takes_back_the_open_batch_across_chunks),
        cmocka_unit_test(pipe_flush_says_nothing_awake_or_asleep),
        cmocka_unit_test(pipe_poll_announces_nothing_and_cancel_sleep_withdraws),
        cmocka_unit_test(pipe_probe_asks_of_the_oldest_item_only),
        cmocka_unit_test(pipe_holds_exactly_its_high_water_and_reopens_by_eighths),
        cmocka_unit_test(pipe_makes_room_at_once_for_a_writer_that_sleeps),
        cmocka_unit_test(pipe_publishes_all_room_before_it_says_empty),
        cmocka_unit_test(pipe_chunk_goes_back_with_its_last_item_and_the_spare_is_taken_first),
        cmocka_unit_test(pipe_without_a_chunk_says_false_and_changes_nothing),
        cmocka_unit_test(pipe_that_gets_no_more_chunks_goes_on_with_those_it_has),
        cmocka_unit_test(pipe_with_a_low_water_mark_stays_shut_down_to_it),
    };
    alarm(300); /* a lost wake-up hangs: then the test ends here */
    static const char *const names[] = {"", "rmw", "fence", "barrier"};
    int failed = 0;
    for (sleep_protocol = LEAT_SLEEP_RMW; sleep_protocol <= LEAT_SLEEP_BARRIER; sleep_protocol++) {
        failed += cmocka_run_group_tests_name(names[sleep_protocol], tests, NULL, NULL);
    }
    return failed;
}
