/* SPDX-License-Identifier: MIT */
/*
 * The I/O thread of a link: input and output by turns, and the wait between them.
 */
#include "link_private.h"

#include <stdio.h>

/* How long to wait for what wakes nobody: a block given back, a device that poll(2) knows nothing of. */
#define LOOK_AGAIN_NS (200 * 1000)

static enum link_stop stop_asked(struct leat_link *link)
{
    return (enum link_stop)leat_load(&link->stop, acquire); /* edge "stop": meets the store in leat_link_close */
}

int64_t link_waits(struct leat_link *link, struct leat_ready set[LINK_WAITS], int64_t *deadline_ns)
{
    int64_t count = 0;
    if (link_away(link)) {
        if (link_reconnect_fd(link) >= 0)
            set[count++] = (struct leat_ready){.fd = link_reconnect_fd(link), .in = true};
        return count;
    }
    if (!link->accepted) {
        set[count++] = (struct leat_ready){.fd = link->transport->fd(link->state, LEAT_IN), .in = true};
        return count;
    }
    if (link->in_open && link->hold == HOLD_DEVICE)
        set[count++] = (struct leat_ready){.fd = link->transport->fd(link->state, LEAT_IN), .in = true};
    if (link->transport->present)
        set[count++] = (struct leat_ready){.fd = link->transport->fd(link->state, 0), .in = true};
    if (link->out_open && !link_output_known_lost(link)) /* with nothing to write, this hears only that the other end is gone */
        set[count++] = (struct leat_ready){.fd = link->transport->fd(link->state, LEAT_OUT),
                                           .out = link->out_blocked && !link->transport->tells_by_reading,
                                           .in = link->out_blocked && link->transport->tells_by_reading};
    bool again = link->in_open && link->hold == HOLD_BLOCKS;
    for (int64_t i = 0; i < count; i++)
        again = again || (set[i].fd < 0 && (set[i].in || set[i].out));
    if (again && *deadline_ns > leat_os_now_ns() + LOOK_AGAIN_NS)
        *deadline_ns = leat_os_now_ns() + LOOK_AGAIN_NS;
    return count;
}

bool link_may_sleep(struct leat_link *link)
{
    bool out_waits = link_out_waits(link);
    if (link->in_open && link->hold == HOLD_ROOM && !leat_channel_arm_writer(&link->body->in))
        return false;
    if (out_waits && !leat_channel_arm(&link->body->out))
        return false;
    /* A closed writer wakes whoever sleeps, but it may have closed before the sleep was announced. Edge "writer closed" */
    return !(out_waits && leat_load(&link->body->out.writer_closed, acquire));
}

/* Waits until one of the reasons for standing still may be gone. */
static void wait_for_work(struct leat_link *link)
{
    int64_t deadline = LEAT_FOREVER;
    struct leat_ready set[1 + LINK_WAITS] = {{.fd = link->io.fd, .in = true}};
    if (!link_may_sleep(link))
        return;
    int64_t count = 1 + link_waits(link, set + 1, &deadline);
    deadline = link_due(link) < deadline ? link_due(link) : deadline;
    link_count_wait(link);
    leat_os_poll(set, count, deadline);
    if (set[0].ready)
        leat_waker_drain(&link->io);
    if (link_out_waits(link) && set[count - 1].ready)
        link_output_lost(link);
}

/*
 * Without a thread, the set may watch the listener's descriptor, which a success closes: its number may be another's at once, and whoever
 * has it too (a child made by fork) keeps it in the set for ever.
 */
static int try_accept(struct leat_link *link, struct leat_error *error)
{
    struct leat_ready *watched = NULL;
    for (int64_t i = 0; i < link->watched_count; i++) {
        if (link->watched[i].fd == link->transport->fd(link->state, LEAT_IN))
            watched = &link->watched[i];
    }
    if (watched)
        leat_os_set_drop(link->set, watched->fd);
    int rc = link->transport->accept(link->state, error);
    if (watched && rc == -EAGAIN)
        leat_os_set_watch(link->set, watched, link);
    else if (watched)
        watched->fd = -1;
    return rc;
}

bool link_accept(struct leat_link *link)
{
    struct leat_error error = {0};
    if (link->accepted)
        return true;
    if (!link->in_open && !link->out_open)
        return false;
    if (link->reconnect)
        return link_reconnect_step(link);
    int rc = try_accept(link, &error);
    if (rc == 0) {
        link->accepted = true;
        link->read_ns = leat_os_now_ns(); /* from now on the peer may be idle */
        link_set_state(link, LEAT_LINK_OPEN, NULL);
        return true;
    }
    if (rc != -EAGAIN) {
        error.code = rc;
        link_give_up(link, &error);
    }
    return false;
}

void link_follow(struct leat_link *link)
{
    if (!link->transport->present || !link->accepted || (!link->in_open && !link->out_open))
        return;
    struct leat_error why = {.code = 0, .offset = -1};
    const enum leat_link_state told = leat_link_state(link);
    const bool there = link->transport->present(link->state, &why) != 0;
    const enum leat_link_state now = there ? LEAT_LINK_OPEN : told == LEAT_LINK_OPENING ? LEAT_LINK_OPENING : LEAT_LINK_RECONNECTING;
    if (now == LEAT_LINK_RECONNECTING && why.code == 0) {
        why.code = -EPIPE;
        snprintf(why.text, sizeof why.text, "%s: the connection is lost", link->name);
    }
    if (now != told || (!there && why.code != link->absent_code))
        link_set_state(link, now, there ? NULL : &why);
    link->absent_code = there ? 0 : why.code;
}

bool link_turn(struct leat_link *link)
{
    bool moved = link->accepted && link->in_open && link_input_step(link);
    moved = (link->accepted && link->out_open && link_output_step(link)) || moved; /* the input may have lost the connection */
    if (!moved)
        link_follow(link);
    return moved;
}

/* The same for a thread. True: something moved, and it was not only the input, which has come to rest by it. */
static bool turn_till_rest(struct leat_link *link)
{
    bool moved = link->accepted && link->in_open && link_input_step(link) && !link_rests(link);
    moved = (link->accepted && link->out_open && link_output_step(link)) || moved;
    if (!moved)
        link_follow(link);
    return moved;
}

void link_end(struct leat_link *link)
{
    if (link->in_open)
        link_input_close(link);
    if (link->out_open) {
        link->out_open = false;
        link_ended(link);
        if (link->body)
            leat_channel_close_reader(&link->body->out);
    }
}

enum link_next link_run(struct leat_link *link)
{
    enum link_stop stop = stop_asked(link);
    bool peer = link_accept(link);
    if (stop == LINK_ABANDON || (!link->in_open && !link->out_open))
        return LINK_END;
    if (!peer) /* who waits for a connection does not, to write nothing to nobody */
        return stop == LINK_DRAIN && !link_output_pending(link) ? LINK_END : LINK_WAIT;
    if (stop == LINK_DRAIN && link->in_open) {
        link_input_close(link);
        return LINK_AGAIN;
    }
    return turn_till_rest(link) ? LINK_AGAIN : LINK_WAIT;
}

void link_leave(struct leat_link *link)
{
    link_end(link);
    leat_store(&link->done, 1, release); /* edge "done": everything above happens before close() goes on */
    leat_waker_wake(&link->finished);
    if (leat_sub(&link->owners, 1, acq_rel) == 1) /* edge "owners": the last one sees all that the other did */
        link_free(link);
}

void link_io_run(void *context)
{
    struct leat_link *link = context;
    for (enum link_next next = LINK_AGAIN; next != LINK_END; next = link_run(link)) {
        if (next == LINK_WAIT)
            wait_for_work(link);
    }
    link_leave(link);
}
