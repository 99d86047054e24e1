/* SPDX-License-Identifier: MIT */
/* leat's pool by the plain calls, inlined: the thread's cache is found by thread-local storage. */
#include <leat/os.h>

const bench::peer_about bench::this_peer = {bench::inlined, bench::variant, "the cache is found by thread-local storage"};

template <size_t Bytes> struct peer {
    static constexpr bool many = true, two_threads = true, limited = true;

    leat_pool *pool;

    peer(int64_t most, bool exact)
    {
        leat_pool_config config = leat_os_pool_config(Bytes, exact ? most : 0);
        if (leat_pool_create(&pool, &config) != 0) {
            throw bench::failure{"no pool to be had"};
        }
    }
    ~peer()
    {
        leat_pool_thread_end();
        leat_pool_destroy(pool, nullptr);
    }
    BENCH_INLINE void *alloc(int)
    {
        return leat_pool_alloc(pool);
    }
    BENCH_INLINE void free(int, void *block)
    {
        leat_pool_free(pool, block);
    }
    BENCH_INLINE int alloc_many(int, void **blocks, int count)
    {
        return int(leat_pool_alloc_many(pool, blocks, count));
    }
    BENCH_INLINE void free_many(int, void **blocks, int count)
    {
        leat_pool_free_many(pool, blocks, count);
    }
};
