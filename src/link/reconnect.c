/* SPDX-License-Identifier: MIT */
/*
 * A connection that is lost is made anew: the loss, the delay, the attempt. While it is away a link has no transport's state and is not
 * `accepted`; its two pipes, and what the batch has not delivered, stay as they are.
 *
 * An attempt may take as long as a resolver does, so it runs in a thread of its own, which knows nothing of the link: what both share is
 * the attempt, and whoever lets go of it last frees it.
 */
#include "link_private.h"

#include <stdio.h>
#include <stdlib.h>

#define MOST_NS INT64_C(30000000000) /* where reconnect_most_ns is not given */

struct link_attempt {
    LEAT_ATOMIC(uint32_t) owners; /* the link and the thread: the last one frees it */
    LEAT_ATOMIC(uint32_t) done;   /* 1 once what follows `directions` is as it stays; written by the thread (release) */
    struct leat_waker ready;      /* wakes the link then */
    const struct leat_transport *transport;
    struct leat_address address; /* the thread's */
    unsigned directions;
    void *state; /* NULL: none was made, or the link has taken it */
    int rc;
    struct leat_error error;
};

/* ---- the attempt ---- */

static void let_go(struct link_attempt *attempt)
{
    if (leat_sub(&attempt->owners, 1, acq_rel) != 1) /* edge "attempt": the last one sees all that the other did */
        return;
    if (attempt->state)
        attempt->transport->close(attempt->state);
    leat_waker_fini(&attempt->ready);
    free(attempt);
}

static void run_attempt(void *context)
{
    struct link_attempt *attempt = context;
    attempt->rc = attempt->transport->open(&attempt->state, &attempt->address, attempt->directions, &attempt->error);
    leat_store(&attempt->done, 1, release); /* edge "attempt done": meets the load in link_reconnect_step */
    leat_waker_wake(&attempt->ready);
    let_go(attempt);
}

/* 0, or a negative errno. */
static int begin_attempt(struct leat_link *link)
{
    struct link_attempt *made = calloc(1, sizeof *made);
    struct leat_thread thread;
    if (!made)
        return -ENOMEM;
    made->error.offset = -1;
    made->transport = link->transport;
    made->directions = link->options.directions;
    leat_store(&made->owners, 2, relaxed);                                  /* relaxed: the thread's start publishes it */
    int rc = leat_address_parse(&made->address, link->address->text, NULL); /* anew, as its pointers point into it */
    if (rc == 0)
        rc = leat_waker_init(&made->ready, true);
    if (rc != 0) {
        free(made);
        return rc;
    }
    rc = leat_thread_start(&thread, "leat-connect", run_attempt, made);
    if (rc != 0) {
        leat_waker_fini(&made->ready);
        free(made);
        return rc;
    }
    leat_thread_detach(&thread);
    link->reconnect->attempt = made;
    return 0;
}

/* ---- when ---- */

/* Source: splitmix64, of G. L. Steele, D. Lea and C. H. Flood, 2014. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* The next attempt comes after a half to the whole of the delay, and the delay after it is twice as long. */
static void schedule(struct leat_link *link)
{
    struct link_reconnect *own = link->reconnect;
    const int64_t half_ns = own->delay_ns / 2, most_ns = link->options.reconnect_most_ns;
    const int64_t more_ns = (int64_t)(next_random(&own->random) % (uint64_t)(own->delay_ns - half_ns + 1));
    own->at_ns = leat_os_now_ns() + half_ns + more_ns;
    own->delay_ns = own->delay_ns < most_ns / 2 ? 2 * own->delay_ns : most_ns;
}

/* One attempt more has failed, or brought nothing. True: it was the last. */
static bool was_last(struct leat_link *link)
{
    const int64_t tries = link->options.reconnect_tries;
    return ++link->reconnect->failed >= tries && tries > 0;
}

/* There is a connection from now on. */
static void begin_connection(struct leat_link *link)
{
    link->reconnect->since_ns = leat_os_now_ns();
    link->reconnect->frames = link_get(&link->frames_in) + link_get(&link->frames_dropped) + link_get(&link->frames_out);
}

/* Whether the connection was worth its while, so that the delays begin anew. */
static bool was_good(struct leat_link *link)
{
    const struct link_reconnect *own = link->reconnect;
    return link_get(&link->frames_in) + link_get(&link->frames_dropped) + link_get(&link->frames_out) != own->frames ||
           leat_os_now_ns() - own->since_ns >= link->options.reconnect_most_ns;
}

int64_t link_reconnect_due(const struct leat_link *link)
{
    return link->reconnect->attempt ? LEAT_FOREVER : link->reconnect->at_ns;
}

int link_reconnect_fd(const struct leat_link *link)
{
    return link->reconnect->attempt ? link->reconnect->attempt->ready.fd : -1;
}

/* ---- open and close ---- */

static int refuse(struct leat_link *link, struct leat_error *error, const char *what)
{
    return link_refuse(link, error, -EINVAL, what);
}

int link_reconnect_check(struct leat_link *link, struct leat_error *error)
{
    struct leat_link_options *options = &link->options;
    if (options->reconnect_ns < 0 || options->reconnect_most_ns < 0 || options->reconnect_tries < 0)
        return refuse(link, error, "reconnect_ns, reconnect_most_ns and reconnect_tries must not be negative");
    if (options->reconnect_ns == 0)
        return options->reconnect_most_ns == 0 && options->reconnect_tries == 0
                   ? 0
                   : refuse(link, error, "reconnect_most_ns and reconnect_tries mean nothing without reconnect_ns");
    if (options->reconnect_most_ns == 0)
        options->reconnect_most_ns = options->reconnect_ns > MOST_NS ? options->reconnect_ns : MOST_NS;
    if (options->reconnect_most_ns > INT64_C(1) << 60 || options->reconnect_ns > options->reconnect_most_ns)
        return refuse(link, error, "reconnect_most_ns must be at least reconnect_ns, and 2^60 at most");
    if (!link->transport->reconnects)
        return refuse(link, error, "reconnect_ns: cannot be connected anew; tcp, unix, unix-seqpacket and serial can");
    return 0; /* none of these can be read again, so repeat is refused before */
}

int link_reconnect_open(struct leat_link *link)
{
    if (link->options.reconnect_ns == 0)
        return 0;
    link->reconnect = calloc(1, sizeof *link->reconnect);
    if (!link->reconnect)
        return -ENOMEM;
    link->reconnect->random = (uint64_t)(uintptr_t)link ^ (uint64_t)leat_os_now_ns();
    link->reconnect->delay_ns = link->options.reconnect_ns;
    begin_connection(link);
    return 0;
}

bool link_reconnect_later(struct leat_link *link, int code)
{
    static const int absent[] = {ECONNREFUSED, ECONNRESET,    EHOSTUNREACH, EHOSTDOWN, ENETUNREACH, ENETDOWN, ETIMEDOUT,
                                 ENOENT,       EADDRNOTAVAIL, EAGAIN,       ENXIO,     ENODEV,      EIO};
    bool nobody = false;
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        nobody = nobody || code == -absent[i];
    if (!link->reconnect || !nobody || was_last(link))
        return false;
    schedule(link);
    return true;
}

void link_reconnect_end(struct leat_link *link)
{
    if (!link->reconnect)
        return;
    if (link->reconnect->attempt)
        let_go(link->reconnect->attempt);
    free(link->reconnect);
}

/* ---- the loss ---- */

/* Whether a new connection may mend it: not what a message or this process is to blame for, nor where a direction is over for good. */
static bool may_mend(struct leat_link *link, int code)
{
    unsigned open = (link->in_open ? LEAT_IN : 0) | (link->out_open ? LEAT_OUT : 0);
    return open == link->options.directions && leat_load(&link->stop, acquire) == LINK_RUN && /* edge "stop" */
           code != -EMSGSIZE && code != -EINVAL && code != -ENOMEM && code != -ENOBUFS;
}

/* What is in the link's set is so no more: before a descriptor is closed, whose number may be another's at once. */
static void unwatch(struct leat_link *link)
{
    struct leat_ready nothing[1];
    if (link->set >= 0)
        link_watch(link, nothing, 0);
}

/* Of the input nothing whole is held, and nothing more is to be had; or the application has had its time to take it. */
static void go_away(struct leat_link *link, const struct leat_error *why)
{
    struct link_reconnect *own = link->reconnect;
    if (was_good(link)) {
        own->failed = 0;
        own->delay_ns = link->options.reconnect_ns;
    }
    if (link->transport->lost)
        own->lost_before += link->transport->lost(link->state);
    if (link->in_open)
        link_input_again(link);
    if (link->out_open)
        link_output_again(link);
    unwatch(link);
    link->transport->close(link->state);
    link->state = NULL;
    link->accepted = link->out_blocked = link->gone = false;
    link->hold = HOLD_NOTHING;
    own->output_lost = 0;
    schedule(link);
    link_set_state(link, LEAT_LINK_RECONNECTING, why);
}

bool link_lost(struct leat_link *link, unsigned direction, const struct leat_error *why)
{
    struct link_reconnect *own = link->reconnect;
    if (!own || !may_mend(link, why->code))
        return false;
    if (direction == LEAT_OUT && link->in_open) { /* what the device has for us comes first */
        own->output_lost = why->code;
        own->why = *why;
        own->at_ns = leat_os_now_ns() + link->options.reconnect_most_ns;
        return true;
    }
    if (link_get(&own->made) > 0 && !was_good(link) && was_last(link))
        return false;
    go_away(link, own->output_lost != 0 ? &own->why : why);
    return true;
}

/* ---- the return ---- */

/* False: it was not the last attempt. */
static bool fail_attempt(struct leat_link *link, struct leat_error *why, int code)
{
    if (why->code == 0)
        snprintf(why->text, sizeof why->text, "%s: connect: %s", link->name, leat_os_error(-code));
    why->code = code;
    if (was_last(link)) {
        link_give_up(link, why);
        return true;
    }
    schedule(link);
    link_set_state(link, LEAT_LINK_RECONNECTING, why);
    return false;
}

bool link_reconnect_step(struct leat_link *link)
{
    struct link_reconnect *own = link->reconnect;
    struct link_attempt *attempt = own->attempt;
    struct leat_error why = {.offset = -1};
    if (!attempt) {
        int rc = leat_os_now_ns() < own->at_ns ? 0 : begin_attempt(link);
        if (rc != 0)
            fail_attempt(link, &why, rc);
        return false;
    }
    if (!leat_load(&attempt->done, acquire)) /* edge "attempt done" */
        return false;
    int rc = attempt->rc;
    why = attempt->error;
    link->state = attempt->state;
    attempt->state = NULL;
    own->attempt = NULL;
    unwatch(link);
    let_go(attempt);
    if (rc != 0) {
        fail_attempt(link, &why, rc);
        return false;
    }
    link->accepted = true;
    link->read_ns = leat_os_now_ns(); /* from now on the peer may be idle */
    link_add(&own->made, 1);
    begin_connection(link);
    link_set_state(link, LEAT_LINK_OPEN, NULL);
    return true;
}
