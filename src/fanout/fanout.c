/* SPDX-License-Identifier: MIT */
/* fanout.c: a reference for everybody. What is shared with the mailbox, the roster, is in leat/mailbox.h. */
#include <leat/fanout.h>

/* What a seat's `user` says of its reader. */
static char policies[3];

static enum leat_fanout_full policy_of(const struct leat_seat *seat)
{
    return (enum leat_fanout_full)((const char *)seat->user - policies);
}

/* A channel's `drop`: the reference is not given. */
static void drop_message(void *context, const void *item, enum leat_drop cause)
{
    (void)context;
    (void)cause; /* the channel has counted it */
    struct leat_msg msg;
    memcpy(&msg, item, sizeof msg);
    leat_msg_unref(&msg);
}

int leat_fanout_init(struct leat_fanout *fanout, const struct leat_fanout_config *config)
{
    if (config->pipe.item_bytes != 0 && config->pipe.item_bytes != (int64_t)sizeof(struct leat_msg)) {
        return -EINVAL;
    }
    (void)leat_waker_init(&fanout->writer_waker, false); /* a futex: cannot fail */
    int result = leat_roster_init(&fanout->roster, config->readers, &fanout->writer_waker);
    if (result != 0) {
        return result;
    }
    fanout->channel = (struct leat_channel_config){.pipe = config->pipe, .spin_most = config->spin_most};
    fanout->channel.pipe.item_bytes = (int64_t)sizeof(struct leat_msg);
    fanout->channel.writer_waker = &fanout->writer_waker;
    fanout->inside = fanout->closed = false;
    fanout->sum = (struct leat_fanout_stats){0};
    return 0;
}

/* Gives up what is unread; both sides are done with the channel. */
static void give_up(struct leat_channel *channel)
{
    struct leat_pipe *pipe = &channel->pipe;
    while (leat_pipe_unwrite(pipe, NULL)) { /* parts of a message that was never completed */
        drop_message(NULL, leat_pipe_back(pipe), LEAT_DROP_FULL);
    }
    (void)leat_pipe_flush(pipe);
    for (; leat_pipe_poll(pipe); leat_pipe_pop(pipe)) {
        drop_message(NULL, leat_pipe_front(pipe), LEAT_DROP_FULL);
    }
}

void leat_fanout_fini(struct leat_fanout *fanout)
{
    (void)leat_roster_look(&fanout->roster);
    for (int64_t i = 0; i < fanout->roster.live; i++) {
        give_up(&fanout->roster.order[i]->channel);
    }
    leat_roster_fini(&fanout->roster);
    leat_waker_fini(&fanout->writer_waker);
}

/* ---- writer ---- */

static void add_drops(struct leat_fanout_stats *sum, const struct leat_channel *channel)
{
    struct leat_channel_stats one;
    leat_channel_stats(channel, &one);
    for (int i = 0; i < LEAT_DROP_CAUSES; i++) {
        sum->drops[i] += one.drops[i];
    }
}

static bool gone(const struct leat_seat *seat)
{
    return leat_load(&seat->channel.reader_closed, acquire) != 0; /* edge "reader closed": it does not come back */
}

/* Those who attached are in, those who left are ended. Only between messages. */
static void look(struct leat_fanout *fanout)
{
    struct leat_roster *roster = &fanout->roster;
    (void)leat_roster_look(roster);
    for (int64_t i = roster->live - 1; i >= 0; i--) {
        if (gone(roster->order[i])) {
            struct leat_channel *channel = &roster->order[i]->channel;
            add_drops(&fanout->sum, channel);
            give_up(channel);
            leat_roster_free(roster, i);
        }
    }
}

/* 0: every reader that is waited for has room. */
static int wait_for_room(struct leat_fanout *fanout, int64_t deadline_ns)
{
    for (int64_t i = 0; i < fanout->roster.live; i++) {
        struct leat_seat *seat = fanout->roster.order[i];
        struct leat_channel *channel = &seat->channel;
        if (policy_of(seat) != LEAT_FANOUT_WAIT || channel->dropping || leat_pipe_has_room(&channel->pipe)) {
            continue;
        }
        (void)leat_fanout_flush(fanout); /* not only this one's: the others may do with what is there meanwhile */
        int result = leat_channel_wait_room(channel, deadline_ns);
        if (result != 0 && result != -EPIPE &&
            result != -EMSGSIZE) { /* one that left has room for everything; one too small drops it all */
            return result;
        }
    }
    return 0;
}

/* Hands one reference to a reader; true: it has it. */
static bool give(struct leat_fanout *fanout, struct leat_seat *seat, const struct leat_msg *msg, bool incomplete)
{
    struct leat_channel *channel = &seat->channel;
    int64_t dropped = 0;
    for (int i = 0; i < LEAT_DROP_CAUSES; i++) {
        dropped -= leat_load(&channel->drops[i], relaxed); /* relaxed: the writer's own */
    }
    if (gone(seat) || leat_load(&channel->writer_closed, relaxed) != 0) { /* relaxed: the writer's own */
        return false;
    }
    if (policy_of(seat) == LEAT_FANOUT_CLOSE && !channel->dropping && !leat_pipe_has_room(&channel->pipe)) {
        fanout->sum.drops[LEAT_DROP_FULL]++;
        while (leat_pipe_unwrite(&channel->pipe, NULL)) { /* it gets no part of this message */
            drop_message(NULL, leat_pipe_back(&channel->pipe), LEAT_DROP_FULL);
            fanout->sum.drops[LEAT_DROP_FULL]++;
            fanout->sum.sent--;
        }
        leat_channel_close_writer(channel);
        fanout->sum.let_go++;
        return false;
    }
    struct leat_msg copy;
    leat_msg_ref(&copy, msg);
    if (leat_channel_write(channel, &copy, incomplete, 0) != 0) { /* it left just now: nothing else can be, for this channel drops */
        leat_msg_unref(&copy);
        return false;
    }
    for (int i = 0; i < LEAT_DROP_CAUSES; i++) {
        dropped += leat_load(&channel->drops[i], relaxed); /* relaxed: likewise */
    }
    fanout->sum.sent += 1 - dropped; /* this one, or fewer by the parts that had been given */
    return dropped == 0;
}

int64_t leat_fanout_write(struct leat_fanout *fanout, struct leat_msg *msg, bool incomplete, int64_t deadline_ns)
{
    if (fanout->closed) {
        return -EPIPE;
    }
    if (!fanout->inside) {
        look(fanout);
    }
    int result = wait_for_room(fanout, deadline_ns);
    if (result != 0) {
        return result;
    }
    int64_t given = 0;
    for (int64_t i = 0; i < fanout->roster.live; i++) {
        given += give(fanout, fanout->roster.order[i], msg, incomplete);
    }
    fanout->inside = incomplete;
    fanout->sum.written++;
    leat_msg_unref(msg);
    leat_msg_init(msg);
    return given;
}

int64_t leat_fanout_flush(struct leat_fanout *fanout)
{
    int64_t woken = 0;
    for (int64_t i = 0; i < fanout->roster.live; i++) {
        struct leat_channel *channel = &fanout->roster.order[i]->channel;
        if (leat_load(&channel->writer_closed, relaxed) == 0) { /* relaxed: the writer's own */
            woken += leat_channel_flush(channel) == LEAT_FLUSH_ASLEEP;
        }
    }
    return woken;
}

void leat_fanout_close_writer(struct leat_fanout *fanout)
{
    if (fanout->closed) {
        return;
    }
    fanout->closed = true;
    (void)leat_roster_close(&fanout->roster);
    struct leat_roster *roster = &fanout->roster;
    for (int64_t i = 0; i < roster->count; i++) {
        struct leat_channel *channel = &roster->seats[i].channel;
        if (leat_load(&roster->seats[i].state, seq_cst) == LEAT_SEAT_OPEN && leat_load(&channel->writer_closed, relaxed) == 0) {
            leat_channel_close_writer(channel); /* edges "seat" and "closed"; relaxed: the writer's own */
        }
    }
}

void leat_fanout_stats(struct leat_fanout *fanout, struct leat_fanout_stats *stats)
{
    *stats = fanout->sum; /* no look here: a reader that comes in the middle of a message has to wait for its end */
    stats->readers = fanout->roster.live;
    for (int64_t i = 0; i < fanout->roster.live; i++) {
        add_drops(stats, &fanout->roster.order[i]->channel);
    }
}

/* ---- readers ---- */

int leat_fanout_attach(struct leat_fanout *fanout, const struct leat_fanout_reader *reader, struct leat_channel **channel)
{
    struct leat_fanout_reader all = reader != NULL ? *reader : (struct leat_fanout_reader){0};
    if ((unsigned)all.full > LEAT_FANOUT_CLOSE) {
        return -EINVAL;
    }
    struct leat_channel_config config = fanout->channel;
    config.pipe.high_water = all.high_water != 0 ? all.high_water : config.pipe.high_water;
    config.reader_fd = all.reader_fd;
    config.reader_waker = all.reader_waker;
    config.drop = drop_message; /* also where it is waited for: then it is memory that has run out */
    struct leat_seat *seat;
    int result = leat_roster_take(&fanout->roster, &config, false, policies + all.full, &seat);
    if (result == 0) {
        *channel = &seat->channel;
    }
    return result;
}
