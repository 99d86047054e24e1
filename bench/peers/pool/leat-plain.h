/* SPDX-License-Identifier: MIT */
/* leat's pool by the plain calls, inlined: the cache is found by thread-local storage. */
#include <leat/os.h>

static const struct bench_peer bench_this_peer = {BENCH_PEER_NAME, BENCH_VARIANT, BENCH_LINK_INLINE, "cache found by thread-local storage"};

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
    return leat_pool_alloc(peer->pool);
}

BENCH_INLINE void peer_free(struct peer *peer, void *block)
{
    leat_pool_free(peer->pool, block);
}
