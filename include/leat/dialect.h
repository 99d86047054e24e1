/* SPDX-License-Identifier: MIT */
/*
 * leat/dialect.h: what a TLV dialect is: data that says how an item's header reads, what its value holds, and what ends a row of items.
 * The engine (leat/tlv.h) is one for all of them.
 *
 * A header is read in this order; most dialects use two or three of the steps:
 *
 *     fixed part    header_bytes bytes, in which fields are numbers at fixed places: shift and mask of a word (LLDP's 7 and 9 bits);
 *     marker        constant bytes at its start (BGP's sixteen ff);
 *     checksum      of the fixed part (leat's own);
 *     control       a field that chooses a row of `kinds`, which says what comes behind (protobuf's wire type, BGP's long length);
 *     type          a field of the fixed part, or a number behind it; some of its values say that more bytes follow (`escapes`);
 *     length        likewise; it counts units, and maybe the header;
 *     label         a field that counts bytes which stand before the value (ELF's name);
 *
 * and then come value, trailer (a CRC) and padding. A type may be told as the distance from the one before (CoAP), or by the item before
 * (IKE): then it takes the items of a row in order to know it.
 */
#ifndef LEAT_DIALECT_H
#define LEAT_DIALECT_H

#include <leat/base.h>

#ifdef __cplusplus
/* A function and a struct may share a name (leat_tlv_dialect, as stat does); g++ -Wshadow need not say so. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#endif

enum leat_tlv_codec {
    LEAT_TLV_NONE,       /* no such field */
    LEAT_TLV_BIG,        /* a number of 1 to 8 bytes, most significant first */
    LEAT_TLV_LITTLE,     /* least significant first */
    LEAT_TLV_HOST,       /* as the machine has it */
    LEAT_TLV_BER_TAG,    /* identifier octets of X.690, up to 8, taken as one big-endian number */
    LEAT_TLV_BER_LENGTH, /* length octets of X.690 */
    LEAT_TLV_BASE128,    /* 7 bits a byte, most significant first, the high bit says that another byte follows */
    LEAT_TLV_LEB128,     /* 7 bits a byte, least significant first, likewise (protobuf, MQTT) */
};

/* A value of a field that stands for a number in the bytes behind: CoAP's 13 and 14, NDN's 253 to 255, WebSocket's 126 and 127. */
struct leat_tlv_escape {
    uint64_t value;
    int32_t bytes;  /* of the number that follows, in the field's byte order, 0 to 8; -1: the value is reserved, and malformed */
    uint64_t add;   /* the field is the number and this */
    uint64_t least; /* and must come to this at least: less has a shorter form */
};

/* A number: (the word of `bytes` bytes at `at`) >> shift & mask. The BER codecs stand by themselves. */
struct leat_tlv_field {
    enum leat_tlv_codec codec;
    int32_t at;    /* bytes from the item's first byte, within the fixed part; LEAT_TLV_BEHIND: behind what was read so far */
    int32_t bytes; /* of the word, 1 to 8; BASE128 and LEB128: the most that there may be, 1 to 10 */
    int32_t shift;
    uint64_t mask;
    const struct leat_tlv_escape *escapes;
    int32_t escape_count;
};
#define LEAT_TLV_BEHIND (-1)

enum leat_tlv_how {
    LEAT_TLV_BY_FIELD,  /* the dialect's length field says how long the value is */
    LEAT_TLV_BY_NUMBER, /* a length of `bytes` bytes follows, in the length field's byte order */
    LEAT_TLV_SIZED,     /* the value has `bytes` bytes, 0 to 16 */
    LEAT_TLV_SELF,      /* the value is a LEB128 number and ends where that ends */
    LEAT_TLV_OPENS,     /* it has no length: items follow, and at last one that closes */
    LEAT_TLV_CLOSES,    /* it has neither length nor value: it closes the item that was opened last */
};

/* What the control field says. A value that no row has is malformed. */
struct leat_tlv_kind {
    uint64_t value;
    enum leat_tlv_how how;
    int32_t bytes;
    int32_t extra;   /* bytes more in the header, behind the length (WebSocket's key); less than 0: as many bytes, which the length counts
                        (Diameter's vendor) */
    int32_t trailer; /* bytes more behind the value, beside trailer_bytes (leat's own checksum) */
};

/* A type that is not an ordinary item. */
struct leat_tlv_mark {
    uint64_t type;
    bool bare;       /* the type is all there is: no length, no value; else it must have the length 0 */
    bool end;        /* nothing follows at this level; else it is padding */
    bool first_byte; /* `type` is the item's first byte, which is all of it; so marks whose type field is not at the start */
    bool valued;     /* it may have a value, as any item */
};

/* Types whose values hold items. */
struct leat_tlv_nest {
    uint64_t first, last;                  /* these types ... */
    int32_t value_starts;                  /* ... whose value's first byte is this one; -1: whatever it is */
    int32_t fixed_bytes;                   /* of the value before the nested items; a value that is shorter holds none */
    const struct leat_tlv_dialect *inside; /* what the nested items are */
    const signed char *parts;   /* what stands behind the fixed part: n: so many bytes, -n: a big-endian length of n bytes and what that
                                   counts; 0 ends. A value that ends behind them holds no items. NULL: nothing */
    int32_t area_bytes;         /* then a big-endian number of so many bytes says how long the items are together; 0: to the value's end */
    struct leat_tlv_field type; /* of the first item inside, in the header or the fixed part; NONE: as inside->first says */
    struct leat_tlv_field unless; /* in the header; not 0: the value is no such thing (encrypted, say); NONE: it always is */
};

/* What people call a type. */
struct leat_tlv_name {
    uint64_t type;
    const char *name;
};

/* Which way of reading headers suits; each gives what the general one gives, sooner. */
enum leat_tlv_shape {
    LEAT_TLV_SHAPE_NONE,    /* not looked at yet: leat_tlv_dialect_ready finds out */
    LEAT_TLV_SHAPE_GENERAL, /* any dialect */
    LEAT_TLV_SHAPE_FIXED,   /* type and length in the fixed part, which is all of the header */
    LEAT_TLV_SHAPE_PLAIN,   /* and no marks, no padding */
    LEAT_TLV_SHAPE_BER,     /* tag and length of X.690, nested by the flag alone, without padding */
    LEAT_TLV_SHAPE_UNTYPED, /* no TLV at all: cut says where a frame ends */
};

/* Frames without type and length: the value is all that there is. */
enum leat_tlv_cut {
    LEAT_TLV_CUT_NOT,   /* TLV */
    LEAT_TLV_CUT_LINES, /* behind each byte cut_byte; what is left at the end is a frame, too */
    LEAT_TLV_CUT_MARKS, /* behind each byte cut_byte (SLIP's c0, COBS's 00); what is left at the end is malformed */
    LEAT_TLV_CUT_FIXED, /* every cut_bytes bytes */
    LEAT_TLV_CUT_RAW,   /* what there is, up to limits.max_frame */
};

struct leat_tlv_dialect {
    const char *name;
    const char *rule; /* the header rule in one line, for people */
    struct leat_tlv_field type, length;
    struct leat_tlv_field nested; /* not 0: the value holds items, of the dialect `inside` */
    const struct leat_tlv_dialect *inside;
    const struct leat_tlv_nest *nests; /* asked before the flag; the first that fits holds */
    int32_t nest_count;
    const struct leat_tlv_mark *marks;
    int32_t mark_count;
    int32_t header_bytes;    /* of the fixed part; 0: there is none */
    int32_t length_includes; /* bytes that the length counts beside the value; less than 0: bytes of the value that it does not count */
    int32_t length_unit;     /* bytes that the length counts by, up to 256; 0: 1 */
    int32_t align;           /* items are padded to a multiple of this, a power of 2 up to 256; neither length counts the padding */
    int32_t trailer_bytes;   /* behind the value, up to 256; the length counts them only if length_includes does */
    uint64_t length_max;     /* the dialect's own limit of the length field, 0: none but its width */
    bool shortest;           /* type and length must be in their shortest form */
    bool indefinite;         /* there are items without a length: BER's octet 0x80 on constructed ones, kinds that open */
    bool cumulative;         /* the type field is the distance from the type before */
    bool in_hex;             /* people read the types in hex */
    struct leat_tlv_field following; /* the type of the item behind; the item's own was told by the one before; 0: nothing follows */
    uint64_t first;                  /* and of the first where no nest says so */
    struct leat_tlv_field label;     /* bytes between the fixed part and the value, padded to `align` */
    struct leat_tlv_field control;
    const struct leat_tlv_kind *kinds;
    int32_t kind_count;
    struct leat_tlv_field checksum; /* two bytes that make the fixed part's 16-bit words, big endian, add up to ffff as RFC 1071 adds */
    int32_t marker_bytes;
    const unsigned char *marker; /* what each item begins with, inside the fixed part */
    const struct leat_tlv_name *names;
    int32_t name_count;
    enum leat_tlv_cut cut; /* not NOT: beside name and rule only cut_byte or cut_bytes counts */
    unsigned char cut_byte;
    int64_t cut_bytes;
    enum leat_tlv_shape shape; /* set by leat_tlv_dialect_ready; a dialect without one is refused */
};

/*
 * Finds a dialect by its name.
 *
 * @param name  as leat_tlv_dialect_at lists it; the plain family also without its byte order, which is then big endian (t16l32)
 * Returns a constant, or NULL: unknown.
 *
 * [thread: any | blocks: no | allocates: no | fails: NULL]
 */
LEAT_API const struct leat_tlv_dialect *leat_tlv_dialect(const char *name);

/*
 * Lists the dialects built in: index 0, 1, 2 ...
 *
 * Returns a constant, or NULL: past the last, or negative.
 *
 * [thread: any | blocks: no | allocates: no | fails: NULL]
 */
LEAT_API const struct leat_tlv_dialect *leat_tlv_dialect_at(int64_t index);

/*
 * Makes a dialect that a program has described ready for use: checks that it makes sense (every field within its bounds, an item has
 * one byte at least, nothing contradicts), and finds the fastest way to read it. What it points to must stay as long as it is used.
 * Dialects that it names as inside are not looked at: an item whose inside is not ready is not constructed.
 *
 * @param dialect  its member shape is set on success
 * @param why      set to what is wrong, a constant string, on failure; may be NULL
 * Returns 0, or -EINVAL.
 *
 * [thread: owner of the dialect | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int leat_tlv_dialect_ready(struct leat_tlv_dialect *dialect, const char **why);

/*
 * Returns the dialect's name, a string as constant as the dialect.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API const char *leat_tlv_dialect_name(const struct leat_tlv_dialect *dialect);

/*
 * Returns the dialect's header rule in one line for people, a string as constant as the dialect.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API const char *leat_tlv_dialect_rule(const struct leat_tlv_dialect *dialect);

/*
 * Returns what people call a type ("System Name"), a string as constant as the dialect; NULL: it has
 * no name here.
 *
 * [thread: any | blocks: no | allocates: no | fails: NULL]
 */
LEAT_API const char *leat_tlv_type_name(const struct leat_tlv_dialect *dialect, uint64_t type);

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif
#endif
