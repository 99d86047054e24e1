/* SPDX-License-Identifier: MIT */
/* The fanout: references to everybody, the three answers to a slow reader, readers that come and go. */
#define _GNU_SOURCE
#include <leat/fanout.h>

#include "pipe_support.h"

#include <pthread.h>
#include <unistd.h>

enum { PAYLOAD = 400 };

struct station {
    struct leat_fanout fanout;
    struct counted_blocks counted, buffers;
    struct leat_blocks blocks, buffer_blocks;
};

static void set_up(struct station *station, int64_t readers, int64_t high_water)
{
    station->blocks = counted_blocks(&station->counted, 2048);
    station->buffer_blocks = counted_blocks(&station->buffers, 1024);
    struct leat_fanout_config config = {.readers = readers, .pipe = {.high_water = high_water, .blocks = &station->blocks}};
    assert_int_equal(leat_fanout_init(&station->fanout, &config), 0);
}

static void tear_down(struct station *station)
{
    leat_fanout_fini(&station->fanout);
    assert_int_equal(station->counted.live, 0);
    assert_int_equal(station->buffers.live, 0); /* every reference was given up */
}

static struct leat_msg message(struct station *station, uint64_t number)
{
    struct leat_msg msg;
    assert_int_equal(leat_msg_alloc(&msg, &station->buffer_blocks, PAYLOAD), 0);
    memcpy(leat_msg_data(&msg), &number, sizeof number);
    return msg;
}

static int64_t send(struct station *station, uint64_t number, bool incomplete, int64_t deadline_ns)
{
    struct leat_msg msg = message(station, number);
    int64_t result = leat_fanout_write(&station->fanout, &msg, incomplete, deadline_ns);
    if (result < 0) {
        assert_int_equal(leat_msg_size(&msg), PAYLOAD); /* still ours */
        leat_msg_unref(&msg);
    } else {
        assert_int_equal(leat_msg_size(&msg), 0);
    }
    return result;
}

static uint64_t receive(struct leat_channel *channel)
{
    struct leat_msg msg;
    uint64_t number;
    assert_int_equal(leat_channel_read(channel, &msg, 0), 0);
    assert_int_equal(leat_msg_size(&msg), PAYLOAD);
    memcpy(&number, leat_msg_data(&msg), sizeof number);
    leat_msg_unref(&msg);
    return number;
}

static void fanout_shares_one_message_among_all_readers(void **state)
{
    (void)state;
    static struct station station;
    set_up(&station, 3, 8);
    assert_int_equal(send(&station, 1, false, 0), 0); /* nobody is there */
    struct leat_channel *channel[3], *fourth;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(leat_fanout_attach(&station.fanout, NULL, &channel[i]), 0);
    }
    assert_int_equal(leat_fanout_attach(&station.fanout, NULL, &fourth), -ENOSPC);
    assert_int_equal(send(&station, 2, false, 0), 3);
    assert_int_equal(station.buffers.live, 1);
    assert_int_equal(leat_fanout_flush(&station.fanout), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(station.buffers.live, 1);
        assert_int_equal(receive(channel[i]), 2);
    }
    assert_int_equal(station.buffers.live, 0);
    leat_channel_close_reader(channel[1]);
    assert_int_equal(send(&station, 3, false, 0), 2);
    assert_int_equal(leat_fanout_attach(&station.fanout, NULL, &fourth), 0); /* its seat is free */
    leat_fanout_close_writer(&station.fanout);
    assert_int_equal(send(&station, 4, false, 0), -EPIPE);
    assert_int_equal(receive(channel[0]), 3);
    assert_int_equal(leat_channel_read(channel[0], &(struct leat_msg){0}, LEAT_FOREVER), -EPIPE);
    assert_int_equal(leat_channel_read(fourth, &(struct leat_msg){0}, LEAT_FOREVER), -EPIPE);
    assert_int_equal(leat_fanout_attach(&station.fanout, NULL, &fourth), -EPIPE);
    tear_down(&station); /* the third never read its message */
}

static void fanout_drops_waits_or_lets_a_slow_reader_go(void **state)
{
    (void)state;
    static struct station station;
    set_up(&station, 3, 4);
    struct leat_channel *drops, *waits, *goes;
    assert_int_equal(leat_fanout_attach(&station.fanout, NULL, &drops), 0);
    assert_int_equal(leat_fanout_attach(&station.fanout, &(struct leat_fanout_reader){.full = LEAT_FANOUT_CLOSE}, &goes), 0);
    assert_int_equal(leat_fanout_attach(&station.fanout, &(struct leat_fanout_reader){.full = LEAT_FANOUT_WAIT, .high_water = 6}, &waits),
                     0);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(send(&station, i, false, 0), 3);
    }
    assert_int_equal(send(&station, 4, false, 0), 1);
    assert_int_equal(send(&station, 5, false, 0), 1);
    assert_int_equal(send(&station, 6, false, 0), -EAGAIN);
    assert_int_equal(send(&station, 6, false, leat_os_now_ns() + 1000000), -ETIMEDOUT);
    struct leat_fanout_stats stats;
    leat_fanout_stats(&station.fanout, &stats);
    assert_int_equal(stats.drops[LEAT_DROP_FULL], 3);
    assert_int_equal(stats.let_go, 1);
    assert_int_equal(stats.written, 6);
    assert_int_equal(stats.sent, 14);
    for (uint64_t i = 0; i < 6; i++) {
        assert_int_equal(receive(waits), i);
    }
    assert_int_equal(leat_channel_read(waits, &(struct leat_msg){0}, 0), -EAGAIN);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(receive(drops), i);
        assert_int_equal(receive(goes), i);
    }
    assert_int_equal(leat_channel_read(drops, &(struct leat_msg){0}, 0), -EAGAIN);
    assert_int_equal(leat_channel_read(goes, &(struct leat_msg){0}, LEAT_FOREVER), -EPIPE);
    leat_channel_close_reader(goes);
    /* A message of three parts, of which the third finds no room: none of it is seen by who drops. */
    assert_int_equal(send(&station, 7, false, 0), 2);
    assert_int_equal(send(&station, 8, false, 0), 2);
    assert_int_equal(send(&station, 9, true, 0), 2);
    assert_int_equal(send(&station, 10, true, 0), 2);
    struct leat_channel *late;
    assert_int_equal(leat_fanout_attach(&station.fanout, NULL, &late), 0); /* in the middle of a message: gets none of it */
    assert_int_equal(send(&station, 11, false, 0), 1);
    (void)leat_fanout_flush(&station.fanout);
    assert_int_equal(receive(drops), 7);
    assert_int_equal(receive(drops), 8);
    assert_int_equal(leat_channel_read(drops, &(struct leat_msg){0}, 0), -EAGAIN);
    for (uint64_t i = 7; i < 12; i++) {
        assert_int_equal(receive(waits), i);
    }
    assert_int_equal(leat_channel_read(late, &(struct leat_msg){0}, 0), -EAGAIN);
    assert_int_equal(send(&station, 12, false, 0), 3);
    (void)leat_fanout_flush(&station.fanout);
    assert_int_equal(receive(late), 12);
    tear_down(&station);
}

static void fanout_is_not_held_up_by_a_reader_too_small_for_the_message(void **state)
{
    (void)state;
    static struct station station;
    set_up(&station, 2, 8);
    struct leat_channel *large, *small;
    assert_int_equal(leat_fanout_attach(&station.fanout, NULL, &large), 0);
    assert_int_equal(leat_fanout_attach(&station.fanout, &(struct leat_fanout_reader){.full = LEAT_FANOUT_WAIT, .high_water = 2}, &small),
                     0);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(send(&station, i, i < 3, LEAT_FOREVER), i < 2 ? 2 : 1);
    }
    (void)leat_fanout_flush(&station.fanout);
    struct leat_fanout_stats stats;
    leat_fanout_stats(&station.fanout, &stats);
    assert_int_equal(stats.sent, 4);
    assert_int_equal(stats.drops[LEAT_DROP_FULL], 4);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(receive(large), i);
    }
    assert_int_equal(leat_channel_read(small, &(struct leat_msg){0}, 0), -EAGAIN);
    assert_int_equal(send(&station, 9, false, 0), 2);
    tear_down(&station);
}

enum { READERS = 3 };

struct audience {
    struct station station;
    uint64_t messages;
    LEAT_ATOMIC(int64_t) got;
};

/* Attaches again and again; numbers only grow, within one visit by one, for this reader is waited for. */
static void *listen(void *context)
{
    struct audience *audience = context;
    uint64_t last = 0, got = 0;
    bool open = true;
    for (int visit = 0; open; visit++) {
        struct leat_channel *channel;
        int result = leat_fanout_attach(&audience->station.fanout, &(struct leat_fanout_reader){.full = LEAT_FANOUT_WAIT}, &channel);
        if (result == -EPIPE) {
            break;
        }
        if (result == -ENOSPC) { /* the seat is freed by the next write */
            usleep(10);
            continue;
        }
        assert_int_equal(result, 0);
        for (int i = 0; i < 1000 || visit > 3; i++) {
            struct leat_msg msg;
            uint64_t number;
            if (leat_channel_read(channel, &msg, LEAT_FOREVER) != 0) {
                open = false;
                break;
            }
            memcpy(&number, leat_msg_data(&msg), sizeof number);
            leat_msg_unref(&msg);
            if (i == 0 ? number <= last : number != last + 1) {
                fail_msg("%llu after %llu", (unsigned long long)number, (unsigned long long)last);
            }
            last = number;
            got++;
        }
        leat_channel_close_reader(channel);
    }
    (void)leat_add(&audience->got, (int64_t)got, relaxed);
    return NULL;
}

static void fanout_reaches_readers_that_come_and_go(void **state)
{
    (void)state;
    static struct audience audience;
    set_up(&audience.station, READERS, 32);
    audience.messages = (uint64_t)items_at_most(100000);
    pthread_t threads[READERS];
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, listen, &audience), 0);
    }
    int64_t given = 0;
    for (uint64_t i = 1; i <= audience.messages || given == 0; i++) {
        int64_t result = send(&audience.station, i, false, LEAT_FOREVER);
        assert_in_range(result, 0, READERS);
        given += result;
        (void)leat_fanout_flush(&audience.station.fanout);
    }
    leat_fanout_close_writer(&audience.station.fanout);
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
    }
    print_message("%llu messages, %lld given, %lld read\n", (unsigned long long)audience.messages, (long long)given,
                  (long long)audience.got);
    assert_true(audience.got > 0 && audience.got <= given);
    tear_down(&audience.station);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fanout_shares_one_message_among_all_readers),
        cmocka_unit_test(fanout_drops_waits_or_lets_a_slow_reader_go),
        cmocka_unit_test(fanout_is_not_held_up_by_a_reader_too_small_for_the_message),
        cmocka_unit_test(fanout_reaches_readers_that_come_and_go),
    };
    alarm(120);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
