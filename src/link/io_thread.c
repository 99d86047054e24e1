/* SPDX-License-Identifier: MIT */
/* A thread that runs many links by turns. */
#include "link_private.h"

#include <stdlib.h>

#define TURNS_UNLOOKED 8 /* rounds of the queue between two looks at the set */

struct leat_io_thread {
    struct leat_thread thread;
    struct leat_waker waker;                /* a link has come, or the end */
    LEAT_ATOMIC(struct leat_link *) coming; /* links that were opened and are not on the list yet; a stack by host_next */
    LEAT_ATOMIC(uint32_t) stop;             /* written by close */
    LEAT_ATOMIC(int64_t) links;             /* opened here and not ended; by whoever opens, and the thread */
    link_count turns, waits;                /* written by the thread */
    struct link_host host;                  /* the thread's */
};

/* Links that were opened meanwhile are on the list, and in the queue. */
static void welcome(struct leat_io_thread *io)
{
    struct leat_link *link = leat_exchange(&io->coming, NULL, acquire); /* edge "coming": meets the push in link_join_thread */
    while (link) {
        struct leat_link *next = link->host_next;
        link_host_add(&io->host, link);
        link = next;
    }
}

/* The link has ended; it may be freed by this. */
static void farewell(struct leat_io_thread *io, struct leat_link *link)
{
    link_host_remove(&io->host, link);
    (void)leat_sub(&io->links, 1, relaxed); /* relaxed: edge "done" orders it before whoever has closed the link */
    link_leave(link);
}

static void give_turn(struct leat_io_thread *io, struct leat_link *link)
{
    enum link_next next = link_run(link);
    link_add(&io->turns, 1);
    if (next == LINK_END)
        farewell(io, link);
    else if (next == LINK_AGAIN || link_host_lost(link) || !link_host_park(&io->host, link))
        link_host_enqueue(&io->host, link);
}

static void run(void *context)
{
    struct leat_io_thread *io = context;
    struct link_host *host = &io->host;
    for (int64_t round = 0;; round++) {
        welcome(io);
        struct leat_link *last = host->queue_last;
        for (struct leat_link *link = NULL; host->queue_first && link != last;) {
            link = link_host_dequeue(host);
            give_turn(io, link);
        }
        link_host_look_at_clock(host);
        if (host->queue_first && round % TURNS_UNLOOKED != 0)
            continue;
        if (!host->all && leat_load(&io->stop, acquire)) /* edge "stop": meets the store in close; whoever came has come before */
            return;
        link_add(&io->waits, 1);
        if (link_host_look_at_set(host, host->queue_first ? 0 : LEAT_FOREVER))
            leat_waker_drain(&io->waker);
    }
}

void link_join_thread(struct leat_io_thread *io, struct leat_link *link)
{
    (void)leat_add(&io->links, 1, relaxed);            /* relaxed: the thread goes on till close, which comes after */
    link->host_next = leat_load(&io->coming, relaxed); /* relaxed: the exchange below says whether it still is so */
    while (!leat_cas(&io->coming, &link->host_next, link, release, relaxed)) { /* edge "coming" */
    }
    leat_waker_wake(&io->waker);
}

static void free_thread(struct leat_io_thread *io)
{
    link_host_close(&io->host);
    leat_waker_fini(&io->waker);
    free(io);
}

/* The set, and the waker in it. */
static int open_set(struct leat_io_thread *io)
{
    int rc = leat_waker_init(&io->waker, true);
    if (rc == 0)
        rc = link_host_open(&io->host);
    return rc != 0 ? rc : leat_os_set_watch(io->host.set, &(struct leat_ready){.fd = io->waker.fd, .in = true}, &io->host);
}

int leat_io_thread_open(struct leat_io_thread **io_thread, const struct leat_thread_options *options)
{
    struct leat_thread_options named = options ? *options : (struct leat_thread_options){0};
    struct leat_io_thread *io = calloc(1, sizeof *io);
    if (!io)
        return -ENOMEM;
    io->host.set = io->waker.fd = -1;
    named.name = named.name ? named.name : "leat-io";
    int rc = open_set(io);
    if (rc == 0)
        rc = leat_thread_start_with(&io->thread, &named, run, io);
    if (rc != 0)
        free_thread(io);
    else
        *io_thread = io;
    return rc;
}

void leat_io_thread_stats(const struct leat_io_thread *io_thread, struct leat_io_thread_stats *stats)
{
    *stats = (struct leat_io_thread_stats){
        .links = leat_load(&io_thread->links, relaxed), /* relaxed, all three: numbers */
        .turns = leat_load(&io_thread->turns, relaxed),
        .waits = leat_load(&io_thread->waits, relaxed),
    };
}

int leat_io_thread_close(struct leat_io_thread *io_thread)
{
    if (leat_load(&io_thread->links, acquire) != 0) /* whoever has closed a link knows it to be gone: edge "done" */
        return -EBUSY;
    leat_store(&io_thread->stop, 1, release); /* edge "stop" */
    leat_waker_wake(&io_thread->waker);
    leat_thread_join(&io_thread->thread);
    free_thread(io_thread);
    return 0;
}
