/* SPDX-License-Identifier: MIT */
/* inside.c: what an item's value holds, by the dialect's data. */
#include "tlv_private.h"

const struct leat_tlv_nest *leat_tlv_nest_of(const struct leat_tlv_dialect *dialect, uint64_t type, const unsigned char *item,
                                             int64_t length, const unsigned char *value)
{
    for (int32_t i = 0; i < dialect->nest_count; i++) {
        const struct leat_tlv_nest *nest = &dialect->nests[i];
        if (type < nest->first || type > nest->last || length < nest->fixed_bytes || nest->inside->shape == LEAT_TLV_SHAPE_NONE)
            continue;
        if (nest->unless.codec != LEAT_TLV_NONE && item != NULL && leat_tlv_field_read(&nest->unless, item) != 0)
            continue;
        if (nest->value_starts < 0 || (length > 0 && value[0] == nest->value_starts))
            return nest;
    }
    return NULL;
}

int64_t leat_tlv_parts_end(const struct leat_tlv_nest *nest, const unsigned char *value, int64_t length)
{
    int64_t at = nest->fixed_bytes;
    for (const signed char *part = nest->parts; part != NULL && *part != 0; part++) {
        int64_t bytes = *part;
        if (bytes < 0) {
            int32_t width = -*part;
            if (width > length - at)
                return -1;
            bytes = (int64_t)leat_tlv_word_read(LEAT_TLV_BIG, value + at, width);
            at += width;
        }
        if (bytes > length - at)
            return -1;
        at += bytes;
    }
    return at;
}

/* What a nest says of a value. False: it runs past its end. */
static bool nest_inside(const struct leat_tlv_nest *nest, const unsigned char *item, const unsigned char *value, int64_t length,
                        struct leat_tlv_inside *inside)
{
    int64_t at = leat_tlv_parts_end(nest, value, length), end = length;
    if (at < 0)
        return false;
    if (at == length && (nest->area_bytes > 0 || nest->parts != NULL))
        return true; /* the items are left out */
    if (nest->area_bytes > 0) {
        if (nest->area_bytes > length - at)
            return false;
        int64_t area = (int64_t)leat_tlv_word_read(LEAT_TLV_BIG, value + at, nest->area_bytes);
        at += nest->area_bytes;
        if (area > length - at)
            return false;
        end = at + area;
    }
    *inside = (struct leat_tlv_inside){nest->inside, at, end, nest->inside->first, nest};
    if (nest->type.codec != LEAT_TLV_NONE)
        inside->state = leat_tlv_field_read(&nest->type, item);
    return true;
}

enum leat_tlv_rule leat_tlv_inside(const struct leat_tlv_dialect *dialect, const struct leat_tlv_head *head, const unsigned char *item,
                                   struct leat_tlv_inside *inside)
{
    const unsigned char *value = item + head->header_bytes;
    bool bare = head->header_bytes < dialect->header_bytes; /* a mark that is its type alone: it has no fields, and holds nothing */
    const struct leat_tlv_nest *nest =
        dialect->nest_count > 0 && !bare ? leat_tlv_nest_of(dialect, head->type, item, head->length, value) : NULL;
    *inside = (struct leat_tlv_inside){0};
    if (nest != NULL)
        return nest_inside(nest, item, value, head->length, inside) ? LEAT_TLV_OK : LEAT_TLV_OVERRUN;
    if (head->nested && dialect->inside != NULL && dialect->inside->shape != LEAT_TLV_SHAPE_NONE)
        *inside = (struct leat_tlv_inside){dialect->inside, 0, head->length, dialect->inside->first, NULL};
    return LEAT_TLV_OK;
}
