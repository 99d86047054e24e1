/* SPDX-License-Identifier: MIT */
/* What the tests of the channel share: a channel with its counted blocks. */
#ifndef LEAT_CHANNEL_SUPPORT_H
#define LEAT_CHANNEL_SUPPORT_H

#include "pipe_support.h"
#include <fcntl.h>
#include <leat/channel.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#define MS ((int64_t)1000000)

/* ThreadSanitizer holds a signal back until the next call that it knows may block: poll is one, a futex is not. */
#if defined(__SANITIZE_THREAD__)
#define SIGNALS_WAIT_FOR_POLL true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SIGNALS_WAIT_FOR_POLL true
#endif
#endif
#ifndef SIGNALS_WAIT_FOR_POLL
#define SIGNALS_WAIT_FOR_POLL false
#endif

/* A channel of 8-byte numbers, with its blocks. */
struct post {
    struct leat_channel channel;
    struct counted_blocks counted;
    struct leat_blocks blocks;
};

static inline struct leat_channel_config post_config(struct post *post, int64_t chunk_items, int64_t high_water)
{
    post->blocks = counted_blocks(&post->counted, 64 + (chunk_items + 6) / 7 * 64);
    return (struct leat_channel_config){.pipe = {.item_bytes = 8, .high_water = high_water, .blocks = &post->blocks}};
}

static inline void set_up(struct post *post, int64_t high_water, bool fds)
{
    struct leat_channel_config config = post_config(post, 16, high_water);
    config.reader_fd = config.writer_fd = fds;
    assert_int_equal(leat_channel_init(&post->channel, &config), 0);
    assert_true(leat_channel_valid(&post->channel));
}

static inline void tear_down(struct post *post)
{
    assert_true(leat_channel_valid(&post->channel));
    leat_channel_fini(&post->channel);
    assert_int_equal(post->counted.live, 0);
}

static inline int put(struct leat_channel *channel, uint64_t number, int64_t deadline_ns)
{
    return leat_channel_write(channel, &number, false, deadline_ns);
}

static inline bool readable(int fd)
{
    struct pollfd set = {.fd = fd, .events = POLLIN};
    return poll(&set, 1, 0) == 1;
}

static inline int open_fds(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

#endif
