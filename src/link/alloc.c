/* SPDX-License-Identifier: MIT */
/* Messages to send, out of the link's own pool: for applications that have none. */
#include "link_private.h"

/* Until blocks may have come back, or the deadline. */
static void wait_for_blocks(struct leat_link *link, int64_t deadline_ns)
{
    const int64_t soon_ns = leat_os_now_ns() + BLOCKS_NS;
    const int64_t until_ns = deadline_ns < soon_ns ? deadline_ns : soon_ns;
    leat_store(&link->drain, 1, relaxed); /* relaxed: a wake follows; what waits for more keeps the blocks that are waited for */
    if (!link->options.no_thread && link->linger_ns > 0)
        leat_waker_wake(&link->io);
    if (!link->options.no_thread)
        leat_os_poll(NULL, 0, until_ns);
    else if (!link_step(link))
        link_step_wait(link, until_ns);
    leat_store(&link->drain, 0, relaxed); /* relaxed: a wake too many does no harm */
}

int leat_link_alloc(struct leat_link *link, struct leat_msg *msg, int64_t size_bytes, int64_t deadline_ns)
{
    const struct leat_link_options *options = &link->options;
    struct leat_pool *sends;
    int rc = link_pools_sends(link->pools, options, &sends);
    if (rc != 0)
        return rc;
    const struct leat_blocks blocks = leat_pool_blocks(sends);
    if (size_bytes > options->high_water_bytes / options->block_bytes * leat_msg_block_payload(&blocks))
        return -EMSGSIZE;
    for (bool last = deadline_ns == 0;;) {
        rc = leat_msg_alloc(msg, &blocks, size_bytes);
        if (rc != -ENOBUFS)
            return rc;
        leat_link_flush(link);
        rc = leat_link_check_send(link);
        if (rc != 0)
            return rc;
        if (last)
            return deadline_ns == 0 ? -EAGAIN : -ETIMEDOUT;
        wait_for_blocks(link, deadline_ns);
        last = deadline_ns != LEAT_FOREVER && leat_os_now_ns() >= deadline_ns; /* then one look more */
    }
}
