/* SPDX-License-Identifier: MIT */
/*
 * Outbound: pipe -> batch -> gathered write -> device. A batch is filled from the pipe, written until the device has all of it, and
 * then given back. Small messages are copied side by side, slices that lie side by side become one span: either way the device gets few
 * spans for many messages.
 */
#include "link_private.h"

#include <stdio.h>
#include <string.h>

#define BATCH_BYTES (256 * 1024) /* a batch that has so many takes no further message */
#define GATHER_MOST 256          /* larger messages are written where they lie */

void link_tell_drain(struct leat_link *link)
{
    leat_fence(seq_cst); /* edge "drain": either we see the wish, or who wishes sees the counts that were stored before */
    if (leat_load(&link->drain, relaxed) != 0)
        leat_waker_wake(&link->finished);
}

static void fail(struct leat_link *link, int code)
{
    if (!link_has_body(link)) {
        link->bare_code = code;
        link->out_open = false;
        link_ended(link);
        return;
    }
    struct leat_error why = {.code = code, .offset = link_get(&link->bytes_out) + (link->batch ? link->batch->skip : 0)};
    snprintf(why.text, sizeof why.text, "%s: offset %lld: write: %s", link->name, (long long)why.offset, leat_os_error(-code));
    if (link_lost(link, LEAT_OUT, &why))
        return;
    link->body->out_error = why;
    link->out_open = false;
    link_ended(link);
    leat_channel_close_reader(&link->body->out); /* I3 */
    link_tell_drain(link);
}

void link_output_lost(struct leat_link *link)
{
    fail(link, -EPIPE);
}

/* The last held message's pieces become spans, as many as there is room for. */
static void list_pieces(struct link_batch *batch)
{
    while (batch->span_end < BATCH_SPANS && leat_msg_next_piece(&batch->cursor, &batch->spans[batch->span_end]))
        batch->span_end++;
}

/* Copies the message behind those that were copied before, and lets go of it. */
static void gather(struct link_batch *batch, struct leat_msg *msg)
{
    int64_t size = leat_msg_size(msg);
    unsigned char *to = batch->gathered + batch->gathered_bytes;
    struct leat_span *last = batch->span_end > batch->span_first ? &batch->spans[batch->span_end - 1] : NULL;
    leat_msg_read(msg, 0, to, size);
    leat_msg_unref(msg);
    batch->gathered_bytes += size;
    if (last != NULL && last->data + last->bytes == to)
        last->bytes += size;
    else if (size > 0)
        batch->spans[batch->span_end++] = (struct leat_span){.data = to, .bytes = size};
    batch->last_held = false;
}

/* The message stays where it is until the batch is written. */
static void hold(struct link_batch *batch, struct leat_msg *msg)
{
    if (batch->last_held && leat_msg_join(&batch->held[batch->held_count - 1], msg)) {
        batch->spans[batch->span_end - 1].bytes += batch->sizes[batch->frame_end - 1];
        return;
    }
    struct leat_msg *kept = &batch->held[batch->held_count++];
    leat_msg_init(kept);
    leat_msg_move(kept, msg);
    leat_msg_pieces(kept, &batch->cursor);
    list_pieces(batch);
    batch->last_held = true;
}

/* Whether a message is copied behind those that were, of which there are so many bytes. Of a stream: what follows from the sizes alone. */
static bool is_copied(int64_t gathered_bytes, int64_t size)
{
    return size <= GATHER_MOST && gathered_bytes + size <= BATCH_GATHERED;
}

/* The batch, which is written, is empty. */
static void begin_batch(struct link_batch *batch)
{
    batch->span_first = batch->span_end = batch->frame_first = batch->frame_end = batch->held_count = batch->gathered_bytes = 0;
    batch->bytes = 0;
    batch->last_held = batch->lingers = false;
}

/* Whether the batch takes another message: a datagram without write_many is one. */
static bool takes_more(const struct leat_link *link, const struct link_batch *batch)
{
    const int64_t most = link->transport->datagrams && !link->transport->write_many && !link->keys ? 1 : BATCH_FRAMES;
    return batch->frame_end < most && batch->span_end < BATCH_SPANS && batch->cursor.left == 0 && batch->bytes < BATCH_BYTES;
}

/* Whether a message goes to the transport without a copy. */
static bool is_lent(const struct leat_link *link, const struct link_batch *batch, const struct leat_msg *msg)
{
    return batch->lends && msg->kind == LEAT_MSG_SLICE && leat_msg_size(msg) >= link->transport->lend_bytes;
}

/* The transport is done with what it was lent: the context is the owner of its blocks, whose count is one less (I4 of leat/msg.h). */
static void give_back(void *data, void *owner)
{
    struct leat_msg msg = {.kind = LEAT_MSG_SLICE, .body.slice.owner = owner};
    (void)data;
    leat_msg_unref(&msg);
}

/* The message at the pipe's front is lent, by a reference of its own. As the transport's lend. */
static int lend(struct leat_link *link)
{
    struct leat_msg *msg = leat_pipe_front(&link->body->out.pipe), lent;
    const struct leat_span span = {.data = leat_msg_data(msg), .bytes = leat_msg_size(msg)};
    leat_msg_ref(&lent, msg);
    int rc = link->transport->lend(link->state, &span, give_back, lent.body.slice.owner);
    if (rc != 0)
        return rc;
    leat_msg_unref(msg);
    leat_pipe_pop(&link->body->out.pipe);
    if (leat_pipe_writer_asleep(&link->body->out.pipe))
        leat_waker_wake(link->body->out.writer_waker);
    link_add(&link->bytes_out, span.bytes);
    leat_store(&link->frames_out, link_get(&link->frames_out) + 1, release); /* edge "out": as in advance */
    return 0;
}

/* Fills the batch, of which nothing is written, from the pipe. False: a message is left there that wants a batch to itself. */
static bool fill(struct leat_link *link, struct link_batch *batch)
{
    bool alone = false;
    while (takes_more(link, batch) && leat_pipe_poll(&link->body->out.pipe)) {
        struct leat_msg *msg = leat_pipe_front(&link->body->out.pipe);
        int64_t size = leat_msg_size(msg);
        bool chain = link->transport->datagrams && msg->kind == LEAT_MSG_CHAIN; /* a datagram is one call's spans */
        bool fits = batch->gathered_bytes + size <= BATCH_GATHERED;
        alone = (chain && !fits && batch->frame_end > 0) ||
                is_lent(link, batch, msg); /* its spans get a batch to themselves, or it needs none */
        if (alone)
            break;
        if (link->keys)
            link->options.key(link->options.key_context, msg, link->keys->text[batch->frame_end]);
        batch->sizes[batch->frame_end++] = size;
        batch->bytes += size;
        if (is_copied(batch->gathered_bytes, size) || (fits && chain))
            gather(batch, msg);
        else
            hold(batch, msg);
        leat_pipe_pop(&link->body->out.pipe);
    }
    if (leat_pipe_writer_asleep(&link->body->out.pipe))
        leat_waker_wake(link->body->out.writer_waker);
    return !alone;
}

/* Whether the batch, which has something, waits for more: as long as there is room, time, and nobody who waits for it. */
static bool lingers(struct leat_link *link, struct link_batch *batch)
{
    if (!batch->lingers)
        batch->begun_ns = leat_os_now_ns();
    batch->lingers = batch->bytes < link->linger_bytes && takes_more(link, batch) && leat_load(&link->drain, relaxed) == 0 &&
                     leat_load(&link->body->out.writer_closed, relaxed) == 0 && /* relaxed: either is followed by a wake */
                     leat_os_now_ns() < batch->begun_ns + link->linger_ns;
    return batch->lingers;
}

int64_t link_output_due(const struct leat_link *link)
{
    const struct link_batch *batch = link->batch;
    return batch && batch->lingers && link->out_open ? batch->begun_ns + link->linger_ns : LEAT_FOREVER;
}

/* The device took `bytes` more. */
static void advance(struct leat_link *link, struct link_batch *batch, int64_t bytes)
{
    int64_t frames = 0, out = 0, left = bytes;
    batch->skip += bytes;
    for (; batch->frame_first < batch->frame_end && batch->skip >= batch->sizes[batch->frame_first]; frames++) {
        batch->skip -= batch->sizes[batch->frame_first];
        out += batch->sizes[batch->frame_first++];
    }
    for (; batch->span_first < batch->span_end && left >= batch->spans[batch->span_first].bytes; batch->span_first++)
        left -= batch->spans[batch->span_first].bytes;
    if (left > 0) {
        batch->spans[batch->span_first].data += left;
        batch->spans[batch->span_first].bytes -= left;
    }
    if (batch->span_first == batch->span_end && batch->cursor.left > 0) {
        batch->span_first = batch->span_end = 0;
        list_pieces(batch);
    }
    if (batch->frame_first == batch->frame_end)
        for (; batch->held_count > 0; batch->held_count--)
            leat_msg_unref(&batch->held[batch->held_count - 1]);
    link_add(&link->bytes_out, out);
    leat_store(&link->frames_out, link_get(&link->frames_out) + frames, release); /* edge "out": last, see leat_link_drain */
}

bool link_output_pending(struct leat_link *link)
{
    const struct link_batch *batch = link->batch;
    return link->out_open && ((batch && batch->frame_first < batch->frame_end) || leat_pipe_poll(&link->body->out.pipe));
}

/* A span more, or a longer one. */
static void list_bytes(struct link_batch *batch, unsigned char *data, int64_t bytes)
{
    struct leat_span *last = batch->span_end > 0 ? &batch->spans[batch->span_end - 1] : NULL;
    if (last && last->data + last->bytes == data)
        last->bytes += bytes;
    else if (bytes > 0)
        batch->spans[batch->span_end++] = (struct leat_span){.data = data, .bytes = bytes};
}

/*
 * The frames that the device has not got whole become spans again, from the first byte of the first. They are where fill() left them, until
 * the batch is given back: the copied ones side by side in gathered[], the others, in their order, side by side in held[]. So there are no
 * more spans than there were, and it is the last held message again whose pieces may not all find room.
 */
void link_output_again(struct leat_link *link)
{
    struct link_batch *batch = link->batch;
    int64_t copied = 0, at = 0, within = 0;
    if (batch->skip == 0) /* nothing was cut; a datagram never is */
        return;
    batch->skip = batch->span_first = batch->span_end = batch->cursor.left = 0;
    for (int64_t i = 0; i < batch->frame_end; i++) {
        const int64_t size = batch->sizes[i];
        const bool wanted = i >= batch->frame_first;
        if (is_copied(copied, size)) {
            if (wanted)
                list_bytes(batch, batch->gathered + copied, size);
            copied += size;
            continue;
        }
        unsigned char *data = leat_msg_data(&batch->held[at]);
        if (wanted && data) {
            list_bytes(batch, data + within, size);
        } else if (wanted) { /* a chain is one frame */
            leat_msg_pieces(&batch->held[at], &batch->cursor);
            list_pieces(batch);
        }
        within += size;
        if (within == leat_msg_size(&batch->held[at])) {
            within = 0;
            at++;
        }
    }
}

int64_t link_output_drop(struct leat_link *link)
{
    struct link_batch *batch = link->batch;
    int64_t count = batch == NULL ? 0 : batch->frame_end - batch->frame_first;
    for (; batch != NULL && batch->held_count > 0; batch->held_count--)
        leat_msg_unref(&batch->held[batch->held_count - 1]);
    if (batch != NULL)
        batch->frame_first = batch->frame_end;
    return count;
}

/* Nothing is left to write: once the application has closed, that is the end. */
static bool idle(struct leat_link *link)
{
    /* Edge "writer closed": after this acquire the pipe's last flush is visible, so an empty poll is the end. */
    if (leat_load(&link->body->out.writer_closed, acquire) && !leat_pipe_poll(&link->body->out.pipe)) {
        link->out_open = false;
        link_ended(link);
        if (link->transport->end_output)
            link->transport->end_output(link->state);
        return true;
    }
    link_tell_drain(link);
    return false;
}

/* A link that may never have anything to write gets its batch when there is something. */
static bool first_output(struct leat_link *link)
{
    if (!link->body)
        return false;
    if (!leat_pipe_poll(&link->body->out.pipe))
        return idle(link);
    int rc = link_open_output(link);
    if (rc != 0)
        fail(link, rc);
    return true;
}

/* As the transport's write; the signal of a pipe that nobody reads is kept from an application's thread. */
static int64_t write_spans(struct leat_link *link, const struct leat_span *spans, int64_t count)
{
    const struct link_batch *batch = link->batch;
    const int64_t first = batch->frame_first, frames = batch->frame_end - first;
    if (link->keys)
        return link->transport->write_keyed(link->state, spans, batch->sizes + first, link->keys->at + first, frames);
    if (link->transport->write_many)
        return link->transport->write_many(link->state, spans, batch->sizes + first, frames);
    if (!link->options.no_thread || !link->transport->signals) /* I/O threads block it */
        return link->transport->write(link->state, spans, count);
    bool blocked = leat_os_sigpipe_block();
    int64_t took = link->transport->write(link->state, spans, count);
    if (blocked)
        leat_os_sigpipe_unblock(took == -EPIPE);
    return took;
}

/* The output is lost, and the input is still read up; or it has ended for good, or the application does not take it. */
static bool give_input_time(struct leat_link *link)
{
    struct link_reconnect *own = link->reconnect;
    if (!link->in_open) {
        fail(link, own->output_lost);
        return true;
    }
    return leat_os_now_ns() >= own->at_ns && link_lost(link, LEAT_IN, &own->why);
}

/* The transport took nothing, by that code. Returns whether that has changed anything. */
static bool took_no_more(struct leat_link *link, int code)
{
    link_count_lost(link);
    link->out_blocked = code == -EAGAIN;
    if (!link->out_blocked)
        fail(link, code);
    return !link->out_blocked;
}

bool link_output_step(struct leat_link *link)
{
    struct link_batch *batch = link->batch;
    link->out_blocked = false;
    if (link_output_known_lost(link))
        return give_input_time(link);
    if (batch == NULL)
        return first_output(link);
    const bool fresh = batch->frame_first == batch->frame_end;
    if (fresh && leat_pipe_poll(&link->body->out.pipe) && is_lent(link, batch, leat_pipe_front(&link->body->out.pipe))) {
        int rc = lend(link);
        batch->lends = rc != -ENOTSUP;
        if (batch->lends)
            return rc == 0 || took_no_more(link, rc);
    }
    if (fresh)
        begin_batch(batch);
    const int64_t before = batch->frame_end;
    const bool more = (fresh || batch->lingers) && fill(link, batch);
    if (batch->frame_first == batch->frame_end)
        return idle(link);
    if (link->linger_ns > 0 && more && lingers(link, batch))
        return batch->frame_end > before; /* there is room in the pipe again */
    batch->lingers = false;
    int64_t count = batch->span_end - batch->span_first;
    bool cut = link->transport->datagrams && batch->cursor.left > 0; /* more pieces than a call takes, and too large to gather */
    const bool nothing = count == 0 && !link->transport->unstored;   /* who numbers the frames counts empty ones, too */
    int64_t took = cut ? -EMSGSIZE : nothing ? 0 : write_spans(link, &batch->spans[batch->span_first], count);
    if (took < 0)
        return took_no_more(link, (int)took);
    link_count_lost(link);
    advance(link, batch, took);
    return true;
}
