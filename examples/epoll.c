/* SPDX-License-Identifier: MIT */
/*
 * epoll: three sensors, each a thread, and one collector that sleeps in epoll on everything it waits for: their mailbox and a clock. The
 * rule for any event loop: read until -EAGAIN, then arm; only when that says true is it time to sleep.
 */
#define _GNU_SOURCE
#include <leat/mailbox.h>

#include <inttypes.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { SENSORS = 3, READINGS = 20000 };

struct reading {
    uint32_t sensor;
    int32_t value;
};

static struct leat_mailbox mailbox; /* static: so it has the alignment that it asks for */

static void measure(void *context)
{
    const uint32_t *sensor = context;
    struct leat_channel *channel;
    struct leat_mailbox_writer writer = {.urgent = *sensor == 0}; /* the first is an alarm: read before all others */
    if (leat_mailbox_attach(&mailbox, &writer, &channel) != 0) {
        return;
    }
    for (int32_t i = 0; i < READINGS; i++) {
        (void)leat_channel_write(channel, &(struct reading){*sensor, i}, false, LEAT_FOREVER);
        if (i % 100 == 99) {
            (void)leat_channel_flush(channel);
            (void)usleep(100);
        }
    }
    leat_channel_close_writer(channel); /* flushes what is left */
}

int main(void)
{
    static uint32_t names[SENSORS] = {0, 1, 2};
    struct leat_thread sensors[SENSORS];
    struct leat_pool *pool;
    struct leat_pool_config pool_config = leat_os_pool_config(4096, 256);
    if (leat_pool_create(&pool, &pool_config) != 0) {
        return 1;
    }
    struct leat_blocks chunks = leat_pool_blocks(pool);
    struct leat_mailbox_config config = {
        .writers = SENSORS, .pipe = {.item_bytes = sizeof(struct reading), .high_water = 1000, .blocks = &chunks}, .reader_fd = true};
    int loop = epoll_create1(EPOLL_CLOEXEC), clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (leat_mailbox_init(&mailbox, &config) != 0 || loop < 0 || clock < 0) {
        return 1;
    }
    struct epoll_event post = {.events = EPOLLIN, .data.fd = leat_mailbox_fd(&mailbox)}, tick = {.events = EPOLLIN, .data.fd = clock};
    struct itimerspec every = {.it_value.tv_nsec = 5000000, .it_interval.tv_nsec = 5000000};
    if (epoll_ctl(loop, EPOLL_CTL_ADD, post.data.fd, &post) != 0 || epoll_ctl(loop, EPOLL_CTL_ADD, clock, &tick) != 0 ||
        timerfd_settime(clock, 0, &every, NULL) != 0) {
        return 1;
    }
    for (int i = 0; i < SENSORS; i++) {
        if (leat_thread_start(&sensors[i], "sensor", measure, &names[i]) != 0) {
            return 1;
        }
    }

    int64_t counts[SENSORS] = {0}, ticks = 0, sleeps = 0;
    while (counts[0] + counts[1] + counts[2] < (int64_t)SENSORS * READINGS) {
        struct reading reading;
        while (leat_mailbox_read(&mailbox, &reading, 0) == 0) {
            if (reading.value != counts[reading.sensor]++) {
                return 1; /* each sensor's readings come in order */
            }
        }
        if (leat_mailbox_arm(&mailbox)) {
            struct epoll_event events[2];
            int ready = epoll_wait(loop, events, 2, -1);
            sleeps++;
            for (int i = 0; i < ready; i++) {
                uint64_t due;
                if (events[i].data.fd == clock && read(clock, &due, sizeof due) == sizeof due) {
                    ticks += (int64_t)due;
                }
            }
        }
    }
    for (int i = 0; i < SENSORS; i++) {
        leat_thread_join(&sensors[i]);
    }
    struct leat_mailbox_stats stats;
    leat_mailbox_stats(&mailbox, &stats);
    printf("%" PRId64 " readings of %d sensors, %" PRId64 " sleeps in epoll, %" PRId64 " wakes, %" PRId64 " ticks\n", stats.items_out,
           SENSORS, sleeps, stats.wakes, ticks);
    leat_mailbox_fini(&mailbox);
    (void)close(loop);
    (void)close(clock);
    return leat_pool_destroy(pool, NULL) != 0;
}
