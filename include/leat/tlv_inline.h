/* SPDX-License-Identifier: MIT */
/* leat/tlv_inline.h: the second half of leat/tlv.h, which includes it: the walk that is inlined with what is done at each item. */
#ifndef LEAT_TLV_INLINE_H
#define LEAT_TLV_INLINE_H

#include <leat/tlv.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LEAT_TLV_CALL static inline __attribute__((always_inline, unused))

/*
 * What the walk below keeps of a cursor in registers, as long as it stands inside a top-level item, on levels of definite length of a
 * dialect whose shape is BER, and more items than limits.max_items allows would not fit in there.
 */
struct leat_tlv_run {
    const unsigned char *at, *end;  /* the next item; where its level ends */
    struct leat_tlv_level *level;   /* of which only `end` is kept up to date, and of those between it and `floor` */
    struct leat_tlv_level *floor;   /* the outermost that may be climbed to */
    struct leat_tlv_level *deepest; /* on which items may stand */
};

/* The rare parts of leat_tlv_each; not to be called otherwise. */
LEAT_API bool leat_tlv_run_begin(struct leat_tlv_cursor *cursor, struct leat_tlv_run *run); /* depth > 0, nothing to be entered */
/* @param pending  bytes inside the item before run->at, which was given but not entered; -1: there is none */
LEAT_API void leat_tlv_run_end(struct leat_tlv_cursor *cursor, const struct leat_tlv_run *run, int64_t pending);

/*
 * The header of an item of X.690 in its common forms: one identifier octet, not 0; and one length octet, or two or three that are the
 * shortest. At least two bytes must be there.
 *
 * Returns the item's value, *length set, and all of the item ends at `end` or before; NULL: the general way is to be asked.
 */
LEAT_TLV_CALL const unsigned char *leat_tlv_ber_quick(const unsigned char *p, const unsigned char *end, int64_t *length)
{
    const unsigned tag = p[0];
    const unsigned char *value = p + 2;
    int64_t said = p[1];
    if (LEAT_UNLIKELY((tag & 0x1f) == 0x1f || tag == 0))
        return NULL;
    if (LEAT_UNLIKELY(said > 0x7f)) {
        if (said == 0x81 && end - p > 2 && p[2] > 0x7f)
            value = p + 3, said = p[2];
        else if (said == 0x82 && end - p > 3 && p[2] != 0)
            value = p + 4, said = p[2] << 8 | p[3];
        else
            return NULL;
    }
    *length = said;
    return LEAT_UNLIKELY(said > end - value) ? NULL : value;
}

/* The item whose header leat_tlv_ber_quick read. */
LEAT_TLV_CALL void leat_tlv_item_quick(struct leat_tlv_item *item, const unsigned char *p, const unsigned char *value, int64_t length,
                                       int64_t offset, int64_t depth)
{
    const unsigned tag = p[0]; /* the item might, for all the compiler knows, lie where p does */
    item->value = value;
    item->length = length;
    item->offset = offset;
    item->total_bytes = value - p + length;
    item->type = tag;
    item->kind = 0;
    item->header_bytes = (int32_t)(value - p);
    item->depth = (int16_t)depth;
    item->constructed = (tag & 0x20) != 0;
    item->end_mark = false;
}

enum leat_tlv_left { LEAT_TLV_LEFT_BEFORE, LEAT_TLV_LEFT_STOPPED, LEAT_TLV_LEFT_DEEP };

/*
 * Visits items as long as they are of the common forms. Returns why it ended: BEFORE an item that is not, or at the end of the
 * outermost level; STOPPED by the visitor, or at an item too DEEP to be entered: then that item was visited last.
 */
LEAT_TLV_CALL enum leat_tlv_left leat_tlv_run(struct leat_tlv_cursor *cursor, leat_tlv_visitor *visit, void *context)
{
    struct leat_tlv_run begun, left;
    if (cursor->depth == 0 || cursor->inside != NULL || !leat_tlv_run_begin(cursor, &begun))
        return LEAT_TLV_LEFT_BEFORE;
    struct leat_tlv_run r = begun; /* a copy whose address is never taken stays in registers */
    const unsigned char *const data = cursor->data;
    enum leat_tlv_left why = LEAT_TLV_LEFT_BEFORE;
    int64_t pending = -1;
    for (;;) {
        struct leat_tlv_item item;
        int64_t length = 0;
        while (r.at == r.end) {
            if (r.level == r.floor)
                goto left;
            r.end = data + (--r.level)->end;
        }
        const unsigned char *value = r.end - r.at < 2 ? NULL : leat_tlv_ber_quick(r.at, r.end, &length);
        if (LEAT_UNLIKELY(value == NULL))
            break;
        leat_tlv_item_quick(&item, r.at, value, length, r.at - data + cursor->base_offset, r.level - cursor->levels);
        enum leat_tlv_visit then = visit(context, &item);
        r.at = value;
        if (LEAT_UNLIKELY(then == LEAT_TLV_STOP || (item.constructed && then == LEAT_TLV_INTO && r.level == r.deepest))) {
            why = then == LEAT_TLV_STOP ? LEAT_TLV_LEFT_STOPPED : LEAT_TLV_LEFT_DEEP;
            pending = item.constructed ? length : -1;
            r.at += length;
            break;
        }
        if (!item.constructed || then == LEAT_TLV_OVER) {
            r.at += length;
            continue;
        }
        r.end = r.at + length;
        (++r.level)->end = r.end - data;
    }
left:
    left = r;
    leat_tlv_run_end(cursor, &left, pending);
    return why;
}

LEAT_TLV_CALL enum leat_tlv_next leat_tlv_each(struct leat_tlv_cursor *cursor, leat_tlv_visitor *visit, void *context)
{
    for (;;) {
        struct leat_tlv_item item;
        enum leat_tlv_left left = leat_tlv_run(cursor, visit, context);
        if (LEAT_UNLIKELY(left == LEAT_TLV_LEFT_STOPPED))
            return LEAT_TLV_ITEM;
        enum leat_tlv_next next = leat_tlv_walk(cursor, &item);
        if (next != LEAT_TLV_ITEM)
            return next;
        switch (visit(context, &item)) {
        case LEAT_TLV_STOP:
            return LEAT_TLV_ITEM;
        case LEAT_TLV_OVER:
            if (!leat_tlv_over(cursor))
                return LEAT_TLV_BAD;
            break;
        case LEAT_TLV_INTO:
            if (cursor->inside != NULL && !leat_tlv_enter(cursor))
                return LEAT_TLV_BAD;
            break;
        }
    }
}

#ifdef __cplusplus
}
#endif
#endif
