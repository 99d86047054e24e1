/* SPDX-License-Identifier: MIT */
/* The pools of a link, or of all links of one listener; they stay until the last message has come home. */
#include "link_private.h"

#include <stdlib.h>

#define CHUNK_BYTES 8192      /* over a hundred messages */
#define CHUNK_BYTES_MANY 2048 /* of links that are mostly idle */
#define SLAB_BYTES_MAX (INT64_C(1) << 30)

static LEAT_ATOMIC(uint32_t) orphans_taken; /* 1 while somebody is at the list */
static struct link_pools *orphans;          /* pools whose last messages the application still holds */

/* ---- pools ---- */

static bool destroy(struct link_pools *pools)
{
    struct leat_pool *sends = leat_load(&pools->sends, acquire); /* edge "sends" */
    if (sends && leat_pool_destroy(sends, NULL) != 0)
        return false;
    leat_store(&pools->sends, NULL, relaxed); /* relaxed: nobody else has the pools any more */
    if (pools->messages && leat_pool_destroy(pools->messages, NULL) != 0)
        return false;
    pools->messages = NULL;
    if (pools->receive && leat_pool_destroy(pools->receive, NULL) != 0)
        return false;
    pools->receive = NULL;
    if (pools->chunks && leat_pool_destroy(pools->chunks, NULL) != 0)
        return false;
    free(pools);
    return true;
}

/* Destroys `pools` (NULL: none) and those of earlier links, where their last message has come home; keeps the others. */
static void retire(struct link_pools *pools)
{
    while (leat_exchange(&orphans_taken, 1, acquire)) /* edge "orphans": meets the store below */
        leat_os_host()->yield(leat_os_host()->context);
    if (pools) {
        pools->next = orphans;
        orphans = pools;
    }
    for (struct link_pools **at = &orphans; *at;) {
        struct link_pools *one = *at, *next = one->next;
        if (destroy(one))
            *at = next;
        else
            at = &one->next;
    }
    leat_store(&orphans_taken, 0, release); /* edge "orphans" */
}

/*
 * A pool whose limit fits into one slab, acquired now: later there is nothing left to take. Only what is touched becomes resident.
 */
static int create_one(struct leat_pool **pool, const char *name, int64_t block_bytes, int64_t limit, int64_t cache_blocks)
{
    struct leat_pool_config config = leat_os_pool_config(block_bytes, limit);
    config.name = name;
    config.cache_blocks = cache_blocks;
    config.slab_bytes = 1 << 16;
    while (config.slab_bytes < (limit + 1) * block_bytes && config.slab_bytes < SLAB_BYTES_MAX)
        config.slab_bytes *= 2;
    int rc = leat_pool_create(pool, &config);
    if (rc != 0)
        return rc;
    void *block = leat_pool_alloc(*pool);
    leat_pool_free(*pool, block);
    return block ? 0 : -ENOMEM;
}

int64_t link_item_bytes(const struct leat_link_options *options)
{
    return options->info ? sizeof(struct link_item) : sizeof(struct leat_msg);
}

/* Chunks for two full pipes: the items, one cut at either end, two spare and the next. The limit is exact, so caches do not count. */
static int64_t chunk_limit(const struct leat_link_options *options, int64_t chunk_bytes)
{
    int64_t messages = (chunk_bytes - (int64_t)LEAT_CHUNK_FIRST) / (link_item_bytes(options) + 8); /* each with its mark */
    return 2 * (options->high_water_messages / messages + 5);
}

int link_pools_create(struct link_pools **pools, const struct leat_link_options *options, int64_t links)
{
    const int64_t chunk_bytes = links > 1 ? CHUNK_BYTES_MANY : CHUNK_BYTES;
    struct link_pools *made = calloc(1, sizeof *made);
    if (!made)
        return -ENOMEM;
    int rc = create_one(&made->messages, "messages", options->block_bytes, options->high_water_bytes / options->block_bytes, 0);
    if (rc == 0)
        rc = create_one(&made->chunks, "chunks", chunk_bytes, links * chunk_limit(options, chunk_bytes), 0);
    if (rc == 0 && (options->directions & LEAT_IN) && options->receive != LEAT_RECEIVE_RING)
        rc = create_one(&made->receive, "receive", options->receive_block_bytes, options->receive_bytes / options->receive_block_bytes, 2);
    if (rc != 0) {
        destroy(made);
        return rc;
    }
    made->message_blocks = leat_pool_blocks(made->messages);
    made->chunk_blocks = leat_pool_blocks(made->chunks);
    if (made->receive)
        made->receive_blocks = leat_pool_blocks(made->receive);
    leat_store(&made->users, 1, relaxed); /* relaxed: nobody else knows them yet */
    *pools = made;
    return 0;
}

void link_pools_share(struct link_pools *pools)
{
    (void)leat_add(&pools->users, 1, relaxed); /* relaxed: the caller is a user */
}

int64_t link_pools_users(struct link_pools *pools)
{
    return leat_load(&pools->users, relaxed); /* relaxed: a number */
}

void link_pools_drop(struct link_pools *pools)
{
    if (leat_sub(&pools->users, 1, acq_rel) == 1) /* edge "users": the last one sees all that the others did */
        retire(pools);
}

int link_pools_sends(struct link_pools *pools, const struct leat_link_options *options, struct leat_pool **sends)
{
    struct leat_pool *made, *there = leat_load(&pools->sends, acquire); /* edge "sends" */
    if (!there) {
        int rc = create_one(&made, "sends", options->block_bytes, options->high_water_bytes / options->block_bytes, 0);
        if (rc != 0)
            return rc;
        if (leat_cas(&pools->sends, &there, made, acq_rel, acquire)) /* edge "sends": a listener's links have threads of their own */
            there = made;
        else
            leat_pool_destroy(made, NULL);
    }
    *sends = there;
    return 0;
}
