/* SPDX-License-Identifier: MIT */
/*
 * pipe.c: the rare half of the pipe: making it, changing chunks, publishing room, announcing sleep, checking. The invariants, the
 * edges and the common half are in leat/pipe.h.
 */
#include <leat/base.h>

#define LEAT_PIPE_INLINE LEAT_API extern inline
#include <leat/pipe.h>

_Static_assert(sizeof(struct leat_chunk) <= LEAT_CHUNK_FIRST, "the head of a chunk fits before its first item");
_Static_assert(sizeof(struct leat_pipe) <= 1024, "an idle pipe stays small");

/* Sets *pipe's sizes from the configuration; false: out of range, *pipe untouched. */
static bool set_sizes(struct leat_pipe *pipe, const struct leat_pipe_config *config)
{
    const int64_t first = (int64_t)LEAT_CHUNK_FIRST;
    if (config->blocks == NULL || config->blocks->block_bytes < first || config->item_bytes < 1 || config->high_water < 1) {
        return false;
    }
    int64_t room = config->blocks->block_bytes - first;
    if (config->item_bytes > room || (uint64_t)config->blocks->block_bytes > SIZE_MAX || (uint64_t)config->high_water > SIZE_MAX / 4) {
        return false;
    }
    int64_t step = config->item_bytes >= 8 ? (config->item_bytes + 7) / 8 * 8 : config->item_bytes;
    if (room / step < 2) {
        return false;
    }
    pipe->item_bytes = (size_t)config->item_bytes;
    pipe->step = (size_t)step;
    pipe->chunk_end = (size_t)(first + room / step * step);
    pipe->high_water = (size_t)config->high_water;
    pipe->give = pipe->high_water < 8 ? 1 : pipe->high_water / 8;
    pipe->blocks = *config->blocks;
    return true;
}

int leat_pipe_init(struct leat_pipe *pipe, const struct leat_pipe_config *config)
{
    pipe->begin_chunk = NULL;
    pipe->end_chunk = NULL;
    leat_store(&pipe->spare_chunk, NULL, relaxed); /* relaxed, as all of init: no other thread has the pipe yet */
    if (!set_sizes(pipe, config)) {
        return -EINVAL;
    }
    struct leat_chunk *chunk = pipe->blocks.alloc(pipe->blocks.context);
    if (chunk == NULL) {
        return -ENOMEM;
    }
    chunk->next = NULL;
    chunk->prev = NULL;
    /* The first place is reserved from the start: it is back, and end is the one after. */
    pipe->begin_chunk = pipe->back_chunk = pipe->end_chunk = chunk;
    pipe->begin_pos = pipe->back_pos = LEAT_CHUNK_FIRST;
    pipe->end_pos = LEAT_CHUNK_FIRST + pipe->step;
    pipe->w = pipe->f = pipe->r = pipe->o_seen = 0;
    pipe->writer_asleep = false;
    leat_store(&pipe->pushed, 0, relaxed);
    leat_store(&pipe->popped, 0, relaxed);
    leat_store(&pipe->peak, pipe->give, relaxed);
    leat_store(&pipe->flushes, 0, relaxed);
    leat_store(&pipe->sleeps, 0, relaxed);
    leat_store(&pipe->chunks_taken, 1, relaxed);
    leat_store(&pipe->chunks_given, 0, relaxed);
    leat_store(&pipe->c, 0, relaxed);
    leat_store(&pipe->o, 0, relaxed);
    return 0;
}

void leat_pipe_fini(struct leat_pipe *pipe)
{
    for (struct leat_chunk *chunk = pipe->begin_chunk, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        pipe->blocks.free(pipe->blocks.context, chunk);
    }
    struct leat_chunk *spare = leat_load(&pipe->spare_chunk, relaxed); /* relaxed: both sides are at rest */
    if (spare != NULL) {
        pipe->blocks.free(pipe->blocks.context, spare);
    }
    pipe->begin_chunk = pipe->back_chunk = pipe->end_chunk = NULL;
    leat_store(&pipe->spare_chunk, NULL, relaxed); /* relaxed: likewise */
}

/* ---- writer ---- */

LEAT_COLD bool leat_pipe_room(struct leat_pipe *pipe)
{
    pipe->o_seen = leat_pipe_position(pipe->o_seen, leat_load(&pipe->o, acquire)); /* edge "room" */
    size_t inside = leat_load(&pipe->pushed, relaxed) - pipe->o_seen;              /* relaxed: the writer's own */
    if (inside >= pipe->high_water) {
        return false;
    }
    if (inside >= leat_load(&pipe->peak, relaxed)) {  /* relaxed: the writer's own */
        leat_store(&pipe->peak, inside + 1, relaxed); /* relaxed: a statistic to everybody else */
    }
    return true;
}

LEAT_COLD bool leat_pipe_next_chunk(struct leat_pipe *pipe)
{
    struct leat_chunk *chunk = leat_exchange(&pipe->spare_chunk, NULL, acquire); /* edge "spare" */
    if (chunk == NULL) {
        chunk = pipe->blocks.alloc(pipe->blocks.context);
        if (chunk == NULL) {
            return false;
        }
        LEAT_PIPE_COUNT(&pipe->chunks_taken);
    }
    chunk->next = NULL;
    chunk->prev = pipe->end_chunk;
    pipe->end_chunk->next = chunk; /* no item behind the link can be flushed before it: edge "item" shows it to the reader in time */
    pipe->end_chunk = chunk;
    pipe->end_pos = LEAT_CHUNK_FIRST;
    return true;
}

bool leat_pipe_unwrite(struct leat_pipe *pipe, void *item)
{
    size_t pushed = leat_load(&pipe->pushed, relaxed); /* relaxed: the writer's own */
    if (pushed == pipe->f) {
        return false;
    }
    if (pipe->back_pos != LEAT_CHUNK_FIRST) {
        pipe->back_pos -= pipe->step;
    } else {
        pipe->back_chunk = pipe->back_chunk->prev; /* to a place not before f: its chunk is not the reader's to free */
        pipe->back_pos = pipe->chunk_end - pipe->step;
    }
    if (pipe->end_pos != LEAT_CHUNK_FIRST) {
        pipe->end_pos -= pipe->step;
    } else {
        struct leat_chunk *unused = pipe->end_chunk;
        pipe->end_chunk = unused->prev;
        pipe->end_chunk->next = NULL; /* the reader has not come near: this chunk's last place was never flushed */
        pipe->end_pos = pipe->chunk_end - pipe->step;
        pipe->blocks.free(pipe->blocks.context, unused);
        leat_store(&pipe->chunks_taken, leat_load(&pipe->chunks_taken, relaxed) - 1, relaxed); /* relaxed: a statistic */
    }
    leat_store(&pipe->pushed, pushed - 1, relaxed); /* relaxed: the reader does not look at it */
    if (item != NULL) {
        memcpy(item, leat_pipe_back(pipe), pipe->item_bytes);
    }
    return true;
}

bool leat_pipe_check_write(struct leat_pipe *pipe)
{
    size_t pushed = leat_load(&pipe->pushed, relaxed); /* relaxed: the writer's own */
    if (pushed - pipe->o_seen < pipe->high_water) {
        return true;
    }
    size_t said = leat_load(&pipe->o, acquire); /* edge "room" */
    pipe->o_seen = leat_pipe_position(pipe->o_seen, said);
    if (pushed - pipe->o_seen < pipe->high_water) {
        return true;
    }
    /*
     * Strong, or a sleep would go unheard. When it fails the reader has published since: the load in it is edge "room" then. Success
     * would need no order, but C11 wants it no weaker than failure.
     */
    if ((said & 1) != 0 || leat_cas(&pipe->o, &said, said | 1, acquire, acquire)) {
        return false;
    }
    pipe->o_seen = leat_pipe_position(pipe->o_seen, said);
    return pushed - pipe->o_seen < pipe->high_water;
}

void leat_pipe_cancel_write_sleep(struct leat_pipe *pipe)
{
    size_t said = leat_load(&pipe->o, relaxed); /* relaxed: only our own mark is looked for */
    if ((said & 1) != 0) {
        (void)leat_cas(&pipe->o, &said, said & ~(size_t)1, relaxed, relaxed); /* relaxed: it fails when the reader took the mark itself */
    }
}

/* ---- reader ---- */

LEAT_COLD void leat_pipe_leave_chunk(struct leat_pipe *pipe)
{
    struct leat_chunk *chunk = pipe->begin_chunk;
    pipe->begin_chunk = chunk->next;
    pipe->begin_pos = LEAT_CHUNK_FIRST;
    chunk = leat_exchange(&pipe->spare_chunk, chunk, release); /* edge "spare"; what comes out is one that we put there ourselves */
    if (chunk != NULL) {
        pipe->blocks.free(pipe->blocks.context, chunk);
        LEAT_PIPE_COUNT(&pipe->chunks_given);
    }
}

LEAT_COLD void leat_pipe_publish(struct leat_pipe *pipe)
{
    size_t word = leat_load(&pipe->popped, relaxed) << 1;      /* relaxed: the reader's own */
    if ((leat_load(&pipe->o, relaxed) & ~(size_t)1) == word) { /* relaxed: the position is our own */
        return;
    }
    if ((leat_exchange(&pipe->o, word, release) & 1) != 0) { /* edge "room"; takes the writer's mark back */
        pipe->writer_asleep = true;
    }
}

LEAT_COLD bool leat_pipe_fall_asleep(struct leat_pipe *pipe)
{
    leat_pipe_publish(pipe);
    size_t look = pipe->r << 1;
    /*
     * Strong, or a sleep would go unheard. When it fails, either the mark is there already, or the writer has flushed since: the load in
     * it is edge "item" then. Success would need no order, but C11 wants it no weaker than failure.
     */
    if (leat_cas(&pipe->c, &look, look | 1, acquire, acquire)) {
        LEAT_PIPE_COUNT(&pipe->sleeps);
        return false;
    }
    size_t r = leat_pipe_position(pipe->r, look);
    if (r == pipe->r) {
        return false;
    }
    pipe->r = r;
    return true;
}

void leat_pipe_cancel_sleep(struct leat_pipe *pipe)
{
    size_t look = pipe->r << 1 | 1;
    (void)leat_cas(&pipe->c, &look, look & ~(size_t)1, relaxed, relaxed); /* relaxed: it fails when no mark is there, or a flush took it */
}

bool leat_pipe_probe(struct leat_pipe *pipe, bool (*predicate)(const void *item, void *context), void *context)
{
    return leat_pipe_poll(pipe) && predicate(leat_pipe_front(pipe), context);
}

/* ---- both ---- */

void leat_pipe_stats(const struct leat_pipe *pipe, struct leat_pipe_stats *stats)
{
    /* relaxed, all of them: each counter has one writer, and no figure is promised to fit another */
    size_t pushed = leat_load(&pipe->pushed, relaxed);
    size_t peak = leat_load(&pipe->peak, relaxed);
    size_t given = leat_load(&pipe->chunks_given, relaxed);
    size_t taken = leat_load(&pipe->chunks_taken, relaxed);
    stats->items_in = (int64_t)pushed;
    stats->items_out = (int64_t)leat_load(&pipe->popped, relaxed);
    stats->flushes = (int64_t)leat_load(&pipe->flushes, relaxed);
    stats->sleeps = (int64_t)leat_load(&pipe->sleeps, relaxed);
    stats->peak_items = (int64_t)(peak < pushed ? peak : pushed);
    stats->chunks = taken > given ? (int64_t)(taken - given) : 0;
}

/* Walks from begin to end; returns whether links, places and the number of chunks fit each other. */
static bool chunks_valid(const struct leat_pipe *pipe, size_t items)
{
    size_t per_chunk = (pipe->chunk_end - LEAT_CHUNK_FIRST) / pipe->step;
    size_t held = leat_load(&pipe->chunks_taken, relaxed) - leat_load(&pipe->chunks_given, relaxed); /* relaxed: at rest */
    size_t chunks = 1, to_back = 0;
    bool saw_back = false;
    for (const struct leat_chunk *chunk = pipe->begin_chunk; chunk != pipe->end_chunk; chunk = chunk->next, chunks++) {
        if (chunk->next == NULL || chunk->next->prev != chunk || chunks >= held) {
            return false;
        }
        saw_back |= chunk == pipe->back_chunk;
        to_back += saw_back ? 0 : per_chunk;
    }
    saw_back |= pipe->end_chunk == pipe->back_chunk;
    if (!saw_back || pipe->end_chunk->next != NULL) {
        return false;
    }
    chunks += leat_load(&pipe->spare_chunk, relaxed) != NULL; /* relaxed: at rest */
    bool end_follows_back = pipe->back_chunk == pipe->end_chunk
                                ? pipe->end_pos == pipe->back_pos + pipe->step
                                : pipe->back_chunk->next == pipe->end_chunk && pipe->end_pos == LEAT_CHUNK_FIRST &&
                                      pipe->back_pos + pipe->step == pipe->chunk_end;
    return chunks == held && end_follows_back && to_back * pipe->step + pipe->back_pos == pipe->begin_pos + items * pipe->step;
}

bool leat_pipe_valid(const struct leat_pipe *pipe)
{
    if (pipe->begin_chunk == NULL || pipe->end_pos >= pipe->chunk_end || pipe->begin_pos >= pipe->chunk_end) {
        return false;
    }
    size_t pushed = leat_load(&pipe->pushed, relaxed); /* relaxed, all of them: both sides are at rest */
    size_t popped = leat_load(&pipe->popped, relaxed);
    size_t peak = leat_load(&pipe->peak, relaxed);
    size_t c = leat_load(&pipe->c, relaxed);
    size_t o = leat_load(&pipe->o, relaxed);
    size_t items = pushed - popped;
    bool order = pipe->r - popped <= pipe->w - popped && pipe->w - popped <= pipe->f - popped && pipe->f - popped <= items &&
                 items <= pipe->high_water;
    bool c_fits = (c & ~(size_t)1) == pipe->w << 1 && ((c & 1) == 0 || popped == pipe->w);
    size_t published = leat_pipe_position(pipe->o_seen, o);
    bool o_fits = popped - published < pipe->give && pushed - published <= pipe->high_water;
    bool peak_fits = pushed - pipe->o_seen <= peak && peak >= pipe->give && peak <= pipe->high_water;
    return order && c_fits && o_fits && peak_fits && chunks_valid(pipe, items);
}
