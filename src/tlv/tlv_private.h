/* SPDX-License-Identifier: MIT */
/*
 * The inside of tlv: one item's header, read and written by the dialect's data (head.c), and the search through what lies inside
 * items that say by a flag that they nest (scan.c). Cursor, framer and writer are made of these.
 */
#ifndef LEAT_TLV_PRIVATE_H
#define LEAT_TLV_PRIVATE_H

#include <leat/tlv.h>

/* No length is believed beyond this, so that header, padding and position can be added to it. */
#define LEAT_TLV_LENGTH_CAP (INT64_MAX / 4)
#define LEAT_TLV_EOC_BYTES 2 /* end-of-contents of X.690 8.1.5: 00 00 */

/* The compiler knows nothing any more of what the variable holds. */
#define LEAT_TLV_OPAQUE(variable) __asm__ volatile("" : "+r"(variable))

#define LEAT_TLV_SEVEN_BITS_MOST 10 /* bytes of 7 bits in a number of 64 */

/* What a header says. */
struct leat_tlv_head {
    int64_t header_bytes;
    int64_t length; /* of the value; -1: indefinite */
    uint64_t type;
    uint64_t kind;  /* the control field */
    uint64_t state; /* of the row, behind this item */
    int32_t trailer_bytes;
    bool nested;   /* the dialect's flag is set, or it opens */
    bool end_mark; /* of the dialect, or end-of-contents: whether it stands where it may is the caller's to know */
    bool last;     /* an item, behind which nothing follows in its row */
};

/*
 * Reads the header of the item at p, of which `there` bytes may be looked at.
 *
 * @param state  of the row before this item
 * Returns 0, *head set; or, *head untouched, either the least bytes that the header has, as far as can be known (> there), or
 * minus the rule that it breaks.
 */
int64_t leat_tlv_head_read(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t there, uint64_t state,
                           struct leat_tlv_head *head);

/* head.c's way for headers of several parts (parts.c). */
int64_t leat_tlv_parts_read(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t there, uint64_t state,
                            struct leat_tlv_head *head);

/*
 * Frames without type and length (untyped.c): where the first one of these bytes ends.
 *
 * @param from   bytes known to hold no end
 * @param limit  of a frame's bytes
 * Returns its bytes; 0: its end is not there yet.
 */
int64_t leat_tlv_untyped_end(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t from, int64_t there, int64_t limit);

/* The least bytes that a frame has whose end is not there yet. */
static inline int64_t leat_tlv_untyped_least(const struct leat_tlv_dialect *dialect, int64_t there)
{
    return dialect->cut == LEAT_TLV_CUT_FIXED ? dialect->cut_bytes : there + 1;
}

/* As leat_tlv_head_read. */
int64_t leat_tlv_untyped_read(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t there, int64_t limit,
                              struct leat_tlv_head *head);

/* A header to be written. */
struct leat_tlv_want {
    uint64_t type;
    int64_t length; /* of the value */
    uint64_t kind;  /* the control field; LEAT_TLV_KIND_ANY: the first that can say the length */
    uint64_t state; /* of the row before it */
    bool nested;
    const unsigned char *label; /* what stands between the fixed part and the value, where the dialect has that */
    int64_t label_bytes;
};

/* Likewise. @param p  zeros; NULL: only the size is asked for */
int64_t leat_tlv_parts_write(const struct leat_tlv_dialect *dialect, const struct leat_tlv_want *want, unsigned char *p);

/* The kind that will be written; of no meaning in dialects without a control field. */
uint64_t leat_tlv_kind_for(const struct leat_tlv_dialect *dialect, const struct leat_tlv_want *want);

/* Words and fields of the fixed part. */
uint64_t leat_tlv_word_read(enum leat_tlv_codec codec, const unsigned char *p, int32_t bytes);
void leat_tlv_word_write(enum leat_tlv_codec codec, unsigned char *p, int32_t bytes, uint64_t word);

static inline uint64_t leat_tlv_field_read(const struct leat_tlv_field *field, const unsigned char *item)
{
    return leat_tlv_word_read(field->codec, item + field->at, field->bytes) >> field->shift & field->mask;
}

static inline void leat_tlv_field_write(const struct leat_tlv_field *field, unsigned char *item, uint64_t value)
{
    uint64_t word = leat_tlv_word_read(field->codec, item + field->at, field->bytes) & ~(field->mask << field->shift);
    leat_tlv_word_write(field->codec, item + field->at, field->bytes, word | value << field->shift);
}

/* What follows such a value of a field, or NULL. */
static inline const struct leat_tlv_escape *leat_tlv_escape_of(const struct leat_tlv_field *field, uint64_t value)
{
    for (int32_t i = 0; i < field->escape_count; i++) {
        if (field->escapes[i].value == value)
            return &field->escapes[i];
    }
    return NULL;
}

/* The mark that such a type is, or NULL. @param first_byte  which kind of mark */
static inline const struct leat_tlv_mark *leat_tlv_mark_of(const struct leat_tlv_dialect *dialect, uint64_t type, bool first_byte)
{
    for (int32_t i = 0; i < dialect->mark_count; i++) {
        if (dialect->marks[i].type == type && dialect->marks[i].first_byte == first_byte)
            return &dialect->marks[i];
    }
    return NULL;
}

/* The value's bytes that a length field says, or minus the rule broken. */
static inline int64_t leat_tlv_length_of(const struct leat_tlv_dialect *dialect, uint64_t said)
{
    if ((dialect->length_max != 0 && said > dialect->length_max) || said > LEAT_TLV_LENGTH_CAP / 256)
        return -LEAT_TLV_LENGTH_LIMIT;
    int64_t length = (int64_t)said * (dialect->length_unit > 1 ? dialect->length_unit : 1) - dialect->length_includes;
    return length < 0 ? -LEAT_TLV_LENGTH_SMALL : length;
}

/* A number of a fixed header, made ready to be read in one go: `word` of 8 bytes at `at`, turned if wanted, >> shift & mask. */
struct leat_tlv_ready {
    int32_t at, shift;
    uint64_t mask;
    bool turn;
};

struct leat_tlv_ready leat_tlv_field_ready(const struct leat_tlv_field *field);

/* Reads the number; 8 bytes must be there at its place. */
static inline uint64_t leat_tlv_ready_read(const struct leat_tlv_ready *ready, const unsigned char *p)
{
    uint64_t word;
    memcpy(&word, p + ready->at, sizeof word);
    return (ready->turn ? __builtin_bswap64(word) : word) >> ready->shift & ready->mask;
}

/* Where the items nested in a value stand, and what they are. */
struct leat_tlv_inside {
    const struct leat_tlv_dialect *dialect; /* NULL: there are none */
    int64_t start, end;                     /* from the value's first byte; end is of no meaning if the length is indefinite */
    uint64_t state;                         /* of their row */
    const struct leat_tlv_nest *nest;       /* which said so, NULL: the flag */
};

/*
 * Says what is inside an item.
 *
 * @param item  whole, if its length is definite
 * Returns LEAT_TLV_OK, *inside set; or the rule that the value breaks.
 */
enum leat_tlv_rule leat_tlv_inside(const struct leat_tlv_dialect *dialect, const struct leat_tlv_head *head, const unsigned char *item,
                                   struct leat_tlv_inside *inside);

/* Steps over the parts behind the fixed part. Returns where they end, or -1: past the value's end. */
int64_t leat_tlv_parts_end(const struct leat_tlv_nest *nest, const unsigned char *value, int64_t length);

/* What is inside such a type. `item` is its header; NULL: it is not written yet, and no field of it says `unless`. */
const struct leat_tlv_nest *leat_tlv_nest_of(const struct leat_tlv_dialect *dialect, uint64_t type, const unsigned char *item,
                                             int64_t length, const unsigned char *value);

/*
 * Returns the bytes that such a header has; -EINVAL: no such type, or a mark with a value; -EMSGSIZE: too long for the length field.
 */
int64_t leat_tlv_head_bytes(const struct leat_tlv_dialect *dialect, const struct leat_tlv_want *want);

/* Writes a header whose size is leat_tlv_head_bytes; bytes between the fields are left alone. */
void leat_tlv_head_write(const struct leat_tlv_dialect *dialect, const struct leat_tlv_want *want, unsigned char *p);

/* The sum of the fixed part's 16-bit words, as RFC 1071 adds: ffff if its checksum is right. A last odd byte counts as the upper half. */
static inline uint32_t leat_tlv_sum(const unsigned char *p, int32_t bytes)
{
    uint32_t sum = 0;
    for (int32_t i = 0; i < bytes; i++)
        sum += (i & 1) == 0 ? (uint32_t)p[i] << 8 : p[i];
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

/* The bytes more that a kind's header has, and those of them that the length counts. */
static inline int32_t leat_tlv_extra(const struct leat_tlv_kind *kind)
{
    return kind->extra < 0 ? -kind->extra : kind->extra;
}

static inline int32_t leat_tlv_extra_counted(const struct leat_tlv_kind *kind)
{
    return kind->extra < 0 ? -kind->extra : 0;
}

/* The bytes of header, value and trailer. */
static inline int64_t leat_tlv_whole(const struct leat_tlv_head *head)
{
    return head->header_bytes + head->length + head->trailer_bytes;
}

/* The trailer of an item of this kind, written or read. */
int32_t leat_tlv_trailer_of(const struct leat_tlv_dialect *dialect, uint64_t kind);

/* Returns the bytes with padding, of header, value and trailer. */
static inline int64_t leat_tlv_padded(const struct leat_tlv_dialect *dialect, int64_t bytes)
{
    int64_t over = bytes & (dialect->align - 1);
    return over == 0 ? bytes : bytes + dialect->align - over;
}

/* The least bytes that close an item of indefinite length. */
static inline int64_t leat_tlv_close_bytes(const struct leat_tlv_dialect *dialect)
{
    return dialect->type.codec == LEAT_TLV_BER_TAG ? LEAT_TLV_EOC_BYTES : 1;
}

/* Says of a level, whose other members are right and of which no item waits to be stepped over, whether it is quick. */
static inline void leat_tlv_quicken(struct leat_tlv_level *level)
{
    level->quick = level->dialect->shape == LEAT_TLV_SHAPE_BER && !level->indefinite && !level->ended;
}

/* The caller's limits with every default filled in. False: they make no sense, *out is untouched. */
bool leat_tlv_limits_fill(struct leat_tlv_limits *out, const struct leat_tlv_limits *limits);

/*
 * Checks everything inside a constructed item of definite length that is there as a whole: data[start .. end).
 *
 * @param depth   of the items directly inside; <= limits->max_depth
 * @param items   met so far in the top-level item; counted on
 * @param offset  of the faulty item in data, set only if there is one
 * Returns the rule broken, or LEAT_TLV_OK. Takes time in proportion to the bytes, and constant memory.
 */
enum leat_tlv_rule leat_tlv_scan_inside(const struct leat_tlv_dialect *dialect, const struct leat_tlv_limits *limits,
                                        const unsigned char *data, int64_t start, int64_t end, int32_t depth, int64_t *items,
                                        int64_t *offset);

/* The search for the end of an item of indefinite length. */
struct leat_tlv_search {
    int64_t position; /* of the next item in data */
    int64_t items;    /* met in the top-level item */
    int32_t open;     /* indefinite lengths whose end is still to be found, one inside the other */
    int32_t depth;    /* of the items in the outermost of them */
};

/*
 * Goes on with a search, in the bytes data[0 .. there).
 *
 * @param deep  also checks what is inside the definite items met
 * @param n     NEED: the least that `there` must be for the end to be there, as far as can be known (> there)
 * Returns WHOLE: search->position is past the end; NEED: search->position is the first item not wholly there; MALFORMED: *fault
 * is set.
 */
enum leat_tlv_frame leat_tlv_search(const struct leat_tlv_dialect *dialect, const struct leat_tlv_limits *limits, bool deep,
                                    struct leat_tlv_search *search, const unsigned char *data, int64_t there, int64_t *n,
                                    struct leat_tlv_fault *fault);

/* Steps over the item given last, whose length is indefinite and which was not entered. False: a fault. */
bool leat_tlv_skip_indefinite(struct leat_tlv_cursor *cursor);

#endif
