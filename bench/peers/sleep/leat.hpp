/* SPDX-License-Identifier: MIT */
/* leat's own pipe as it is opened without any setting: its protocol is barrier. */
#include <leat/os.h>
#include <leat/pipe.h>

const bench::peer_about bench::this_peer = {bench::inlined, bench::leat, "leat_pipe: store and look, membarrier for the sleeper, in a chunked pipe"};

struct peer {
    leat_pool *pool;
    leat_blocks blocks;
    leat_pipe pipe;

    peer()
    {
        leat_pool_config chunks = leat_os_pool_config(2112, 0);
        if (leat_pool_create(&pool, &chunks) != 0) {
            throw bench::failure{"no pool to be had"};
        }
        blocks = leat_pool_blocks(pool);
        leat_pipe_config config = {};
        config.item_bytes = 8;
        config.high_water = 1024;
        config.blocks = &blocks;
        config.host = leat_os_host();
        if (leat_pipe_init(&pipe, &config) != 0) {
            leat_pool_thread_end();
            leat_pool_destroy(pool, nullptr);
            throw bench::failure{"no pipe to be had"};
        }
    }
    ~peer()
    {
        leat_pipe_fini(&pipe);
        leat_pool_thread_end();
        leat_pool_destroy(pool, nullptr);
    }
    BENCH_INLINE bool put(uint64_t item)
    {
        *static_cast<uint64_t *>(leat_pipe_back(&pipe)) = item;
        if (!leat_pipe_push(&pipe, false)) {
            return false;
        }
        leat_pipe_flush(&pipe);
        return true;
    }
    BENCH_INLINE bool get(uint64_t &item)
    {
        if (!leat_pipe_poll(&pipe)) {
            return false;
        }
        item = *static_cast<const uint64_t *>(leat_pipe_front(&pipe));
        leat_pipe_pop(&pipe);
        return true;
    }
    BENCH_INLINE bool announce()
    {
        return !leat_pipe_check_read(&pipe);
    }
    BENCH_INLINE void withdraw()
    {
        leat_pipe_cancel_sleep(&pipe);
    }
};
