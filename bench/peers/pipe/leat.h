/* SPDX-License-Identifier: MIT */
/* leat's pipe, in place; its flush would wake a sleeping reader, the reader only looks. */
#include <leat/os.h>
#include <leat/pipe.h>

static const struct bench_peer bench_this_peer = {BENCH_PEER_NAME, BENCH_LEAT, BENCH_LINK_INLINE,
                                                  "flush ready for a sleeper; the reader polls"};

#define CHUNK_BYTES 2112 /* room for 256 items of 8 bytes and the chunk's head */

struct peer {
    struct leat_pipe pipe;
    struct leat_pool *pool;
};

static void peer_close(struct peer *peer)
{
    leat_pipe_fini(&peer->pipe);
    leat_pool_thread_end();
    leat_pool_destroy(peer->pool, NULL);
    free(peer);
}

static struct peer *peer_open(void)
{
    struct peer *peer = (struct peer *)bench_lines(sizeof(*peer));
    struct leat_pool_config chunks = leat_os_pool_config(CHUNK_BYTES, 0);
    if (peer == NULL || leat_pool_create(&peer->pool, &chunks) != 0) {
        free(peer);
        return NULL;
    }
    struct leat_blocks blocks = leat_pool_blocks(peer->pool);
    struct leat_pipe_config config = {sizeof(item_type), CAPACITY, &blocks};
    if (leat_pipe_init(&peer->pipe, &config) != 0) {
        leat_pool_thread_end();
        leat_pool_destroy(peer->pool, NULL);
        free(peer);
        return NULL;
    }
    return peer;
}

BENCH_INLINE bool peer_put(struct peer *peer, item_type item)
{
    *(item_type *)leat_pipe_back(&peer->pipe) = item;
    if (!leat_pipe_push(&peer->pipe, false)) {
        return false;
    }
    leat_pipe_flush(&peer->pipe);
    return true;
}

BENCH_INLINE bool peer_get(struct peer *peer, item_type *item)
{
    if (!leat_pipe_poll(&peer->pipe)) {
        return false;
    }
    *item = *(item_type *)leat_pipe_front(&peer->pipe);
    leat_pipe_pop(&peer->pipe);
    return true;
}
