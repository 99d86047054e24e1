/* SPDX-License-Identifier: MIT */
/* leat's channel between two threads, and what its links have in common. */
#ifndef BENCH_LINK_LEAT_HPP
#define BENCH_LINK_LEAT_HPP

#include "peers/link/support/ends.hpp"
#include "peers/pipe/support/leat_chunks.hpp"

#include <leat/channel.h>
#include <leat/link.h>
#include <leat/msg.h>

/* The application's pool of messages, one to a block: 64 bytes are more than the block's head. */
struct messages {
    leat_pool *pool;
    leat_blocks blocks;

    explicit messages(size_t bytes)
    {
        leat_pool_config config = leat_os_pool_config(int64_t(bytes + 64), 0);
        if (leat_pool_create(&pool, &config) != 0) {
            throw bench::failure{"no pool to be had"};
        }
        blocks = leat_pool_blocks(pool);
    }
    messages(const messages &) = delete;
    ~messages()
    {
        leat_pool_thread_end();
        leat_pool_destroy(pool, nullptr);
    }
};

/* All of them go to the link, however long that takes; *count is 0 then. False: it has failed. */
inline bool hand_all_over(leat_link *link, leat_msg *msgs, int64_t *count)
{
    for (int64_t sent = 0; sent < *count;) {
        int64_t now = leat_link_send_many(link, msgs + sent, *count - sent, LEAT_FOREVER);
        if (now < 0) {
            return false;
        }
        sent += now;
    }
    *count = 0;
    return true;
}

/* With `InPlace` a message is made where it will wait, else beside it and copied there. */
template <size_t Bytes, how How, bool InPlace> struct leat_inside {
    static constexpr bool possible = true, both_ways = true;
    static constexpr int64_t deadline_ns = How == how::looks ? 0 : LEAT_FOREVER;

    struct channel {
        chunks memory{sizeof(leat_msg)};
        leat_channel box;

        channel()
        {
            leat_channel_config config = {};
            config.pipe.item_bytes = sizeof(leat_msg);
            config.pipe.high_water = depth<Bytes>;
            config.pipe.blocks = &memory.blocks;
            config.spin_most = How == how::sleeps ? -1 : 0;
            if (leat_channel_init(&box, &config) != 0) {
                throw bench::failure{"no channel to be had"};
            }
        }
        ~channel()
        {
            leat_channel_fini(&box);
        }
    };

    struct alignas(128) end {
        const leat_blocks *blocks;
        leat_channel *to, *from;
        leat_msg out, in;

        BENCH_INLINE void *begin()
        {
            leat_msg *msg = InPlace ? static_cast<leat_msg *>(leat_pipe_back(&to->pipe)) : &out;
            return leat_msg_alloc(msg, blocks, Bytes) == 0 ? leat_msg_data(msg) : nullptr;
        }
        BENCH_INLINE bool send()
        {
            if constexpr (InPlace) {
                while (!leat_pipe_push(&to->pipe, false)) {
                    if (leat_channel_wait_room(to, LEAT_FOREVER) != 0) {
                        return false;
                    }
                }
                return true;
            }
            int rc;
            while ((rc = leat_channel_write(to, &out, false, deadline_ns)) == -EAGAIN) {
            }
            return rc == 0;
        }
        BENCH_INLINE bool batch()
        {
            return flush();
        }
        BENCH_INLINE bool flush()
        {
            leat_channel_flush(to);
            return true;
        }
        BENCH_INLINE const void *receive()
        {
            int rc;
            while ((rc = leat_channel_read(from, &in, deadline_ns)) == -EAGAIN) {
            }
            return rc == 0 && leat_msg_size(&in) == Bytes ? leat_msg_data(&in) : nullptr;
        }
        BENCH_INLINE void done()
        {
            leat_msg_unref(&in);
        }
    };

    messages memory{Bytes};
    channel there, back;
    end first{&memory.blocks, &back.box, &there.box, {}, {}}, second{&memory.blocks, &there.box, &back.box, {}, {}};
};

#endif
