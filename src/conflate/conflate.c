/* SPDX-License-Identifier: MIT */
/* conflate.c: one word that says which of three places changes hands. The invariants and edges are in leat/conflate.h. */
#include <leat/conflate.h>

#define PLACE 3u /* of the word: the number of a place */

int leat_conflate_init(struct leat_conflate *conflate, void *memory, int64_t item_bytes)
{
    if (item_bytes < 1 || (uint64_t)item_bytes > SIZE_MAX / 8 || (uintptr_t)memory % LEAT_CACHE_LINE != 0 || memory == NULL) {
        return -EINVAL;
    }
    conflate->places = memory;
    conflate->item_bytes = (size_t)item_bytes;
    conflate->step = (conflate->item_bytes + 63) / 64 * 64;
    conflate->back = 0;
    conflate->front = 1;
    leat_store(&conflate->newest, 2u, relaxed); /* relaxed, as all of init: no other thread has it yet */
    leat_store(&conflate->written, 0, relaxed);
    leat_store(&conflate->replaced, 0, relaxed);
    return 0;
}

/* ---- writer ---- */

void *leat_conflate_back(struct leat_conflate *conflate)
{
    return conflate->places + conflate->back * conflate->step;
}

enum leat_flush leat_conflate_push(struct leat_conflate *conflate)
{
    uint32_t before = leat_exchange(&conflate->newest, conflate->back | LEAT_CONFLATE_FRESH, acq_rel); /* edges "item" and "place" */
    conflate->back = before & PLACE;
    leat_store(&conflate->written, leat_load(&conflate->written, relaxed) + 1, relaxed); /* relaxed, both: the writer's own counters */
    if ((before & LEAT_CONFLATE_FRESH) != 0) {
        leat_store(&conflate->replaced, leat_load(&conflate->replaced, relaxed) + 1, relaxed);
    }
    return (before & LEAT_CONFLATE_ASLEEP) != 0 ? LEAT_FLUSH_ASLEEP : LEAT_FLUSH_AWAKE;
}

enum leat_flush leat_conflate_write(struct leat_conflate *conflate, const void *item)
{
    memcpy(leat_conflate_back(conflate), item, conflate->item_bytes);
    return leat_conflate_push(conflate);
}

/* ---- reader ---- */

bool leat_conflate_poll(struct leat_conflate *conflate)
{
    if ((leat_load(&conflate->newest, relaxed) & LEAT_CONFLATE_FRESH) == 0) { /* relaxed: the exchange is what acquires */
        return false;
    }
    conflate->front = leat_exchange(&conflate->newest, conflate->front, acq_rel) & PLACE; /* edges "item" and "place" */
    return true;
}

bool leat_conflate_check_read(struct leat_conflate *conflate)
{
    if (leat_conflate_poll(conflate)) {
        return true;
    }
    /* A bit is added, in one step, to a word that may have become fresh meanwhile: then it is taken back by reading. Relaxed: no item. */
    if ((leat_or(&conflate->newest, LEAT_CONFLATE_ASLEEP, relaxed) & LEAT_CONFLATE_FRESH) == 0) {
        return false;
    }
    return leat_conflate_poll(conflate); /* its exchange clears both bits */
}

const void *leat_conflate_front(const struct leat_conflate *conflate)
{
    return conflate->places + conflate->front * conflate->step;
}

bool leat_conflate_read(struct leat_conflate *conflate, void *item)
{
    if (!leat_conflate_check_read(conflate)) {
        return false;
    }
    memcpy(item, leat_conflate_front(conflate), conflate->item_bytes);
    return true;
}

void leat_conflate_cancel_sleep(struct leat_conflate *conflate)
{
    (void)leat_and(&conflate->newest, ~LEAT_CONFLATE_ASLEEP, relaxed); /* relaxed: if a write took it, its wake-up comes for nothing */
}

/* ---- both ---- */

void leat_conflate_stats(const struct leat_conflate *conflate, struct leat_conflate_stats *stats)
{
    stats->replaced = (int64_t)leat_load(&conflate->replaced, relaxed); /* relaxed, both: statistics */
    stats->written = (int64_t)leat_load(&conflate->written, relaxed);
}
