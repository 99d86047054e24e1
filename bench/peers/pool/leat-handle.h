/* SPDX-License-Identifier: MIT */
/* leat's pool through an explicit cache. */
#include <leat/os.h>

static const struct bench_peer bench_this_peer = {BENCH_PEER_NAME, BENCH_LEAT, BENCH_LINK_INLINE, "through a cache handle"};

struct peer {
    struct leat_pool *pool;
    struct leat_pool_cache *cache;
};

static struct peer *peer_open(void)
{
    static struct peer peer;
    struct leat_pool_config config = leat_os_pool_config(BLOCK_BYTES, 0);
    if (leat_pool_create(&peer.pool, &config) != 0) {
        return NULL;
    }
    peer.cache = leat_pool_cache_open(peer.pool);
    return &peer;
}

static void peer_close(struct peer *peer)
{
    leat_pool_cache_close(peer->cache);
    leat_pool_destroy(peer->pool, NULL);
}

BENCH_INLINE void *peer_alloc(struct peer *peer)
{
    return leat_pool_cache_alloc(peer->cache);
}

BENCH_INLINE void peer_free(struct peer *peer, void *block)
{
    leat_pool_cache_free(peer->cache, block);
}
