/* SPDX-License-Identifier: MIT */
/*
 * scan.c: through what is inside items that say by a flag that they nest, in one pass and without recursion.
 *
 * Inside a definite item all bytes are there, so that pass keeps its stack in local arrays and is never interrupted. Around it may
 * lie items of indefinite length, which come in pieces; of these only the number still open must be known, for their one way to end
 * is an end mark, and whatever lies between is stepped over by its own length.
 */
#include "tlv_private.h"

#define LEVELS LEAT_TLV_DEPTH_MAX

/* One pass inside a definite item. Level d holds the items of depth d. */
struct pass {
    const struct leat_tlv_dialect *dialect;
    const struct leat_tlv_limits *limits;
    const unsigned char *data;
    uint64_t indefinite;    /* bit d: level d ends with an end mark */
    int64_t ends[LEVELS];   /* of levels left behind, where they end; of an indefinite one, where the one around it ends */
    int64_t starts[LEVELS]; /* of indefinite levels, where the item begins that they are the inside of */
};

/* An item whose header is not of the short form. Returns as leat_tlv_head_read, and checks an end mark's place. */
static LEAT_COLD enum leat_tlv_rule head_slow(const struct pass *pass, int64_t position, int64_t end, int32_t depth,
                                              struct leat_tlv_head *head)
{
    int64_t r = leat_tlv_head_read(pass->dialect, pass->data + position, end - position, 0, head);
    if (r != 0)
        return r > 0 ? LEAT_TLV_OVERRUN : (enum leat_tlv_rule) - r;
    if (head->end_mark && (pass->indefinite >> depth & 1) == 0)
        return LEAT_TLV_END_MARK;
    return LEAT_TLV_OK;
}

/* Where the outermost of the indefinite items begins whose end is missing at this depth. */
static LEAT_COLD int64_t unended_at(const struct pass *pass, int32_t depth)
{
    while ((pass->indefinite >> (depth - 1) & 1) != 0)
        depth--;
    return pass->starts[depth];
}

enum leat_tlv_rule leat_tlv_scan_inside(const struct leat_tlv_dialect *dialect, const struct leat_tlv_limits *limits,
                                        const unsigned char *data, int64_t start, int64_t end, int32_t depth, int64_t *items,
                                        int64_t *offset)
{
    struct pass pass;
    pass.dialect = dialect, pass.limits = limits, pass.data = data, pass.indefinite = 0;
    enum leat_tlv_rule rule;
    const int32_t first = depth, deepest = limits->max_depth;
    const int64_t most = limits->max_items;
    int64_t position = start, met = *items;
    for (;;) {
        while (position == end) {
            if (LEAT_UNLIKELY((pass.indefinite >> depth & 1) != 0)) {
                *offset = unended_at(&pass, depth);
                return LEAT_TLV_UNENDED;
            }
            if (depth == first) {
                *items = met;
                return LEAT_TLV_OK;
            }
            end = pass.ends[--depth];
        }
        rule = LEAT_TLV_ITEMS;
        if (LEAT_UNLIKELY(met++ >= most))
            break;
        const unsigned char *p = data + position;
        struct leat_tlv_head head;
        bool nested;
        int64_t length = 0, left = end - position, header = 0;
        const unsigned char *value = left < 2 ? NULL : leat_tlv_ber_quick(p, data + end, &length);
        if (LEAT_LIKELY(value != NULL)) {
            header = value - p;
            nested = (p[0] & 0x20) != 0;
        } else {
            rule = head_slow(&pass, position, end, depth, &head);
            if (LEAT_UNLIKELY(rule != LEAT_TLV_OK))
                break;
            header = head.header_bytes, length = head.length, nested = head.nested;
            rule = LEAT_TLV_OVERRUN;
            if (LEAT_UNLIKELY(length > left - header))
                break;
            if (head.end_mark) {
                position += header;
                pass.indefinite &= ~((uint64_t)1 << depth--);
                continue;
            }
        }
        position += header;
        if (!nested || length == 0) {
            position += length;
            continue;
        }
        rule = LEAT_TLV_DEPTH;
        if (LEAT_UNLIKELY(depth == deepest))
            break;
        pass.ends[depth++] = end;
        if (LEAT_UNLIKELY(length < 0)) {
            pass.indefinite |= (uint64_t)1 << depth;
            pass.starts[depth] = position - header;
        } else {
            end = position + length;
        }
    }
    *offset = position;
    return rule;
}

/* One item of a search, which is wholly there if its length is definite. */
static enum leat_tlv_rule search_item(const struct leat_tlv_dialect *dialect, const struct leat_tlv_limits *limits, bool deep,
                                      struct leat_tlv_search *search, const unsigned char *data, const struct leat_tlv_head *head,
                                      int64_t *offset)
{
    int64_t value = search->position + head->header_bytes;
    int32_t inner = search->depth + search->open; /* the depth of what is inside this item */
    *offset = search->position;
    if (search->items >= limits->max_items)
        return LEAT_TLV_ITEMS;
    search->items++;
    if (head->end_mark) {
        search->open--;
        search->position = value;
        return LEAT_TLV_OK;
    }
    if (head->length < 0 || (deep && head->nested && head->length > 0)) {
        if (inner > limits->max_depth) {
            *offset = value;
            return LEAT_TLV_DEPTH;
        }
    }
    if (head->length < 0) {
        search->open++;
        search->position = value;
        return LEAT_TLV_OK;
    }
    search->position = value + head->length;
    if (!deep || !head->nested || head->length == 0)
        return LEAT_TLV_OK;
    return leat_tlv_scan_inside(dialect, limits, data, value, search->position, inner, &search->items, offset);
}

enum leat_tlv_frame leat_tlv_search(const struct leat_tlv_dialect *dialect, const struct leat_tlv_limits *limits, bool deep,
                                    struct leat_tlv_search *search, const unsigned char *data, int64_t there, int64_t *n,
                                    struct leat_tlv_fault *fault)
{
    while (search->open > 0) {
        struct leat_tlv_head head;
        const unsigned char *p = data + search->position;
        int64_t left = there - search->position, ends = (int64_t)search->open * leat_tlv_close_bytes(dialect);
        int64_t r = leat_tlv_head_read(dialect, p, left, 0, &head);
        if (r > 0) { /* a header not whole; if it may be that of the end, the ends are all that is known to come */
            bool ber = dialect->type.codec == LEAT_TLV_BER_TAG;
            *n = search->position + ends + (left == 0 || (ber && p[0] == 0) ? 0 : ber ? r : r - leat_tlv_close_bytes(dialect));
            return LEAT_TLV_NEED;
        }
        if (r < 0) {
            *fault = (struct leat_tlv_fault){search->position, (enum leat_tlv_rule) - r};
            return LEAT_TLV_MALFORMED;
        }
        if (head.length > left - head.header_bytes) {
            *n = search->position + head.header_bytes + head.length + ends;
            return LEAT_TLV_NEED;
        }
        int64_t offset = 0;
        enum leat_tlv_rule rule = search_item(dialect, limits, deep, search, data, &head, &offset);
        if (rule != LEAT_TLV_OK) {
            *fault = (struct leat_tlv_fault){offset, rule};
            return LEAT_TLV_MALFORMED;
        }
    }
    return LEAT_TLV_WHOLE;
}
