/* SPDX-License-Identifier: MIT */
/* mailbox.c: whose turn it is, and sleep of one reader on all of its channels. The invariants and edges are in leat/mailbox.h. */
#include <leat/mailbox.h>

int leat_mailbox_init(struct leat_mailbox *mailbox, const struct leat_mailbox_config *config)
{
    if (config->turn_messages < 0) {
        return -EINVAL;
    }
    mailbox->waker = config->reader_waker != NULL ? config->reader_waker : &mailbox->own;
    int result = leat_waker_init(&mailbox->own, config->reader_fd && config->reader_waker == NULL);
    if (result != 0) {
        return result;
    }
    result = leat_roster_init(&mailbox->roster, config->writers, mailbox->waker);
    if (result != 0) {
        leat_waker_fini(&mailbox->own);
        return result;
    }
    mailbox->channel = (struct leat_channel_config){.pipe = config->pipe, .spin_most = config->spin_most, .reader_waker = mailbox->waker};
    mailbox->channel.pipe.lead = -1; /* the reader has others to look at meanwhile */
    mailbox->turn_messages = config->turn_messages > 0 ? config->turn_messages : 1;
    mailbox->more = config->more;
    leat_store(&mailbox->attached, 0, relaxed); /* relaxed: no other thread has it yet */
    leat_spin_init(&mailbox->spin, config->spin_most);
    mailbox->turn = mailbox->urgent_turn = 0;
    mailbox->turn_left = mailbox->turn_messages;
    mailbox->inside = NULL;
    mailbox->from = NULL;
    mailbox->armed = false;
    mailbox->gone = (struct leat_mailbox_stats){0};
    return 0;
}

void leat_mailbox_fini(struct leat_mailbox *mailbox)
{
    leat_roster_fini(&mailbox->roster);
    leat_waker_fini(&mailbox->own);
}

/* ---- writers ---- */

int leat_mailbox_attach(struct leat_mailbox *mailbox, const struct leat_mailbox_writer *writer, struct leat_channel **channel)
{
    struct leat_mailbox_writer all = writer != NULL ? *writer : (struct leat_mailbox_writer){0};
    struct leat_channel_config config = mailbox->channel;
    config.pipe.high_water = all.high_water != 0 ? all.high_water : config.pipe.high_water;
    config.drop = all.drop;
    struct leat_seat *seat;
    int result = leat_roster_take(&mailbox->roster, &config, all.urgent, all.user, &seat);
    if (result == 0) {
        (void)leat_add(&mailbox->attached, 1, relaxed); /* relaxed: a statistic */
        *channel = &seat->channel;
    }
    return result;
}

/* ---- reader ---- */

static void add_stats(struct leat_mailbox_stats *sum, const struct leat_channel *channel)
{
    struct leat_channel_stats one;
    leat_channel_stats(channel, &one);
    sum->items_in += one.pipe.items_in;
    sum->items_out += one.pipe.items_out;
    sum->bytes_in += one.pipe.bytes_in;
    sum->bytes_out += one.pipe.bytes_out;
    for (int i = 0; i < LEAT_DROP_CAUSES; i++) {
        sum->drops[i] += one.drops[i];
    }
    sum->wakes += one.wakes;
}

/* To be called after whatever may have published room. */
static void wake_writer(struct leat_seat *seat)
{
    if (leat_pipe_writer_asleep(&seat->channel.pipe)) {
        leat_waker_wake(seat->channel.writer_waker);
    }
}

/* Where a seat stands in the order now; `otherwise` if it does not. */
static int64_t index_of(const struct leat_roster *roster, const struct leat_seat *seat, int64_t otherwise)
{
    for (int64_t i = 0; i < roster->live; i++) {
        if (roster->order[i] == seat) {
            return i;
        }
    }
    return otherwise;
}

/* Those who came are in; whose turn it was keeps it. */
static void look(struct leat_mailbox *mailbox)
{
    struct leat_roster *roster = &mailbox->roster;
    if (leat_load(&roster->changes, relaxed) == roster->seen) { /* relaxed: leat_roster_look says it for certain */
        return;
    }
    const struct leat_seat *turn = mailbox->turn < roster->live ? roster->order[mailbox->turn] : NULL;
    const struct leat_seat *urgent = mailbox->urgent_turn < roster->urgent ? roster->order[mailbox->urgent_turn] : NULL;
    (void)leat_roster_look(roster);
    mailbox->turn = index_of(roster, turn, roster->live);
    mailbox->urgent_turn = index_of(roster, urgent, roster->urgent);
}

/* Says whether order[index] has an item; one whose writer has gone and left none is ended, and *ended set. */
static bool has_item(struct leat_mailbox *mailbox, int64_t index, bool *ended)
{
    struct leat_seat *seat = mailbox->roster.order[index];
    if (leat_pipe_poll(&seat->channel.pipe)) {
        return true;
    }
    wake_writer(seat);                                           /* polling published the last room */
    if (leat_load(&seat->channel.writer_closed, acquire) == 0) { /* edge "writer closed": what polls empty now stays empty */
        return false;
    }
    if (leat_pipe_poll(&seat->channel.pipe)) {
        return true;
    }
    mailbox->inside = mailbox->inside == seat ? NULL : mailbox->inside;
    add_stats(&mailbox->gone, &seat->channel);
    leat_roster_free(&mailbox->roster, index);
    mailbox->turn -= index < mailbox->turn; /* those behind it have moved up */
    mailbox->urgent_turn -= index < mailbox->urgent_turn;
    *ended = true;
    return false;
}

/* Goes round order[first .. end) once, from *turn on; returns who has an item, or NULL. */
static struct leat_seat *go_round(struct leat_mailbox *mailbox, const int64_t *first, const int64_t *end, int64_t *turn)
{
    for (int64_t looks = *end - *first; looks > 0; looks--) {
        if (*turn < *first || *turn >= *end) {
            *turn = *first;
        }
        bool ended = false;
        if (has_item(mailbox, *turn, &ended)) {
            return mailbox->roster.order[*turn];
        }
        *turn += !ended;
        mailbox->turn_left = turn == &mailbox->turn ? mailbox->turn_messages : mailbox->turn_left;
    }
    return NULL;
}

/* Returns whose item is the next, NULL: nobody has one. */
static struct leat_seat *choose(struct leat_mailbox *mailbox)
{
    struct leat_roster *roster = &mailbox->roster;
    look(mailbox);
    for (int64_t i = 0; mailbox->inside != NULL && i < roster->live; i++) {
        if (roster->order[i] == mailbox->inside) {
            bool ended = false;
            if (has_item(mailbox, i, &ended)) {
                return mailbox->inside;
            }
            if (!ended) {
                return NULL; /* the rest of its message comes first */
            }
        }
    }
    static const int64_t none = 0;
    struct leat_seat *seat = go_round(mailbox, &none, &roster->urgent, &mailbox->urgent_turn);
    if (seat != NULL) {
        mailbox->urgent_turn++;
        return seat;
    }
    seat = go_round(mailbox, &roster->urgent, &roster->live, &mailbox->turn);
    return seat;
}

/* The item is the reader's; the turn goes on after a whole message. */
static void take(struct leat_mailbox *mailbox, struct leat_seat *seat, void *item)
{
    struct leat_pipe *pipe = &seat->channel.pipe;
    memcpy(item, leat_pipe_front(pipe), pipe->shape.item_bytes);
    bool more = mailbox->more != NULL && mailbox->more(pipe->context, item);
    leat_pipe_pop(pipe);
    wake_writer(seat);
    mailbox->inside = more ? seat : NULL;
    mailbox->from = seat->user;
    if (!more && !seat->urgent && --mailbox->turn_left <= 0) {
        mailbox->turn++;
        mailbox->turn_left = mailbox->turn_messages;
    }
}

static void cancel_sleep(struct leat_mailbox *mailbox)
{
    for (int64_t i = 0; i < mailbox->roster.live; i++) {
        leat_pipe_cancel_sleep(mailbox->roster.pipes[i]);
    }
}

/* The sleep is announced to everybody, or in the middle of a message to its writer; false: there is no need to sleep. */
static bool announce(struct leat_mailbox *mailbox)
{
    struct leat_roster *roster = &mailbox->roster;
    look(mailbox);
    struct leat_seat *only = mailbox->inside;
    struct leat_pipe *pipe = only != NULL ? &only->channel.pipe : NULL;
    bool there = only != NULL ? leat_pipe_check_read_any(&pipe, 1) : leat_pipe_check_read_any(roster->pipes, roster->live);
    for (int64_t i = 0; i < roster->live; i++) {
        struct leat_seat *seat = roster->order[i];
        wake_writer(seat); /* announcing published the last room */
        if (only == NULL || only == seat) {
            there = there || leat_load(&seat->channel.writer_closed, acquire) != 0; /* edge "writer closed": a seat to be freed */
        }
    }
    return !there && leat_load(&roster->changes, relaxed) == roster->seen; /* relaxed: a raise from here on changes the token */
}

/* Parks until somebody wakes the reader, perhaps for nothing. 0: look again; -ETIMEDOUT. */
static int park(struct leat_mailbox *mailbox, int64_t deadline_ns)
{
    uint32_t seen = leat_waker_seen(mailbox->waker); /* before the announcement: a wake for it is never older than `seen` */
    int result = 0;
    if (announce(mailbox)) {
        mailbox->gone.sleeps++;
        result = leat_waker_wait(mailbox->waker, seen, deadline_ns);
    }
    cancel_sleep(mailbox);
    return result;
}

/* Ends what arm began. */
static LEAT_COLD void disarm(struct leat_mailbox *mailbox)
{
    mailbox->armed = false;
    cancel_sleep(mailbox);
    if (mailbox->waker == &mailbox->own) {
        leat_waker_drain(mailbox->waker);
    }
}

int leat_mailbox_read(struct leat_mailbox *mailbox, void *item, int64_t deadline_ns)
{
    if (LEAT_UNLIKELY(mailbox->armed)) {
        disarm(mailbox);
    }
    struct leat_seat *seat = choose(mailbox);
    if (LEAT_UNLIKELY(seat == NULL && leat_load(&mailbox->roster.closed, relaxed) != 0)) { /* relaxed: the reader's own */
        return -EPIPE;
    }
    for (int parked = 0; seat == NULL; seat = choose(mailbox)) {
        if (deadline_ns == 0 || parked != 0) {
            return parked != 0 ? parked : -EAGAIN;
        }
        for (int64_t looks = mailbox->spin.looks; looks > 0 && seat == NULL; looks--) {
            leat_relax();
            seat = choose(mailbox);
        }
        if (seat != NULL) {
            leat_spin_won(&mailbox->spin);
            break;
        }
        leat_spin_lost(&mailbox->spin);
        parked = park(mailbox, deadline_ns);
    }
    take(mailbox, seat, item);
    return 0;
}

void *leat_mailbox_from(const struct leat_mailbox *mailbox)
{
    return mailbox->from;
}

int leat_mailbox_fd(const struct leat_mailbox *mailbox)
{
    return mailbox->waker->fd;
}

bool leat_mailbox_arm(struct leat_mailbox *mailbox)
{
    if (mailbox->waker == &mailbox->own) {
        leat_waker_drain(mailbox->waker); /* before the announcement: only wakes for earlier ones are lost */
    }
    mailbox->armed = announce(mailbox);
    if (!mailbox->armed) {
        cancel_sleep(mailbox);
    }
    return mailbox->armed;
}

void leat_mailbox_close_reader(struct leat_mailbox *mailbox)
{
    struct leat_roster *roster = &mailbox->roster;
    if (!leat_roster_close(roster)) {
        return;
    }
    for (int64_t i = 0; i < roster->count; i++) {
        if (leat_load(&roster->seats[i].state, seq_cst) == LEAT_SEAT_OPEN) { /* edges "seat" and "closed" */
            leat_channel_close_reader(&roster->seats[i].channel);
        }
    }
}

void leat_mailbox_stats(struct leat_mailbox *mailbox, struct leat_mailbox_stats *stats)
{
    look(mailbox);
    *stats = mailbox->gone;
    stats->writers = mailbox->roster.live;
    stats->attached = leat_load(&mailbox->attached, relaxed); /* relaxed: a statistic */
    for (int64_t i = 0; i < mailbox->roster.live; i++) {
        add_stats(stats, &mailbox->roster.order[i]->channel);
    }
}
