/* SPDX-License-Identifier: MIT */
/* leat's pipe without copies: the writer composes an item in back(), the reader reads it in front(). */
#include "peers/pipe/support/leat_chunks.hpp"

const bench::peer_about bench::this_peer = {bench::inlined, bench::variant, "items are composed and read in place, never copied"};

template <class Item, size_t Capacity> struct peer {
    chunks memory{sizeof(Item)};
    leat_pipe pipe;

    peer()
    {
        leat_pipe_config config = {sizeof(Item), Capacity, &memory.blocks};
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
        return static_cast<Item *>(leat_pipe_back(&pipe));
    }
    BENCH_INLINE bool push()
    {
        return leat_pipe_push(&pipe, false);
    }
    BENCH_INLINE void flush()
    {
        leat_pipe_flush(&pipe);
    }
    BENCH_INLINE const Item *front()
    {
        return leat_pipe_poll(&pipe) ? static_cast<const Item *>(leat_pipe_front(&pipe)) : nullptr;
    }
    BENCH_INLINE void pop()
    {
        leat_pipe_pop(&pipe);
    }
};
