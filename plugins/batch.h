/* SPDX-License-Identifier: MIT */
/*
 * Many frames in one message: the batch of leat's own protocol (doc/protocol.md). Who reads it gets frames with numbers, so that loss,
 * order and doubles are those of frames; a message that is no batch is read as it stands.
 */
#ifndef LEAT_PLUGIN_BATCH_H
#define LEAT_PLUGIN_BATCH_H

#include <leat/endpoint.h>
#include <leat/protocol.h>

#define BATCH_HEAD_BYTES 42 /* header, first number, count, and the sender's item */
#define BATCH_ITEM_BYTES 6  /* before each frame */

/* ---- out ---- */

/* Copies the next bytes out of the spans; *span and *at go on. */
void plugin_copy(const struct leat_span **span, int64_t *at, void *to, int64_t bytes);

/*
 * The next frames that are one message: as many as fit into a batch of `most` bytes, at least one; *bytes is the batch's size. With `most`
 * 0 it is one frame as it stands, and its size. Returns the index behind them.
 */
int64_t plugin_batch_group(const int64_t *sizes, const char *const *keys, int64_t first, int64_t count, int64_t most, int64_t *bytes);

/* The batch of the next `count` frames is written to `to`, all `bytes` that plugin_batch_group said. @param sender  0: not told */
void plugin_batch_write(void *to, int64_t bytes, uint64_t sender, uint64_t number, const struct leat_span **span, int64_t *at,
                        const int64_t *sizes, int64_t count);

/* A sender's name for one run: of that text, else a random one; never 0. */
uint64_t plugin_sender(const char *text);

/* ---- in ---- */

/* A message that is taken apart. */
struct plugin_message {
    bool batched, given; /* given: the one piece of a message that is no batch was */
    uint64_t sender;     /* 0: not told */
    uint64_t number;     /* of the piece that was given last, where it is a batch */
    uint64_t first;      /* of the batch's frames, */
    uint32_t count;      /* and how many they are */
    const void *data;
    int64_t bytes;
    struct leat_protocol_batch batch;
};

/* 0, or -EBADMSG: it says that it is a batch, and is none. The bytes are borrowed as long as pieces are asked for. */
int plugin_message_begin(struct plugin_message *message, const void *data, int64_t bytes);

/* The next piece, never empty: a frame, or all of a message that is no batch. 0; -EPIPE: no more; -EBADMSG. */
int plugin_message_next(struct plugin_message *message, struct leat_span *piece);

/*
 * What a sender's numbers were, up to now: those that came are in [first, end) of the ranges, in order, with gaps between.
 * A sender of whom more gaps are open than there is room for has its oldest numbers forgotten: doubles may come, nothing is left out.
 */
#define SEEN_RANGES 256
#define SEEN_SENDERS 16

struct plugin_seen {
    struct plugin_seen_sender {
        uint64_t sender, used; /* sender 0: free */
        int32_t count;
        struct {
            uint64_t first, end;
        } ranges[SEEN_RANGES];
    } senders[SEEN_SENDERS];
    uint64_t clock;
};

/* Whether that number came before. */
bool plugin_seen_before(const struct plugin_seen *seen, uint64_t sender, uint64_t number);
/* [first, end) came. Returns how many numbers between the highest before and `first` have not come: lost, where all come in order. */
uint64_t plugin_seen_add(struct plugin_seen *seen, uint64_t sender, uint64_t first, uint64_t end);

#endif
