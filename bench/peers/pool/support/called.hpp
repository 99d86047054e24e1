/* SPDX-License-Identifier: MIT */
/* leat's plain calls, as any language reaches them: the library's own functions, never those of the header. */
#include <leat/os.h>

extern "C" {
void *leat_called_alloc(struct leat_pool *pool) __asm__("leat_pool_alloc");
void leat_called_free(struct leat_pool *pool, void *block) __asm__("leat_pool_free");
}

template <size_t Bytes> struct peer {
    static constexpr bool many = false, two_threads = true, limited = true;

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
        return leat_called_alloc(pool);
    }
    BENCH_INLINE void free(int, void *block)
    {
        leat_called_free(pool, block);
    }
};
