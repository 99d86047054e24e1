/* SPDX-License-Identifier: MIT */
/*
 * Who holds the blocks. Every block of a tracked pool has a mark: the place from which it was allocated, and when. Places are few, so a
 * mark names its place by a number; they are never forgotten.
 *
 * Edge "tracks". The table, and every slab's marks, are there (release) before anybody sees that the pool is tracked (acquire).
 */
#include "pool_private.h"

#define SINCE_SHIFT 20
#define PLACES 1024 /* the first of them stands for all that found no room */

struct place {
    const void *places[LEAT_POOL_PLACES]; /* [token]; NULL: free */
    LEAT_ATOMIC(size_t) live;             /* remembered blocks: written by who allocates and frees them */
    size_t oldest;                        /* [token] of the report under way */
    bool told;                            /* [token] likewise */
};

struct tracks {
    struct place table[PLACES];
};

/* With the token: the place with these addresses, a new one if need be. */
static uint32_t place_of(struct tracks *tracks, const void *const *places)
{
    uint32_t at = 1 + (uint32_t)((uintptr_t)places[0] / 4 % (PLACES - 1));
    for (uint32_t tries = 1; tries < PLACES; tries++, at = at % (PLACES - 1) + 1) {
        struct place *place = &tracks->table[at];
        if (!place->places[0])
            memcpy(place->places, places, sizeof place->places);
        if (memcmp(place->places, places, sizeof place->places) == 0)
            return at;
    }
    return 0;
}

/* The callers of `place`, from it outwards; only itself where the host does not know. */
static void ask(const struct leat_host *host, const void *place, const void **places)
{
    const void *all[24];
    int count = host->places ? host->places(host->context, all, 24) : 0, at = 0;
    while (at < count && all[at] != place)
        at++;
    places[0] = place;
    for (int i = 1; i < LEAT_POOL_PLACES; i++)
        places[i] = at + i < count ? all[at + i] : NULL;
}

/* Is this allocation the one of so many? */
static bool chosen(struct pool *pool, struct cache *cache)
{
    uint32_t one_in = leat_load(&pool->one_in, relaxed); /* a number that takes effect when it is seen */
    if (one_in == 0)
        return false;
    uint32_t skip = cache ? cache->skip : leat_load(&pool->skip, relaxed); /* as said there */
    bool hit = skip == 0 || skip >= one_in;
    skip = hit ? one_in - 1 : skip - 1;
    if (cache)
        cache->skip = skip;
    else
        leat_store(&pool->skip, skip, relaxed);
    return hit;
}

void leat_pool_remember(struct pool *pool, struct cache *cache, const struct slab *slab, const void *block, const void *place)
{
    struct mark *mark = &slab->shadow->marks[leat_pool_place_of(pool, slab, block)];
    struct tracks *tracks = leat_load(&pool->tracks, acquire); /* edge "tracks" */
    const void *places[LEAT_POOL_PLACES];
    if (!chosen(pool, cache))
        return;
    ask(&pool->host, place, places);
    leat_pool_take(&pool->token, &pool->host);
    uint32_t at = place_of(tracks, places);
    leat_pool_give(&pool->token);
    (void)leat_add(&tracks->table[at].live, (size_t)1, relaxed); /* numbers for people; so for the rest */
    leat_store(&mark->since, pool->host.now_ns ? (size_t)(pool->host.now_ns(pool->host.context) >> SINCE_SHIFT) : 0, relaxed);
    leat_store(&mark->place, at + 1, relaxed);
}

void leat_pool_forget(struct pool *pool, const struct slab *slab, const void *block)
{
    struct mark *mark = &slab->shadow->marks[leat_pool_place_of(pool, slab, block)];
    struct tracks *tracks = leat_load(&pool->tracks, acquire); /* edge "tracks" */
    uint32_t at = leat_load(&mark->place, relaxed);            /* as above */
    if (at == 0)
        return;
    leat_store(&mark->place, 0, relaxed);
    (void)leat_sub(&tracks->table[at - 1].live, (size_t)1, relaxed);
}

/* The places from which a block was allocated, when that is remembered. */
void leat_pool_recall(struct pool *pool, const struct slab *slab, const void *block, const void **places, int room)
{
    struct tracks *tracks = leat_load(&pool->tracks, acquire); /* edge "tracks" */
    size_t index = leat_pool_place_of(pool, slab, block);
    uint32_t at = tracks && index < pool->slab_blocks ? leat_load(&slab->shadow->marks[index].place, relaxed) : 0; /* as above */
    if (at == 0)
        return;
    leat_pool_take(&pool->token, &pool->host);
    for (int i = 0; i < room && i < LEAT_POOL_PLACES; i++)
        places[i] = tracks->table[at - 1].places[i];
    leat_pool_give(&pool->token);
}

/* With the token: the pool is watched and has a table and marks; or nothing changed but that some memory was taken. */
static int begin(struct pool *pool)
{
    struct tracks *tracks = leat_load(&pool->tracks, relaxed); /* own word: the token's */
    if (tracks)
        return 0;
    bool watched = leat_load(&pool->watched, relaxed); /* own word: the token's */
    if (!watched && pool->caches)
        return -EBUSY;
    tracks = leat_pool_carve(pool, sizeof *tracks);
    if (!tracks)
        return -ENOMEM;
    for (struct slab *slab = pool->slabs; slab; slab = slab->older)
        if (!leat_pool_shadow(pool, slab, true))
            return -ENOMEM;
    leat_store(&pool->tracks, tracks, release); /* edge "tracks" */
    if (!watched)
        leat_store(&pool->watched, true, relaxed); /* who has no cache may see it late: what it frees then was not remembered */
    return 0;
}

int leat_pool_track(struct leat_pool *head, int64_t one_in)
{
    struct pool *pool = (struct pool *)head;
    if (one_in < 0 || one_in > UINT32_MAX)
        return -EINVAL;
    if (pool->host.places) {
        const void *none[1]; /* the first call opens a library, perhaps; a fork amid that would leave the child one that is half open */
        (void)pool->host.places(pool->host.context, none, 1);
    }
    leat_pool_take(&pool->token, &pool->host);
    int rc = begin(pool);
    if (rc == 0)
        leat_store(&pool->one_in, (uint32_t)one_in, relaxed); /* as in chosen() */
    leat_pool_give(&pool->token);
    return rc;
}

/* ---- the report ---- */

/* With the token: every place's oldest block. */
static void find_oldest(struct pool *pool, struct tracks *tracks)
{
    for (int i = 0; i < PLACES; i++) {
        tracks->table[i].oldest = 0;
        tracks->table[i].told = false;
    }
    for (const struct slab *slab = pool->slabs; slab; slab = slab->older)
        for (size_t i = 0; i < pool->slab_blocks; i++) {
            uint32_t at = leat_load(&slab->shadow->marks[i].place, relaxed); /* numbers for people */
            size_t since = leat_load(&slab->shadow->marks[i].since, relaxed);
            struct place *place = at ? &tracks->table[at - 1] : NULL;
            if (place && (place->oldest == 0 || since < place->oldest))
                place->oldest = since;
        }
}

/* The place with the most blocks that was not told yet; NULL: all were. */
static struct place *next_place(struct tracks *tracks)
{
    struct place *most = NULL;
    for (int i = 0; i < PLACES; i++) {
        struct place *place = &tracks->table[i];
        size_t live = leat_load(&place->live, relaxed); /* a number for people */
        if (!place->told && live > 0 && (!most || live > leat_load(&most->live, relaxed)))
            most = place;
    }
    return most;
}

int64_t leat_pool_holders(struct leat_pool *head, void (*visit)(void *context, const struct leat_pool_holder *holder), void *context)
{
    struct pool *pool = (struct pool *)head;
    for (int tries = 0; leat_exchange(&pool->token, 1u, acquire) != 0; tries++) { /* edge "token" */
        if (tries >= 1000)
            return -EAGAIN;
        leat_pool_pause(&pool->host, &tries);
    }
    struct tracks *tracks = leat_load(&pool->tracks, relaxed);                       /* own word: the token's */
    int64_t out = (int64_t)(pool->out - leat_load(&pool->set_aside, relaxed)), rest; /* numbers for people */
    int64_t live = out - leat_pool_caches_count(pool) - leat_pool_depot_count(pool);
    rest = live = live > 0 ? live : 0;
    if (tracks)
        find_oldest(pool, tracks);
    for (struct place *place = tracks ? next_place(tracks) : NULL; place; place = next_place(tracks)) {
        struct leat_pool_holder holder = {.blocks = (int64_t)leat_load(&place->live, relaxed),
                                          .oldest_ns = (int64_t)((uint64_t)place->oldest << SINCE_SHIFT)};
        memcpy(holder.places, place->places, sizeof holder.places);
        place->told = true;
        rest -= holder.blocks;
        visit(context, &holder);
    }
    if (rest > 0) {
        struct leat_pool_holder holder = {.blocks = rest};
        visit(context, &holder);
    }
    leat_pool_give(&pool->token);
    return live;
}
