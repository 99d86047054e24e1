/* SPDX-License-Identifier: MIT */
/* A pool of chunks for leat's pipes. */
#ifndef BENCH_LEAT_CHUNKS_HPP
#define BENCH_LEAT_CHUNKS_HPP

#include <leat/os.h>
#include <leat/pipe.h>

struct chunks {
    leat_pool *pool;
    leat_blocks blocks;

    /* A page to a chunk: 441 items of 8 bytes, 189 of 16, 63 of 56, 56 of 64. */
    explicit chunks(size_t)
    {
        leat_pool_config config = leat_os_pool_config(4096, 0);
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
