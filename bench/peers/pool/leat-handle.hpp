/* SPDX-License-Identifier: MIT */
/* leat's pool through handles: each thread passes its own cache. */
#include <leat/os.h>

const bench::peer_about bench::this_peer = {bench::inlined, bench::leat, "each thread passes its own cache"};

template <size_t Bytes> struct peer {
    static constexpr bool many = false, two_threads = true, limited = true;

    leat_pool *pool;
    leat_pool_cache *caches[2];

    peer(int64_t most, bool exact)
    {
        leat_pool_config config = leat_os_pool_config(Bytes, exact ? most : 0);
        if (leat_pool_create(&pool, &config) != 0) {
            throw bench::failure{"no pool to be had"};
        }
        caches[0] = leat_pool_cache_open(pool);
        caches[1] = leat_pool_cache_open(pool);
    }
    ~peer()
    {
        leat_pool_cache_close(caches[0]);
        leat_pool_cache_close(caches[1]);
        leat_pool_destroy(pool, nullptr);
    }
    BENCH_INLINE void *alloc(int side)
    {
        return leat_pool_cache_alloc(caches[side]);
    }
    BENCH_INLINE void free(int side, void *block)
    {
        leat_pool_cache_free(caches[side], block);
    }
};
