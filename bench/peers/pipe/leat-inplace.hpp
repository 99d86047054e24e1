/* SPDX-License-Identifier: MIT */
/* leat's pipe without copies: the writer composes an item in back(), the reader reads it in front(). */
#include "peers/pipe/support/leat_chunks.hpp"

const bench::peer_about bench::this_peer = {bench::inlined, bench::variant, "items are composed and read in place, never copied"};

template <class Item, size_t Capacity> struct peer {
    /* What LEAT_PIPE_TYPE makes of an item: its shape is a constant. */
    static constexpr leat_pipe_shape shape = LEAT_PIPE_SHAPE(sizeof(Item), sizeof(Item));
    chunks memory{sizeof(Item)};
    leat_pipe pipe;

    peer()
    {
        leat_pipe_config config = {};
        config.item_bytes = sizeof(Item);
        config.high_water = Capacity;
        config.blocks = &memory.blocks;
        config.host = leat_os_host();
        if (leat_pipe_init(&pipe, &config) != 0) {
            throw bench::failure{"no pipe to be had"};
        }
    }
    ~peer()
    {
        leat_pipe_fini(&pipe);
    }
    BENCH_INLINE Item *back()
    {
        return static_cast<Item *>(leat_pipe_back_as(&pipe, &shape));
    }
    BENCH_INLINE bool push()
    {
        return leat_pipe_push_as(&pipe, &shape, false);
    }
    BENCH_INLINE leat_pipe_run back_many(size_t wanted)
    {
        leat_pipe_run run;
        leat_pipe_back_many_as(&pipe, &shape, int64_t(wanted), &run);
        return run;
    }
    BENCH_INLINE size_t push_many(size_t count)
    {
        return size_t(leat_pipe_push_many_as(&pipe, &shape, int64_t(count)));
    }
    BENCH_INLINE leat_pipe_run front_many(size_t wanted)
    {
        leat_pipe_run run;
        leat_pipe_front_many_as(&pipe, &shape, int64_t(wanted), &run);
        return run;
    }
    BENCH_INLINE void pop_many(size_t count)
    {
        leat_pipe_pop_many_as(&pipe, &shape, int64_t(count));
    }
    BENCH_INLINE void flush()
    {
        leat_pipe_flush_as(&pipe, &shape);
    }
    BENCH_INLINE const Item *front()
    {
        return leat_pipe_poll_as(&pipe, &shape) ? static_cast<const Item *>(leat_pipe_front(&pipe)) : nullptr;
    }
    BENCH_INLINE void pop()
    {
        leat_pipe_pop_as(&pipe, &shape);
    }
};
