/* SPDX-License-Identifier: MIT */
/*
 * pipe.c: the rare half of the pipe: making it, changing chunks, publishing room, announcing sleep, checking. The invariants, the
 * edges and the common half are in leat/pipe.h.
 */
#include <leat/base.h>

#define LEAT_PIPE_INLINE LEAT_API extern inline
#include <leat/pipe.h>

enum { ASLEEP = 2 }; /* in a flag, beside LEAT_PIPE_ASK and perhaps a position */
_Static_assert(sizeof(struct leat_chunk) <= LEAT_CHUNK_FIRST, "the head of a chunk fits before its first item");
_Static_assert(sizeof(struct leat_pipe) <= 1024, "an idle pipe stays small");

/* ---- shapes and places ---- */

static LEAT_ATOMIC(size_t) * mark_of(const struct leat_pipe *pipe, struct leat_chunk *chunk, size_t pos)
{
    return LEAT_PIPE_MARK(chunk, pos, &pipe->shape);
}

/* No mark in the chunk says that there is anything after that position (I2). relaxed: edge "item" shows it in time. */
static void set_marks(const struct leat_pipe *pipe, struct leat_chunk *chunk, size_t position)
{
    chunk->marked = position;
    for (size_t pos = LEAT_CHUNK_FIRST; pos != pipe->chunk_end; pos += leat_pipe_stride(&pipe->shape)) {
        leat_store(mark_of(pipe, chunk, pos), position, relaxed);
    }
}

/* A chunk from blocks for positions from `position` on. NULL: none to be had. */
static struct leat_chunk *fresh_chunk(const struct leat_pipe *pipe, size_t position)
{
    struct leat_chunk *chunk = pipe->blocks.alloc(pipe->blocks.context);
    if (chunk != NULL) {
        set_marks(pipe, chunk, position);
    }
    return chunk;
}

/* The words behind an item: what bytes_of said, then when it was written; each only where it is wanted. */
static uint64_t *extra_of(const struct leat_pipe *pipe, void *place)
{
    return (uint64_t *)LEAT_CHUNK_PLACE(place, pipe->shape.step - pipe->extra);
}

/* Sets *pipe's sizes from the configuration; false: out of range. */
static bool set_sizes(struct leat_pipe *pipe, const struct leat_pipe_config *config)
{
    if (config == NULL || config->blocks == NULL || config->item_bytes < 1 || config->high_water < 1 ||
        (uint64_t)config->high_water > SIZE_MAX / 8 || config->low_water < 0 || config->low_water >= config->high_water ||
        config->spare_chunks < 0 || config->spare_chunks > LEAT_PIPE_SPARES || config->high_bytes < 0 ||
        (config->high_bytes > 0 && config->bytes_of == NULL) || config->lead > INT32_MAX) {
        return false;
    }
    if (config->spent != NULL && (config->host == NULL || config->host->now_ns == NULL)) {
        return false;
    }
    const int64_t first = (int64_t)LEAT_CHUNK_FIRST, block = config->blocks->block_bytes;
    if (block <= first || (uint64_t)block > SIZE_MAX / 2 || config->item_bytes > block) {
        return false;
    }
    pipe->extra = (config->bytes_of != NULL ? 8u : 0u) + (config->spent != NULL ? 8u : 0u);
    size_t bytes = (size_t)config->item_bytes, least = pipe->extra != 0 && bytes < 8 ? 8 : bytes;
    size_t step = LEAT_PIPE_ROUNDED(least) + pipe->extra;
    struct leat_pipe_shape shape = LEAT_PIPE_SHAPE(bytes, step);
    size_t groups = (size_t)(block - first) / leat_pipe_stride(&shape);
    if (groups == 0) {
        return false;
    }
    pipe->shape = shape;
    pipe->chunk_end = LEAT_CHUNK_FIRST + groups * leat_pipe_stride(&shape);
    pipe->high_water = (size_t)config->high_water;
    pipe->low_water = config->low_water > 0 ? (size_t)config->low_water : pipe->high_water - 1;
    pipe->give = pipe->high_water < 8 ? 1 : pipe->high_water / 8;
    pipe->high_bytes = config->high_bytes > 0 && (uint64_t)config->high_bytes < SIZE_MAX / 2 ? (size_t)config->high_bytes : SIZE_MAX;
    size_t full = pipe->high_water / (groups * shape.items) + 1;
    pipe->spares = config->spare_chunks > 0  ? (size_t)config->spare_chunks
                   : full < 2                ? 2
                   : full < LEAT_PIPE_SPARES ? full
                                             : LEAT_PIPE_SPARES;
    pipe->lead = config->lead == 0 ? 16 : config->lead < 0 ? 0 : (uint32_t)config->lead;
    pipe->blocks = *config->blocks;
    pipe->bytes_of = config->bytes_of;
    pipe->spent = config->spent;
    pipe->context = config->context;
    pipe->host = config->host;
    return true;
}

/* Chooses the protocol; false: the one that was asked for cannot be had. */
static bool set_sleep(struct leat_pipe *pipe, enum leat_sleep sleep)
{
    const struct leat_host *host = pipe->host;
    bool may_barrier = (sleep == LEAT_SLEEP_DEFAULT || sleep == LEAT_SLEEP_BARRIER) && host != NULL && host->barrier != NULL &&
                       host->barrier(host->context);
    pipe->sleep = sleep != LEAT_SLEEP_DEFAULT ? (uint32_t)sleep : may_barrier ? LEAT_SLEEP_BARRIER : LEAT_SLEEP_RMW;
    return sleep == LEAT_SLEEP_BARRIER ? may_barrier : (unsigned)sleep <= LEAT_SLEEP_BARRIER;
}

/* What a flag holds while nobody sleeps. */
static size_t awake(const struct leat_pipe *pipe)
{
    return pipe->sleep == LEAT_SLEEP_BARRIER ? 0 : LEAT_PIPE_ASK;
}

/* Takes an announcement back; true: there was one. relaxed: whoever wakes has to synchronize with the sleeper anyway. */
static bool withdraw(const struct leat_pipe *pipe, LEAT_ATOMIC(size_t) * flag)
{
    return leat_exchange(flag, awake(pipe), relaxed) > LEAT_PIPE_ASK;
}

/* ---- making and ending ---- */

int leat_pipe_init(struct leat_pipe *pipe, const struct leat_pipe_config *config)
{
    pipe->begin_chunk = NULL;
    for (int i = 0; i < LEAT_PIPE_SPARES; i++) {
        leat_store(&pipe->spare[i], NULL, relaxed); /* relaxed, as all of init: no other thread has the pipe yet */
    }
    if (!set_sizes(pipe, config) || !set_sleep(pipe, config->sleep)) {
        return -EINVAL;
    }
    struct leat_chunk *chunk = fresh_chunk(pipe, 0);
    if (chunk == NULL) {
        return -ENOMEM;
    }
    chunk->next = NULL;
    chunk->prev = NULL;
    pipe->open = pipe->r = pipe->o_seen = pipe->said = pipe->o_bytes_seen = 0;
    pipe->wake_writer = pipe->shut = false;
    pipe->spare_next = pipe->spare_put = pipe->hot_put = 0;
    leat_store(&pipe->pushed, 0, relaxed);
    leat_store(&pipe->popped, 0, relaxed);
    leat_store(&pipe->pushed_bytes, 0, relaxed);
    leat_store(&pipe->popped_bytes, 0, relaxed);
    leat_store(&pipe->peak, pipe->give, relaxed);
    pipe->room_to = pipe->say_at = pipe->give;
    leat_store(&pipe->pending, 0, relaxed);
    leat_store(&pipe->joined, 0, relaxed);
    leat_store(&pipe->wakes, 0, relaxed);
    leat_store(&pipe->sleeps, 0, relaxed);
    leat_store(&pipe->writer_sleeps, 0, relaxed);
    leat_store(&pipe->chunks_taken, 1, relaxed);
    leat_store(&pipe->chunks_given, 0, relaxed);
    leat_store(&pipe->o, 0, relaxed);
    leat_store(&pipe->o_bytes, 0, relaxed);
    leat_pipe_hand_over(pipe);
    leat_store(&pipe->reader_asleep, awake(pipe), relaxed);
    leat_store(&pipe->writer_asleep, awake(pipe), relaxed);
    /* The first group is reserved from the start: its first place is back, and end is the group after. */
    pipe->begin_chunk = pipe->back_chunk = pipe->end_chunk = chunk;
    pipe->begin_pos = pipe->back_pos = LEAT_CHUNK_FIRST;
    pipe->back_first = 0;
    pipe->end_pos = LEAT_CHUNK_FIRST + leat_pipe_stride(&pipe->shape);
    pipe->w_mark = pipe->f_mark = NULL;
    if (pipe->end_pos == pipe->chunk_end && !leat_pipe_next_chunk(pipe)) {
        leat_pipe_fini(pipe);
        return -ENOMEM;
    }
    return 0;
}

void leat_pipe_fini(struct leat_pipe *pipe)
{
    for (struct leat_chunk *chunk = pipe->begin_chunk, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        pipe->blocks.free(pipe->blocks.context, chunk);
    }
    for (int i = 0; i < LEAT_PIPE_SPARES; i++) {
        struct leat_chunk *spare = leat_exchange(&pipe->spare[i], NULL, relaxed); /* relaxed: both sides are at rest */
        if (spare != NULL) {
            pipe->blocks.free(pipe->blocks.context, spare);
        }
    }
    pipe->begin_chunk = pipe->back_chunk = pipe->end_chunk = NULL;
}

/* ---- sleep, both ways ---- */

/* Every running thread passes a barrier. It worked once; without it there is no sleep to be trusted. */
static void barrier(const struct leat_host *host)
{
    while (!host->barrier(host->context)) {
        if (host->yield != NULL) {
            host->yield(host->context);
        }
    }
}

/* The flag says `value`; under LEAT_SLEEP_BARRIER a barrier has to follow. */
static void set_flag(const struct leat_pipe *pipe, LEAT_ATOMIC(size_t) * flag, size_t value)
{
    if (pipe->sleep == LEAT_SLEEP_RMW) {
        (void)leat_exchange(flag, value, acquire);
        return;
    }
#ifdef __SANITIZE_THREAD__
    (void)leat_exchange(flag, value, seq_cst); /* gcc's ThreadSanitizer knows no fences */
#else
    leat_store(flag, value, relaxed); /* relaxed: the fence or the barrier orders it */
    if (pipe->sleep == LEAT_SLEEP_FENCE) {
        leat_fence(seq_cst);
    }
#endif
    leat_compiler_fence();
}

/* The flag says `value`, and what the other side published before it could see that is seen after this: edge "sleep". */
static void announce(const struct leat_pipe *pipe, LEAT_ATOMIC(size_t) * flag, size_t value)
{
    set_flag(pipe, flag, value);
    if (pipe->sleep == LEAT_SLEEP_BARRIER) {
        barrier(pipe->host);
    }
}

/* ---- writer ---- */

/* Once full, it is open again when no more than this are inside: an incomplete batch, which nobody can read, must not keep it shut. */
static size_t reopens_at(const struct leat_pipe *pipe)
{
    return pipe->open > pipe->low_water ? pipe->open : pipe->low_water;
}

LEAT_COLD size_t leat_pipe_room(struct leat_pipe *pipe, size_t wanted)
{
    size_t o = leat_load(&pipe->o, acquire);               /* edge "room" */
    size_t inside = leat_load(&pipe->pushed, relaxed) - o; /* relaxed: the writer's own */
    if (pipe->shut ? inside > reopens_at(pipe) : inside >= pipe->high_water) {
        pipe->shut = pipe->low_water + 1 < pipe->high_water; /* o_seen stays: so the next write comes here again */
        return 0;
    }
    pipe->shut = false;
    pipe->o_seen = o;
    size_t most = pipe->high_water - inside;
    wanted = wanted < most ? wanted : most;
    if (inside + wanted > leat_load(&pipe->peak, relaxed)) { /* relaxed: the writer's own */
        leat_store(&pipe->peak, inside + wanted, relaxed);   /* relaxed: a statistic to everybody else */
    }
    pipe->room_to = o + leat_load(&pipe->peak, relaxed); /* relaxed: the writer's own */
    return wanted;
}

/* Says whether fewer bytes than high_bytes are inside. */
static bool room_for_bytes(struct leat_pipe *pipe)
{
    size_t bytes = leat_load(&pipe->pushed_bytes, relaxed); /* relaxed: the writer's own */
    if (bytes - pipe->o_bytes_seen >= pipe->high_bytes) {
        pipe->o_bytes_seen = leat_load(&pipe->o_bytes, acquire); /* edge "room" */
    }
    return bytes - pipe->o_bytes_seen < pipe->high_bytes;
}

/* The writer takes a spare chunk, one read last if there is one; NULL: there is none. */
static struct leat_chunk *take_spare(struct leat_pipe *pipe)
{
    for (size_t i = 0; i < LEAT_PIPE_HOT; i++) {
        if (leat_load(&pipe->spare[i], relaxed) != NULL) {                          /* relaxed: the exchange says it for certain */
            struct leat_chunk *hot = leat_exchange(&pipe->spare[i], NULL, acquire); /* edge "spare" */
            if (hot != NULL) {
                return hot;
            }
        }
    }
    if (pipe->spares <= LEAT_PIPE_HOT) {
        return NULL;
    }
    struct leat_chunk *chunk = leat_exchange(&pipe->spare[LEAT_PIPE_HOT + pipe->spare_next], NULL, acquire); /* edge "spare" */
    if (chunk != NULL) { /* they are put in this order: none here, none at all */
        pipe->spare_next = (pipe->spare_next + 1) % (uint32_t)(pipe->spares - LEAT_PIPE_HOT);
    }
    return chunk;
}

LEAT_COLD bool leat_pipe_next_chunk(struct leat_pipe *pipe)
{
    size_t pushed = leat_load(&pipe->pushed, relaxed); /* relaxed: the writer's own */
    struct leat_chunk *chunk = take_spare(pipe);
    if (chunk != NULL && pushed - chunk->marked > SIZE_MAX / 4) {
        set_marks(pipe, chunk, pushed);
    }
    if (chunk == NULL) {
        chunk = fresh_chunk(pipe, pushed);
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

LEAT_COLD bool leat_pipe_push_extra(struct leat_pipe *pipe, bool incomplete)
{
    void *item = leat_pipe_back(pipe);
    uint64_t *extra = extra_of(pipe, item);
    size_t bytes = 0;
    if (pipe->bytes_of != NULL) {
        if (!room_for_bytes(pipe)) {
            return false;
        }
        int64_t said = pipe->bytes_of(pipe->context, item);
        bytes = said > 0 ? (size_t)said : 0;
        *extra++ = bytes;
    }
    if (pipe->spent != NULL) {
        *extra = (uint64_t)pipe->host->now_ns(pipe->host->context);
    }
    if (!leat_pipe_push_as(pipe, &pipe->shape, incomplete)) {
        return false;
    }
    leat_store(&pipe->pushed_bytes, leat_load(&pipe->pushed_bytes, relaxed) + bytes, relaxed); /* relaxed: the writer's own */
    return true;
}

int64_t leat_pipe_write_many(struct leat_pipe *pipe, const void *items, int64_t count)
{
    if (pipe->extra == 0) {
        return leat_pipe_write_many_as(pipe, &pipe->shape, items, count);
    }
    int64_t done = 0;
    while (done < count && leat_pipe_write(pipe, (const unsigned char *)items + (size_t)done * pipe->shape.item_bytes, false)) {
        done++;
    }
    return done;
}

/* The group of back is not reserved any more: end stands before it, back at the last place of the group before. */
static void last_group(struct leat_pipe *pipe)
{
    const struct leat_pipe_shape *shape = &pipe->shape;
    if (pipe->end_chunk != pipe->back_chunk) { /* the reader has not come near: no place of end_chunk was ever flushed */
        pipe->blocks.free(pipe->blocks.context, pipe->end_chunk);
        leat_store(&pipe->chunks_taken, leat_load(&pipe->chunks_taken, relaxed) - 1, relaxed); /* relaxed: a statistic */
        pipe->end_chunk = pipe->back_chunk;
        pipe->end_chunk->next = NULL;
    }
    pipe->end_pos = pipe->back_pos;
    if (pipe->back_pos == LEAT_CHUNK_FIRST) {
        pipe->back_chunk = pipe->back_chunk->prev; /* to a place not before f: its chunk is not the reader's to free */
        pipe->back_pos = pipe->chunk_end;
    }
    pipe->back_pos -= leat_pipe_stride(shape);
    pipe->back_first -= shape->items;
    const LEAT_ATOMIC(size_t) *mark = mark_of(pipe, pipe->back_chunk, pipe->back_pos);
    pipe->w_mark = pipe->w_mark == mark ? NULL : pipe->w_mark;
    pipe->f_mark = pipe->f_mark == mark ? NULL : pipe->f_mark;
}

void leat_pipe_back_many(struct leat_pipe *pipe, int64_t wanted, struct leat_pipe_run *run)
{
    leat_pipe_back_many_as(pipe, &pipe->shape, wanted, run);
}

int64_t leat_pipe_push_many(struct leat_pipe *pipe, int64_t count)
{
    return leat_pipe_push_many_as(pipe, &pipe->shape, count);
}

bool leat_pipe_unwrite(struct leat_pipe *pipe, void *item)
{
    if (pipe->open == 0) {
        return false;
    }
    if (pipe->shape.items == 1 || leat_load(&pipe->pushed, relaxed) == pipe->back_first) { /* relaxed: the writer's own */
        last_group(pipe);
    }
    pipe->open--;
    leat_store(&pipe->pending, leat_load(&pipe->pending, relaxed) - 1, relaxed); /* relaxed, both: the reader does not look at it */
    size_t pushed = leat_load(&pipe->pushed, relaxed) - 1;
    leat_store(&pipe->pushed, pushed, relaxed);
    pipe->room_to = pipe->shut ? pushed : pipe->room_to; /* the next push looks whether it is still shut */
    if (pipe->bytes_of != NULL) {
        size_t bytes = (size_t)*extra_of(pipe, leat_pipe_back(pipe));
        leat_store(&pipe->pushed_bytes, leat_load(&pipe->pushed_bytes, relaxed) - bytes, relaxed); /* relaxed: the writer's own */
    }
    if (item != NULL) {
        memcpy(item, leat_pipe_back(pipe), pipe->shape.item_bytes);
    }
    return true;
}

LEAT_COLD enum leat_flush leat_pipe_wake_reader(struct leat_pipe *pipe)
{
    LEAT_PIPE_STEP(flush_take);
    if (!withdraw(pipe, &pipe->reader_asleep)) {
        return LEAT_FLUSH_AWAKE; /* withdrawn meanwhile */
    }
    LEAT_PIPE_COUNT(&pipe->wakes);
    return LEAT_FLUSH_ASLEEP;
}

bool leat_pipe_has_room(struct leat_pipe *pipe)
{
    if (pipe->high_bytes != SIZE_MAX && !room_for_bytes(pipe)) {
        return false;
    }
    size_t inside = leat_load(&pipe->pushed, relaxed) - pipe->o_seen; /* relaxed: the writer's own */
    return (!pipe->shut && inside < pipe->high_water) || leat_pipe_room(pipe, 1) != 0;
}

bool leat_pipe_check_write(struct leat_pipe *pipe)
{
    if (leat_pipe_has_room(pipe)) {
        return true;
    }
    size_t pushed = leat_load(&pipe->pushed, relaxed); /* relaxed: the writer's own */
    size_t wanted = pushed - reopens_at(pipe);
    if (pushed - pipe->o_seen < pipe->high_water && !pipe->shut) {
        wanted = pipe->o_seen + 1; /* full in bytes: any item that is read may make room */
    }
    size_t flag = wanted << 2 | ASLEEP | awake(pipe);
    LEAT_PIPE_STEP(write_announce);
    if (leat_load(&pipe->writer_asleep, relaxed) == flag) { /* relaxed: it is the same announcement as before */
        return false;
    }
    bool stood = withdraw(pipe, &pipe->writer_asleep); /* one for another position; if the reader took it, its wake-up comes for nothing */
    announce(pipe, &pipe->writer_asleep, flag);
    LEAT_PIPE_STEP(write_announced);
    bool room = leat_pipe_has_room(pipe);
    if ((!room || !withdraw(pipe, &pipe->writer_asleep)) && !stood) {
        LEAT_PIPE_COUNT(&pipe->writer_sleeps);
    }
    return room;
}

bool leat_pipe_stuck(struct leat_pipe *pipe)
{
    size_t inside = leat_load(&pipe->pushed, relaxed) - leat_load(&pipe->o, acquire); /* relaxed: the writer's own; edge "room" */
    bool alone = pipe->open >= pipe->high_water || (pipe->open != 0 && inside == pipe->open);
    return alone && !leat_pipe_has_room(pipe); /* asked last: from here on the reader can publish nothing */
}

void leat_pipe_cancel_write_sleep(struct leat_pipe *pipe)
{
    if (leat_load(&pipe->writer_asleep, relaxed) > LEAT_PIPE_ASK) { /* relaxed: if the reader took it, its wake-up comes for nothing */
        (void)withdraw(pipe, &pipe->writer_asleep);
    }
}

int64_t leat_pipe_trim(struct leat_pipe *pipe)
{
    int64_t count = 0;
    for (struct leat_chunk *spare; count < LEAT_PIPE_SPARES && (spare = take_spare(pipe)) != NULL;) {
        pipe->blocks.free(pipe->blocks.context, spare);
        leat_store(&pipe->chunks_taken, leat_load(&pipe->chunks_taken, relaxed) - 1, relaxed); /* relaxed: a statistic */
        count++;
    }
    return count;
}

/* ---- reader ---- */

LEAT_COLD void leat_pipe_leave_chunk(struct leat_pipe *pipe)
{
    struct leat_chunk *chunk = pipe->begin_chunk;
    pipe->begin_chunk = chunk->next;
    pipe->begin_pos = LEAT_CHUNK_FIRST;
    /* Edge "spare". Release is enough: what comes out was put there by this side too. */
    chunk = leat_exchange(&pipe->spare[pipe->hot_put], chunk, release);
    pipe->hot_put = (pipe->hot_put + 1) % (pipe->spares < LEAT_PIPE_HOT ? (uint32_t)pipe->spares : LEAT_PIPE_HOT);
    if (chunk == NULL) {
        return;
    }
    if (pipe->spares > LEAT_PIPE_HOT) {
        LEAT_ATOMIC(struct leat_chunk *) *slot = &pipe->spare[LEAT_PIPE_HOT + pipe->spare_put];
        if (leat_load(slot, relaxed) == NULL) { /* relaxed: the writer took what was there, and nobody else puts anything */
            leat_store(slot, chunk, release);   /* edge "spare" */
            pipe->spare_put = (pipe->spare_put + 1) % (uint32_t)(pipe->spares - LEAT_PIPE_HOT);
            return;
        }
    }
    pipe->blocks.free(pipe->blocks.context, chunk);
    LEAT_PIPE_COUNT(&pipe->chunks_given);
}

LEAT_COLD void leat_pipe_pop_extra(struct leat_pipe *pipe)
{
    const uint64_t *extra = extra_of(pipe, leat_pipe_front(pipe));
    if (pipe->bytes_of != NULL) {
        leat_store(&pipe->popped_bytes, leat_load(&pipe->popped_bytes, relaxed) + (size_t)*extra++,
                   relaxed); /* relaxed: the reader's own */
    }
    if (pipe->spent != NULL) {
        pipe->spent(pipe->context, pipe->host->now_ns(pipe->host->context) - (int64_t)*extra);
    }
}

int64_t leat_pipe_read_many(struct leat_pipe *pipe, void *items, int64_t count)
{
    if (pipe->extra == 0) {
        return leat_pipe_read_many_as(pipe, &pipe->shape, items, count);
    }
    int64_t done = 0;
    for (; done < count && leat_pipe_poll(pipe); done++) {
        memcpy((unsigned char *)items + (size_t)done * pipe->shape.item_bytes, leat_pipe_front(pipe), pipe->shape.item_bytes);
        leat_pipe_pop(pipe);
    }
    return done;
}

int64_t leat_pipe_front_many(struct leat_pipe *pipe, int64_t wanted, struct leat_pipe_run *run)
{
    return leat_pipe_front_many_as(pipe, &pipe->shape, wanted, run);
}

void leat_pipe_pop_many(struct leat_pipe *pipe, int64_t count)
{
    leat_pipe_pop_many_as(pipe, &pipe->shape, count);
}

LEAT_COLD void leat_pipe_take_writer(struct leat_pipe *pipe)
{
    size_t flag = leat_load(&pipe->writer_asleep, relaxed); /* relaxed: whoever wakes has to synchronize with the writer anyway */
    size_t beyond = (leat_load(&pipe->popped, relaxed) << 2) - (flag & ~(size_t)3); /* relaxed: the reader's own */
    if (flag <= LEAT_PIPE_ASK || beyond > SIZE_MAX / 2) {
        return; /* withdrawn, or more has to be read first */
    }
    LEAT_PIPE_STEP(publish_take);
    if (withdraw(pipe, &pipe->writer_asleep)) {
        pipe->wake_writer = true;
    }
}

LEAT_COLD void leat_pipe_caught_up(struct leat_pipe *pipe)
{
    size_t several = leat_load(&pipe->popped, relaxed) - pipe->said; /* relaxed: the reader's own */
    leat_pipe_publish(pipe);
    for (uint32_t pauses = several > 1 ? pipe->lead : 0; pauses > 0; pauses--) {
        leat_relax();
    }
}

LEAT_COLD bool leat_pipe_fall_asleep(struct leat_pipe *pipe)
{
    if (pipe->said != leat_load(&pipe->popped, relaxed)) { /* relaxed: the reader's own */
        leat_pipe_publish(pipe);
    }
    if (leat_load(&pipe->reader_asleep, relaxed) > LEAT_PIPE_ASK) { /* relaxed: it is the same announcement as before */
        return false;
    }
    LEAT_PIPE_STEP(read_announce);
    announce(pipe, &pipe->reader_asleep, ASLEEP | awake(pipe));
    LEAT_PIPE_STEP(read_announced);
    bool there = leat_pipe_fetch(pipe, &pipe->shape);
    if (!there || !withdraw(pipe, &pipe->reader_asleep)) { /* if a flush took it, its wake-up comes for nothing */
        LEAT_PIPE_COUNT(&pipe->sleeps);
    }
    return there;
}

bool leat_pipe_check_read_any(struct leat_pipe *const *pipes, int64_t count)
{
    const struct leat_host *host = NULL;
    for (int64_t i = 0; i < count; i++) {
        if (leat_pipe_poll(pipes[i])) { /* else all room is published */
            return true;
        }
    }
    for (int64_t i = 0; i < count; i++) {
        if (leat_load(&pipes[i]->reader_asleep, relaxed) <= LEAT_PIPE_ASK) { /* relaxed: the reader's own, but for a flush that takes it */
            set_flag(pipes[i], &pipes[i]->reader_asleep, ASLEEP | awake(pipes[i]));
            host = pipes[i]->sleep == LEAT_SLEEP_BARRIER ? pipes[i]->host : host;
            LEAT_PIPE_COUNT(&pipes[i]->sleeps);
        }
    }
    if (host != NULL) {
        barrier(host);
    }
    bool there = false;
    for (int64_t i = 0; i < count; i++) {
        there = leat_pipe_poll(pipes[i]) || there;
    }
    return there;
}

void leat_pipe_cancel_sleep(struct leat_pipe *pipe)
{
    if (leat_load(&pipe->reader_asleep, relaxed) > LEAT_PIPE_ASK) { /* relaxed: if a flush took it, its wake-up comes for nothing */
        (void)withdraw(pipe, &pipe->reader_asleep);
    }
}

bool leat_pipe_probe(struct leat_pipe *pipe, bool (*predicate)(const void *item, void *context), void *context)
{
    return leat_pipe_poll(pipe) && predicate(leat_pipe_front(pipe), context);
}

/* ---- both ---- */

void leat_pipe_hand_over(struct leat_pipe *pipe)
{
    leat_store(&pipe->writing_thread, NULL, relaxed); /* relaxed, both: both sides are at rest */
    leat_store(&pipe->reading_thread, NULL, relaxed);
}

void leat_pipe_own(const struct leat_pipe *pipe, LEAT_ATOMIC(const void *) * owner, const void *thread)
{
    const void *expected = NULL;
    if (leat_load(owner, relaxed) == thread ||
        leat_cas(owner, &expected, thread, relaxed, relaxed)) { /* relaxed, all: only who comes first */
        return;
    }
    struct leat_fault fault = {.kind = LEAT_FAULT_THREAD, .object = pipe};
    if (pipe->host != NULL && pipe->host->fault != NULL) {
        pipe->host->fault(pipe->host->context, &fault);
    } else {
        __builtin_trap();
    }
}

void leat_pipe_stats(const struct leat_pipe *pipe, struct leat_pipe_stats *stats)
{
    /* relaxed, all of them: each counter has one writer, and no figure is promised to fit another */
    size_t pushed = leat_load(&pipe->pushed, relaxed), popped = leat_load(&pipe->popped, relaxed);
    size_t peak = leat_load(&pipe->peak, relaxed);
    size_t given = leat_load(&pipe->chunks_given, relaxed);
    size_t taken = leat_load(&pipe->chunks_taken, relaxed);
    bool counted = pipe->bytes_of != NULL;
    stats->items_in = (int64_t)pushed;
    stats->items_out = (int64_t)popped;
    stats->bytes_in = (int64_t)(counted ? leat_load(&pipe->pushed_bytes, relaxed) : pushed * pipe->shape.item_bytes);
    stats->bytes_out = (int64_t)(counted ? leat_load(&pipe->popped_bytes, relaxed) : popped * pipe->shape.item_bytes);
    size_t joined = leat_load(&pipe->joined, relaxed), flushed = pushed - leat_load(&pipe->pending, relaxed);
    for (int tries = 0; tries < 100 && leat_load(&pipe->joined, relaxed) != joined; tries++) { /* a batch was flushed in between */
        joined = leat_load(&pipe->joined, relaxed);
        flushed = leat_load(&pipe->pushed, relaxed) - leat_load(&pipe->pending, relaxed);
    }
    stats->flushes = flushed - joined < SIZE_MAX / 2 ? (int64_t)(flushed - joined) : 0;
    stats->wakes = (int64_t)leat_load(&pipe->wakes, relaxed);
    stats->sleeps = (int64_t)leat_load(&pipe->sleeps, relaxed);
    stats->writer_sleeps = (int64_t)leat_load(&pipe->writer_sleeps, relaxed);
    stats->peak_items = (int64_t)(peak < pushed ? peak : pushed);
    stats->chunks = taken > given ? (int64_t)(taken - given) : 0;
}
