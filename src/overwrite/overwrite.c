/* SPDX-License-Identifier: MIT */
/* overwrite.c: who moves head owns the item. The invariants and edges are in leat/overwrite.h. */
#include <leat/overwrite.h>

int leat_overwrite_init(struct leat_overwrite *ring, const struct leat_overwrite_config *config)
{
    if (config->item_bytes < 1 || config->item_bytes > INT32_MAX || config->capacity < 1 || config->capacity > INT32_MAX ||
        (config->capacity & (config->capacity - 1)) != 0 || config->memory == NULL || (uintptr_t)config->memory % sizeof(uint64_t) != 0) {
        return -EINVAL;
    }
    ring->words = (LEAT_ATOMIC(size_t) *)config->memory;
    ring->item_bytes = (size_t)config->item_bytes;
    ring->item_words = (ring->item_bytes + 7) / 8 * 8 / sizeof(size_t);
    ring->mask = (size_t)config->capacity - 1;
    ring->drop = config->drop;
    ring->context = config->context;
    ring->head_seen = 0;
    leat_store(&ring->head, 0, relaxed); /* relaxed, as all of init: no other thread has it yet */
    leat_store(&ring->tail, 0, relaxed);
    leat_store(&ring->dropped, 0, relaxed);
    leat_store(&ring->read, 0, relaxed);
    leat_store(&ring->reader_asleep, 0, relaxed);
    return 0;
}

static LEAT_ATOMIC(size_t) * place_of(const struct leat_overwrite *ring, size_t position)
{
    return ring->words + (position & ring->mask) * ring->item_words;
}

/* ---- writer ---- */

/* Makes room for one: the oldest is dropped, unless the reader has taken it meanwhile. */
static LEAT_COLD void make_room(struct leat_overwrite *ring, size_t tail)
{
    size_t head = leat_load(&ring->head, acquire); /* edge "place" */
    ring->head_seen = head;
    if (tail - head <= ring->mask) {
        return;
    }
    if (!leat_cas(&ring->head, &head, head + 1, acquire, acquire)) { /* edge "place": the reader took it, so there is room */
        ring->head_seen = head;
        return;
    }
    ring->head_seen = head + 1;
    leat_store(&ring->dropped, leat_load(&ring->dropped, relaxed) + 1, relaxed); /* relaxed, all: the writer's own counter and words */
    if (ring->drop != NULL) {
        ring->drop(ring->context, (const void *)place_of(ring, head)); /* nobody writes there now but this thread */
    }
}

enum leat_flush leat_overwrite_write(struct leat_overwrite *ring, const void *item)
{
    size_t tail = leat_load(&ring->tail, relaxed); /* relaxed: the writer's own */
    if (tail - ring->head_seen > ring->mask) {
        make_room(ring, tail);
    }
    LEAT_ATOMIC(size_t) *place = place_of(ring, tail);
    const unsigned char *from = item;
    for (size_t left = ring->item_bytes; left > 0;) {
        size_t word = 0;
        size_t bytes = left < sizeof word ? left : sizeof word;
        memcpy(&word, from, bytes);
        leat_store(place++, word, relaxed); /* relaxed: tail publishes it; a reader that is late throws its copy away */
        from += bytes;
        left -= bytes;
    }
    leat_store(&ring->tail, tail + 1, release);            /* edge "item" */
    if (leat_add(&ring->reader_asleep, 0, release) == 0) { /* edge "sleep" */
        return LEAT_FLUSH_AWAKE;
    }
    return leat_exchange(&ring->reader_asleep, 0, relaxed) != 0 ? LEAT_FLUSH_ASLEEP : LEAT_FLUSH_AWAKE; /* relaxed: as in the pipe */
}

/* ---- reader ---- */

bool leat_overwrite_poll_read(struct leat_overwrite *ring, void *item)
{
    size_t head = leat_load(&ring->head, relaxed); /* relaxed: the CAS says whether it is still so */
    for (;;) {
        if (leat_load(&ring->tail, acquire) - head - 1 > ring->mask) { /* edge "item"; empty, or head is old: then the CAS would fail */
            size_t now = leat_load(&ring->head, relaxed);
            if (now == head) {
                return false;
            }
            head = now;
            continue;
        }
        LEAT_ATOMIC(size_t) *place = place_of(ring, head);
        unsigned char *to = item;
        for (size_t left = ring->item_bytes; left > 0;) {
            size_t word = leat_load(place++, relaxed); /* relaxed: may be torn, and is used only if the CAS succeeds */
            size_t bytes = left < sizeof word ? left : sizeof word;
            memcpy(to, &word, bytes);
            to += bytes;
            left -= bytes;
        }
        if (leat_cas(&ring->head, &head, head + 1, release, relaxed)) {            /* edge "place" */
            leat_store(&ring->read, leat_load(&ring->read, relaxed) + 1, relaxed); /* relaxed, both: the reader's own counter */
            return true;
        }
    }
}

bool leat_overwrite_read(struct leat_overwrite *ring, void *item)
{
    if (leat_overwrite_poll_read(ring, item)) {
        return true;
    }
    if (leat_load(&ring->reader_asleep, relaxed) != 0) { /* relaxed: it is the same announcement as before */
        return false;
    }
    (void)leat_exchange(&ring->reader_asleep, 1, acquire); /* edge "sleep" */
    if (!leat_overwrite_poll_read(ring, item)) {
        return false;
    }
    leat_overwrite_cancel_sleep(ring);
    return true;
}

void leat_overwrite_cancel_sleep(struct leat_overwrite *ring)
{
    (void)leat_exchange(&ring->reader_asleep, 0, relaxed); /* relaxed: if a write took it, its wake-up comes for nothing */
}

/* ---- both ---- */

void leat_overwrite_stats(const struct leat_overwrite *ring, struct leat_overwrite_stats *stats)
{
    stats->read = (int64_t)leat_load(&ring->read, relaxed); /* relaxed, all: statistics */
    stats->dropped = (int64_t)leat_load(&ring->dropped, relaxed);
    stats->written = (int64_t)leat_load(&ring->tail, relaxed);
}
