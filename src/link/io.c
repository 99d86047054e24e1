/* SPDX-License-Identifier: MIT */
/*
 * The I/O thread of a link: the whole path, inbound on one screen (input_step), outbound on one (output_step).
 */
#include "link_private.h"

#include <stdio.h>

#define READ_BYTES (256 * 1024) /* most that one read takes: a few of them stay in a second-level cache */
/* How long to wait for what wakes nobody: a block given back, a device that poll(2) knows nothing of. */
#define LOOK_AGAIN_NS (200 * 1000)

static enum link_stop stop_asked(struct leat_link *link)
{
    return (enum link_stop)leat_load(&link->stop, acquire); /* edge "stop": meets the store in leat_link_close */
}

/* ---- inbound: device -> ring -> frame in place -> message -> pipe ---- */

static void input_close(struct leat_link *link)
{
    link->in_open = false;
    leat_channel_close_writer(&link->in); /* I3 */
}

static void input_fail(struct leat_link *link, int code)
{
    struct leat_error *error = &link->in_error;
    error->code = code;
    error->offset = link_get(&link->bytes_in);
    snprintf(error->text, sizeof error->text, "%s: offset %lld: read: %s", link->name, (long long)error->offset, leat_os_error(-code));
    input_close(link);
}

static void input_malformed(struct leat_link *link)
{
    const struct leat_tlv_fault *fault = leat_tlv_framer_fault(&link->framer);
    struct leat_error *error = &link->in_error;
    error->code = -EBADMSG;
    error->offset = link_get(&link->bytes_in);
    error->rule = leat_tlv_rule_text(fault->rule);
    snprintf(error->text, sizeof error->text, "%s: offset %lld: malformed %s frame: %s (at offset %lld)", link->name,
             (long long)error->offset, leat_tlv_dialect_name(link->options.dialect), error->rule,
             (long long)(error->offset + fault->offset));
    link_add(&link->malformed, 1);
    input_close(link);
}

/* The frame of n bytes at the ring's head becomes a message in the place at the pipe's back. False: no block or no room now. */
static bool deliver(struct leat_link *link, const void *frame, int64_t n)
{
    struct leat_msg *slot = leat_pipe_back(&link->in.pipe);
    if (!link->slot_filled) {
        if (leat_msg_copy(slot, &link->pools->message_blocks, frame, n) != 0) {
            link->hold = HOLD_BLOCKS;
            return false;
        }
        link->slot_filled = true;
    }
    if (!leat_pipe_push(&link->in.pipe, false)) {
        link->hold = HOLD_ROOM;
        return false;
    }
    link->slot_filled = false;
    leat_ring_consume(&link->ring, n);
    link_add(&link->frames_in, 1);
    link_add(&link->bytes_in, n);
    return true;
}

/*
 * The device has no more: the last frame may lack its padding, and goes out as it is. Then the input is read again from its start, or
 * closed. False: the last frame is held, and the end is to be met again.
 */
static bool input_end(struct leat_link *link)
{
    const void *data;
    int64_t left = leat_ring_peek(&link->ring, 1, &data);
    if (leat_tlv_framer_ended(&link->framer)) {
        link_add(&link->bytes_after_end, left);
        leat_ring_consume(&link->ring, left);
    } else if (left > 0) {
        if (!link->unpadded && leat_tlv_framer_end(&link->framer, left) != 0) {
            input_malformed(link);
            return true;
        }
        link->unpadded = true;
        if (!deliver(link, data, left))
            return false;
        link->unpadded = false;
        leat_channel_flush(&link->in); /* input_step has flushed already: before a repeat, nothing else would show it */
    }
    if (link->repeat_left == 0 || link_get(&link->bytes_in) == 0) { /* nothing, however often it is read */
        input_close(link);
        return true;
    }
    int rc = link->transport->rewind(link->state);
    if (rc != 0) {
        input_fail(link, rc);
        return true;
    }
    link->repeat_left--;
    link->need = 1;
    leat_tlv_framer_init(&link->framer, link->options.dialect, &link->limits);
    return true;
}

/* Every whole frame in the ring goes to the pipe. False: held, malformed or ended; true: more bytes are needed. */
static bool frame_all(struct leat_link *link)
{
    const void *data;
    for (;;) {
        int64_t n = 0, there = leat_ring_peek(&link->ring, link->need, &data);
        if (there == 0)
            return true;
        switch (leat_tlv_frame(&link->framer, data, there, &n)) {
        case LEAT_TLV_NEED:
            link->need = n;
            break;
        case LEAT_TLV_MALFORMED:
            input_malformed(link);
            return false;
        case LEAT_TLV_WHOLE:
            link->need = 1;
            if (!deliver(link, data, n))
                return false;
            if (leat_tlv_framer_ended(&link->framer)) {
                input_end(link);
                return false;
            }
        }
    }
}

/* One turn of the input: what the ring holds goes out, then the device fills the ring. True: something moved. */
static bool input_step(struct leat_link *link)
{
    int64_t before = link_get(&link->frames_in);
    link->hold = HOLD_NOTHING;
    if (link->unpadded)
        return input_end(link);
    bool more = frame_all(link);
    bool moved = link_get(&link->frames_in) != before;
    if (moved)
        leat_channel_flush(&link->in);
    if (!more || !link->in_open)
        return moved || !link->in_open;

    void *span;
    int64_t room = leat_ring_reserve(&link->ring, link->transport->min_read, &span);
    int64_t got = room == 0 ? -ENOBUFS : link->transport->read(link->state, span, room < READ_BYTES ? room : READ_BYTES);
    if (got > 0) {
        leat_ring_commit(&link->ring, got);
        int64_t used = leat_ring_used(&link->ring);
        if (used > link_get(&link->ring_peak))
            leat_store(&link->ring_peak, used, relaxed); /* relaxed: a number for stats */
    } else if (got == 0) {
        return input_end(link);
    } else if (got == -EAGAIN) {
        link->hold = HOLD_DEVICE;
        return moved;
    } else {
        input_fail(link, (int)got);
    }
    return true;
}

/* ---- outbound: pipe -> gathered write -> device ---- */

static void output_fail(struct leat_link *link, int code)
{
    struct leat_error *error = &link->out_error;
    error->code = code;
    error->offset = link_get(&link->bytes_out) + link->outbox_skip;
    snprintf(error->text, sizeof error->text, "%s: offset %lld: write: %s", link->name, (long long)error->offset, leat_os_error(-code));
    link->out_open = false;
    leat_channel_close_reader(&link->out); /* I3 */
}

/* Fills the outbox from the pipe; the outbox is empty before. */
static void outbox_fill(struct leat_link *link)
{
    link->outbox_first = link->outbox_end = 0;
    while (link->outbox_end < OUTBOX_ITEMS && leat_pipe_poll(&link->out.pipe)) {
        leat_msg_init(&link->outbox[link->outbox_end]);
        leat_msg_move(&link->outbox[link->outbox_end++], leat_pipe_front(&link->out.pipe));
        leat_pipe_pop(&link->out.pipe);
    }
    if (leat_pipe_writer_asleep(&link->out.pipe))
        leat_waker_wake(link->out.writer_waker);
}

/* Lists the outbox's pieces that the device has not got; returns how many. */
static int64_t outbox_spans(struct leat_link *link, struct leat_span spans[OUTBOX_SPANS])
{
    int64_t count = 0, skip = link->outbox_skip;
    for (int64_t i = link->outbox_first; i < link->outbox_end && count < OUTBOX_SPANS; i++) {
        struct leat_msg_cursor cursor;
        leat_msg_pieces(&link->outbox[i], &cursor);
        while (count < OUTBOX_SPANS && leat_msg_next_piece(&cursor, &spans[count])) {
            if (skip >= spans[count].bytes) {
                skip -= spans[count].bytes;
                continue;
            }
            spans[count].data += skip;
            spans[count].bytes -= skip;
            skip = 0;
            count++;
        }
    }
    return count;
}

/* The device took `bytes`: messages that are wholly out give their blocks back. */
static void outbox_advance(struct leat_link *link, int64_t bytes)
{
    link->outbox_skip += bytes;
    while (link->outbox_first < link->outbox_end) {
        struct leat_msg *msg = &link->outbox[link->outbox_first];
        int64_t size = leat_msg_size(msg);
        if (link->outbox_skip < size)
            break;
        link->outbox_skip -= size;
        leat_msg_unref(msg);
        link->outbox_first++;
        link_add(&link->frames_out, 1);
        link_add(&link->bytes_out, size);
    }
}

/* One turn of the output. True: something moved. */
static bool output_step(struct leat_link *link)
{
    struct leat_span spans[OUTBOX_SPANS];
    link->out_blocked = false;
    if (link->outbox_first == link->outbox_end)
        outbox_fill(link);
    if (link->outbox_first == link->outbox_end) {
        /* Edge "writer closed": after this acquire the pipe's last flush is visible, so an empty poll is the end. */
        if (leat_load(&link->out.writer_closed, acquire) && !leat_pipe_poll(&link->out.pipe)) {
            link->out_open = false;
            if (link->transport->end_output)
                link->transport->end_output(link->state);
            return true;
        }
        return false;
    }
    int64_t count = outbox_spans(link, spans);
    int64_t took = count == 0 ? 0 : link->transport->write(link->state, spans, count);
    if (took == -EAGAIN) {
        link->out_blocked = true;
        return false;
    }
    if (took < 0) {
        output_fail(link, (int)took);
        return true;
    }
    outbox_advance(link, took);
    return true;
}

/* ---- both ---- */

/* Waits until one of the reasons for standing still may be gone. */
static void wait_for_work(struct leat_link *link)
{
    int64_t deadline = LEAT_FOREVER, count = 1;
    struct leat_ready set[3] = {{.fd = link->io.fd, .in = true}};
    bool out_waits = link->out_open && !link->out_blocked;
    if (link->in_open && link->hold == HOLD_ROOM && !leat_channel_arm_writer(&link->in))
        return;
    if (out_waits && !leat_channel_arm(&link->out))
        return;
    if (link->in_open && link->hold == HOLD_BLOCKS) {
        link_add(&link->pool_waits, 1);
        deadline = leat_os_now_ns() + LOOK_AGAIN_NS;
    }
    if (link->in_open && link->hold == HOLD_DEVICE)
        set[count++] = (struct leat_ready){.fd = link->transport->fd(link->state, LEAT_IN), .in = true};
    int64_t out_at = count;
    if (link->out_open) /* with nothing to write, this hears only that the other end is gone */
        set[count++] = (struct leat_ready){.fd = link->transport->fd(link->state, LEAT_OUT), .out = link->out_blocked};
    for (int64_t i = 1; i < count; i++)
        if (set[i].fd < 0 && (set[i].in || set[i].out))
            deadline = leat_os_now_ns() + LOOK_AGAIN_NS;
    /* A closed writer wakes whoever sleeps, but it may have closed before the sleep was announced. */
    if (out_waits && leat_load(&link->out.writer_closed, acquire)) /* edge "writer closed" */
        return;
    leat_os_poll(set, count, deadline);
    leat_waker_drain(&link->io);
    if (out_waits && set[out_at].ready)
        output_fail(link, -EPIPE);
}

/* A listener waits for its peer. */
static void wait_for_peer(struct leat_link *link)
{
    for (;;) {
        enum link_stop stop = stop_asked(link);
        if (stop == LINK_ABANDON || (stop == LINK_DRAIN && !(link->out_open && leat_pipe_poll(&link->out.pipe))))
            return;
        struct leat_error error = {0};
        int rc = link->transport->accept(link->state, &error);
        if (rc == 0) {
            link->accepted = true;
            return;
        }
        if (rc != -EAGAIN) {
            error.code = rc;
            if (link->in_open) /* a direction that is closed from the start may be looked at already: I3 */
                link->in_error = error;
            if (link->out_open)
                link->out_error = error;
            return;
        }
        struct leat_ready set[2] = {{.fd = link->io.fd, .in = true}, {.fd = link->transport->fd(link->state, LEAT_IN), .in = true}};
        leat_os_poll(set, 2, LEAT_FOREVER);
        leat_waker_drain(&link->io);
    }
}

void link_io_run(void *context)
{
    struct leat_link *link = context;
    if (!link->accepted)
        wait_for_peer(link);
    while (link->accepted && (link->in_open || link->out_open)) {
        enum link_stop stop = stop_asked(link);
        if (stop == LINK_ABANDON)
            break;
        if (stop == LINK_DRAIN && link->in_open) {
            input_close(link);
            continue;
        }
        bool moved = link->in_open && input_step(link);
        if (link->out_open && output_step(link))
            moved = true;
        if (!moved)
            wait_for_work(link);
    }
    if (link->in_open)
        input_close(link);
    if (link->out_open) {
        link->out_open = false;
        leat_channel_close_reader(&link->out);
    }
    leat_store(&link->done, 1, release); /* edge "done": everything above happens before close() goes on */
    leat_waker_wake(&link->finished);
    if (leat_sub(&link->owners, 1, acq_rel) == 1) /* edge "owners": the last one sees all that the other did */
        link_free(link);
}
