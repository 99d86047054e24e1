/* SPDX-License-Identifier: MIT */
/* The numbers of a configuration: what is valid, and what is chosen where it says nothing. */
#include "pool_private.h"

#define MAX_BLOCK_BYTES ((int64_t)1 << 30)
#define MAX_ALIGN ((int64_t)2 << 20)
#define MAX_CACHE_BLOCKS 65536
#define MAX_CACHES 65536
#define MAX_GROWTH_SLABS 65536
#define MAX_SLAB_BYTES ((int64_t)(SIZE_MAX / 4 < ((uint64_t)1 << 40) ? SIZE_MAX / 4 + 1 : (uint64_t)1 << 40))
#define GROUP_BYTES 8192
#define GUARD_BYTES 16 /* at least that many behind a block, in a checked pool */

static bool power_of_two(int64_t value)
{
    return value > 0 && (value & (value - 1)) == 0;
}

/* The smallest power of two that is not below `value`, at most 2^62. */
static int64_t power_over(int64_t value)
{
    int64_t power = 1;
    while (power < value && power < (int64_t)1 << 62)
        power *= 2;
    return power;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- refusals ---- */

static char *put_text(char *at, const char *end, const char *text)
{
    while (*text && at < end)
        *at++ = *text++;
    return at;
}

static char *put_number(char *at, const char *end, int64_t number)
{
    char digits[20];
    int count = 0;
    for (uint64_t rest = (uint64_t)number; rest > 0 || count == 0; rest /= 10)
        digits[count++] = (char)('0' + rest % 10);
    while (count > 0 && at < end)
        *at++ = digits[--count];
    return at;
}

/* -EINVAL, and the error says why: `rule` names the member; `valid`, from 0 up, is its next valid value, or the last one. */
int leat_pool_refuse(const struct leat_pool_config *config, const char *rule, int64_t valid)
{
    struct leat_error *error = config->error;
    if (error) {
        char *at = error->text;
        const char *end = at + sizeof error->text - 1;
        error->code = -EINVAL;
        error->offset = -1;
        error->rule = rule;
        at = put_text(at, end, "pool '");
        at = put_text(at, end, config->name ? config->name : "pool");
        at = put_text(at, end, "': ");
        at = put_text(at, end, rule);
        if (valid >= 0) {
            at = put_text(at, end, "; valid is ");
            at = put_number(at, end, valid);
        }
        *at = '\0';
    }
    return -EINVAL;
}

/* A number that must lie in a range. */
static int range(const struct leat_pool_config *config, const char *rule, int64_t value, int64_t least, int64_t most)
{
    return value >= least && value <= most ? 0 : leat_pool_refuse(config, rule, value < least ? least : most);
}

static int ranges(const struct leat_pool_config *config)
{
    int rc = range(config, "block_bytes: 1 to 1 GiB", config->block_bytes, 1, MAX_BLOCK_BYTES);
    if (rc == 0)
        rc = range(config, "align: a power of two up to 2 MiB, or 0", config->align, 0, MAX_ALIGN);
    if (rc == 0 && config->align && !power_of_two(config->align))
        rc = leat_pool_refuse(config, "align: a power of two up to 2 MiB, or 0", power_over(config->align));
    if (rc == 0)
        rc = range(config, "limit: 0 or more blocks", config->limit, 0, INT64_MAX);
    if (rc == 0)
        rc = range(config, "first: 0 or more blocks", config->first, 0, INT64_MAX);
    if (rc == 0 && config->growth != LEAT_POOL_LINEAR && config->growth != LEAT_POOL_DOUBLING && config->growth != LEAT_POOL_FIXED)
        rc = leat_pool_refuse(config, "growth: LEAT_POOL_LINEAR, _DOUBLING or _FIXED", -1);
    if (rc == 0)
        rc = range(config, "growth_slabs: 0 to 65536", config->growth_slabs, 0, MAX_GROWTH_SLABS);
    if (rc == 0)
        rc = range(config, "cache_blocks: 0 to 65536", config->cache_blocks, 0, MAX_CACHE_BLOCKS);
    if (rc == 0)
        rc = range(config, "caches: 0 to 65536", config->caches, 0, MAX_CACHES);
    if (rc == 0)
        rc = range(config, "slab_bytes: a power of two that holds a block, or 0", config->slab_bytes, 0, MAX_SLAB_BYTES);
    return rc;
}

/* ---- choices ---- */

/*
 * Blocks of a multiple of 512 bytes come in groups of 8 KiB, or a little more: a line for each costs 0.8 percent at most.
 */
static void choose_groups(struct shape *shape, const struct leat_pool_config *config)
{
    bool grouped = !config->arrays && shape->block_bytes % 512 == 0 && shape->block_bytes <= 65536 && shape->align <= LEAT_CACHE_LINE;
    shape->group = grouped ? (GROUP_BYTES + shape->block_bytes - 1) / shape->block_bytes : INT64_MAX / shape->block_bytes;
    shape->group_bytes = shape->group * shape->block_bytes + (grouped ? LEAT_CACHE_LINE : 0);
}

static int64_t blocks_in(const struct shape *shape, int64_t bytes)
{
    int64_t groups = bytes / shape->group_bytes, rest = (bytes - groups * shape->group_bytes) / shape->block_bytes;
    return groups * shape->group + smaller(rest, shape->group);
}

static int64_t bytes_of(const struct shape *shape, int64_t blocks)
{
    int64_t shifts = blocks > 0 ? (blocks - 1) / shape->group : 0;
    return blocks * shape->block_bytes + shifts * (shape->group_bytes - shape->group * shape->block_bytes);
}

/*
 * 128 blocks a slab keep what is left over at its end under a percent; beyond 1 MiB eight must do, beyond 64 MiB one: only what is
 * touched becomes resident.
 */
static int64_t choose_slab_bytes(const struct shape *shape)
{
    int64_t many = power_over(128 * shape->block_bytes);
    int64_t some = power_over(8 * shape->block_bytes);
    int64_t one = power_over(shape->block_bytes);
    int64_t bytes = smaller(larger(many, 65536), 1 << 20);
    bytes = larger(larger(bytes, smaller(some, 64 << 20)), one);
    if (shape->limit && shape->limit < blocks_in(shape, bytes))
        bytes = power_over(bytes_of(shape, shape->limit));
    return larger(bytes, shape->align);
}

/*
 * Blocks of 64 KiB in all, but enough of them to be worth a visit to the depot, and not so many that a few caches hold a whole pool. More
 * than 64 make a hand-over slower: its pointers and blocks together are to stay in the processor's first cache.
 */
static int64_t choose_capacity(const struct shape *shape)
{
    int64_t blocks = smaller(larger(65536 / shape->block_bytes, 8), 64);
    if (shape->limit)
        blocks = smaller(blocks, shape->limit / 8);
    return blocks < 4 ? 0 : blocks;
}

/* So many fit into an address space. */
static int64_t most_blocks(const struct shape *shape)
{
    return smaller(INT64_MAX / 4, (int64_t)(SIZE_MAX / 4 + 1)) / shape->block_bytes;
}

/* The limit, and what is there at first. */
static int counts(struct shape *shape, const struct leat_pool_config *config)
{
    shape->first = config->first;
    shape->limit = config->limit;
    if (shape->first > most_blocks(shape))
        return leat_pool_refuse(config, "first: blocks that fit into an address space", most_blocks(shape));
    if (range(config, "limit: blocks that can be counted", shape->limit, 0, (int64_t)(SIZE_MAX / 2)) != 0)
        return -EINVAL;
    if (config->growth == LEAT_POOL_FIXED) {
        if (config->first == 0)
            return leat_pool_refuse(config, "first: a pool that does not grow has some", 1);
        if (config->limit && config->limit != config->first)
            return leat_pool_refuse(config, "limit: that of a pool that does not grow is `first`", config->first);
        shape->limit = config->first;
    }
    if (shape->limit && shape->first > shape->limit)
        return leat_pool_refuse(config, "limit: not under `first`", shape->first);
    return 0;
}

/* *shape is valid; or -EINVAL, and config->error says why. */
int leat_pool_shape(struct shape *shape, const struct leat_pool_config *config, bool own_memory)
{
    int rc = ranges(config);
    if (rc != 0)
        return rc;
    shape->align = larger(config->align ? config->align : 16, (int64_t)sizeof(void *));
    shape->usable = config->checked ? config->block_bytes : (config->block_bytes + shape->align - 1) & -shape->align;
    shape->block_bytes = config->checked ? (config->block_bytes + GUARD_BYTES + shape->align - 1) & -shape->align : shape->usable;
    if (shape->block_bytes > MAX_SLAB_BYTES) /* where an address has 32 bits */
        return leat_pool_refuse(config, "block_bytes: what a slab can hold", MAX_SLAB_BYTES - shape->align - GUARD_BYTES);
    rc = counts(shape, config);
    if (rc != 0)
        return rc;
    if (!own_memory && (!config->memory || !config->memory->acquire || !config->memory->release))
        return leat_pool_refuse(config, "memory: a source that gives and takes back", -1);
    if (own_memory && !shape->limit)
        return leat_pool_refuse(config, "limit: a pool on memory of the caller's has one", 1);
    choose_groups(shape, config);
    if (own_memory) { /* one slab for all */
        if (shape->limit > most_blocks(shape))
            return leat_pool_refuse(config, "limit: blocks that fit into an address space", most_blocks(shape));
        shape->slab_bytes = shape->align;
        shape->slab_blocks = shape->limit;
    } else {
        shape->slab_bytes = config->slab_bytes ? config->slab_bytes : choose_slab_bytes(shape);
        int64_t least = power_over(larger(shape->block_bytes, shape->align));
        if (shape->slab_bytes > MAX_SLAB_BYTES || !power_of_two(shape->slab_bytes) || shape->slab_bytes < least)
            return leat_pool_refuse(config, "slab_bytes: a power of two that holds a block, or 0",
                                    larger(least, power_over(shape->slab_bytes)));
        shape->slab_blocks = blocks_in(shape, shape->slab_bytes);
        if (shape->limit && shape->limit < shape->slab_blocks)
            shape->slab_blocks = shape->limit;
    }
    shape->slab_size = bytes_of(shape, shape->slab_blocks);
    shape->capacity = config->cache_blocks ? config->cache_blocks : choose_capacity(shape);
    shape->grow_most = config->growth == LEAT_POOL_FIXED      ? 0
                       : config->growth_slabs                 ? config->growth_slabs
                       : config->growth == LEAT_POOL_DOUBLING ? 64
                                                              : 1;
    return 0;
}
