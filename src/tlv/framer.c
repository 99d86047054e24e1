/* SPDX-License-Identifier: MIT */
/* framer.c: top-level items out of a byte stream. */
#include "tlv_private.h"

/* Whether the items say by themselves, and in the same form at every depth, that they nest. */
static bool nests_by_flag(const struct leat_tlv_dialect *dialect)
{
    return dialect->inside == dialect && dialect->nest_count == 0;
}

/* The framer stands before a frame of which it knows nothing. */
static void forget(struct leat_tlv_framer *framer)
{
    framer->total_bytes = framer->least_bytes = framer->scanned = framer->items = 0;
    framer->open = 0;
}

int leat_tlv_framer_init(struct leat_tlv_framer *framer, const struct leat_tlv_dialect *dialect, const struct leat_tlv_limits *limits)
{
    struct leat_tlv_limits filled;
    if (framer == NULL || dialect == NULL || !leat_tlv_limits_fill(&filled, limits))
        return -EINVAL;
    framer->dialect = dialect;
    framer->limits = filled;
    framer->fault = (struct leat_tlv_fault){0, LEAT_TLV_OK};
    framer->deep = nests_by_flag(dialect) && !filled.shallow;
    framer->ended = false;
    forget(framer);
    return 0;
}

static LEAT_COLD enum leat_tlv_frame malformed(struct leat_tlv_framer *framer, int64_t offset, enum leat_tlv_rule rule)
{
    framer->fault = (struct leat_tlv_fault){offset, rule};
    return LEAT_TLV_MALFORMED;
}

/* The frame cannot be whole with less than `least` bytes. */
static enum leat_tlv_frame need(struct leat_tlv_framer *framer, int64_t least, int64_t *n)
{
    if (least > framer->limits.max_frame)
        return malformed(framer, 0, LEAT_TLV_FRAME_LIMIT);
    *n = least;
    return LEAT_TLV_NEED;
}

/* Learns what the frame's header says. Returns WHOLE if all of it was there. */
static enum leat_tlv_frame read_header(struct leat_tlv_framer *framer, const unsigned char *data, int64_t bytes, int64_t *n)
{
    struct leat_tlv_head head;
    int64_t r = leat_tlv_head_read(framer->dialect, data, bytes, &head);
    if (r > 0)
        return need(framer, r, n);
    if (r < 0)
        return malformed(framer, 0, (enum leat_tlv_rule) - r);
    if (head.end_mark && framer->dialect->indefinite)
        return malformed(framer, 0, LEAT_TLV_END_MARK);
    framer->ended = head.end_mark;
    if (head.length < 0) {
        framer->total_bytes = framer->least_bytes = -1;
        framer->scanned = head.header_bytes;
        framer->open = 1;
        return LEAT_TLV_WHOLE;
    }
    int64_t least = head.header_bytes + head.length, total = leat_tlv_padded(framer->dialect, least);
    if (total > framer->limits.max_frame)
        return malformed(framer, 0, LEAT_TLV_FRAME_LIMIT);
    framer->least_bytes = least;
    framer->total_bytes = total;
    framer->scanned = head.nested && framer->deep ? head.header_bytes : 0;
    return LEAT_TLV_WHOLE;
}

/* Looks for the end of a frame of indefinite length, from where the last call stopped. */
static enum leat_tlv_frame search_end(struct leat_tlv_framer *framer, const unsigned char *data, int64_t bytes, int64_t *n)
{
    struct leat_tlv_search search = {.position = framer->scanned, .items = framer->items, .open = framer->open, .depth = 1};
    int64_t least = 0, there = bytes < framer->limits.max_frame ? bytes : framer->limits.max_frame;
    enum leat_tlv_frame frame =
        leat_tlv_search(framer->dialect, &framer->limits, framer->deep, &search, data, there, &least, &framer->fault);
    framer->scanned = search.position;
    framer->items = search.items;
    framer->open = search.open;
    return frame == LEAT_TLV_NEED ? need(framer, least, n) : frame;
}

enum leat_tlv_frame leat_tlv_frame(struct leat_tlv_framer *framer, const void *data, int64_t bytes, int64_t *n)
{
    if (framer->fault.rule != LEAT_TLV_OK)
        return LEAT_TLV_MALFORMED;
    framer->ended = false;
    if (framer->total_bytes == 0) {
        enum leat_tlv_frame header = read_header(framer, data, bytes, n);
        if (header != LEAT_TLV_WHOLE)
            return header;
    }
    if (framer->total_bytes < 0) {
        enum leat_tlv_frame end = search_end(framer, data, bytes, n);
        if (end != LEAT_TLV_WHOLE)
            return end;
        *n = framer->scanned;
    } else if (bytes < framer->total_bytes) {
        return need(framer, framer->total_bytes, n);
    } else {
        if (framer->scanned > 0) {
            int64_t offset = 0;
            enum leat_tlv_rule rule = leat_tlv_scan_inside(framer->dialect, &framer->limits, data, framer->scanned, framer->total_bytes, 1,
                                                           &framer->items, &offset);
            if (rule != LEAT_TLV_OK)
                return malformed(framer, offset, rule);
        }
        *n = framer->total_bytes;
    }
    forget(framer);
    return LEAT_TLV_WHOLE;
}

bool leat_tlv_framer_ended(const struct leat_tlv_framer *framer)
{
    return framer->ended;
}

int leat_tlv_framer_end(struct leat_tlv_framer *framer, int64_t bytes)
{
    if (framer->fault.rule != LEAT_TLV_OK)
        return -EBADMSG;
    if (bytes > 0 && !framer->ended && (framer->total_bytes <= 0 || bytes < framer->least_bytes)) {
        bool unended = framer->total_bytes < 0 && framer->scanned == bytes;
        int64_t offset = framer->total_bytes < 0 && !unended ? framer->scanned : 0;
        malformed(framer, offset, unended ? LEAT_TLV_UNENDED : LEAT_TLV_TRUNCATED);
        return -EBADMSG;
    }
    framer->ended = false;
    forget(framer);
    return 0;
}

int64_t leat_tlv_framer_known(const struct leat_tlv_framer *framer)
{
    return framer->total_bytes > 0 && framer->least_bytes == framer->total_bytes && framer->scanned == 0 ? framer->total_bytes : 0;
}

void leat_tlv_framer_pass(struct leat_tlv_framer *framer)
{
    forget(framer);
}

const struct leat_tlv_fault *leat_tlv_framer_fault(const struct leat_tlv_framer *framer)
{
    return &framer->fault;
}

bool leat_tlv_framer_valid(const struct leat_tlv_framer *framer)
{
    if (framer->dialect == NULL || framer->scanned < 0 || framer->items < 0 || framer->open < 0)
        return false;
    if (framer->fault.rule != LEAT_TLV_OK)
        return true;
    if (framer->total_bytes < 0)
        return framer->open > 0 && framer->open <= framer->limits.max_depth && framer->scanned > 0;
    return framer->total_bytes <= framer->limits.max_frame && framer->least_bytes <= framer->total_bytes && framer->open == 0;
}
