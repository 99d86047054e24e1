/* SPDX-License-Identifier: MIT */
/* leat's pipe and, where the reader sleeps, its channel. Items are copied in and out, as the others do; chunks come from a pool. */
#include "peers/pipe/support/leat_chunks.hpp"

#include <leat/channel.h>

const bench::peer_about bench::this_peer = {
    bench::inlined, bench::leat,
    "copies items in and out; flushes by a store and a look, ready for a sleeper (barrier); sleeps by leat_channel"};

/* A channel as it is opened without any setting. */
template <class Item, size_t Capacity> struct channel {
    chunks memory{sizeof(Item)};
    leat_channel box;

    channel()
    {
        leat_channel_config config = {};
        config.pipe.item_bytes = sizeof(Item);
        config.pipe.high_water = Capacity;
        config.pipe.blocks = &memory.blocks;
        if (leat_channel_init(&box, &config) != 0) {
            throw bench::failure{"no channel to be had"};
        }
    }
    ~channel()
    {
        leat_channel_fini(&box);
    }
    BENCH_INLINE void send(const Item &item)
    {
        leat_channel_write(&box, &item, false, LEAT_FOREVER);
        leat_channel_flush(&box);
    }
    BENCH_INLINE void receive(Item &item)
    {
        leat_channel_read(&box, &item, LEAT_FOREVER);
    }
};

template <class Item, size_t Capacity> struct peer {
    using sleeper = channel<Item, Capacity>;
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
    BENCH_INLINE bool put(const Item &item)
    {
        *static_cast<Item *>(leat_pipe_back_as(&pipe, &shape)) = item;
        return leat_pipe_push_flush_as(&pipe, &shape) != LEAT_FLUSH_NOTHING;
    }
    BENCH_INLINE bool get(Item &item)
    {
        return leat_pipe_receive_as(&pipe, &shape, &item);
    }
    BENCH_INLINE size_t put_many(const Item *items, size_t count)
    {
        size_t done = size_t(leat_pipe_write_many_as(&pipe, &shape, items, int64_t(count)));
        leat_pipe_flush_as(&pipe, &shape);
        return done;
    }
    BENCH_INLINE size_t get_many(Item *items, size_t count)
    {
        return size_t(leat_pipe_read_many_as(&pipe, &shape, items, int64_t(count)));
    }
};
