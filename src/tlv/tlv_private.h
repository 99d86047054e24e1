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

/* What a header says. */
struct leat_tlv_head {
    int64_t header_bytes;
    int64_t length; /* of the value; -1: indefinite */
    uint64_t type;
    bool nested;   /* the dialect's flag is set */
    bool end_mark; /* of the dialect, or end-of-contents: whether it stands where it may is the caller's to know */
};

/*
 * Reads the header of the item at p, of which `there` bytes may be looked at.
 *
 * Returns 0, *head set; or, *head untouched, either the least bytes that the header has, as far as can be known (> there), or
 * minus the rule that it breaks.
 */
int64_t leat_tlv_head_read(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t there, struct leat_tlv_head *head);

/* Where the items nested in a value begin, and what they are. */
struct leat_tlv_inside {
    const struct leat_tlv_dialect *dialect; /* NULL: there are none */
    int32_t fixed_bytes;
};

/* Says what is inside an item. @param value  its first `length` bytes, at least one if there is one */
struct leat_tlv_inside leat_tlv_inside(const struct leat_tlv_dialect *dialect, const struct leat_tlv_head *head,
                                       const unsigned char *value);

/*
 * Returns the bytes that the header of such an item has; -EINVAL: no such type, or a mark with a value; -EMSGSIZE: too long for the
 * length field.
 */
int64_t leat_tlv_head_bytes(const struct leat_tlv_dialect *dialect, uint64_t type, int64_t length);

/* Sets type, length and the nested flag in a header whose size is leat_tlv_head_bytes; bytes between the fields are left alone. */
void leat_tlv_head_write(const struct leat_tlv_dialect *dialect, unsigned char *p, uint64_t type, bool nested, int64_t length);

/* Returns the bytes of header, value and padding. */
static inline int64_t leat_tlv_padded(const struct leat_tlv_dialect *dialect, int64_t bytes)
{
    int64_t over = bytes & (dialect->align - 1);
    return over == 0 ? bytes : bytes + dialect->align - over;
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

#endif
