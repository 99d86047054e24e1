/* SPDX-License-Identifier: MIT */
/*
 * Inbound: device -> ring or block -> frame in place -> message -> pipe. input_step is the whole path on one screen.
 *
 * Two ways to receive. The ring: frames are copied out of it, which is right for small ones. Blocks: the device is read straight into pool
 * blocks, and a message is a slice of one; a frame that the block's end cuts is moved to the front of the next; a frame larger than a block
 * is a chain, read piece by piece into its place. What cannot be had of blocks just now (none is free, or the frame must be looked
 * into as a whole) goes through the ring.
 */
#include "link_private.h"

#include <stdio.h>
#include <string.h>

#define READ_BYTES (256 * 1024)          /* most that one read takes: a few of them stay in a second-level cache */
#define FIRST_BYTES 4096                 /* of the first read of a link that was made lazily */
#define LEARN_BYTES (64 * 1024)          /* after so many, the way to receive is chosen anew */
#define LITTLE_ROOM(bytes) ((bytes) / 8) /* of a block: less than this is not worth a read */
#define LITTLE_READ (16 * 1024)          /* after more, a stream that flows has more again by the time its frames are out */
#define LITTLE_LEFT 4096                 /* of a frame: so much is rather copied than left where it lies */
#define FRONT (16 * 1024)                /* of the ring: what is left there stays there */

/* ---- the end of the input ---- */

/* Whatever the transport lent, or offers, is its own again. */
static void let_go_lent(struct leat_link *link)
{
    struct link_offer *offer = &link->body->offer;
    leat_msg_unref(&link->body->lent);
    link->body->lent_framed = 0;
    if (offer->datagram.bytes > 0)
        offer->free_fn(offer->datagram.data, offer->context);
    offer->datagram.bytes = 0;
}

void link_input_close(struct leat_link *link)
{
    if (link->in_open) {
        link->in_open = false;
        link_ended(link);
    }
    if (!link->body)
        return;
    leat_msg_unref(&link->body->chain);
    let_go_lent(link);
    leat_msg_buffer_close(&link->body->block);
    leat_channel_close_writer(&link->body->in); /* I3 */
}

/* Where in the stream the frame at the head begins. */
static int64_t head_offset(struct leat_link *link)
{
    return link_get(&link->bytes_in) + link_get(&link->bytes_dropped) + link_get(&link->bytes_skipped);
}

/* The input ends with an error. @param limit  the limit that was hit, behind the error's words; "" if none was */
static void fail_at(struct leat_link *link, int code, const char *limit)
{
    if (!link_has_body(link)) {
        link->bare_code = code;
        link_input_close(link);
        return;
    }
    struct leat_error why = {.code = code, .offset = head_offset(link)};
    snprintf(why.text, sizeof why.text, "%s: offset %lld: read: %s%s", link->name, (long long)why.offset, leat_os_error(-code), limit);
    if (link_lost(link, LEAT_IN, &why))
        return;
    link->body->in_error = why;
    link_input_close(link);
}

static void fail(struct leat_link *link, int code)
{
    fail_at(link, code, "");
}

/* idle_ns or partial_ns is over, whichever is due first. */
static void time_out(struct leat_link *link)
{
    const struct leat_link_options *options = &link->options;
    bool partial = options->partial_ns > 0 && link->partial_ns > 0 &&
                   (options->idle_ns == 0 || link->partial_ns - link->read_ns < options->idle_ns - options->partial_ns);
    char limit[96];
    snprintf(limit, sizeof limit, "; %s is %lld ns", partial ? "a frame was not whole in time, partial_ns" : "nothing came, idle_ns",
             (long long)(partial ? options->partial_ns : options->idle_ns));
    fail_at(link, -ETIMEDOUT, limit);
}

/* The device's end is no end where the connection is made anew. */
static bool ended_for_now(struct leat_link *link)
{
    struct leat_error why = {.code = -EPIPE, .offset = head_offset(link)};
    if (!link->reconnect || leat_tlv_framer_ended(&link->body->framer))
        return false;
    snprintf(why.text, sizeof why.text, "%s: offset %lld: end of the input", link->name, (long long)why.offset);
    return link_lost(link, LEAT_IN, &why);
}

static void malformed(struct leat_link *link)
{
    const struct leat_tlv_fault *fault = leat_tlv_framer_fault(&link->body->framer);
    struct leat_error *error = &link->body->in_error;
    error->code = -EBADMSG;
    error->offset = head_offset(link);
    error->rule = leat_tlv_rule_text(fault->rule);
    snprintf(error->text, sizeof error->text, "%s: offset %lld: malformed %s frame: %s (at offset %lld)", link->name,
             (long long)error->offset, leat_tlv_dialect_name(link->options.dialect), error->rule,
             (long long)(error->offset + fault->offset));
    size_t used = strlen(error->text);
    if (fault->rule == LEAT_TLV_FRAME_LIMIT)
        snprintf(error->text + used, sizeof error->text - used, "; max_frame is %lld", (long long)link->options.max_frame);
    link_add(&link->malformed, 1);
    link_input_close(link);
}

/* ---- what was read and is not framed yet: in the ring, in the open block, or in a datagram that was lent ---- */

/* Whether something has ever been read. */
static bool has_ring(const struct leat_link *link)
{
    return link->body && link->body->ring.data;
}

/* Bytes of a lent datagram that are not framed. */
static int64_t lent_left(const struct leat_link *link)
{
    return leat_msg_size(&link->body->lent) - link->body->lent_framed;
}

/* Shows it, when it is what the next frame needs; else returns 0. */
static int64_t held(struct leat_link *link, const void **data)
{
    const int64_t lent = lent_left(link);
    if (lent > 0) {
        *data = (unsigned char *)leat_msg_data(&link->body->lent) + link->body->lent_framed;
        return lent < link->need ? 0 : lent;
    }
    if (!link->on_blocks)
        return leat_ring_peek(&link->body->ring, link->need, data);
    int64_t there = link->body->filled - link->body->framed;
    *data = link->body->block.data + link->body->framed;
    return there < link->need ? 0 : there;
}

static void consume(struct leat_link *link, int64_t bytes)
{
    if (lent_left(link) > 0)
        link->body->lent_framed += bytes;
    else if (link->on_blocks)
        link->body->framed += bytes;
    else
        leat_ring_consume(&link->body->ring, bytes);
}

/* After a malformed frame: one byte of it is skipped, and a frame may begin at the next. False: that is not wanted. */
static bool skip(struct leat_link *link)
{
    if (link->options.malformed != LEAT_MALFORMED_RESYNC)
        return false;
    link_add(&link->malformed, link->astray ? 0 : 1);
    link->astray = true;
    if (link->chain_bytes > 0) { /* the input ended in it */
        link_add(&link->bytes_skipped, link->chain_bytes - link->body->chain_left);
        link->chain_bytes = 0;
        leat_msg_unref(&link->body->chain);
    } else {
        link_add(&link->bytes_skipped, 1);
        consume(link, 1);
    }
    link->need = 1;
    leat_tlv_framer_init(&link->body->framer, link->options.dialect, &link->limits);
    return true;
}

/* ---- frames to messages ---- */

/* Makes the frame at the head a message, in the place at the pipe's back. */
static bool make_message(struct leat_link *link, struct leat_msg *slot, const void *frame, int64_t bytes)
{
    if (lent_left(link) > 0 && bytes > link->options.copy_bytes) {
        link->slot_cut = leat_msg_slice(slot, &link->body->lent, link->body->lent_framed, bytes) == 0;
        return true;
    }
    if (link->on_blocks && bytes > link->options.copy_bytes) {
        leat_msg_buffer_cut(&link->body->block, link->body->framed, bytes, slot);
        link->slot_cut = true;
        return true;
    }
    link->slot_cut = false;
    if (leat_msg_copy(slot, &link->pools->message_blocks, frame, bytes) == 0)
        return true;
    if (!link->on_blocks || lent_left(link) > 0)
        return false;
    leat_msg_buffer_cut(&link->body->block, link->body->framed, bytes, slot); /* rather than wait for a block */
    link->slot_cut = true;
    return true;
}

/* The message in the place at the pipe's back is the reader's at the next flush. False: there is no room now. */
static bool push(struct leat_link *link, int64_t bytes)
{
    if (link->options.info) {
        ((struct link_item *)leat_pipe_back(&link->body->in.pipe))->info = (struct leat_link_info){
            .sequence = link_get(&link->frames_in) + link_get(&link->frames_dropped),
            .received_ns = link->read_ns,
            .connection = link->reconnect ? link_get(&link->reconnect->made) : 0,
        };
    }
    if (!leat_pipe_push(&link->body->in.pipe, false)) {
        link->hold = HOLD_ROOM;
        return false;
    }
    link->slot_filled = false;
    link_add(&link->frames_in, 1);
    link_add(&link->frames_cut, link->slot_cut ? 1 : 0);
    link_add(&link->bytes_in, bytes);
    return true;
}

/* The frame that could not be delivered is dropped, where that is wanted. */
static bool drop(struct leat_link *link, int64_t bytes)
{
    if (link->options.full != LEAT_FULL_DROP_NEWEST)
        return false;
    if (link->slot_filled)
        leat_msg_unref(leat_pipe_back(&link->body->in.pipe));
    link->slot_filled = false;
    link->hold = HOLD_NOTHING;
    link_add(&link->frames_dropped, 1);
    link_add(&link->bytes_dropped, bytes);
    return true;
}

/* The message of the frame at the head stands in the place at the pipe's back. */
static bool fill_slot(struct leat_link *link, const void *frame, int64_t bytes)
{
    if (!link->slot_filled)
        link->slot_filled = make_message(link, leat_pipe_back(&link->body->in.pipe), frame, bytes);
    if (!link->slot_filled)
        link->hold = HOLD_BLOCKS;
    return link->slot_filled;
}

/* The frame at the head goes to the pipe. False: no block or no room now. */
static bool deliver(struct leat_link *link, const void *frame, int64_t bytes)
{
    if (!(fill_slot(link, frame, bytes) && push(link, bytes)) && !drop(link, bytes))
        return false;
    consume(link, bytes);
    return true;
}

/* The chain that was read goes to the pipe. */
static bool deliver_chain(struct leat_link *link)
{
    if (!link->slot_filled) {
        leat_msg_move(leat_pipe_back(&link->body->in.pipe), &link->body->chain);
        link->slot_filled = link->slot_cut = true;
    }
    if (!push(link, link->chain_bytes) && !drop(link, link->chain_bytes))
        return false;
    link->chain_bytes = 0;
    link->need = 1;
    leat_tlv_framer_pass(&link->body->framer);
    return true;
}

/*
 * The device has no more: the last frame may lack its padding, and goes out as it is. Then the input is read again from its start, or
 * closed. False: the last frame is held, and the end is to be met again.
 */
static bool input_end(struct leat_link *link)
{
    const void *data = NULL;
    link->need = 1;
    if (!link->body) { /* nothing has ever come */
        link_input_close(link);
        return true;
    }
    int64_t left = link->chain_bytes > 0 ? link->chain_bytes - link->body->chain_left : has_ring(link) ? held(link, &data) : 0;
    if (leat_tlv_framer_ended(&link->body->framer)) {
        link_add(&link->bytes_after_end, left);
        consume(link, left);
    } else if (left > 0) {
        if (!link->unpadded && leat_tlv_framer_end(&link->body->framer, left) != 0) {
            if (!ended_for_now(link) && !skip(link))
                malformed(link);
            return true; /* after a skip: the end is met again */
        }
        link->unpadded = true;
        if (!deliver(link, data, left))
            return false;
        link->unpadded = false;
        leat_channel_flush(&link->body->in); /* input_step has flushed already: before a repeat, nothing else would show it */
    }
    if (link->repeat_left == 0 || head_offset(link) == 0) { /* nothing, however often it is read */
        if (!ended_for_now(link))
            link_input_close(link);
        return true;
    }
    int rc = link->transport->rewind(link->state);
    if (rc != 0) {
        fail(link, rc);
        return true;
    }
    link->repeat_left--;
    leat_tlv_framer_init(&link->body->framer, link->options.dialect, &link->limits);
    return true;
}

/* Every whole frame that is held goes to the pipe. False: it stays, malformed or ended; true: more bytes are needed. */
static bool frame_all(struct leat_link *link)
{
    const void *data;
    for (;;) {
        int64_t n = 0, there = held(link, &data);
        if (there == 0)
            return true;
        switch (leat_tlv_frame(&link->body->framer, data, there, &n)) {
        case LEAT_TLV_NEED:
            link->need = n;
            break;
        case LEAT_TLV_MALFORMED:
            if (skip(link))
                break;
            malformed(link);
            return false;
        case LEAT_TLV_WHOLE:
            link->need = 1;
            if (!deliver(link, data, n))
                return false;
            link->astray = false;
            if (leat_tlv_framer_ended(&link->body->framer)) {
                input_end(link);
                return false;
            }
        }
    }
}

/* ---- where the next read goes ---- */

/* The ring, which is empty, gets what the block holds, and the block is let go. */
static void to_ring(struct leat_link *link)
{
    (void)leat_ring_used(&link->body->ring); /* it is empty, so all that was consumed is given back: the next read needs the room */
    leat_ring_write(&link->body->ring, link->body->block.data + link->body->framed,
                    link->body->filled - link->body->framed); /* less than a largest frame */
    leat_msg_buffer_close(&link->body->block);
    link->on_blocks = false;
}

/* No receive block is free: counted when that begins. */
static void starve(struct leat_link *link)
{
    link_add(&link->starved, link->starving ? 0 : 1);
    link->starving = true;
}

/* A new block gets what the ring or the last block holds, which is less than a frame. False: there is none. */
static bool to_next_block(struct leat_link *link)
{
    struct leat_msg_buffer next;
    const void *data = NULL;
    if (leat_msg_buffer_open(&next, &link->pools->receive_blocks) != 0) {
        starve(link);
        return false;
    }
    link->starving = false;
    int64_t left = link->on_blocks ? link->body->filled - link->body->framed : leat_ring_used(&link->body->ring);
    if (left > 0) {
        if (link->on_blocks)
            data = link->body->block.data + link->body->framed;
        else
            leat_ring_peek(&link->body->ring, left, &data);
        memcpy(next.data, data, (size_t)left);
        consume(link, left);
    }
    leat_msg_buffer_close(&link->body->block);
    link->body->block = next;
    link->on_blocks = true;
    link->body->framed = 0;
    link->body->filled = left;
    return true;
}

/* After every LEARN_BYTES: frames that are copied anyway belong into the ring, larger ones into blocks. */
static void learn(struct leat_link *link)
{
    int64_t bytes = link_get(&link->bytes_in) - link->body->learnt_bytes, frames = link_get(&link->frames_in) - link->body->learnt_frames;
    if (bytes < LEARN_BYTES)
        return;
    link->body->learnt_bytes += bytes;
    link->body->learnt_frames += frames;
    if (link->options.receive == LEAT_RECEIVE_AUTO)
        link->wants_blocks = bytes / frames > link->options.copy_bytes;
}

/* `bytes` more stand in the chain, at most what its piece had room for. */
static void chain_took(struct leat_link *link, int64_t bytes)
{
    link->body->chain_left -= bytes;
    link->body->chain_piece.data += bytes;
    link->body->chain_piece.bytes -= bytes;
    if (link->body->chain_piece.bytes == 0)
        leat_msg_next_piece(&link->body->chain_cursor, &link->body->chain_piece);
}

/* The frame is larger than a block: it is read straight into a chain. False: not this one, or not now. */
static bool begin_chain(struct leat_link *link)
{
    int64_t bytes = leat_tlv_framer_known(&link->body->framer), there = link->body->filled - link->body->framed;
    if (bytes == 0 || bytes > link->options.receive_bytes / 2 || link->transport->min_read > 1) /* a piece may be less than a datagram */
        return false;
    if (leat_msg_alloc(&link->body->chain, &link->pools->receive_blocks, bytes) != 0) {
        starve(link);
        return false;
    }
    link->starving = false;
    leat_msg_pieces(&link->body->chain, &link->body->chain_cursor);
    leat_msg_next_piece(&link->body->chain_cursor, &link->body->chain_piece);
    memcpy(link->body->chain_piece.data, link->body->block.data + link->body->framed, (size_t)there);
    link->body->framed = link->body->filled;
    link->chain_bytes = link->body->chain_left = bytes;
    chain_took(link, there);
    return true;
}

/* The block has room for what the frame at the head needs, and for a read that is worth it; or the ring is to be taken. */
static void block_room(struct leat_link *link)
{
    int64_t tail = link->body->filled - link->body->framed;
    if (link->need > link->body->block.bytes) {
        if (!begin_chain(link))
            to_ring(link);
        return;
    }
    int64_t least = link->need - tail > link->transport->min_read ? link->need - tail : link->transport->min_read;
    int64_t worth = least > LITTLE_ROOM(link->body->block.bytes) ? least : LITTLE_ROOM(link->body->block.bytes);
    if (link->body->block.bytes - link->body->filled >= worth)
        return;
    if (leat_msg_buffer_alone(&link->body->block)) {
        memmove(link->body->block.data, link->body->block.data + link->body->framed, (size_t)tail);
        link->body->framed = 0;
        link->body->filled = tail;
        if (link->body->block.bytes - tail >= least)
            return;
    } else if (to_next_block(link)) {
        if (link->body->block.bytes - tail >= least)
            return;
    } else if (link->body->block.bytes - link->body->filled >= least) {
        return; /* little, but it will do */
    }
    to_ring(link);
}

/* The next read goes to the same pages again, as long as little is left over. */
static void ring_to_front(struct leat_ring *ring)
{
    unsigned char left[LITTLE_LEFT];
    const void *at = ring->data;
    int64_t used = leat_ring_used(ring);
    if (used > LITTLE_LEFT)
        return;
    if (used > 0) {
        leat_ring_peek(ring, used, &at);
        if ((const unsigned char *)at - ring->data < FRONT)
            return;
        memcpy(left, at, (size_t)used);
    }
    leat_ring_reset(ring);
    leat_ring_write(ring, left, used);
}

/* Where the next read goes, and how many bytes: at least what the transport must be offered. */
static int64_t room(struct leat_link *link, void **span)
{
    learn(link);
    if (link->wants_blocks && !link->on_blocks) {
        int64_t used = leat_ring_used(&link->body->ring), most = link->options.receive_block_bytes / 2;
        if (used <= most && link->need <= most)
            to_next_block(link);
    } else if (!link->wants_blocks && link->on_blocks && link->chain_bytes == 0) {
        to_ring(link);
    }
    if (link->on_blocks && link->chain_bytes == 0)
        block_room(link);
    if (link->chain_bytes > 0) {
        *span = link->body->chain_piece.data;
        return link->body->chain_piece.bytes;
    }
    if (link->on_blocks) {
        *span = link->body->block.data + link->body->filled;
        return link->body->block.bytes - link->body->filled;
    }
    ring_to_front(&link->body->ring);
    return leat_ring_reserve(&link->body->ring, link->transport->min_read, span);
}

/* `got` bytes were read to where room() said. */
static void take(struct leat_link *link, int64_t got)
{
    if (link->chain_bytes > 0) {
        chain_took(link, got);
        return;
    }
    if (link->on_blocks) {
        link->body->filled += got;
        return;
    }
    leat_ring_commit(&link->body->ring, got);
    int64_t used = leat_ring_used(&link->body->ring);
    if (used > link_get(&link->ring_peak))
        leat_store(&link->ring_peak, used, relaxed); /* relaxed: a number for stats */
}

/*
 * A link that waits for its device keeps no block, but for much of a frame, or to fill up one that messages hold anyway: so many links
 * share few blocks, which stay in the processor's cache. A little of a frame waits in the ring.
 */
static void rest(struct leat_link *link)
{
    link->hold = HOLD_DEVICE;
    if (!link->on_blocks || link->chain_bytes > 0 || link->body->filled - link->body->framed > LITTLE_LEFT)
        return;
    if (link->body->block.bytes - link->body->filled < link->body->block.bytes / 2 || leat_msg_buffer_alone(&link->body->block))
        to_ring(link);
}

/* Whether something that was read is not framed yet. */
static bool partial(struct leat_link *link)
{
    if (link->chain_bytes > 0 || (link->body && lent_left(link) > 0))
        return true;
    return link->on_blocks ? link->body->filled > link->body->framed : has_ring(link) && leat_ring_used(&link->body->ring) > 0;
}

/* Notes when something came; `whole`: since the last time frames were completed, so what is partial began later. */
static void note_time(struct leat_link *link, bool whole)
{
    if (link->options.idle_ns == 0 && link->options.partial_ns == 0 && !link->options.info)
        return;
    link->read_ns = leat_os_now_ns();
    if (whole || link->partial_ns == 0)
        link->partial_ns = link->read_ns;
}

/* When the input fails if nothing comes. */
static int64_t input_due(const struct leat_link *link)
{
    const struct leat_link_options *options = &link->options;
    int64_t due = LEAT_FOREVER;
    if (!link->in_open || !link->accepted || link->hold != HOLD_DEVICE)
        return due;
    if (options->idle_ns > 0 && link->read_ns <= LEAT_FOREVER - options->idle_ns)
        due = link->read_ns + options->idle_ns;
    if (options->partial_ns > 0 && link->partial_ns > 0 && link->partial_ns <= LEAT_FOREVER - options->partial_ns &&
        link->partial_ns + options->partial_ns < due)
        due = link->partial_ns + options->partial_ns;
    return due;
}

int64_t link_due(const struct leat_link *link)
{
    if (link_output_known_lost(link))
        return link->reconnect->at_ns;
    if (link_away(link) && (link->in_open || link->out_open))
        return link_reconnect_due(link);
    const int64_t in = input_due(link), out = link_output_due(link);
    return in < out ? in : out;
}

/* As the transport's. */
static int64_t read_device(struct leat_link *link, void *span, int64_t bytes)
{
    int64_t got = link->transport->read(link->state, span, bytes);
    link->took_all = got > 0 && got < bytes && got <= LITTLE_READ && link->transport->short_is_all;
    if (got > 0 && link->transport->settle && !link->options.settle)
        link->transport->settle(link->state, INT64_MAX);
    return got;
}

/* What is left of a lent datagram, less than a frame, goes to the ring, which is empty; then nothing is lent any more. */
static void lent_to_ring(struct leat_link *link)
{
    if (lent_left(link) > 0)
        leat_ring_write(&link->body->ring, (unsigned char *)leat_msg_data(&link->body->lent) + link->body->lent_framed, lent_left(link));
    leat_msg_unref(&link->body->lent);
    link->body->lent_framed = 0;
}

/* What a lent datagram costs: as many blocks as a copy would, in the first of which this stands. */
struct loan {
    struct leat_msg charge;
    void (*free_fn)(void *data, void *context);
    void *context;
};

static void give_back(void *data, void *context)
{
    struct loan *loan = context;
    struct leat_msg charge;
    loan->free_fn(data, loan->context);
    leat_msg_move(&charge, &loan->charge); /* out of the block that it gives back */
    leat_msg_unref(&charge);
}

/* The datagram on offer is lent, and bounded by high_water_bytes as if it were copied. False: there are not so many blocks. */
static bool take_offer(struct leat_link *link)
{
    struct link_offer *offer = &link->body->offer;
    const struct leat_blocks *blocks = &link->pools->message_blocks;
    struct leat_msg charge;
    struct leat_msg_cursor cursor;
    struct leat_span piece;
    if (leat_msg_alloc(&charge, blocks, offer->datagram.bytes) != 0)
        return false;
    leat_msg_pieces(&charge, &cursor);
    bool first = leat_msg_next_piece(&cursor, &piece) && piece.bytes >= (int64_t)sizeof(struct loan);
    struct loan *loan = (struct loan *)(void *)piece.data;
    if (!first || leat_msg_from_buf(&link->body->lent, blocks, offer->datagram.data, offer->datagram.bytes, give_back, loan) != 0) {
        leat_msg_unref(&charge);
        return false;
    }
    loan->free_fn = offer->free_fn;
    loan->context = offer->context;
    leat_msg_move(&loan->charge, &charge);
    if (link->on_blocks)
        to_ring(link); /* where what is left of the datagram will be */
    offer->datagram.bytes = 0;
    return true;
}

/* Where nothing else is held the transport may lend the next datagram. Its bytes; 0: what comes next is to be read, or an offer copied. */
static int64_t borrow(struct leat_link *link)
{
    struct link_offer *offer = &link->body->offer;
    if (offer->datagram.bytes > 0 || partial(link) ||
        link->transport->borrow(link->state, &offer->datagram, &offer->free_fn, &offer->context) == 0)
        return 0;
    offer->taken = 0;
    const int64_t bytes = offer->datagram.bytes;
    return take_offer(link) ? bytes : 0;
}

/* As the transport's read, of the datagram on offer. */
static int64_t read_offer(struct link_offer *offer, void *span, int64_t bytes)
{
    const int64_t left = offer->datagram.bytes - offer->taken, most = left < bytes ? left : bytes;
    memcpy(span, offer->datagram.data + offer->taken, (size_t)most);
    offer->taken += most;
    if (most == left) {
        offer->free_fn(offer->datagram.data, offer->context);
        offer->datagram.bytes = 0;
    }
    return most;
}

/* One read of the device. As the transport's. */
static int64_t read_more(struct leat_link *link)
{
    void *span;
    lent_to_ring(link);
    const int64_t lent = link->transport->borrow ? borrow(link) : 0;
    if (lent > 0)
        return lent;
    int64_t bytes = room(link, &span);
    int64_t most = link->transport->datagrams ? bytes : READ_BYTES; /* the room decides how many datagrams may come at once */
    const bool offered = link->body->offer.datagram.bytes > 0;
    int64_t got = bytes == 0 ? -ENOBUFS
                  : offered  ? read_offer(&link->body->offer, span, bytes)
                             : read_device(link, span, bytes < most ? bytes : most);
    if (got > 0)
        take(link, got);
    return got;
}

/*
 * Whether the last read took all there was, and little, so that another would only be told -EAGAIN. It is done all the same where no frame
 * came of that one, so that a recv that finds nothing says what is so now; and where the connection is lost, and what can still be read is
 * to be all.
 */
static bool read_is_spared(struct leat_link *link, bool moved)
{
    bool took_all = link->took_all;
    link->took_all = false;
    return took_all && moved && !link_output_known_lost(link);
}

/* A link that may never have anything to read gets its ring when there is something. */
static int64_t first_read(struct leat_link *link)
{
    unsigned char some[FIRST_BYTES];
    int64_t got = 1;
    if (link->transport->min_read <= FIRST_BYTES)
        got = read_device(link, some, sizeof some);
    if (got <= 0)
        return got;
    int rc = link_has_body(link) ? link_open_ring(link) : -ENOMEM;
    if (rc != 0)
        return rc;
    if (link->transport->min_read > FIRST_BYTES)
        return read_more(link);
    leat_ring_write(&link->body->ring, some, got);
    return got;
}

bool link_input_step(struct leat_link *link)
{
    int64_t before = head_offset(link);
    link->hold = HOLD_NOTHING;
    if (link->unpadded)
        return input_end(link);
    bool more = !has_ring(link) || (link->chain_bytes > 0 ? link->body->chain_left > 0 || deliver_chain(link) : frame_all(link));
    bool moved = head_offset(link) != before;
    if (moved)
        leat_channel_flush(&link->body->in);
    if (!more || !link->in_open)
        return moved || !link->in_open;

    int64_t got = read_is_spared(link, moved) ? -EAGAIN : has_ring(link) ? read_more(link) : first_read(link);
    link_count_lost(link);
    if (got == 0) {
        return input_end(link) || moved;
    } else if (got == -EAGAIN && link_output_known_lost(link)) { /* this was all that the old connection had */
        return link_lost(link, LEAT_IN, &link->reconnect->why) || moved;
    } else if (got == -EAGAIN) {
        rest(link);
        if (link->options.idle_ns == 0 && link->options.partial_ns == 0)
            return moved;
        if (!partial(link))
            link->partial_ns = 0;
        if (input_due(link) > leat_os_now_ns())
            return moved;
        time_out(link);
    } else if (got > 0) {
        note_time(link, moved);
    } else {
        fail(link, (int)got);
    }
    return true;
}

void link_input_again(struct leat_link *link)
{
    struct link_body *body = link->body;
    int64_t left = link->chain_bytes > 0 ? link->chain_bytes - link->body->chain_left
                   : lent_left(link) > 0 ? lent_left(link)
                   : link->on_blocks     ? link->body->filled - link->body->framed
                                         : leat_ring_used(&body->ring);
    link_add(&link->bytes_skipped, left);
    if (link->slot_filled) /* the application did not take it */
        leat_msg_unref(leat_pipe_back(&body->in.pipe));
    link->slot_filled = false;
    if (!link->on_blocks && link->chain_bytes == 0 && lent_left(link) == 0)
        leat_ring_consume(&body->ring, left);
    let_go_lent(link);
    leat_msg_unref(&body->chain);
    leat_msg_buffer_close(&body->block);
    link->body->framed = link->body->filled = link->chain_bytes = link->body->chain_left = link->partial_ns = 0;
    link->on_blocks = link->unpadded = link->astray = false;
    link->need = 1;
    leat_tlv_framer_init(&body->framer, link->options.dialect, &link->limits);
}

void link_input_fini(struct leat_link *link)
{
    if (link->slot_filled)
        leat_msg_unref(leat_pipe_back(&link->body->in.pipe));
}
