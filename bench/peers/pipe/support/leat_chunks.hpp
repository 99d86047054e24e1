/* SPDX-License-Identifier: MIT */
/* A pool of chunks for leat's pipes. */
#ifndef BENCH_LEAT_CHUNKS_HPP
#define BENCH_LEAT_CHUNKS_HPP

#include <leat/os.h>
#include <leat/pipe.h>

struct chunks {
    leat_pool *pool;
    leat_blocks blocks;

    /* A chunk has room for 256 items of 8 bytes, or 64 of others, and its head. */
    explicit chunks(size_t item_bytes)
    {
        leat_pool_config config = leat_os_pool_config(item_bytes == 8 ? 2112 : int64_t(64 + 64 * item_bytes), 0);
        if (leat_pool_create(&pool, &config) != 0) {
            throw bench::failure{"no pool to be had"};
        }
        blocks = leat_pool_blocks(pool);
    }
    chunks(const chunks &) = delete;
    ~chunks()
    {
        leat_pool_thread_end();
        leat_pool_destroy(pool, nullptr);
    }
};

#endif
