/* SPDX-License-Identifier: MIT */
/*
 * All peers of a listener at one place: links without threads, which have their turns in the thread that receives from them all.
 */
#include "link_private.h"

#define LOOK_ROUNDS 8 /* calls that found messages without a look at the set, at most */
#define SHARE 64      /* messages of one peer before the next has its turn */

/* The set hears of callers, unless there are as many links as may be. */
static int watch_callers(struct leat_listener *listener)
{
    struct leat_link *model = listener->model;
    struct leat_ready ready = {.fd = model->transport->fd(model->state, LEAT_IN), .in = true};
    if (listener->hears == !link_listener_full(listener))
        return 0;
    int rc = 0;
    if (listener->hears)
        leat_os_set_drop(listener->host.set, ready.fd);
    else
        rc = leat_os_set_watch(listener->host.set, &ready, &listener->host);
    listener->hears ^= rc == 0;
    return rc;
}

int link_merge(struct leat_listener *listener, struct leat_error *error)
{
    struct leat_link *model = listener->model;
    model->options.no_thread = true;
    listener->merged = true;
    int rc = link_host_open(&listener->host);
    if (rc == 0)
        rc = watch_callers(listener);
    return rc == 0 ? 0 : link_refuse(model, error, rc, leat_os_error(-rc));
}

void link_part(struct leat_listener *listener)
{
    struct link_host *host = &listener->host;
    while (host->all) {
        struct leat_link *link = host->all;
        link_host_remove(host, link);
        link->host = NULL;
        link->set = -1;
    }
    link_host_close(host);
}

static void accept_callers(struct leat_listener *listener)
{
    struct leat_link *link = NULL;
    struct leat_error error;
    int rc = 0;
    while (listener->called && (rc == 0 || rc != -EAGAIN)) {
        if (link_listener_full(listener))
            break;
        rc = link_listener_take(listener, &link, &error);
        if (rc == 0) {
            link->host = &listener->host;
            link_host_add(&listener->host, link);
        } else if (rc != -EAGAIN) {
            listener->failed++;
        }
    }
    listener->called = false;
    (void)watch_callers(listener); /* where that fails, the next look tries again */
}

/* A peer whose end was told may still have something to be written. */
static void finish(struct link_host *host, struct leat_link *link)
{
    while (link->out_open && link_output_step(link)) {
    }
    if (link->out_open)
        link_host_park(host, link);
}

/* Those in the queue have a turn each. Returns how many messages there are; or how a peer's input ended, and peers[0] is that peer. */
static int64_t give_turns(struct link_host *host, struct leat_link **peers, struct leat_msg *msgs, struct leat_link_info *infos,
                          int64_t count)
{
    struct leat_link *last = host->queue_last;
    int64_t n = 0;
    for (struct leat_link *link = NULL; host->queue_first && link != last && n < count;) {
        link = link_host_dequeue(host);
        if (link->end_told) {
            finish(host, link);
            continue;
        }
        int64_t share = count - n < SHARE ? count - n : SHARE;
        int64_t got = infos ? leat_link_recv_info(link, msgs + n, infos + n, share, 0) : leat_link_recv_many(link, msgs + n, share, 0);
        for (int64_t i = 0; i < got; i++)
            peers[n++] = link;
        bool rests = got == -EAGAIN || (got > 0 && link_rests(link) && !leat_pipe_poll(&link->body->in.pipe));
        if (rests ? link_host_lost(link) || !link_host_park(host, link) : got > 0) {
            link_host_enqueue(host, link);
        } else if (!rests && n > 0) {
            link->end_told = false; /* by the next call, after these */
            link_host_enqueue(host, link);
        } else if (!rests) {
            peers[0] = link;
            if (link->out_open)
                link_host_enqueue(host, link);
            return got;
        }
    }
    return n;
}

int64_t leat_listener_recv_many(struct leat_listener *listener, struct leat_link **peers, struct leat_msg *msgs,
                                struct leat_link_info *infos, int64_t count, int64_t deadline_ns)
{
    struct link_host *host = &listener->host;
    if (!listener->merged || count < 1 || (infos && !listener->model->options.info))
        return -EINVAL;
    if (!host->queue_first || ++listener->unlooked >= LOOK_ROUNDS) {
        listener->called |= link_host_look_at_set(host, 0);
        listener->unlooked = 0;
    }
    for (bool last = deadline_ns == 0;;) {
        accept_callers(listener);
        link_host_look_at_clock(host);
        int64_t got = give_turns(host, peers, msgs, infos, count);
        if (got != 0)
            return got;
        if (last)
            return deadline_ns == 0 ? -EAGAIN : -ETIMEDOUT;
        listener->called |= link_host_look_at_set(host, host->queue_first ? 0 : deadline_ns);
        last = deadline_ns != LEAT_FOREVER && leat_os_now_ns() >= deadline_ns; /* then one look more */
    }
}

int64_t leat_listener_deadline(const struct leat_listener *listener)
{
    return listener->merged ? listener->host.due_ns : LEAT_FOREVER;
}
