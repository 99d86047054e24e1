/* SPDX-License-Identifier: MIT */
/* leat/pipe_inline.h: the second half of leat/pipe.h, which includes it: the calls that are inlined. What they promise is said there. */
#ifndef LEAT_PIPE_INLINE_H
#define LEAT_PIPE_INLINE_H

#include <leat/base.h>
#include <leat/pipe.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The rare branches of the inline functions below; not to be called otherwise. */
LEAT_API void leat_pipe_own(const struct leat_pipe *pipe, LEAT_ATOMIC(const void *) * owner, const void *thread);
LEAT_API size_t leat_pipe_room(struct leat_pipe *pipe, size_t wanted); /* writer: looks at o again; how many may come, 0: full */
LEAT_API bool leat_pipe_next_chunk(struct leat_pipe *pipe);            /* writer: end_chunk's last place is taken, a new chunk follows */
LEAT_API bool leat_pipe_push_extra(struct leat_pipe *pipe, bool incomplete); /* writer: as push, with bytes and time behind the item */
LEAT_API enum leat_flush leat_pipe_wake_reader(struct leat_pipe *pipe);      /* writer: takes the reader's announcement back */
LEAT_API void leat_pipe_leave_chunk(struct leat_pipe *pipe);                 /* reader: begin_chunk's last item was read, begin moves on */
LEAT_API void leat_pipe_pop_extra(struct leat_pipe *pipe);                   /* reader: takes account of bytes and time behind front */
LEAT_API void leat_pipe_caught_up(struct leat_pipe *pipe);   /* reader: found no more; publishes, and gives the writer a lead */
LEAT_API void leat_pipe_take_writer(struct leat_pipe *pipe); /* reader: takes the writer's announcement back, if it is due */
LEAT_API bool leat_pipe_fall_asleep(struct leat_pipe *pipe); /* reader: publishes and announces, true: something came instead */

/* Adds one to a counter that only the calling thread writes: relaxed, it orders nothing, and a load and a store are enough. */
#define LEAT_PIPE_COUNT(counter) leat_store((counter), leat_load((counter), relaxed) + 1, relaxed)

#define LEAT_PIPE_MARK(chunk, pos, shape) ((LEAT_ATOMIC(size_t) *)LEAT_CHUNK_PLACE((chunk), ((pos) | (shape)->mask) + (shape)->mark))

/*
 * After a position was published: whether the other side sleeps. Edge "sleep": whoever set the flag and still did not see the position is
 * seen here. The flags of a pipe whose protocol costs more than the look have LEAT_PIPE_ASK set for ever, so that the others need not ask.
 */
LEAT_PIPE_INLINE bool leat_pipe_look(struct leat_pipe *pipe, LEAT_ATOMIC(size_t) * flag)
{
    leat_compiler_fence();
    size_t seen = leat_load(flag, relaxed); /* relaxed: host->barrier orders it, or what follows */
    if (LEAT_LIKELY(seen == 0)) {
        return false;
    }
    if ((seen & LEAT_PIPE_ASK) == 0) {
        return true;
    }
    if (pipe->sleep == LEAT_SLEEP_RMW) {
        seen = leat_add(flag, 0, release); /* changes nothing, but has its place among all that is done to the flag */
    } else {
#ifdef __SANITIZE_THREAD__
        seen = leat_add(flag, 0, seq_cst); /* gcc's ThreadSanitizer knows no fences */
#else
        leat_fence(seq_cst);
        seen = leat_load(flag, relaxed); /* relaxed: the fence orders it */
#endif
    }
    return LEAT_UNLIKELY((seen & ~LEAT_PIPE_ASK) != 0);
}

/* Bytes from one group to the next. */
LEAT_PIPE_SHAPED size_t leat_pipe_stride(const struct leat_pipe_shape *shape)
{
    return shape->mask + shape->skip;
}

/* back, where `pushed` is the writer's. */
LEAT_PIPE_SHAPED void *leat_pipe_place(const struct leat_pipe *pipe, const struct leat_pipe_shape *shape, size_t pushed)
{
    size_t index = shape->items == 1 ? 0 : pushed - pipe->back_first;
    return LEAT_CHUNK_PLACE(pipe->back_chunk, pipe->back_pos + index * shape->step);
}

LEAT_PIPE_SHAPED void *leat_pipe_back_as(const struct leat_pipe *pipe, const struct leat_pipe_shape *shape)
{
    return leat_pipe_place(pipe, shape, leat_load(&pipe->pushed, relaxed)); /* relaxed: the writer's own */
}

/* Says whether back is the last place of its group. */
LEAT_PIPE_SHAPED bool leat_pipe_at_last(const struct leat_pipe *pipe, const struct leat_pipe_shape *shape, size_t pushed)
{
    return shape->items == 1 || pushed - pipe->back_first == shape->items - 1;
}

/* Writer, at the last place of a group: back moves on to the group that end stood before, end behind that. false: no chunk was to be had.
 */
LEAT_PIPE_SHAPED bool leat_pipe_next_group(struct leat_pipe *pipe, const struct leat_pipe_shape *shape, size_t pushed)
{
    struct leat_chunk *chunk = pipe->end_chunk;
    size_t pos = pipe->end_pos, end = (pos | shape->mask) + shape->skip;
    if (LEAT_LIKELY(end != pipe->chunk_end)) {
        pipe->end_pos = end;
    } else if (!leat_pipe_next_chunk(pipe)) {
        return false;
    }
    if (pipe->back_chunk != chunk) {
        pipe->back_chunk = chunk;
    }
    pipe->back_pos = pos;
    if (shape->items != 1) {
        pipe->back_first = pushed + 1;
    }
    return true;
}

LEAT_PIPE_SHAPED bool leat_pipe_push_as(struct leat_pipe *pipe, const struct leat_pipe_shape *shape, bool incomplete)
{
    LEAT_PIPE_OWN(pipe, writing_thread);
    size_t pushed = leat_load(&pipe->pushed, relaxed); /* relaxed: the writer's own */
    if (LEAT_UNLIKELY(pushed == pipe->room_to) && leat_pipe_room(pipe, 1) == 0) {
        return false;
    }
    size_t open = pipe->open;
    if (LEAT_UNLIKELY(leat_pipe_at_last(pipe, shape, pushed))) {
        LEAT_ATOMIC(size_t) *left = LEAT_PIPE_MARK(pipe->back_chunk, pipe->back_pos, shape);
        if (!leat_pipe_next_group(pipe, shape, pushed)) {
            return false;
        }
        if (pipe->w_mark == NULL) {
            pipe->w_mark = left;
        }
        if ((incomplete || open != 0) && pipe->f_mark == NULL) {
            pipe->f_mark = left;
        }
    }
    leat_store(&pipe->pushed, pushed + 1, relaxed); /* relaxed, both: flush is what publishes */
    leat_store(&pipe->pending, leat_load(&pipe->pending, relaxed) + 1, relaxed);
    if (LEAT_UNLIKELY(incomplete)) {
        pipe->open = open + 1;
    } else if (LEAT_UNLIKELY(open != 0)) {
        pipe->open = 0;
        pipe->f_mark = NULL;
    }
    return true;
}

LEAT_PIPE_SHAPED enum leat_flush leat_pipe_flush_as(struct leat_pipe *pipe, const struct leat_pipe_shape *shape)
{
    LEAT_PIPE_OWN(pipe, writing_thread);
    size_t open = pipe->open, complete = leat_load(&pipe->pending, relaxed) - open; /* relaxed: the writer's own */
    if (LEAT_UNLIKELY(complete != 1)) {
        if (complete == 0) {
            return LEAT_FLUSH_NOTHING;
        }
        leat_store(&pipe->joined, leat_load(&pipe->joined, relaxed) + (complete - 1), relaxed); /* relaxed: a statistic */
    }
    size_t f = leat_load(&pipe->pushed, relaxed) - open; /* relaxed: the writer's own */
    LEAT_ATOMIC(size_t) *mark = pipe->w_mark;
    LEAT_PIPE_STEP(flush_store);
    if (LEAT_LIKELY(mark == NULL)) {
        leat_store(LEAT_PIPE_MARK(pipe->back_chunk, pipe->back_pos, shape), f, release); /* edge "item" */
    } else {
        leat_store(mark, f, release); /* edge "item" */
        pipe->w_mark = pipe->f_mark;
    }
    leat_store(&pipe->pending, open, relaxed); /* relaxed: a statistic to everybody else */
    LEAT_PIPE_STEP(flush_look);
    return LEAT_LIKELY(!leat_pipe_look(pipe, &pipe->reader_asleep)) ? LEAT_FLUSH_AWAKE : leat_pipe_wake_reader(pipe);
}

/* The item stands in back(): push, complete, and flush; NOTHING: it could not be pushed. */
LEAT_PIPE_SHAPED enum leat_flush leat_pipe_push_flush_as(struct leat_pipe *pipe, const struct leat_pipe_shape *shape)
{
    LEAT_PIPE_OWN(pipe, writing_thread);
    size_t pushed = leat_load(&pipe->pushed, relaxed); /* relaxed, both: the writer's own */
    if (LEAT_UNLIKELY(leat_load(&pipe->pending, relaxed) != 0 || pushed == pipe->room_to)) {
        return leat_pipe_push_as(pipe, shape, false) ? leat_pipe_flush_as(pipe, shape) : LEAT_FLUSH_NOTHING;
    }
    LEAT_ATOMIC(size_t) *mark = LEAT_PIPE_MARK(pipe->back_chunk, pipe->back_pos, shape); /* nothing is pending: w is back */
    if (LEAT_UNLIKELY(leat_pipe_at_last(pipe, shape, pushed)) && !leat_pipe_next_group(pipe, shape, pushed)) {
        return LEAT_FLUSH_NOTHING;
    }
    LEAT_PIPE_STEP(flush_store);
    leat_store(mark, pushed + 1, release);          /* edge "item" */
    leat_store(&pipe->pushed, pushed + 1, relaxed); /* relaxed: a statistic to everybody else */
    LEAT_PIPE_STEP(flush_look);
    return LEAT_LIKELY(!leat_pipe_look(pipe, &pipe->reader_asleep)) ? LEAT_FLUSH_AWAKE : leat_pipe_wake_reader(pipe);
}

/* Reader: all that was read is in o, and a writer that sleeps and now has room will be woken. */
LEAT_PIPE_INLINE void leat_pipe_publish(struct leat_pipe *pipe)
{
    size_t popped = leat_load(&pipe->popped, relaxed); /* relaxed: the reader's own */
    if (LEAT_UNLIKELY(pipe->extra != 0)) {
        leat_store(&pipe->o_bytes, leat_load(&pipe->popped_bytes, relaxed), release); /* edge "room"; relaxed: the reader's own */
    }
    pipe->said = popped;
    pipe->say_at = popped + pipe->give;
    LEAT_PIPE_STEP(publish_store);
    leat_store(&pipe->o, popped, release); /* edge "room" */
    LEAT_PIPE_STEP(publish_look);
    if (LEAT_UNLIKELY(leat_pipe_look(pipe, &pipe->writer_asleep))) {
        leat_pipe_take_writer(pipe);
    }
}

/* Reader, having read all it knew of: looks at the mark for more. */
LEAT_PIPE_SHAPED bool leat_pipe_fetch(struct leat_pipe *pipe, const struct leat_pipe_shape *shape)
{
    LEAT_PIPE_STEP(fetch);
    size_t mark = leat_load(LEAT_PIPE_MARK(pipe->begin_chunk, pipe->begin_pos, shape), acquire); /* edge "item" */
    if (mark - pipe->r - 1 >= SIZE_MAX / 2) {                                                    /* I2: it is not after r */
        return false;
    }
    pipe->r = mark;
    return true;
}

LEAT_PIPE_SHAPED bool leat_pipe_check_read_as(struct leat_pipe *pipe, const struct leat_pipe_shape *shape)
{
    LEAT_PIPE_OWN(pipe, reading_thread);
    if (leat_load(&pipe->popped, relaxed) != pipe->r) { /* relaxed: the reader's own */
        return true;
    }
    return leat_pipe_fetch(pipe, shape) || leat_pipe_fall_asleep(pipe);
}

LEAT_PIPE_SHAPED bool leat_pipe_poll_as(struct leat_pipe *pipe, const struct leat_pipe_shape *shape)
{
    LEAT_PIPE_OWN(pipe, reading_thread);
    size_t popped = leat_load(&pipe->popped, relaxed); /* relaxed: the reader's own */
    if (popped != pipe->r || leat_pipe_fetch(pipe, shape)) {
        return true;
    }
    if (popped != pipe->said) {
        leat_pipe_caught_up(pipe);
    }
    return false;
}

/* popped and begin_pos as the caller has loaded them. */
LEAT_PIPE_SHAPED void leat_pipe_pop_at(struct leat_pipe *pipe, const struct leat_pipe_shape *shape, size_t popped, size_t pos)
{
    LEAT_PIPE_OWN(pipe, reading_thread);
    size_t next = pos + shape->step;
    leat_store(&pipe->popped, ++popped, relaxed); /* relaxed: publish is what tells the writer */
    if (LEAT_UNLIKELY((next & shape->mask) == shape->full)) {
        next = (pos | shape->mask) + shape->skip;
        pipe->begin_pos = next;
        if (LEAT_UNLIKELY(next == pipe->chunk_end)) {
            leat_pipe_leave_chunk(pipe);
        }
    } else {
        pipe->begin_pos = next;
    }
    /* relaxed: only a reason to look closer */
    if (LEAT_UNLIKELY(popped == pipe->say_at || leat_load(&pipe->writer_asleep, relaxed) > LEAT_PIPE_ASK)) {
        leat_pipe_publish(pipe);
    }
}

LEAT_PIPE_SHAPED void leat_pipe_pop_as(struct leat_pipe *pipe, const struct leat_pipe_shape *shape)
{
    leat_pipe_pop_at(pipe, shape, leat_load(&pipe->popped, relaxed), pipe->begin_pos); /* relaxed: the reader's own */
}

/* Copies the oldest item out, if there is one. */
LEAT_PIPE_SHAPED bool leat_pipe_receive_as(struct leat_pipe *pipe, const struct leat_pipe_shape *shape, void *item)
{
    LEAT_PIPE_OWN(pipe, reading_thread);
    size_t popped = leat_load(&pipe->popped, relaxed); /* relaxed: the reader's own */
    if (popped == pipe->r && !leat_pipe_fetch(pipe, shape)) {
        if (popped != pipe->said) {
            leat_pipe_caught_up(pipe);
        }
        return false;
    }
    size_t pos = pipe->begin_pos;
    memcpy(item, LEAT_CHUNK_PLACE(pipe->begin_chunk, pos), shape->item_bytes);
    leat_pipe_pop_at(pipe, shape, popped, pos);
    return true;
}

LEAT_PIPE_INLINE void *leat_pipe_back(struct leat_pipe *pipe)
{
    return leat_pipe_back_as(pipe, &pipe->shape);
}

LEAT_PIPE_INLINE bool leat_pipe_push(struct leat_pipe *pipe, bool incomplete)
{
    if (LEAT_UNLIKELY(pipe->extra != 0)) {
        return leat_pipe_push_extra(pipe, incomplete);
    }
    return leat_pipe_push_as(pipe, &pipe->shape, incomplete);
}

LEAT_PIPE_INLINE enum leat_flush leat_pipe_flush(struct leat_pipe *pipe)
{
    return leat_pipe_flush_as(pipe, &pipe->shape);
}

LEAT_PIPE_INLINE bool leat_pipe_write(struct leat_pipe *pipe, const void *item, bool incomplete)
{
    memcpy(leat_pipe_back(pipe), item, pipe->shape.item_bytes);
    return leat_pipe_push(pipe, incomplete);
}

LEAT_PIPE_INLINE enum leat_flush leat_pipe_send(struct leat_pipe *pipe, const void *item)
{
    memcpy(leat_pipe_back(pipe), item, pipe->shape.item_bytes);
    if (LEAT_UNLIKELY(pipe->extra != 0)) {
        return leat_pipe_push_extra(pipe, false) ? leat_pipe_flush(pipe) : LEAT_FLUSH_NOTHING;
    }
    return leat_pipe_push_flush_as(pipe, &pipe->shape);
}

LEAT_PIPE_INLINE bool leat_pipe_receive(struct leat_pipe *pipe, void *item)
{
    if (LEAT_UNLIKELY(pipe->extra != 0)) {
        return leat_pipe_read_many(pipe, item, 1) == 1;
    }
    return leat_pipe_receive_as(pipe, &pipe->shape, item);
}

LEAT_PIPE_INLINE bool leat_pipe_check_read(struct leat_pipe *pipe)
{
    return leat_pipe_check_read_as(pipe, &pipe->shape);
}

LEAT_PIPE_INLINE bool leat_pipe_poll(struct leat_pipe *pipe)
{
    return leat_pipe_poll_as(pipe, &pipe->shape);
}

LEAT_PIPE_INLINE void *leat_pipe_front(struct leat_pipe *pipe)
{
    return LEAT_CHUNK_PLACE(pipe->begin_chunk, pipe->begin_pos);
}

LEAT_PIPE_INLINE void leat_pipe_pop(struct leat_pipe *pipe)
{
    if (LEAT_UNLIKELY(pipe->extra != 0)) {
        leat_pipe_pop_extra(pipe);
    }
    leat_pipe_pop_as(pipe, &pipe->shape);
}

LEAT_PIPE_INLINE bool leat_pipe_read(struct leat_pipe *pipe, void *item)
{
    if (!leat_pipe_check_read(pipe)) {
        return false;
    }
    memcpy(item, leat_pipe_front(pipe), pipe->shape.item_bytes);
    leat_pipe_pop(pipe);
    return true;
}

LEAT_PIPE_INLINE bool leat_pipe_writer_asleep(struct leat_pipe *pipe)
{
    if (LEAT_LIKELY(!pipe->wake_writer)) {
        return false;
    }
    pipe->wake_writer = false;
    return true;
}

/* Copies places that lie side by side: of a known shape a constant number, else mostly a whole line of small items. */
LEAT_PIPE_SHAPED void leat_pipe_copy(void *to, const void *from, size_t bytes)
{
    if (__builtin_constant_p(bytes) || bytes != 56) {
        memcpy(to, from, bytes);
    } else {
        memcpy(to, from, 56);
    }
}

LEAT_PIPE_SHAPED int64_t leat_pipe_write_many_as(struct leat_pipe *pipe, const struct leat_pipe_shape *shape, const void *items,
                                                 int64_t count)
{
    LEAT_PIPE_OWN(pipe, writing_thread);
    const unsigned char *from = (const unsigned char *)items;
    size_t left = count > 0 ? (size_t)count : 0, stride = leat_pipe_stride(shape);
    while (left > 0) {
        size_t pushed = leat_load(&pipe->pushed, relaxed), may = pipe->room_to - pushed; /* relaxed: the writer's own */
        if (may < left && may < shape->items && (may = leat_pipe_room(pipe, left)) == 0) {
            break;
        }
        may = may < left ? may : left;
        /* Whole groups, while a group of the same chunk follows: back comes to stand at its start, end behind it. */
        size_t pos = pipe->back_pos, begun = pos, done = 0;
        if (shape->item_bytes == shape->step && pipe->open == 0 && (shape->items == 1 || pushed == pipe->back_first)) {
            for (; may - done >= shape->items && pos + 2 * stride < pipe->chunk_end; pos += stride, done += shape->items) {
                leat_pipe_copy(LEAT_CHUNK_PLACE(pipe->back_chunk, pos), from + done * shape->step, shape->items * shape->step);
            }
        }
        if (done > 0) {
            if (pipe->w_mark == NULL) {
                pipe->w_mark = LEAT_PIPE_MARK(pipe->back_chunk, begun, shape);
            }
            pipe->back_pos = pos;
            pipe->back_first = pushed + done;
            pipe->end_pos = pos + stride;
            leat_store(&pipe->pushed, pushed + done, relaxed); /* relaxed, both: flush is what publishes */
            leat_store(&pipe->pending, leat_load(&pipe->pending, relaxed) + done, relaxed);
        } else {
            memcpy(leat_pipe_place(pipe, shape, pushed), from, shape->item_bytes);
            if (!leat_pipe_push_as(pipe, shape, false)) {
                break;
            }
            done = 1;
        }
        from += done * shape->item_bytes;
        left -= done;
    }
    return count > 0 ? count - (int64_t)left : 0;
}

/*
 * How many items can be pushed from back on without a new chunk, and so without fail: up to the last place of the group but one, or where a
 * group is one item, to the last group of the chunk but two. 0 also where a batch is open.
 */
LEAT_PIPE_SHAPED size_t leat_pipe_sure(const struct leat_pipe *pipe, const struct leat_pipe_shape *shape, size_t pushed)
{
    if (LEAT_UNLIKELY(pipe->open != 0 || pipe->extra != 0)) {
        return 0;
    }
    if (shape->items != 1) {
        return shape->items - 1 - (pushed - pipe->back_first);
    }
    size_t groups = (pipe->chunk_end - pipe->back_pos) / leat_pipe_stride(shape);
    return groups > 2 ? groups - 2 : 0;
}

LEAT_PIPE_SHAPED void leat_pipe_back_many_as(struct leat_pipe *pipe, const struct leat_pipe_shape *shape, int64_t wanted,
                                             struct leat_pipe_run *run)
{
    size_t pushed = leat_load(&pipe->pushed, relaxed), most = leat_pipe_sure(pipe, shape, pushed); /* relaxed: the writer's own */
    size_t may = pipe->room_to - pushed, want = wanted > 0 ? (size_t)wanted : 1;
    most = most < want ? most : want;
    if (may < most) {
        size_t room = leat_pipe_room(pipe, most);
        most = room > may ? room : may;
    }
    run->first = (unsigned char *)leat_pipe_place(pipe, shape, pushed);
    run->step = (int64_t)(shape->items == 1 ? leat_pipe_stride(shape) : shape->step);
    run->count = most > 0 ? (int64_t)most : 1;
}

LEAT_PIPE_SHAPED int64_t leat_pipe_push_many_as(struct leat_pipe *pipe, const struct leat_pipe_shape *shape, int64_t count)
{
    LEAT_PIPE_OWN(pipe, writing_thread);
    size_t pushed = leat_load(&pipe->pushed, relaxed), items = count > 0 ? (size_t)count : 0; /* relaxed: the writer's own */
    if (items == 0) {
        return 0;
    }
    if (items > leat_pipe_sure(pipe, shape, pushed) || items > pipe->room_to - pushed) {
        return leat_pipe_push(pipe, false); /* a run of one */
    }
    if (shape->items == 1) {
        if (pipe->w_mark == NULL) {
            pipe->w_mark = LEAT_PIPE_MARK(pipe->back_chunk, pipe->back_pos, shape);
        }
        pipe->back_pos += items * leat_pipe_stride(shape);
        pipe->end_pos = pipe->back_pos + leat_pipe_stride(shape);
    }
    leat_store(&pipe->pushed, pushed + items, relaxed); /* relaxed, both: flush is what publishes */
    leat_store(&pipe->pending, leat_load(&pipe->pending, relaxed) + items, relaxed);
    return count;
}

LEAT_PIPE_SHAPED int64_t leat_pipe_front_many_as(struct leat_pipe *pipe, const struct leat_pipe_shape *shape, int64_t wanted,
                                                 struct leat_pipe_run *run)
{
    run->count = 0;
    if (!leat_pipe_poll_as(pipe, shape)) {
        return 0;
    }
    size_t pos = pipe->begin_pos, there = pipe->r - leat_load(&pipe->popped, relaxed); /* relaxed: the reader's own */
    size_t most = shape->items == 1 ? (pipe->chunk_end - pos) / leat_pipe_stride(shape) : shape->items - (pos & shape->mask) / shape->step;
    most = most < there ? most : there;
    most = LEAT_UNLIKELY(pipe->extra != 0) ? 1 : most;
    run->first = (unsigned char *)LEAT_CHUNK_PLACE(pipe->begin_chunk, pos);
    run->step = (int64_t)(shape->items == 1 ? leat_pipe_stride(shape) : shape->step);
    run->count = (int64_t)most < wanted || wanted < 1 ? (int64_t)most : wanted;
    return run->count;
}

/* All that was read is told to the writer if it is time. */
LEAT_PIPE_SHAPED void leat_pipe_popped_many(struct leat_pipe *pipe, size_t popped)
{
    leat_store(&pipe->popped, popped, relaxed); /* relaxed: publish is what tells the writer */
    /* relaxed: only a reason to look closer */
    if (popped - pipe->said >= pipe->give || leat_load(&pipe->writer_asleep, relaxed) > LEAT_PIPE_ASK) {
        leat_pipe_publish(pipe);
    }
}

LEAT_PIPE_SHAPED void leat_pipe_pop_many_as(struct leat_pipe *pipe, const struct leat_pipe_shape *shape, int64_t count)
{
    LEAT_PIPE_OWN(pipe, reading_thread);
    if (count <= 0) {
        return;
    }
    if (LEAT_UNLIKELY(pipe->extra != 0)) {
        leat_pipe_pop(pipe); /* a run of one */
        return;
    }
    size_t items = (size_t)count, next = pipe->begin_pos + items * (shape->items == 1 ? leat_pipe_stride(shape) : shape->step);
    if (shape->items != 1 && (next & shape->mask) == shape->full) {
        next = (next | shape->mask) + shape->skip;
    }
    pipe->begin_pos = next;
    if (LEAT_UNLIKELY(next == pipe->chunk_end)) {
        leat_pipe_leave_chunk(pipe);
    }
    leat_pipe_popped_many(pipe, leat_load(&pipe->popped, relaxed) + items); /* relaxed: the reader's own */
}

/* Copies the next `items` that were prefetched out; begin_pos moves on, popped is the caller's. */
LEAT_PIPE_SHAPED void leat_pipe_copy_out(struct leat_pipe *pipe, const struct leat_pipe_shape *shape, unsigned char *to, size_t items)
{
    size_t pos = pipe->begin_pos;
    for (size_t left = items, done; left > 0; left -= done, to += done * shape->item_bytes) {
        if (shape->item_bytes == shape->step && left >= shape->items && (shape->mask == 0 || (pos & shape->mask) == 0)) {
            done = shape->items;
            leat_pipe_copy(to, LEAT_CHUNK_PLACE(pipe->begin_chunk, pos), shape->items * shape->step);
            pos = (pos | shape->mask) + shape->skip;
        } else {
            done = 1;
            memcpy(to, LEAT_CHUNK_PLACE(pipe->begin_chunk, pos), shape->item_bytes);
            size_t next = pos + shape->step;
            pos = (next & shape->mask) == shape->full ? (pos | shape->mask) + shape->skip : next;
        }
        if (LEAT_UNLIKELY(pos == pipe->chunk_end)) {
            leat_pipe_leave_chunk(pipe);
            pos = LEAT_CHUNK_FIRST;
        }
    }
    pipe->begin_pos = pos;
}

LEAT_PIPE_SHAPED int64_t leat_pipe_read_many_as(struct leat_pipe *pipe, const struct leat_pipe_shape *shape, void *items, int64_t count)
{
    if (count <= 0 || !leat_pipe_poll_as(pipe, shape)) {
        return 0;
    }
    size_t popped = leat_load(&pipe->popped, relaxed), done = 0; /* relaxed: the reader's own */
    do {
        size_t there = pipe->r - (popped + done), left = (size_t)count - done;
        there = there < left ? there : left;
        leat_pipe_copy_out(pipe, shape, (unsigned char *)items + done * shape->item_bytes, there);
        done += there;
    } while (done < (size_t)count && leat_pipe_fetch(pipe, shape));
    leat_pipe_popped_many(pipe, popped + done);
    return (int64_t)done;
}

#ifdef __cplusplus
}
#endif
#endif
