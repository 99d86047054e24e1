/* SPDX-License-Identifier: MIT */
/*
 * leat/tlv.h: finds, checks, walks and writes type-length-value items in place. A dialect is data (struct leat_tlv_dialect), the engine is one.
 */
#ifndef LEAT_TLV_H
#define LEAT_TLV_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LEAT_TLV_DEPTH_MAX 64 /* deepest nesting that a cursor or framer can be set to */

enum leat_tlv_rule {
    LEAT_TLV_OK,
    LEAT_TLV_TRUNCATED,      /* the data ends inside the item */
    LEAT_TLV_TYPE_FORM,      /* type field not allowed: too many tag bytes, reserved, not shortest */
    LEAT_TLV_LENGTH_FORM,    /* length field not allowed: reserved first byte, more bytes than 8 */
    LEAT_TLV_LENGTH_MINIMAL, /* not the shortest form, and the dialect wants that */
    LEAT_TLV_INDEFINITE,     /* indefinite length where the dialect forbids it (or on a primitive item) */
    LEAT_TLV_LENGTH_SMALL,   /* a length that counts the header is smaller than the header */
    LEAT_TLV_LENGTH_LIMIT,   /* longer than the dialect's own limit */
    LEAT_TLV_FRAME_LIMIT,    /* longer than limits.max_frame */
    LEAT_TLV_OVERRUN,        /* runs past the end of the item that holds it */
    LEAT_TLV_UNENDED,        /* an indefinite length whose end never comes */
    LEAT_TLV_END_MARK,       /* an end mark where there is nothing to end, or with a length */
    LEAT_TLV_DEPTH,          /* nested deeper than limits.max_depth */
    LEAT_TLV_ITEMS,          /* more items than limits.max_items */
};

struct leat_tlv_limits {
    int64_t max_frame;  /* most bytes of a top-level item, header and padding included; 0: 1 MiB */
    int64_t max_items;  /* most items within one top-level item; 0: no limit */
    int32_t max_depth;  /* deepest level, the top level being 0; 0: LEAT_TLV_DEPTH_MAX - 1 */
    bool shallow;       /* a framer checks the outermost header only (else also, where nesting is by flag, everything inside) */
};

struct leat_tlv_fault {
    int64_t offset; /* of the faulty item's first byte, in the terms of the caller's base offset */
    enum leat_tlv_rule rule;
};

struct leat_tlv_dialect; /* public data; described below once settled */

struct leat_tlv_item {
    int64_t offset;       /* of the item's first byte, base offset included */
    int64_t header_bytes; /* type, length and what stands between them and the value */
    int64_t length;       /* bytes of value, without header, padding or trailer; -1: indefinite */
    int64_t total_bytes;  /* header, value, padding, trailer; -1: indefinite, not yet known */
    uint64_t type;        /* BER: the identifier octets as one big-endian number */
    const unsigned char *value;
    int32_t depth;        /* top level 0 */
    bool constructed;     /* can be entered */
    bool end_mark;        /* nothing follows at this level */
};

enum leat_tlv_next { LEAT_TLV_ITEM, LEAT_TLV_END, LEAT_TLV_BAD };
enum leat_tlv_frame { LEAT_TLV_WHOLE, LEAT_TLV_NEED, LEAT_TLV_MALFORMED };

/* Dialects. */
LEAT_API const struct leat_tlv_dialect *leat_tlv_dialect(const char *name); /* NULL: unknown */
LEAT_API const struct leat_tlv_dialect *leat_tlv_dialect_at(int64_t index); /* NULL: past the last */
LEAT_API const char *leat_tlv_dialect_name(const struct leat_tlv_dialect *dialect);
LEAT_API const char *leat_tlv_dialect_rule(const struct leat_tlv_dialect *dialect); /* its header rule in one line */
LEAT_API const char *leat_tlv_rule_text(enum leat_tlv_rule rule);                   /* "longer than the frame limit", ... */

/* The cursor: walks a buffer in place. Its stack is inside; nothing is allocated, nothing recurses. */
struct leat_tlv_cursor { int placeholder; };
LEAT_API int leat_tlv_cursor_init(struct leat_tlv_cursor *cursor, const struct leat_tlv_dialect *dialect, const void *data, int64_t bytes,
                                  int64_t base_offset, const struct leat_tlv_limits *limits /* NULL: defaults */);
LEAT_API enum leat_tlv_next leat_tlv_next(struct leat_tlv_cursor *cursor, struct leat_tlv_item *item); /* next item of this level */
LEAT_API bool leat_tlv_enter(struct leat_tlv_cursor *cursor); /* into the item that next returned last; false: not constructed, or too deep (then the fault says so) */
LEAT_API bool leat_tlv_leave(struct leat_tlv_cursor *cursor); /* back to the level above, after the item entered; false: at the top, or fault */
LEAT_API const struct leat_tlv_fault *leat_tlv_cursor_fault(const struct leat_tlv_cursor *cursor);

/* The framer: top-level items out of a byte stream. Restartable: keeps what it knows of the frame it stands in, so no byte is scanned twice. */
struct leat_tlv_framer { int placeholder; };
LEAT_API int leat_tlv_framer_init(struct leat_tlv_framer *framer, const struct leat_tlv_dialect *dialect, const struct leat_tlv_limits *limits);
/*
 * data is the start of a frame, bytes what is there of it so far (each call with the same frame may have more).
 * WHOLE: *n is the frame's bytes (the framer stands at the next frame; leat_tlv_framer_ended says whether it was an end mark).
 * NEED: *n is the least number of bytes, from the frame's start, that could make it whole (> bytes). MALFORMED: see _fault; sticky.
 */
LEAT_API enum leat_tlv_frame leat_tlv_frame(struct leat_tlv_framer *framer, const void *data, int64_t bytes, int64_t *n);
LEAT_API bool leat_tlv_framer_ended(const struct leat_tlv_framer *framer);
/* The input ended with `bytes` of a frame unread: 0 if bytes is 0, else -EBADMSG and the fault says TRUNCATED or UNENDED. */
LEAT_API int leat_tlv_framer_end(struct leat_tlv_framer *framer, int64_t bytes);
/* fault.offset counts from the start of the frame. */
LEAT_API const struct leat_tlv_fault *leat_tlv_framer_fault(const struct leat_tlv_framer *framer);

/* The writer: into any sink; nested lengths are patched on end. */
struct leat_tlv_writer { int placeholder; };
LEAT_API int leat_tlv_writer_init(struct leat_tlv_writer *writer, const struct leat_tlv_dialect *dialect, const struct leat_sink *sink, int64_t max_bytes);
LEAT_API int leat_tlv_put(struct leat_tlv_writer *writer, uint64_t type, const void *value, int64_t length);
LEAT_API int leat_tlv_begin(struct leat_tlv_writer *writer, uint64_t type);
LEAT_API int leat_tlv_end(struct leat_tlv_writer *writer);
LEAT_API int64_t leat_tlv_finish(struct leat_tlv_writer *writer); /* bytes committed to the sink */

#ifdef __cplusplus
}
#endif
#endif
