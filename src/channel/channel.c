/* SPDX-License-Identifier: MIT */
/*
 * channel.c: look, spin, announce, look once more, park. The order of these steps is what keeps wake-ups from being lost; the
 * invariants and edges are in leat/channel.h, the announcements themselves in leat/pipe.h.
 */
#include <leat/channel.h>

/*
 * How often a side looks before it parks. A park and its wake-up cost tens of microseconds, 2048 looks about as much; the floor keeps a
 * chance for the spin to succeed and so to grow again.
 */
enum { SPIN_CEILING = 2048, SPIN_FLOOR = 16, SPIN_START = 256, SPIN_TRIAL = 16 };

void leat_spin_init(struct leat_spin *spin, int64_t most)
{
    spin->ceiling = most == 0 && leat_os_cpus() > 1 ? SPIN_CEILING : most > SPIN_FLOOR ? most : most > 0 ? SPIN_FLOOR : 0;
    spin->looks = SPIN_START < spin->ceiling ? SPIN_START : spin->ceiling;
    spin->lost = 0;
}

void leat_spin_won(struct leat_spin *spin)
{
    spin->looks = spin->looks < spin->ceiling / 2 ? spin->looks * 2 : spin->ceiling;
    spin->lost = 0;
}

void leat_spin_lost(struct leat_spin *spin)
{
    bool trial = spin->lost < 0;
    spin->looks = spin->looks / 2 > SPIN_FLOOR && !trial ? spin->looks / 2 : spin->ceiling > 0 ? SPIN_FLOOR : 0;
    if (++spin->lost == SPIN_TRIAL) { /* two sides at the floor, each asleep whenever the other looks, would stay there */
        spin->looks = spin->ceiling;
        spin->lost = -1;
    }
}

bool leat_spin_valid(const struct leat_spin *spin)
{
    return spin->ceiling == 0 ? spin->looks == 0 : spin->looks >= SPIN_FLOOR && spin->looks <= spin->ceiling;
}

int leat_channel_init(struct leat_channel *channel, const struct leat_channel_config *config)
{
    channel->reader_waker = config->reader_waker != NULL ? config->reader_waker : &channel->own_reader;
    channel->writer_waker = config->writer_waker != NULL ? config->writer_waker : &channel->own_writer;
    leat_spin_init(&channel->reader_spin, config->spin_most);
    leat_spin_init(&channel->writer_spin, config->spin_most);
    channel->drop = config->drop;
    channel->dropping = false;
    for (int i = 0; i < LEAT_DROP_CAUSES; i++) {
        leat_store(&channel->drops[i], 0, relaxed); /* relaxed, as all of init: no other thread has the channel yet */
    }
    channel->reader_armed = channel->writer_armed = false;
    leat_store(&channel->writer_closed, 0, relaxed);
    leat_store(&channel->reader_closed, 0, relaxed);
    leat_store(&channel->wakes, 0, relaxed);
    int result = leat_waker_init(&channel->own_reader, config->reader_fd && config->reader_waker == NULL);
    if (result != 0) {
        return result;
    }
    result = leat_waker_init(&channel->own_writer, config->writer_fd && config->writer_waker == NULL);
    if (result == 0) {
        struct leat_pipe_config pipe = config->pipe;
        pipe.host = pipe.host != NULL ? pipe.host : leat_os_host();
        result = leat_pipe_init(&channel->pipe, &pipe);
        if (result == 0) {
            return 0;
        }
        leat_waker_fini(&channel->own_writer);
    }
    leat_waker_fini(&channel->own_reader);
    return result;
}

void leat_channel_fini(struct leat_channel *channel)
{
    leat_pipe_fini(&channel->pipe);
    leat_waker_fini(&channel->own_writer);
    leat_waker_fini(&channel->own_reader);
}

/* ---- writer ---- */

enum leat_flush leat_channel_flush(struct leat_channel *channel)
{
    enum leat_flush flush = leat_pipe_flush(&channel->pipe);
    if (flush == LEAT_FLUSH_ASLEEP) {
        leat_store(&channel->wakes, leat_load(&channel->wakes, relaxed) + 1, relaxed); /* relaxed: a counter of the writer's own */
        leat_waker_wake(channel->reader_waker);
    }
    return flush;
}

/* Returns whether the last write failed for want of room; else it was for want of a chunk. The writer's own view, fresh from that write. */
static bool full(const struct leat_pipe *pipe)
{
    size_t bytes = leat_load(&pipe->pushed_bytes, relaxed) - pipe->o_bytes_seen; /* relaxed, both: the writer's own */
    return pipe->shut || leat_load(&pipe->pushed, relaxed) - pipe->o_seen >= pipe->high_water || bytes >= pipe->high_bytes;
}

/* Looks again and again for a while; true: there is room. */
static bool spin_for_room(struct leat_channel *channel)
{
    struct leat_pipe *pipe = &channel->pipe;
    for (int64_t looks = channel->writer_spin.looks; looks > 0; looks--) {
        leat_relax();
        if (leat_pipe_has_room(pipe)) {
            leat_spin_won(&channel->writer_spin);
            return true;
        }
    }
    leat_spin_lost(&channel->writer_spin);
    return false;
}

/* Parks the writer until it is woken, perhaps for nothing. 0: look again; -ETIMEDOUT; -EPIPE. No sleep is announced after an error. */
static int park_writer(struct leat_channel *channel, int64_t deadline_ns)
{
    uint32_t seen = leat_waker_seen(channel->writer_waker); /* before the announcement: a wake for it is never older than `seen` */
    if (leat_pipe_check_write(&channel->pipe)) {
        return 0;
    }
    if (leat_pipe_stuck(&channel->pipe)) { /* the reader took the last that it can: nobody would wake us */
        leat_pipe_cancel_write_sleep(&channel->pipe);
        return 0;
    }
    int result = -EPIPE;
    if (leat_load(&channel->reader_closed, acquire) == 0) { /* edge "reader closed"; after `seen`: a close from here on changes the token */
        result = leat_waker_wait(channel->writer_waker, seen, deadline_ns);
    }
    if (result != 0) {
        leat_pipe_cancel_write_sleep(&channel->pipe);
    }
    return result;
}

int leat_channel_wait_room(struct leat_channel *channel, int64_t deadline_ns)
{
    struct leat_pipe *pipe = &channel->pipe;
    int parked = 0;
    for (;;) {
        if (leat_load(&channel->reader_closed, acquire) != 0) { /* edge "reader closed" */
            return -EPIPE;
        }
        if (leat_pipe_has_room(pipe)) { /* after a timeout too: room that came at the last moment counts */
            return 0;
        }
        leat_channel_flush(channel); /* a reader that was shown nothing makes no room */
        if (leat_pipe_stuck(pipe)) {
            return -EMSGSIZE;
        }
        if (deadline_ns == 0 || parked != 0) {
            return parked != 0 ? parked : -EAGAIN;
        }
        if (!spin_for_room(channel)) {
            parked = park_writer(channel, deadline_ns);
        }
    }
}

static void count_drop(struct leat_channel *channel, const void *item, enum leat_drop cause)
{
    leat_store(&channel->drops[cause], leat_load(&channel->drops[cause], relaxed) + 1,
               relaxed); /* relaxed: a counter of the writer's own */
    channel->drop(channel->pipe.context, item, cause);
}

/* The item, which found no room, and all of its message that is written already or still comes. */
static void drop_message(struct leat_channel *channel, const void *item, bool incomplete)
{
    struct leat_pipe *pipe = &channel->pipe;
    bool items = pipe->shut || leat_load(&pipe->pushed, relaxed) - pipe->o_seen >= pipe->high_water; /* relaxed: the writer's own */
    enum leat_drop cause = items ? LEAT_DROP_FULL : full(pipe) ? LEAT_DROP_BYTES : LEAT_DROP_MEMORY;
    leat_channel_flush(channel);
    count_drop(channel, item, cause); /* first: it may stand in back(), which the others are taken back to */
    while (leat_pipe_unwrite(pipe, NULL)) {
        count_drop(channel, leat_pipe_back(pipe), cause);
    }
    channel->dropping = incomplete;
    channel->dropped_for = cause;
}

/* A write that did not succeed at once. */
static LEAT_COLD int write_slowly(struct leat_channel *channel, const void *item, bool incomplete, int64_t deadline_ns)
{
    if (channel->drop != NULL) {
        drop_message(channel, item, incomplete);
        return 0;
    }
    for (;;) {
        if (!full(&channel->pipe)) {
            leat_channel_flush(channel);
            return -ENOMEM;
        }
        int result = leat_channel_wait_room(channel, deadline_ns);
        if (result != 0) {
            return result;
        }
        if (leat_pipe_write(&channel->pipe, item, incomplete)) {
            return 0;
        }
    }
}

/* Ends what arm_writer began. */
static LEAT_COLD void disarm_writer(struct leat_channel *channel)
{
    channel->writer_armed = false;
    leat_pipe_cancel_write_sleep(&channel->pipe);
    if (channel->writer_waker == &channel->own_writer) {
        leat_waker_drain(channel->writer_waker);
    }
}

int leat_channel_write(struct leat_channel *channel, const void *item, bool incomplete, int64_t deadline_ns)
{
    if (LEAT_UNLIKELY(channel->writer_armed)) {
        disarm_writer(channel);
    }
    if (LEAT_UNLIKELY(leat_load(&channel->reader_closed, acquire) != 0)) { /* edge "reader closed" */
        return -EPIPE;
    }
    if (LEAT_UNLIKELY(channel->dropping)) {
        channel->dropping = incomplete;
        count_drop(channel, item, channel->dropped_for);
        return 0;
    }
    if (LEAT_LIKELY(leat_pipe_write(&channel->pipe, item, incomplete))) {
        return 0;
    }
    return write_slowly(channel, item, incomplete, deadline_ns);
}

int64_t leat_channel_write_many(struct leat_channel *channel, const void *items, int64_t count, int64_t deadline_ns)
{
    int result = leat_channel_write(channel, items, false, deadline_ns);
    int64_t done = 1;
    if (result != 0) {
        return result;
    }
    if (count > 1) {
        done += leat_pipe_write_many(&channel->pipe, (const unsigned char *)items + channel->pipe.shape.item_bytes, count - 1);
    }
    while (done < count && channel->drop != NULL &&
           leat_channel_write(channel, (const unsigned char *)items + (size_t)done * channel->pipe.shape.item_bytes, false, 0) == 0) {
        done++;
    }
    return done;
}

bool leat_channel_arm_writer(struct leat_channel *channel)
{
    if (channel->writer_waker == &channel->own_writer) {
        leat_waker_drain(channel->writer_waker); /* before the announcement: only wakes for earlier ones are lost */
    }
    leat_channel_flush(channel);
    if (leat_pipe_check_write(&channel->pipe)) {
        return false;
    }
    channel->writer_armed = true;
    if (leat_pipe_stuck(&channel->pipe)) {
        return false;
    }
    return leat_load(&channel->reader_closed, acquire) == 0; /* edge "reader closed"; a close after this load wakes */
}

void leat_channel_close_writer(struct leat_channel *channel)
{
    struct leat_waker *waker = channel->reader_waker; /* once it is closed, the channel may be ended by who shares that waker */
    leat_channel_flush(channel);
    leat_store(&channel->writer_closed, 1, release); /* edge "writer closed" */
    leat_waker_wake(waker);                          /* always: the reader may have announced before the flush above or after it */
}

/* ---- reader ---- */

/* To be called after whatever may have published room. */
static void wake_writer(struct leat_channel *channel)
{
    if (leat_pipe_writer_asleep(&channel->pipe)) {
        leat_waker_wake(channel->writer_waker);
    }
}

/* Looks again and again for a while; true: an item waits. */
static bool spin_for_item(struct leat_channel *channel)
{
    for (int64_t looks = channel->reader_spin.looks; looks > 0; looks--) {
        leat_relax();
        if (leat_pipe_poll(&channel->pipe)) {
            leat_spin_won(&channel->reader_spin);
            return true;
        }
    }
    leat_spin_lost(&channel->reader_spin);
    return false;
}

/* Parks the reader until it is woken, perhaps for nothing. 0: look again; -ETIMEDOUT. No sleep is announced after an error. */
static int park_reader(struct leat_channel *channel, int64_t deadline_ns)
{
    uint32_t seen = leat_waker_seen(channel->reader_waker); /* before the announcement: a wake for it is never older than `seen` */
    if (leat_pipe_check_read(&channel->pipe)) {
        return 0;
    }
    wake_writer(channel); /* announcing published the last room */
    int result = 0;
    if (leat_load(&channel->writer_closed, acquire) == 0) { /* edge "writer closed"; after `seen`: a close from here on changes the token */
        result = leat_waker_wait(channel->reader_waker, seen, deadline_ns);
    }
    if (result != 0) {
        leat_pipe_cancel_sleep(&channel->pipe);
    }
    return result;
}

/* 0: an item waits; or the error of the read. */
static LEAT_COLD int wait_for_item(struct leat_channel *channel, int64_t deadline_ns)
{
    struct leat_pipe *pipe = &channel->pipe;
    int parked = 0;
    for (;;) {
        wake_writer(channel);                                   /* polling published the last room */
        if (leat_load(&channel->writer_closed, acquire) != 0) { /* edge "writer closed": what polls empty now stays empty */
            leat_pipe_cancel_sleep(pipe);
            return leat_pipe_poll(pipe) ? 0 : -EPIPE;
        }
        if (deadline_ns == 0 || parked != 0) {
            return parked != 0 ? parked : -EAGAIN;
        }
        if (spin_for_item(channel)) {
            return 0;
        }
        parked = park_reader(channel, deadline_ns);
        if (leat_pipe_poll(pipe)) { /* after a timeout too: an item that came at the last moment counts */
            return 0;
        }
    }
}

/* Ends what arm began. */
static LEAT_COLD void disarm_reader(struct leat_channel *channel)
{
    channel->reader_armed = false;
    leat_pipe_cancel_sleep(&channel->pipe);
    if (channel->reader_waker == &channel->own_reader) {
        leat_waker_drain(channel->reader_waker);
    }
}

int leat_channel_read(struct leat_channel *channel, void *item, int64_t deadline_ns)
{
    struct leat_pipe *pipe = &channel->pipe;
    if (LEAT_UNLIKELY(channel->reader_armed)) {
        disarm_reader(channel);
    }
    if (!leat_pipe_poll(pipe)) {
        int result = wait_for_item(channel, deadline_ns);
        if (result != 0) {
            return result;
        }
    }
    memcpy(item, leat_pipe_front(pipe), pipe->shape.item_bytes);
    leat_pipe_pop(pipe);
    wake_writer(channel);
    return 0;
}

int64_t leat_channel_read_many(struct leat_channel *channel, void *items, int64_t count, int64_t deadline_ns)
{
    int result = leat_channel_read(channel, items, deadline_ns);
    int64_t done = 1;
    if (result != 0) {
        return result;
    }
    if (count > 1) {
        done += leat_pipe_read_many(&channel->pipe, (unsigned char *)items + channel->pipe.shape.item_bytes, count - 1);
        wake_writer(channel);
    }
    return done;
}

int leat_channel_fd(const struct leat_channel *channel)
{
    return channel->reader_waker->fd;
}

bool leat_channel_arm(struct leat_channel *channel)
{
    if (channel->reader_waker == &channel->own_reader) {
        leat_waker_drain(channel->reader_waker); /* before the announcement: only wakes for earlier ones are lost */
    }
    if (leat_pipe_check_read(&channel->pipe)) {
        return false;
    }
    wake_writer(channel); /* announcing published the last room */
    channel->reader_armed = true;
    return leat_load(&channel->writer_closed, acquire) == 0; /* edge "writer closed"; a close after this load wakes */
}

void leat_channel_close_reader(struct leat_channel *channel)
{
    struct leat_waker *waker = channel->writer_waker; /* likewise */
    leat_store(&channel->reader_closed, 1, release);  /* edge "reader closed" */
    leat_waker_wake(waker);
}

/* ---- both ---- */

void leat_channel_stats(const struct leat_channel *channel, struct leat_channel_stats *stats)
{
    leat_pipe_stats(&channel->pipe, &stats->pipe);
    for (int i = 0; i < LEAT_DROP_CAUSES; i++) {
        stats->drops[i] = leat_load(&channel->drops[i], relaxed); /* relaxed, both: statistics */
    }
    stats->wakes = leat_load(&channel->wakes, relaxed);
}

bool leat_channel_valid(const struct leat_channel *channel)
{
    return channel->reader_waker != NULL && channel->writer_waker != NULL && leat_spin_valid(&channel->reader_spin) &&
           leat_spin_valid(&channel->writer_spin) && leat_pipe_valid(&channel->pipe);
}
