/* SPDX-License-Identifier: MIT */
/* leat's pipe and, where the reader sleeps, its mailbox. Items are copied in and out, as the others do; chunks come from a pool. */
#include "peers/pipe/support/leat_chunks.hpp"

#include <leat/mailbox.h>

const bench::peer_about bench::this_peer = {bench::inlined, bench::leat,
                                            "copies items in and out; flushes by an exchange, ready for a sleeper; sleeps by leat_mailbox"};

/* A mailbox as it is opened without any setting. */
template <class Item, size_t Capacity> struct mailbox {
    chunks memory{sizeof(Item)};
    leat_mailbox box;

    mailbox()
    {
        leat_mailbox_config config = {};
        config.pipe = {sizeof(Item), Capacity, &memory.blocks};
        if (leat_mailbox_init(&box, &config) != 0) {
            throw bench::failure{"no mailbox to be had"};
        }
    }
    ~mailbox()
    {
        leat_mailbox_fini(&box);
    }
    BENCH_INLINE void send(const Item &item)
    {
        leat_mailbox_write(&box, &item, false, LEAT_FOREVER);
        leat_mailbox_flush(&box);
    }
    BENCH_INLINE void receive(Item &item)
    {
        leat_mailbox_read(&box, &item, LEAT_FOREVER);
    }
};

template <class Item, size_t Capacity> struct peer {
    using sleeper = mailbox<Item, Capacity>;
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
    BENCH_INLINE bool put(const Item &item)
    {
        if (!write(item)) {
            return false;
        }
        leat_pipe_flush(&pipe);
        return true;
    }
    BENCH_INLINE bool get(Item &item)
    {
        if (!leat_pipe_poll(&pipe)) {
            return false;
        }
        item = *static_cast<const Item *>(leat_pipe_front(&pipe));
        leat_pipe_pop(&pipe);
        return true;
    }
    BENCH_INLINE size_t put_many(const Item *items, size_t count)
    {
        size_t done = 0;
        while (done < count && write(items[done])) {
            done++;
        }
        leat_pipe_flush(&pipe);
        return done;
    }
    BENCH_INLINE size_t get_many(Item *items, size_t count)
    {
        size_t done = 0;
        while (done < count && get(items[done])) {
            done++;
        }
        return done;
    }

  private:
    /* As leat_pipe_write, with a size that the compiler knows. */
    BENCH_INLINE bool write(const Item &item)
    {
        *static_cast<Item *>(leat_pipe_back(&pipe)) = item;
        return leat_pipe_push(&pipe, false);
    }
};
