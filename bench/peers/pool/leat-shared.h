/* SPDX-License-Identifier: MIT */
/* leat's pool by the plain calls, as any language reaches them: called in libleat.so, as malloc is in libc.so. */
#include <leat/os.h>

static const struct bench_peer bench_this_peer = {BENCH_PEER_NAME, BENCH_LEAT, BENCH_LINK_SHARED, "the plain calls, in libleat.so"};

/* Loaded anew for each call, as from the table by which calls into shared libraries go; so that nothing is inlined. */
static void *(*volatile in_library_alloc)(struct leat_pool *) = leat_pool_alloc;
static void (*volatile in_library_free)(struct leat_pool *, void *) = leat_pool_free;

struct peer {
    struct leat_pool *pool;
};

static struct peer *peer_open(void)
{
    static struct peer peer;
    struct leat_pool_config config = leat_os_pool_config(BLOCK_BYTES, 0);
    return leat_pool_create(&peer.pool, &config) == 0 ? &peer : NULL;
}

static void peer_close(struct peer *peer)
{
    leat_pool_thread_end();
    leat_pool_destroy(peer->pool, NULL);
}

BENCH_INLINE void *peer_alloc(struct peer *peer)
{
    return in_library_alloc(peer->pool);
}

BENCH_INLINE void peer_free(struct peer *peer, void *block)
{
    in_library_free(peer->pool, block);
}
