/* SPDX-License-Identifier: MIT */
/*
 * leat/schema.h: a struct and its TLV items from one list: decode, encode and print. No code generator.
 *
 *     #define SENSOR(F)                                       \
 *         F(1, U32, id, REQUIRED, ANY)                        \
 *         F(2, U64, time_ns, REQUIRED, ANY)                   \
 *         F(3, FIXED(16), key, REQUIRED, ANY)                 \
 *         F(4, I16, celsius, DEFAULT(20), RANGE(-90, 60))     \
 *         F(5, TEXT(31), place, OPTIONAL, RANGE(1, 31))       \
 *         F(6, NESTED(point), corner, REPEATED(0, 4), ANY)
 *     LEAT_SCHEMA(sensor, LEAT_SCHEMA_PLAIN(16, 32, BIG), SENSOR, SKIP)
 *
 * makes struct sensor and sensor_decode, sensor_encode, sensor_size, sensor_send, sensor_print, sensor_schema. A row is
 * F(type, kind, name, presence, rule):
 *
 *   kind         the member(s)                                  the value on the wire
 *   U8 .. U64    uint8_t .. uint64_t NAME                       as many bytes, in the order of the wire; no other width
 *   I8 .. I64    int8_t .. int64_t NAME                         two's complement, likewise
 *   BOOL         bool NAME                                      one byte, 0 or 1
 *   FIXED(n)     unsigned char NAME[n]                          n bytes
 *   BYTES(n)     int64_t NAME_bytes; unsigned char NAME[n]      0 to n bytes
 *   TEXT(n)      int64_t NAME_bytes; char NAME[n + 1]           0 to n bytes of UTF-8 without a zero; the member ends with one
 *   VIEW         struct leat_schema_view NAME                   any bytes, not copied: they stay in the buffer decoded
 *   TEXT_VIEW    struct leat_schema_view NAME                   UTF-8 without a zero, likewise
 *   NESTED(s)    struct s NAME                                  the items of the schema s, defined before, in its own wire
 *
 *   presence     more members                                   what is asked for
 *   REQUIRED                                                    exactly one
 *   OPTIONAL     bool has_NAME                                  none, and the member is all zeros, or one
 *   DEFAULT(v)                                                  numbers and BOOL: none means v, and v is not written
 *   REPEATED(a, b)  int64_t NAME_count; each member is [b]      a to b of them, in order; other items may stand between
 *
 *   rule         ANY, or RANGE(low, high): of the number, or of the length in bytes; both ends belong to it
 *
 * and the last argument says what becomes of items whose type is not in the list:
 *
 *   SKIP            they are passed over                        REFUSE     LEAT_SCHEMA_UNKNOWN
 *   CRITICAL(m, v)  refused if (type & m) == v, else skipped    COUNT      counted in int64_t unknown_count
 *   KEEP(n)         also kept as views in unknown[n], headers included, and written again at the end; more than n are refused
 *
 * The list may be written in any order, and so may the items; but the order of the list is the order that is written, and the order
 * that is read fast: such bytes are decoded by straight code without a loop or a table, checked first and stored then. All else takes
 * the table (leat_schema_decode), with the same result. Types are distinct, or it does not compile; at most 64 rows.
 *
 * Nothing here allocates or blocks. What is nested recurses as deep as the structs nest, which the compiler knows, and no deeper,
 * whatever the bytes. The bytes decoded must not change meanwhile (memory that a hostile process shares must be copied first).
 */
#ifndef LEAT_SCHEMA_H
#define LEAT_SCHEMA_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LEAT_SCHEMA_FIELDS_MAX 64

enum leat_schema_rule {
    LEAT_SCHEMA_OK,
    LEAT_SCHEMA_TRUNCATED,    /* the bytes end inside the item */
    LEAT_SCHEMA_LENGTH_SMALL, /* a length that counts the header is smaller than the header */
    LEAT_SCHEMA_LENGTH_LIMIT, /* longer than the wire's own limit */
    LEAT_SCHEMA_WIDTH,        /* not as many bytes as the field has */
    LEAT_SCHEMA_LONG,         /* more bytes than the member has room for */
    LEAT_SCHEMA_RANGE,        /* number or length outside of its range */
    LEAT_SCHEMA_BOOLEAN,      /* neither 0 nor 1 */
    LEAT_SCHEMA_UTF8,         /* not UTF-8, or a zero in it */
    LEAT_SCHEMA_TWICE,        /* a field that is not repeated, again */
    LEAT_SCHEMA_MANY,         /* one more than a repeated field may have */
    LEAT_SCHEMA_FEW,          /* fewer than a repeated field must have */
    LEAT_SCHEMA_MISSING,      /* a required field is not there */
    LEAT_SCHEMA_UNKNOWN,      /* a type that is not in the list, and may not be passed over */
    LEAT_SCHEMA_UNKNOWN_MANY, /* more unknown items than can be kept */
    LEAT_SCHEMA_ARGUMENT,     /* no bytes: NULL or a negative number */
};

/* The first rule broken. */
struct leat_schema_fault {
    int64_t offset; /* of the faulty item's first byte; MISSING, FEW: of the end of what should hold it */
    enum leat_schema_rule rule;
    const char *field; /* its name in the innermost struct, a constant string; NULL: of none */
};

struct leat_schema_view {
    const unsigned char *data;
    int64_t bytes;
};

/* A wire: the dialects of tlv.h whose header is of fixed size and has no marks. Numbers in the header and in values have one order. */
enum leat_schema_order { LEAT_SCHEMA_BIG, LEAT_SCHEMA_LITTLE };
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LEAT_SCHEMA_HOST LEAT_SCHEMA_LITTLE
#else
#define LEAT_SCHEMA_HOST LEAT_SCHEMA_BIG
#endif

/* (the word of `bytes` bytes, 1 to 4, at `at`) >> shift & mask */
struct leat_schema_number {
    int32_t at, bytes, shift;
    uint32_t mask;
};

struct leat_schema_wire {
    enum leat_schema_order order;
    struct leat_schema_number type, length;
    struct leat_schema_number nested; /* set to 1 where NESTED items are written, not looked at in reading; mask 0: there is none */
    int32_t header_bytes;
    int32_t length_includes; /* bytes of header that the length counts beside the value */
    int32_t align;           /* items are padded with zeros to a multiple of this (a power of two), which no length of theirs counts */
    uint32_t length_max;     /* the most that the length field may say */
};

/* t<T>l<L>: type of T bits, length of L bits (8, 16, 24 or 32) that counts the value; order BIG, LITTLE or HOST. */
#define LEAT_SCHEMA_PLAIN(T, L, order)                                                                                                 \
    {                                                                                                                                  \
        LEAT_SCHEMA_##order, {0, (T) / 8, 0, UINT32_MAX >> (32 - (T))}, {(T) / 8, (L) / 8, 0, UINT32_MAX >> (32 - (L))}, {0, 1, 0, 0}, \
            ((T) + (L)) / 8, 0, 1, UINT32_MAX >> (32 - (L))                                                                            \
    }
/* Attributes of netlink, TLVs of lldp, attributes of radius. */
#define LEAT_SCHEMA_NLATTR                                                                     \
    {                                                                                          \
        LEAT_SCHEMA_HOST, {2, 2, 0, 0x3fff}, {0, 2, 0, 0xffff}, {2, 2, 15, 1}, 4, 4, 4, 0xffff \
    }
#define LEAT_SCHEMA_LLDP                                                                 \
    {                                                                                    \
        LEAT_SCHEMA_BIG, {0, 2, 9, 0x7f}, {0, 2, 0, 0x1ff}, {0, 1, 0, 0}, 2, 0, 1, 0x1ff \
    }
#define LEAT_SCHEMA_RADIUS                                                             \
    {                                                                                  \
        LEAT_SCHEMA_BIG, {0, 1, 0, 0xff}, {1, 1, 0, 0xff}, {0, 1, 0, 0}, 2, 2, 1, 0xff \
    }

/* What the list is made into. */
enum leat_schema_kind {
    LEAT_SCHEMA_UINT, /* up to FIXED: of one width */
    LEAT_SCHEMA_INT,
    LEAT_SCHEMA_BOOL,
    LEAT_SCHEMA_FIXED,
    LEAT_SCHEMA_STRUCT,
    LEAT_SCHEMA_BYTES,
    LEAT_SCHEMA_TEXT,
    LEAT_SCHEMA_VIEW,
    LEAT_SCHEMA_TEXT_VIEW,
};
enum leat_schema_presence { LEAT_SCHEMA_REQUIRED, LEAT_SCHEMA_OPTIONAL, LEAT_SCHEMA_DEFAULT, LEAT_SCHEMA_REPEATED };
enum leat_schema_policy { LEAT_SCHEMA_SKIP, LEAT_SCHEMA_REFUSE, LEAT_SCHEMA_CRITICAL, LEAT_SCHEMA_COUNT, LEAT_SCHEMA_KEEP };

struct leat_schema;

/* What the macro makes for one struct, for the structs that it is nested in. */
struct leat_schema_calls {
    const struct leat_schema *(*schema)(void);
    bool (*fits)(const unsigned char *data, int64_t bytes);               /* in the order of the list, all rules kept, nothing unknown */
    void (*take)(const unsigned char *data, int64_t bytes, void *object); /* what fits */
    int64_t (*size)(const void *object);
    unsigned char *(*put)(const void *object, unsigned char *data); /* what has a size */
};

struct leat_schema_field {
    const char *name;
    uint32_t type;
    enum leat_schema_kind kind;
    const struct leat_schema_calls *nested; /* of a STRUCT, else NULL */
    enum leat_schema_presence presence;
    int32_t least, most; /* items */
    uint64_t fallback;   /* of a DEFAULT; of a negative one the 64 bits */
    int32_t at;          /* of the member, from the struct's first byte */
    int32_t stride;      /* bytes of it, or of one of its elements */
    int32_t mark_at;     /* of has_NAME or NAME_count */
    int32_t length_at;   /* of NAME_bytes */
    bool ranged;
    uint64_t low, high; /* as fallback */
};

struct leat_schema_unknown {
    enum leat_schema_policy policy;
    uint32_t mask, value; /* CRITICAL */
    int32_t most;         /* KEEP */
    int32_t count_at, views_at;
};

struct leat_schema {
    const char *name;
    const struct leat_schema_wire *wire;
    const struct leat_schema_field *fields;
    int32_t field_count;
    struct leat_schema_unknown unknown;
};

/*
 * LEAT_SCHEMA(name, wire, LIST, policy) makes, beside struct name, for name being `sensor`:
 *
 * int sensor_decode(struct sensor *out, const void *data, int64_t bytes, struct leat_schema_fault *fault)
 *   Reads the items data[0 .. bytes), all of them: a record has no frame of its own. `data` is borrowed for as long as views in *out are
 *   used. Returns 0, or -EBADMSG: *out is untouched, and *fault (NULL: not wanted) says why.
 *
 * int64_t sensor_size(const struct sensor *in)
 *   Returns the bytes that sensor_encode will write; -EINVAL: *in breaks a rule of its own; -EMSGSIZE: a value is longer than the wire's
 *   length field can say.
 *
 * int64_t sensor_encode(const struct sensor *in, void *data, int64_t room)
 *   Writes the items in the order of the list. Returns how many bytes; or, data untouched, what sensor_size fails with, or -EMSGSIZE: more
 *   than `room` bytes.
 *
 * int64_t sensor_send(const struct sensor *in, const struct leat_sink *sink)
 *   The same into room that is asked of the sink, and committed. Returns how many bytes; what sensor_size fails with; or -EAGAIN: the sink
 *   has not so much room now.
 *
 * int64_t sensor_print(const struct sensor *in, char *text, int64_t room)
 *   As leat_schema_print.
 *
 * [thread: owner of *in and *out | blocks: no | allocates: no | fails: EBADMSG EINVAL EMSGSIZE EAGAIN, as said]
 */

/*
 * Decodes by the table: what sensor_decode does where the bytes are not in the order of the list, or not well formed.
 *
 * @param out    the struct of the schema; untouched on failure
 * @param fault  set on failure; NULL: not wanted
 * Returns 0, or -EBADMSG.
 *
 * [thread: owner | blocks: no | allocates: no | fails: EBADMSG]
 */
LEAT_API int leat_schema_decode(const struct leat_schema *schema, void *out, const void *data, int64_t bytes,
                                struct leat_schema_fault *fault);

/*
 * Prints in one line: sensor{id=7 key=00ff.. place="hall" corner=[point{x=1 y=2}]}. Optional fields that are absent are left out;
 * bytes are hexadecimal; in text, what is not printable ASCII, and quotes and backslashes, as \xHH.
 *
 * @param text  gets what there is room for, and always a terminating zero; NULL only if room is 0
 * @param room  bytes, 0 or more
 * Returns the bytes of the whole line, without the zero: it was cut if that is room or more. A count or length in *object that is out of
 * bounds is taken as the nearest bound.
 *
 * [thread: owner | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_schema_print(const struct leat_schema *schema, const void *object, char *text, int64_t room);

/*
 * Returns whether the list makes sense, also in what the compiler does not see: types within the wire's type field, defaults of numbers
 * only and within their range, ranges not empty, least <= most.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_schema_valid(const struct leat_schema *schema);

/*
 * Says what it means that a rule was broken: "outside of its range".
 *
 * @param rule  any value; those unknown are said to be so
 * Returns a constant string in lower case, without a full stop.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API const char *leat_schema_rule_text(enum leat_schema_rule rule);

/*
 * Returns whether the bytes are UTF-8 of RFC 3629 (shortest forms, no surrogates, up to U+10FFFF) without a zero.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_schema_utf8(const unsigned char *text, int64_t bytes);

#ifdef __cplusplus
}
#endif

#include <leat/schema_inline.h>

#endif
