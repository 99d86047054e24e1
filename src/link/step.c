/* SPDX-License-Identifier: MIT */
/*
 * A link without a thread of its own: the application's calls do the I/O. What crosses threads elsewhere (the two pipes) is here a queue
 * within one thread; nobody sleeps but in link_step_wait, and nobody is woken.
 */
#include "link_private.h"

#define STEP_TURNS 64 /* most turns of one step, so that one busy link does not starve a loop */

/* A turn by another call than the listener's, whose next one is to find what came of it. */
static bool own_turn(struct leat_link *link)
{
    bool moved = link_turn(link);
    if (moved && link->host)
        link_host_enqueue(link->host, link);
    return moved;
}

bool link_step(struct leat_link *link)
{
    int64_t turns = 0;
    if (!link_accept(link))
        return false;
    while (turns < STEP_TURNS && own_turn(link))
        turns++;
    return turns > 0;
}

/* An output that has nothing to write learns here that its other end is gone. */
static void look_for_loss(struct leat_link *link, const struct leat_ready *set, int64_t count)
{
    if (link_out_waits(link) && count > 0 && set[count - 1].ready)
        link_output_lost(link);
}

bool link_step_wait(struct leat_link *link, int64_t deadline_ns)
{
    struct leat_ready set[LINK_WAITS];
    int64_t until_ns = deadline_ns, count = link_waits(link, set, &until_ns);
    link_count_wait(link);
    leat_os_poll(set, count, link_due(link) < until_ns ? link_due(link) : until_ns);
    look_for_loss(link, set, count);
    return deadline_ns == LEAT_FOREVER || leat_os_now_ns() < deadline_ns;
}

int64_t link_step_recv(struct leat_link *link, struct leat_msg *msgs, struct leat_link_info *infos, int64_t count, int64_t deadline_ns)
{
    for (bool last = false;; last = !link_step_wait(link, deadline_ns)) {
        int64_t got = link_take(link, msgs, infos, count, 0);
        while (got == -EAGAIN && link_accept(link) && link_turn(link))
            got = link_take(link, msgs, infos, count, 0);
        if (got == -EAGAIN && !link->in_open) /* that is the turn that ended it */
            got = link_take(link, msgs, infos, count, 0);
        if (got != -EAGAIN || deadline_ns == 0 || last)
            return got == -EAGAIN && last ? -ETIMEDOUT : got;
    }
}

int64_t link_step_send(struct leat_link *link, struct leat_msg *msgs, int64_t count, int64_t deadline_ns)
{
    if (!link_has_body(link))
        return link->out_open ? -ENOMEM : -EPIPE;
    for (bool last = false;; last = !link_step_wait(link, deadline_ns)) {
        int64_t sent = leat_channel_write_many(&link->body->out, msgs, count, 0);
        while (sent == -EAGAIN && link_accept(link) && own_turn(link)) /* input too: else its readiness would end each wait */
            sent = leat_channel_write_many(&link->body->out, msgs, count, 0);
        if (sent != -EAGAIN || deadline_ns == 0 || last)
            return sent == -EAGAIN && last ? -ETIMEDOUT : sent;
    }
}

void link_step_flush(struct leat_link *link)
{
    if (!link->body)
        return;
    leat_channel_flush(&link->body->out);
    while (link->accepted && link->out_open && link_output_step(link)) {
    }
    link_follow(link);
    if (link->host && link->out_blocked) /* the listener's set is to hear when there is room again */
        link_host_enqueue(link->host, link);
}

/* Whether the descriptor is among those. */
static bool among(const struct leat_ready *some, int64_t count, int fd)
{
    for (int64_t i = 0; i < count; i++) {
        if (some[i].fd == fd)
            return true;
    }
    return false;
}

/* One descriptor for both directions stands there once. Returns how many are left. */
static int64_t once_each(struct leat_ready *some, int64_t count)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t j = 0;
        while (j < kept && some[j].fd != some[i].fd)
            j++;
        if (j < kept) {
            some[j].in |= some[i].in;
            some[j].out |= some[i].out;
        } else {
            some[kept++] = some[i];
        }
    }
    return kept;
}

bool link_watch(struct leat_link *link, struct leat_ready *now, int64_t count)
{
    bool all = true;
    count = once_each(now, count);
    for (int64_t i = 0; i < link->watched_count; i++) { /* those that have left; before others come, which may have the same number */
        if (link->watched[i].fd >= 0 && !among(now, count, link->watched[i].fd))
            leat_os_set_drop(link->set, link->watched[i].fd);
    }
    for (int64_t j = 0; j < count; j++) {
        bool same = false;
        for (int64_t i = 0; i < link->watched_count; i++)
            same = same || (now[j].fd == link->watched[i].fd && now[j].in == link->watched[i].in && now[j].out == link->watched[i].out);
        if (!same && now[j].fd >= 0 &&
            leat_os_set_watch(link->set, &now[j], (char *)link + (now[j].fd == link->io.fd ? LINK_TAG_WAKER : 0)) != 0) {
            now[j].fd = -1; /* to be tried again */
            all = false;
        }
    }
    memcpy(link->watched, now, (size_t)count * sizeof *now);
    link->watched_count = count;
    return all;
}

/* For what no descriptor tells of: a block, or the time to connect anew or to write what lingers. False: there is no such thing, or no
 * timer. */
static bool set_timer(struct leat_link *link)
{
    const bool for_blocks = link->in_open && link->hold == HOLD_BLOCKS,
               timed = link_away(link) || link_output_known_lost(link) || link_output_due(link) != LEAT_FOREVER;
    const int64_t due_ns = timed ? link_due(link) : LEAT_FOREVER;
    int64_t ns = for_blocks ? BLOCKS_NS : LEAT_FOREVER;
    if (due_ns != LEAT_FOREVER) {
        int64_t left_ns = due_ns - leat_os_now_ns();
        ns = left_ns < 1 ? 1 : left_ns < ns ? left_ns : ns;
    }
    return ns != LEAT_FOREVER && leat_os_timer_set(&link->timer, ns) == 0;
}

/* The set wakes for what the link waits for, and only then; the waker's eventfd, which is always readable, stands for "at once". */
static void rewatch(struct leat_link *link, bool at_once)
{
    struct leat_ready now[LINK_WAITS + 2];
    int64_t forever = LEAT_FOREVER, count = link_waits(link, now, &forever);
    bool timed = set_timer(link);
    at_once = at_once || (forever != LEAT_FOREVER && !timed);
    if (timed)
        now[count++] = (struct leat_ready){.fd = link->timer, .in = true};
    if (at_once && link->io.fd < 0 && leat_waker_init(&link->io, true) == 0)
        leat_waker_wake(&link->io); /* for good */
    now[count++] = (struct leat_ready){.fd = link->io.fd, .in = at_once};
    link_watch(link, now, count);
}

bool link_step_look(struct leat_link *link)
{
    struct leat_ready set[LINK_WAITS];
    int64_t now = 0;
    bool moved = link_step(link);
    int64_t count = link_waits(link, set, &now);
    leat_os_poll(set, count, 0);
    look_for_loss(link, set, count);
    return moved;
}

int link_step_fd(struct leat_link *link)
{
    if (link->host)
        return -EINVAL;
    if (link->set < 0)
        link->set = leat_os_set_open();
    return link->set;
}

bool link_step_arm(struct leat_link *link)
{
    bool moved = link_step_look(link);
    if ((link->body && leat_pipe_poll(&link->body->in.pipe)) || (!link->in_open && !link->end_told && (link->options.directions & LEAT_IN)))
        return false;
    if (!link->in_open && !link->out_open)
        return false;
    if (link_step_fd(link) >= 0)
        rewatch(link, moved);
    return true;
}

bool link_step_close(struct leat_link *link, int64_t deadline_ns)
{
    bool waits = deadline_ns != 0;
    if (link->in_open)
        link_input_close(link);
    if (!link->body && link->out_open && link->accepted) { /* nothing was ever sent */
        link->out_open = false;
        link_ended(link);
        if (link->transport->end_output)
            link->transport->end_output(link->state);
    }
    while (link->out_open) {
        if (link_accept(link) && link_turn(link)) { /* the input is closed */
            if (deadline_ns > 0 && leat_os_now_ns() >= deadline_ns)
                break;
            continue;
        }
        if (!link->out_open || (!link->accepted && !link_output_pending(link))) /* nothing to say to nobody */
            break;
        if (!waits)
            break;
        waits = link_step_wait(link, deadline_ns);
    }
    bool written = !link->out_open;
    link_end(link);
    return written;
}
