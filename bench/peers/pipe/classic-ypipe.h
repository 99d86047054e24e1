/* SPDX-License-Identifier: MIT */
/* The classic ypipe over yqueue (classic_ypipe.h), bounded the way ZeroMQ bounds its pipes: the reader says every half how far it is. */
#include "classic_ypipe.h"

static const struct bench_peer bench_this_peer = {BENCH_PEER_NAME, BENCH_PEER, BENCH_LINK_INLINE,
                                                  "a CAS per flush; each look announces sleep"};

struct peer {
    struct classic_ypipe pipe;
    alignas(LEAT_CACHE_LINE) size_t written, read_seen; /* writer */
    alignas(LEAT_CACHE_LINE) size_t read;               /* reader */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) said;  /* reader: its read, as of the last half; edge "said": the writer may go on */
};

static struct peer *peer_open(void)
{
    struct peer *peer = (struct peer *)bench_lines(sizeof(*peer));
    if (peer != NULL && !classic_ypipe_init(&peer->pipe)) {
        free(peer);
        peer = NULL;
    }
    return peer;
}

static void peer_close(struct peer *peer)
{
    classic_ypipe_fini(&peer->pipe);
    free(peer);
}

BENCH_INLINE bool peer_put(struct peer *peer, item_type item)
{
    if (peer->written - peer->read_seen == CAPACITY) {
        peer->read_seen = leat_load(&peer->said, acquire); /* edge "said" */
        if (peer->written - peer->read_seen == CAPACITY) {
            return false;
        }
    }
    if (!classic_ypipe_write(&peer->pipe, item, false)) {
        return false;
    }
    peer->written++;
    classic_ypipe_flush(&peer->pipe); /* a sleeping reader need not be woken: it looks again */
    return true;
}

BENCH_INLINE bool peer_get(struct peer *peer, item_type *item)
{
    if (!classic_ypipe_read(&peer->pipe, item)) {
        return false;
    }
    if (++peer->read % (CAPACITY / 2) == 0) {
        leat_store(&peer->said, peer->read, release); /* edge "said" */
    }
    return true;
}
