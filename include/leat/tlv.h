/* SPDX-License-Identifier: MIT */
/*
 * leat/tlv.h: finds, checks, walks and writes type-length-value items in place. A dialect is data (leat/dialect.h), the engine is one.
 *
 * An item is a header (type, length and what else the dialect has), a value of `length` bytes, a trailer that few dialects have, and
 * padding. The value of a constructed item is, after a fixed part that some types have, a row of items again: the next level. The top
 * level is depth 0.
 *
 * Nothing here allocates, recurses or blocks. A cursor, framer or writer is the property of one thread at a time; a dialect is
 * constant and may be shared. No function here is needed to give one back: they own nothing.
 */
#ifndef LEAT_TLV_H
#define LEAT_TLV_H

#include <leat/base.h>
#include <leat/dialect.h>

#ifdef __cplusplus
/* A function and a struct may share a name (leat_tlv_dialect, as stat does); g++ -Wshadow need not say so. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#endif

#define LEAT_TLV_DEPTH_MAX 64 /* levels that a cursor, framer or writer has room for: depths 0 to 63 */

enum leat_tlv_rule {
    LEAT_TLV_OK,
    LEAT_TLV_TRUNCATED,      /* the data ends inside the item */
    LEAT_TLV_TYPE_FORM,      /* type field not allowed: too many tag bytes, not the shortest form */
    LEAT_TLV_LENGTH_FORM,    /* length field not allowed: reserved first byte, more bytes than 8 */
    LEAT_TLV_LENGTH_MINIMAL, /* not the shortest form, and the dialect wants that */
    LEAT_TLV_INDEFINITE,     /* indefinite length where the dialect forbids it, or on a primitive item */
    LEAT_TLV_LENGTH_SMALL,   /* a length that counts the header is smaller than the header */
    LEAT_TLV_LENGTH_LIMIT,   /* longer than the dialect's own limit */
    LEAT_TLV_FRAME_LIMIT,    /* a top-level item longer than limits.max_frame */
    LEAT_TLV_OVERRUN,        /* runs past the end of the item that holds it */
    LEAT_TLV_UNENDED,        /* an indefinite length whose end never comes */
    LEAT_TLV_END_MARK,       /* an end mark where there is nothing to end, or with a length */
    LEAT_TLV_DEPTH,          /* nested deeper than limits.max_depth */
    LEAT_TLV_ITEMS,          /* more items than limits.max_items */
    LEAT_TLV_MARKER,         /* does not begin with the bytes that every item begins with */
    LEAT_TLV_KIND,           /* its control field has a value that says nothing */
    LEAT_TLV_CHECKSUM,       /* the header's own checksum is wrong */
};

struct leat_tlv_limits {
    int64_t max_frame; /* most bytes of a top-level item, header and padding included; 0: 1 MiB */
    int64_t max_items; /* most items inside one top-level item, at all depths together; 0: no limit */
    int32_t max_depth; /* deepest level on which an item may stand, 1 to LEAT_TLV_DEPTH_MAX - 1; 0: LEAT_TLV_DEPTH_MAX - 1 */
    bool shallow;      /* a framer checks the outermost header only (else also, where items say by a flag that they nest, all inside) */
};

/* The first rule broken. For FRAME_LIMIT the item is the top-level one, for UNENDED the outermost whose end is missing. */
struct leat_tlv_fault {
    int64_t offset; /* of the faulty item's first byte */
    enum leat_tlv_rule rule;
};

struct leat_tlv_item {
    const unsigned char *value; /* in the caller's buffer */
    int64_t length;             /* bytes of value, without header and padding; -1: indefinite */
    int64_t offset;             /* of the item's first byte, base offset included */
    int64_t total_bytes;        /* header, value, trailer and padding; -1: indefinite, not yet known */
    uint64_t type;              /* BER: the identifier octets as one big-endian number; netlink attributes: without the flag bits */
    uint64_t kind;              /* the control field, where the dialect has one; LEAT_TLV_KIND_MARK: a mark that is one byte; else 0 */
    int32_t header_bytes;       /* type, length and what stands between them and the value */
    int16_t depth;              /* top level 0 */
    bool constructed;           /* can be entered */
    bool end_mark;              /* nothing follows at this level */
};

#define LEAT_TLV_KIND_ANY UINT64_MAX        /* for the writer: the first kind that can say the length */
#define LEAT_TLV_KIND_MARK (UINT64_MAX - 1) /* CoAP's ff, whose type might be that of an option */

enum leat_tlv_next { LEAT_TLV_ITEM, LEAT_TLV_END, LEAT_TLV_BAD };
enum leat_tlv_frame { LEAT_TLV_WHOLE, LEAT_TLV_NEED, LEAT_TLV_MALFORMED };

/*
 * Says what it means that a rule was broken: "longer than the frame limit".
 *
 * @param rule  any value; those unknown are said to be so
 * Returns a constant string in lower case, without a full stop.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API const char *leat_tlv_rule_text(enum leat_tlv_rule rule);

/*
 * The cursor: walks a buffer in place, in both directions of depth, one level of its stack for each level of nesting.
 *
 * C1  0 <= depth <= limits.max_depth + 1; levels[0 .. depth] are in use, and only an empty level stands at max_depth + 1.
 * C2  In each level 0 <= position <= end <= bytes, and levels[d].end <= levels[d-1].end.
 * C3  levels[d-1].position is past the item that level d is the inside of, unless that item's length is indefinite: then it is
 *     the item's first byte, and leave() or next() moves it on once the end is found.
 * C4  Each call of next() that gives an item moves position by one byte at least.
 * C5  fault.rule, once set, stays, and every call fails from then on.
 * C6  A level is quick only if its dialect's shape is BER and it ends at `end`; the one at `depth` only if, beside, there is no fault
 *     and no item of indefinite length to be stepped over.
 */
struct leat_tlv_level {
    const struct leat_tlv_dialect *dialect;
    int64_t position;        /* of the next item, from data */
    int64_t end;             /* where the level ends at the latest */
    enum leat_tlv_rule past; /* the rule that an item breaks which runs past `end` */
    bool indefinite;         /* the level ends with an end mark, not at `end` */
    bool ended;              /* its end mark was met */
    bool quick;              /* nothing but a header's own bytes need be looked at */
    uint64_t state;          /* of a row whose items depend on the one before: the type before, or that of the next */
};

struct leat_tlv_cursor {
    const unsigned char *data;
    int64_t bytes;
    int64_t base_offset;
    struct leat_tlv_limits limits; /* every default filled in */
    struct leat_tlv_fault fault;
    int64_t items;                         /* met inside the top-level item that the cursor stands in */
    int64_t frame;                         /* where that item begins */
    const struct leat_tlv_dialect *inside; /* of the item that next gave last; NULL: it cannot be entered */
    int64_t inside_start, inside_end;      /* its nested items */
    uint64_t inside_state;                 /* and their row's */
    bool inside_indefinite;
    int32_t depth;
    struct leat_tlv_level levels[LEAT_TLV_DEPTH_MAX + 1];
};

/*
 * The cursor stands before the first top-level item of the buffer.
 *
 * @param data    borrowed as long as the cursor or the value of an item from it is used; NULL only if bytes is 0
 * @param bytes   of data, 0 or more
 * @param base_offset  what the offset of data[0] is to be called, 0 or more: its place in a stream
 * @param limits  copied; NULL: the defaults
 * Returns 0, or -EINVAL: a NULL, a negative number, offsets beyond INT64_MAX, or a depth beyond what there is room for.
 *
 * [thread: owner | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int leat_tlv_cursor_init(struct leat_tlv_cursor *cursor, const struct leat_tlv_dialect *dialect, const void *data, int64_t bytes,
                                  int64_t base_offset, const struct leat_tlv_limits *limits);

/*
 * Gives the next item of this level, past the last one and all that is inside it, whether that was entered or not. What is
 * inside an item is checked only when it is entered; but an item of indefinite length that was not is searched for its end.
 *
 * An end mark is given as an item (end_mark; BER: type 0, header 2, length 0, at the depth of the items it ends); LEAT_TLV_END
 * comes after it, and at the top level what follows it in the buffer is not looked at. The last item of a level may lack its
 * padding: total_bytes then counts what is there.
 *
 * @param item  untouched unless an item is given
 * Returns LEAT_TLV_ITEM; LEAT_TLV_END: no more on this level; LEAT_TLV_BAD: malformed, see leat_tlv_cursor_fault.
 *
 * [thread: owner | blocks: no | allocates: no | fails: LEAT_TLV_BAD]
 */
LEAT_API enum leat_tlv_next leat_tlv_next(struct leat_tlv_cursor *cursor, struct leat_tlv_item *item);

/*
 * Goes into the item that next gave last: next then gives the first item inside it.
 *
 * Returns false, and the cursor stands where it stood, if there is no such item or it is not constructed; or, with the fault
 * LEAT_TLV_DEPTH at the first item inside it, if that would stand deeper than allowed.
 *
 * [thread: owner | blocks: no | allocates: no | fails: false]
 */
LEAT_API bool leat_tlv_enter(struct leat_tlv_cursor *cursor);

/*
 * Goes back to the level above: next then gives the item after the one that had been entered. What was left of that one is
 * skipped; if its length is indefinite, its end is searched for.
 *
 * Returns false at the top level, or on a fault: what is skipped has no end.
 *
 * [thread: owner | blocks: no | allocates: no | fails: false]
 */
LEAT_API bool leat_tlv_leave(struct leat_tlv_cursor *cursor);

/*
 * Gives the next item in document order: goes into the item given last, if it is constructed, and leaves levels at their end. To step
 * over what is inside an item, call leat_tlv_next instead once.
 *
 * @param item  untouched unless an item is given
 * Returns LEAT_TLV_ITEM; LEAT_TLV_END: no more in the buffer, and the cursor stands at the top level; LEAT_TLV_BAD: malformed, or too
 * deep, see leat_tlv_cursor_fault.
 *
 * [thread: owner | blocks: no | allocates: no | fails: LEAT_TLV_BAD]
 */
LEAT_API enum leat_tlv_next leat_tlv_walk(struct leat_tlv_cursor *cursor, struct leat_tlv_item *item);

/*
 * Says that the item given last is not to be entered by leat_tlv_walk.
 *
 * Returns false on a fault: its length is indefinite, and its end is not found.
 *
 * [thread: owner | blocks: no | allocates: no | fails: false]
 */
LEAT_API bool leat_tlv_over(struct leat_tlv_cursor *cursor);

enum leat_tlv_visit {
    LEAT_TLV_INTO, /* go on with what is inside the item, if it is constructed */
    LEAT_TLV_OVER, /* go on with what follows it */
    LEAT_TLV_STOP, /* the walk returns; the cursor stands as if leat_tlv_walk had given the item */
};
typedef enum leat_tlv_visit leat_tlv_visitor(void *context, const struct leat_tlv_item *item);

/*
 * The fastest walk: in document order, a visitor is called with each item. It is inlined together with a visitor that the compiler
 * sees (static inline), and what that does not look at is not computed.
 *
 * @param visit    called in the calling thread; must not touch the cursor; the item is valid until it returns
 * @param context  handed to it
 * Returns LEAT_TLV_ITEM: the visitor stopped it; LEAT_TLV_END: no more in the buffer; LEAT_TLV_BAD: malformed, or too deep, see
 * leat_tlv_cursor_fault; the items before were visited.
 *
 * [thread: owner | blocks: no | allocates: no | fails: LEAT_TLV_BAD]
 */
static inline enum leat_tlv_next leat_tlv_each(struct leat_tlv_cursor *cursor, leat_tlv_visitor *visit, void *context);

/*
 * Gives many items at once, as so many calls of leat_tlv_walk would, at a fraction of their cost.
 *
 * @param items  filled from the first on; those not filled are untouched
 * @param most   room in items, 1 or more
 * Returns how many were given, 1 to most; 0: no more in the buffer; -EBADMSG: malformed, see leat_tlv_cursor_fault. Items before a
 * fault are given first; the call after that gives the fault.
 *
 * [thread: owner | blocks: no | allocates: no | fails: EBADMSG]
 */
LEAT_API int64_t leat_tlv_items(struct leat_tlv_cursor *cursor, struct leat_tlv_item *items, int64_t most);

/*
 * Returns the dialect of the items of the level that the cursor stands on: whose names leat_tlv_type_name gives.
 *
 * [thread: owner | blocks: no | allocates: no | fails: never]
 */
LEAT_API const struct leat_tlv_dialect *leat_tlv_cursor_dialect(const struct leat_tlv_cursor *cursor);

/*
 * Returns the fault that stopped the cursor, its offset counted from base_offset; rule LEAT_TLV_OK: none so far. Valid as long as
 * the cursor.
 *
 * [thread: owner | blocks: no | allocates: no | fails: never]
 */
LEAT_API const struct leat_tlv_fault *leat_tlv_cursor_fault(const struct leat_tlv_cursor *cursor);

/*
 * Returns whether the cursor's invariants C1 to C3 and C6 hold.
 *
 * [thread: owner | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_tlv_cursor_valid(const struct leat_tlv_cursor *cursor);

/*
 * The framer: top-level items out of a byte stream. Restartable: it keeps what it knows of the frame that it stands in, so that
 * no byte is scanned twice, however small the pieces are in which the bytes come.
 *
 * F1  total_bytes is 0 until the frame's header has been read, -1 if its length is indefinite, else the frame's bytes, padding
 *     included, and then total_bytes <= limits.max_frame.
 * F2  scanned <= the bytes shown so far; it is 0 unless the length is indefinite, and then the first byte of an item, all items
 *     before which are whole and checked, and `open` of which, one inside the other, still want their end marks.
 * F3  fault.rule, once set, stays.
 */
struct leat_tlv_framer {
    const struct leat_tlv_dialect *dialect;
    struct leat_tlv_limits limits; /* every default filled in */
    struct leat_tlv_fault fault;
    int64_t total_bytes;
    int64_t least_bytes;        /* total_bytes without the padding */
    uint64_t state, next_state; /* of the row of frames, before this one and behind it */
    int64_t scanned;
    int64_t items; /* met so far inside the frame */
    int32_t open;
    bool deep;  /* checks what is inside, too */
    bool last;  /* nothing follows this frame */
    bool ended; /* nor the frame given last */
};

/*
 * The framer stands at the start of a stream.
 *
 * @param limits  copied; NULL: the defaults
 * Returns 0, or -EINVAL: a NULL, a negative number, or a depth beyond what there is room for.
 *
 * [thread: owner | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int leat_tlv_framer_init(struct leat_tlv_framer *framer, const struct leat_tlv_dialect *dialect,
                                  const struct leat_tlv_limits *limits);

/*
 * Says whether the stream's next frame, a top-level item with its padding, is whole.
 *
 * In a dialect whose items say by a flag that they nest (ber, der) a frame is whole only when all inside it is well formed, unless
 * limits.shallow; in the others its outer header alone is looked at. A frame longer than limits.max_frame is malformed as soon as
 * its header, or that of the item which makes it too long, can be read.
 *
 * @param data   where the frame begins; may be at another address in each call, with the same bytes and more
 * @param bytes  what is there of the stream from there on, 0 or more; at least as many as in the last call with this frame
 * @param n      WHOLE: set to the frame's bytes, and the framer stands at the next frame. NEED: set to the least number of bytes,
 *               from the frame's start, that could make it whole as far as can be known yet: more than `bytes`, and no more than
 *               limits.max_frame. MALFORMED: untouched.
 * Returns LEAT_TLV_WHOLE, LEAT_TLV_NEED, or LEAT_TLV_MALFORMED: see leat_tlv_framer_fault; every call says so from then on.
 *
 * [thread: owner | blocks: no | allocates: no | fails: LEAT_TLV_MALFORMED]
 */
LEAT_API enum leat_tlv_frame leat_tlv_frame(struct leat_tlv_framer *framer, const void *data, int64_t bytes, int64_t *n);

/* Where a frame stands. */
struct leat_tlv_place {
    int64_t offset; /* of its first byte, from the data shown */
    int64_t bytes;  /* padding included */
};

/*
 * Finds many frames at once, as so many calls of leat_tlv_frame would, each where the last one ended, at a fraction of their cost. It
 * stops after an end mark (leat_tlv_framer_ended).
 *
 * @param data    where the next frame begins, as for leat_tlv_frame
 * @param places  filled from the first on; those not filled are untouched
 * @param most    room in places, 0 or more
 * @param state   set to what came after the last place: WHOLE: nothing was looked at, there was no room or an end mark; NEED or
 *                MALFORMED as leat_tlv_frame says it of the frame that begins where the last one ended
 * @param n       NEED: set as leat_tlv_frame sets it, counted from that frame's start; else untouched
 * Returns how many places were filled, 0 to most.
 *
 * [thread: owner | blocks: no | allocates: no | fails: *state LEAT_TLV_MALFORMED]
 */
LEAT_API int64_t leat_tlv_frames(struct leat_tlv_framer *framer, const void *data, int64_t bytes, struct leat_tlv_place *places,
                                 int64_t most, enum leat_tlv_frame *state, int64_t *n);

/*
 * Returns whether the frame given last was the dialect's end mark (lldp 0, dhcp4 255) or its last item: what follows is not of the same
 * list, and the caller may drop it. Calling leat_tlv_frame once more takes it for the start of a new list.
 *
 * [thread: owner | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_tlv_framer_ended(const struct leat_tlv_framer *framer);

/*
 * The stream is at its end, and `bytes` bytes are left that were no whole frame when leat_tlv_frame saw all of them.
 *
 * Returns 0 if nothing is missing: bytes is 0; or the last frame given was an end mark; or the bytes are a frame that lacks only
 * padding, and then they are the last frame, for the caller to take. The framer stands at the start of a stream again.
 * Else -EBADMSG, and the fault says LEAT_TLV_TRUNCATED or LEAT_TLV_UNENDED (or what was wrong before).
 *
 * [thread: owner | blocks: no | allocates: no | fails: EBADMSG]
 */
LEAT_API int leat_tlv_framer_end(struct leat_tlv_framer *framer, int64_t bytes);

/*
 * After LEAT_TLV_MALFORMED: finds where a frame can begin again, and the framer stands there, without its fault.
 *
 * A frame can begin where the header breaks no rule, or may still be whole when more bytes come: the more a header of the dialect has that
 * can be wrong (marker, checksum, control), the surer. In a dialect without any of it nearly every byte will do.
 *
 * @param data   from the malformed frame's first byte on
 * @param bytes  of it, 1 or more
 * Returns how many bytes to leave out, 1 to `bytes`; all of them: nothing there can begin a frame.
 *
 * [thread: owner | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_tlv_framer_resume(struct leat_tlv_framer *framer, const void *data, int64_t bytes);

/*
 * After LEAT_TLV_NEED: returns the bytes of the frame that the framer stands in, when they are known, are not padded, and nothing inside
 * them is to be looked at: whoever gathers them elsewhere need not ask again, but says leat_tlv_framer_pass. Else 0.
 *
 * [thread: the framer's | blocks: no | allocates: no | fails: returns 0]
 */
LEAT_API int64_t leat_tlv_framer_known(const struct leat_tlv_framer *framer);

/*
 * The frame that leat_tlv_framer_known told of was gathered elsewhere; the framer stands at the next one.
 *
 * [thread: the framer's | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_tlv_framer_pass(struct leat_tlv_framer *framer);

/*
 * Returns the fault that stopped the framer, its offset counted from the first byte of the frame; rule LEAT_TLV_OK: none so far.
 * Valid as long as the framer.
 *
 * [thread: owner | blocks: no | allocates: no | fails: never]
 */
LEAT_API const struct leat_tlv_fault *leat_tlv_framer_fault(const struct leat_tlv_framer *framer);

/*
 * Returns whether the framer's invariants F1 and F2 hold.
 *
 * [thread: owner | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_tlv_framer_valid(const struct leat_tlv_framer *framer);

/*
 * The writer: items into any sink, nested lengths patched when their item ends.
 *
 * W1  0 <= position <= capacity; nothing at or beyond `capacity` is ever written.
 * W2  The open items lie one inside the other: open[d].start + open[d].header_bytes + open[d].fixed_bytes <= open[d+1].start, and
 *     the last one's contents end at position.
 */
struct leat_tlv_row {
    uint64_t state;   /* cumulative types: the one before */
    int64_t previous; /* where the item before begins, -1: none yet */
};

struct leat_tlv_open {
    const struct leat_tlv_dialect *dialect;
    const struct leat_tlv_dialect *inside;
    const struct leat_tlv_nest *nest; /* NULL: the flag said that it nests */
    int64_t start;                    /* of the item's first byte */
    int32_t header_bytes;             /* as reserved: BER lengths have one byte until the end */
    int32_t fixed_bytes;              /* of the value before the nested items, the number that counts them included */
    uint64_t type, kind;
    bool indefinite;
    struct leat_tlv_row row; /* of the items around it, this one left out */
};

struct leat_tlv_writer {
    const struct leat_tlv_dialect *dialect; /* of the top level */
    struct leat_sink sink;
    unsigned char *data; /* NULL: nothing is written, only the size is found */
    int64_t capacity;
    int64_t position;
    struct leat_tlv_row row; /* that the next item goes into */
    int32_t depth;           /* items open */
    struct leat_tlv_open open[LEAT_TLV_DEPTH_MAX];
};

/*
 * The writer stands at the start of max_bytes contiguous bytes, which it asked of the sink at once.
 *
 * @param sink       copied; nothing else may be reserved from it until leat_tlv_finish. NULL: nothing is written and max_bytes is no
 *                   matter; leat_tlv_finish then says how many bytes it would have been
 * @param max_bytes  of all that will be written, 1 or more
 * Returns 0; -EINVAL: a NULL, a dialect that is not ready or has no types (lines, slip), or max_bytes < 1; -EAGAIN: the sink has not so
 * much room now.
 *
 * [thread: owner | blocks: no | allocates: no | fails: EINVAL EAGAIN]
 */
LEAT_API int leat_tlv_writer_init(struct leat_tlv_writer *writer, const struct leat_tlv_dialect *dialect, const struct leat_sink *sink,
                                  int64_t max_bytes);

/*
 * One item more, its value given, in the shortest form that the dialect has, and padded with zeros; header bytes that are neither
 * type nor length (leat_tlv_put_header gives them) are zero, and so is a trailer: a CRC is put there by whoever wants it right.
 *
 * @param type   as struct leat_tlv_item has it; a BER type may say that the value is made of items already
 * @param value  copied; NULL only if length is 0
 * @param length bytes, 0 or more; marks (lldp 0, dhcp4 0 and 255) have none
 * Returns 0; -EINVAL: no such type in this dialect, or a value where none may be; -EMSGSIZE: longer than the length field can
 * say, or than the room left. On failure the writer is as it was.
 *
 * [thread: owner | blocks: no | allocates: no | fails: EINVAL EMSGSIZE]
 */
LEAT_API int leat_tlv_put(struct leat_tlv_writer *writer, uint64_t type, const void *value, int64_t length);

/*
 * As leat_tlv_put, for an item whose control field is given: protobuf's wire type, BGP's long length where a short one would
 * do, or LEAT_TLV_KIND_MARK.
 *
 * Returns also -EINVAL: no such kind, one that opens or closes, or one whose values have another length or end elsewhere (a varint).
 *
 * [thread: owner | blocks: no | allocates: no | fails: EINVAL EMSGSIZE]
 */
LEAT_API int leat_tlv_put_kind(struct leat_tlv_writer *writer, uint64_t type, uint64_t kind, const void *value, int64_t length);

/*
 * As leat_tlv_put_kind, for an item whose header says more than type and length: MQTT's, SCTP's and HTTP/2's flags, the version of a TLS
 * record, an ELF note's name.
 *
 * @param header        copied: what the header's fixed part is before type, length and all else that leat_tlv_put sets are set over it; then,
 *                      in a dialect with a label, the label, without its padding
 * @param header_bytes  the dialect's header_bytes, and the label's bytes
 * Returns also -EINVAL: the dialect has no fixed part, or another one, or the item is a mark of one byte; -EMSGSIZE: a label longer than
 * its field can say.
 *
 * [thread: owner | blocks: no | allocates: no | fails: EINVAL EMSGSIZE]
 */
LEAT_API int leat_tlv_put_header(struct leat_tlv_writer *writer, uint64_t type, uint64_t kind, const void *header, int64_t header_bytes,
                                 const void *value, int64_t length);

/*
 * An item is open: what is put from now on is inside it, until leat_tlv_end. The fixed part that its type may have is zero.
 *
 * @param type  as for leat_tlv_put; of a kind that holds items: BER with the bit 0x20, a netlink message or attribute (on which the
 *              nested flag is set), a radius packet
 * Returns 0; -EINVAL: no such type in this dialect, or it holds no items; -EMSGSIZE: no room left, or deeper than
 * LEAT_TLV_DEPTH_MAX. On failure the writer is as it was.
 *
 * [thread: owner | blocks: no | allocates: no | fails: EINVAL EMSGSIZE]
 */
LEAT_API int leat_tlv_begin(struct leat_tlv_writer *writer, uint64_t type);

/*
 * As leat_tlv_begin, for an item whose control field is given.
 *
 * [thread: owner | blocks: no | allocates: no | fails: EINVAL EMSGSIZE]
 */
LEAT_API int leat_tlv_begin_kind(struct leat_tlv_writer *writer, uint64_t type, uint64_t kind);

/*
 * As leat_tlv_begin_kind, for an item whose value begins with more than zeros, or with lengths of its own: a TLS hello, a BGP OPEN, a DHCPv6
 * message that is relayed again (whose first byte says how long the fixed part is).
 *
 * @param start        copied: the value up to the nested items, or to the number before them that says how long they are together, which
 *                     leat_tlv_end sets
 * @param start_bytes  of it, all that the dialect says stands there; NULL and 0: nothing does
 * Returns also -EINVAL: the items inside would stand elsewhere.
 *
 * [thread: owner | blocks: no | allocates: no | fails: EINVAL EMSGSIZE]
 */
LEAT_API int leat_tlv_begin_value(struct leat_tlv_writer *writer, uint64_t type, uint64_t kind, const void *start, int64_t start_bytes);

/*
 * As leat_tlv_begin, but the item gets the indefinite length of X.690, and end-of-contents when it ends: nothing moves on then.
 *
 * Returns also -EINVAL: the dialect has no such length (der).
 *
 * [thread: owner | blocks: no | allocates: no | fails: EINVAL EMSGSIZE]
 */
LEAT_API int leat_tlv_begin_indefinite(struct leat_tlv_writer *writer, uint64_t type);

/*
 * Writes into the header or the fixed part of the item begun last that is still open: netlink flags and an ifinfomsg, a radius
 * authenticator. Type and length are set again when the item ends, whatever was written over them.
 *
 * @param at    bytes from the item's first byte; at + bytes within header and fixed part
 * @param data  copied
 * Returns 0, or -EINVAL: no item is open, its header is not of fixed size, or the place is not within header and fixed part.
 *
 * [thread: owner | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int leat_tlv_fill(struct leat_tlv_writer *writer, int64_t at, const void *data, int64_t bytes);

/*
 * The item begun last that is still open ends here: its length is set, in the shortest form (BER: what is inside moves on by the
 * length bytes that turn out to be needed), and it is padded with zeros.
 *
 * Returns 0; -EINVAL: none is open; -EMSGSIZE: longer than the length field can say, or than the room left: the writer is as it was.
 *
 * [thread: owner | blocks: no | allocates: no | fails: EINVAL EMSGSIZE]
 */
LEAT_API int leat_tlv_end(struct leat_tlv_writer *writer);

/*
 * All that was written is committed to the sink, and the writer is done: only leat_tlv_writer_init may be called with it. A writer
 * that is dropped without this has committed nothing.
 *
 * Returns the bytes committed, 0 or more, or -EINVAL: an item is open; nothing is committed then, and the writer goes on.
 *
 * [thread: owner | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int64_t leat_tlv_finish(struct leat_tlv_writer *writer);

/*
 * Returns whether the writer's invariants W1 and W2 hold.
 *
 * [thread: owner | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_tlv_writer_valid(const struct leat_tlv_writer *writer);

#include <leat/tlv_inline.h>

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif
#endif
