/* SPDX-License-Identifier: MIT */
/* leat's pool through handles: each thread passes its own cache. `checked` is the including peer's. */
#include <leat/os.h>

template <size_t Bytes> struct by_handle {
    static constexpr bool many = true, two_threads = true, limited = true;

    leat_pool *pool;
    leat_pool_cache *caches[2];

    by_handle(int64_t most, bool exact)
    {
        leat_pool_config config = leat_os_pool_config(Bytes, exact ? most : 0);
        config.checked = checked;
        if (leat_pool_create(&pool, &config) != 0) {
            throw bench::failure{"no pool to be had"};
        }
        caches[0] = leat_pool_cache_open(pool);
        caches[1] = leat_pool_cache_open(pool);
    }
    ~by_handle()
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
    BENCH_INLINE int alloc_many(int side, void **blocks, int count)
    {
        return int(leat_pool_cache_alloc_many(caches[side], blocks, count));
    }
    BENCH_INLINE void free_many(int side, void **blocks, int count)
    {
        leat_pool_cache_free_many(caches[side], blocks, count);
    }
};
