/* SPDX-License-Identifier: MIT */
/*
 * Many links by turns, in whatever thread: an I/O thread (io_thread.c), or the application's that receives from all peers of a listener
 * (merged.c). Links that stand still are parked: what they wait for is in the host's set, and whatever of it is ready puts them into the
 * queue again.
 *
 * T1  A link on the list of all is queued, or parked with everything that may move it in the set or, where it has a time, in host_due_ns.
 * T2  due_ns is not later than any parked link's host_due_ns.
 */
#include "link_private.h"

#define EVENTS 64
#define LOOK_AGAIN_NS (200 * 1000) /* at what cannot be in a set */

int link_host_open(struct link_host *host)
{
    host->due_ns = LEAT_FOREVER;
    host->set = leat_os_set_open();
    return host->set < 0 ? host->set : 0;
}

void link_host_close(struct link_host *host)
{
    if (host->set >= 0)
        leat_os_set_close(host->set);
}

void link_host_enqueue(struct link_host *host, struct leat_link *link)
{
    if (link->queued)
        return;
    link->queued = true;
    link->queue_next = NULL;
    if (host->queue_last)
        host->queue_last->queue_next = link;
    else
        host->queue_first = link;
    host->queue_last = link;
}

struct leat_link *link_host_dequeue(struct link_host *host)
{
    struct leat_link *link = host->queue_first;
    host->queue_first = link->queue_next;
    if (!host->queue_first)
        host->queue_last = NULL;
    link->queued = false;
    return link;
}

void link_host_add(struct link_host *host, struct leat_link *link)
{
    link->host_before = NULL;
    link->host_next = host->all;
    if (host->all)
        host->all->host_before = link;
    host->all = link;
    link->set = host->set;
    link_host_enqueue(host, link);
}

void link_host_remove(struct link_host *host, struct leat_link *link)
{
    struct leat_ready nothing[1];
    link_watch(link, nothing, 0);
    if (link->queued) { /* rare: it is looked for from the front */
        struct leat_link *last = host->queue_last;
        for (bool end = false; !end;) {
            struct leat_link *one = link_host_dequeue(host);
            end = one == last;
            if (one != link)
                link_host_enqueue(host, one);
        }
    }
    if (link->host_before)
        link->host_before->host_next = link->host_next;
    else
        host->all = link->host_next;
    if (link->host_next)
        link->host_next->host_before = link->host_before;
}

bool link_host_park(struct link_host *host, struct leat_link *link)
{
    int64_t deadline_ns = LEAT_FOREVER, count = 0;
    struct leat_ready now[1 + LINK_WAITS];
    if (!link->options.no_thread) {
        if (!link_may_sleep(link))
            return false;
        now[count++] = (struct leat_ready){.fd = link->io.fd, .in = true};
    }
    count += link_waits(link, now + count, &deadline_ns);
    link_count_wait(link);
    if (!link_watch(link, now, count) && deadline_ns > leat_os_now_ns() + LOOK_AGAIN_NS)
        deadline_ns = leat_os_now_ns() + LOOK_AGAIN_NS;
    link->host_due_ns = link_due(link) < deadline_ns ? link_due(link) : deadline_ns;
    if (link->host_due_ns < host->due_ns)
        host->due_ns = link->host_due_ns;
    return true;
}

bool link_host_lost(struct leat_link *link)
{
    if (!link->gone)
        return false;
    link->gone = false;
    if (!link_out_waits(link))
        return false;
    struct leat_ready out = {.fd = link->transport->fd(link->state, LEAT_OUT)};
    leat_os_poll(&out, 1, 0);
    if (out.ready)
        link_output_lost(link);
    return out.ready;
}

void link_host_look_at_clock(struct link_host *host)
{
    int64_t now_ns = host->due_ns == LEAT_FOREVER ? 0 : leat_os_now_ns();
    if (host->due_ns > now_ns)
        return;
    host->due_ns = LEAT_FOREVER;
    for (struct leat_link *link = host->all; link; link = link->host_next) {
        if (link->queued)
            continue;
        if (link->host_due_ns <= now_ns)
            link_host_enqueue(host, link);
        else if (link->host_due_ns < host->due_ns)
            host->due_ns = link->host_due_ns;
    }
}

bool link_host_look_at_set(struct link_host *host, int64_t deadline_ns)
{
    struct leat_os_event events[EVENTS];
    bool own = false;
    if (host->due_ns < deadline_ns)
        deadline_ns = host->due_ns;
    int64_t count = leat_os_set_wait(host->set, events, EVENTS, deadline_ns);
    for (int64_t i = 0; i < count; i++) {
        if (events[i].tag == host) {
            own = true;
            continue;
        }
        uintptr_t tag = (uintptr_t)events[i].tag;
        struct leat_link *link = (struct leat_link *)(tag & ~LINK_TAG_WAKER);
        if (tag & LINK_TAG_WAKER)
            leat_waker_drain(&link->io);
        else
            link->gone |= events[i].gone;
        link_host_enqueue(host, link);
    }
    return own;
}
