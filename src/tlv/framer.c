/* SPDX-License-Identifier: MIT */
/* framer.c: top-level items out of a byte stream. */
#include "tlv_private.h"

/* The framer stands before a frame of which it knows nothing. */
static void forget(struct leat_tlv_framer *framer)
{
    framer->total_bytes = framer->least_bytes = framer->scanned = framer->items = 0;
    framer->open = 0;
    framer->next_state = framer->state;
    framer->last = false;
}

int leat_tlv_framer_init(struct leat_tlv_framer *framer, const struct leat_tlv_dialect *dialect, const struct leat_tlv_limits *limits)
{
    struct leat_tlv_limits filled;
    if (framer == NULL || dialect == NULL || dialect->shape == LEAT_TLV_SHAPE_NONE || !leat_tlv_limits_fill(&filled, limits))
        return -EINVAL;
    framer->dialect = dialect;
    framer->limits = filled;
    framer->fault = (struct leat_tlv_fault){0, LEAT_TLV_OK};
    framer->deep = dialect->shape == LEAT_TLV_SHAPE_BER && !filled.shallow;
    framer->state = dialect->first;
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
    int64_t r = leat_tlv_head_read(framer->dialect, data, bytes, framer->state, &head);
    if (r > 0)
        return need(framer, r, n);
    if (r < 0)
        return malformed(framer, 0, (enum leat_tlv_rule) - r);
    if (head.end_mark && framer->dialect->indefinite)
        return malformed(framer, 0, LEAT_TLV_END_MARK);
    framer->last = head.end_mark || head.last;
    framer->next_state = framer->last ? framer->dialect->first : head.state;
    if (head.length < 0) {
        framer->total_bytes = framer->least_bytes = -1;
        framer->scanned = head.header_bytes;
        framer->open = 1;
        return LEAT_TLV_WHOLE;
    }
    int64_t least = leat_tlv_whole(&head), total = leat_tlv_padded(framer->dialect, least);
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

/* Looks for the end of a frame without type and length, from where the last call stopped. */
static enum leat_tlv_frame untyped(struct leat_tlv_framer *framer, const unsigned char *data, int64_t bytes, int64_t *n)
{
    const int64_t limit = framer->limits.max_frame;
    int64_t end = leat_tlv_untyped_end(framer->dialect, data, framer->scanned, bytes, limit);
    if (end > 0 && end <= limit) {
        forget(framer);
        *n = end;
        return LEAT_TLV_WHOLE;
    }
    framer->scanned = bytes < limit ? bytes : limit;
    return need(framer, end > 0 ? end : leat_tlv_untyped_least(framer->dialect, bytes), n);
}

enum leat_tlv_frame leat_tlv_frame(struct leat_tlv_framer *framer, const void *data, int64_t bytes, int64_t *n)
{
    if (framer->fault.rule != LEAT_TLV_OK)
        return LEAT_TLV_MALFORMED;
    framer->ended = false;
    if (framer->dialect->shape == LEAT_TLV_SHAPE_UNTYPED)
        return untyped(framer, data, bytes, n);
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
    framer->ended = framer->last;
    framer->state = framer->next_state;
    forget(framer);
    return LEAT_TLV_WHOLE;
}

/* What frames_fixed asks of each frame: its length field, and the least and most bytes that it may have. */
struct yardstick {
    struct leat_tlv_ready length;
    uint64_t add, least, spread;
};

/* As many frames of a fixed header as are whole and within the limits. @param turn  a constant, as yard->length.turn */
static inline int64_t frames_run(const struct yardstick *yard, bool turn, const unsigned char *data, int64_t bytes,
                                 struct leat_tlv_place *places, int64_t most)
{
    const struct leat_tlv_ready length = {yard->length.at, yard->length.shift, yard->length.mask, turn};
    const uint64_t add = yard->add, least = yard->least, spread = yard->spread;
    int64_t n = 0, at = 0, guess = 0, left = bytes, enough = length.at + (int64_t)sizeof(uint64_t);
    while (n < most && left >= enough) {
        uint64_t total = leat_tlv_ready_read(&length, data + at) + add;
        if (LEAT_UNLIKELY(total - least > spread || (int64_t)total > left))
            break;
        places[n].offset = at;
        places[n++].bytes = (int64_t)total;
        /* Frames are often as long as the one before: then where the next begins need not wait for this one's length. */
        if (LEAT_LIKELY((int64_t)total == guess))
            LEAT_TLV_OPAQUE(guess);
        else
            guess = (int64_t)total;
        at += guess;
        left -= guess;
    }
    return n;
}

/* The frames at the start that need no closer look. */
static int64_t frames_fixed(const struct leat_tlv_framer *framer, const unsigned char *data, int64_t bytes, struct leat_tlv_place *places,
                            int64_t most)
{
    const struct leat_tlv_dialect *dialect = framer->dialect;
    const int64_t add = dialect->header_bytes - dialect->length_includes, limit = framer->limits.max_frame;
    const int64_t own = (int64_t)dialect->length_max; /* of a field of 4 bytes at most */
    const int64_t highest = own == 0 || limit - add < own ? limit : own + add;
    struct yardstick yard = {leat_tlv_field_ready(&dialect->length), (uint64_t)add, (uint64_t)dialect->header_bytes, 0};
    if (highest < dialect->header_bytes)
        return 0;
    yard.spread = (uint64_t)(highest - dialect->header_bytes);
    return yard.length.turn ? frames_run(&yard, true, data, bytes, places, most) : frames_run(&yard, false, data, bytes, places, most);
}

int64_t leat_tlv_frames(struct leat_tlv_framer *framer, const void *data, int64_t bytes, struct leat_tlv_place *places, int64_t most,
                        enum leat_tlv_frame *state, int64_t *n)
{
    const unsigned char *start = data;
    int64_t count = 0, at = 0, whole = 0;
    bool fixed = framer->dialect->shape == LEAT_TLV_SHAPE_PLAIN;
    if (fixed && framer->total_bytes == 0 && framer->fault.rule == LEAT_TLV_OK) {
        framer->ended = false;
        count = frames_fixed(framer, start, bytes, places, most);
        at = count > 0 ? places[count - 1].offset + places[count - 1].bytes : 0;
    }
    *state = LEAT_TLV_WHOLE;
    while (count < most) {
        *state = leat_tlv_frame(framer, start + at, bytes - at, &whole);
        if (*state != LEAT_TLV_WHOLE)
            break;
        places[count++] = (struct leat_tlv_place){at, whole};
        at += whole;
        if (framer->ended)
            break;
    }
    if (*state == LEAT_TLV_NEED)
        *n = whole;
    return count;
}

bool leat_tlv_framer_ended(const struct leat_tlv_framer *framer)
{
    return framer->ended;
}

int leat_tlv_framer_end(struct leat_tlv_framer *framer, int64_t bytes)
{
    if (framer->fault.rule != LEAT_TLV_OK)
        return -EBADMSG;
    bool line = framer->dialect->cut == LEAT_TLV_CUT_LINES; /* the last one may lack its end */
    if (bytes > 0 && !framer->ended && !line && (framer->total_bytes <= 0 || bytes < framer->least_bytes)) {
        bool unended = framer->total_bytes < 0 && framer->scanned == bytes;
        int64_t offset = framer->total_bytes < 0 && !unended ? framer->scanned : 0;
        malformed(framer, offset, unended ? LEAT_TLV_UNENDED : LEAT_TLV_TRUNCATED);
        return -EBADMSG;
    }
    framer->ended = false;
    framer->state = framer->dialect->first;
    forget(framer);
    return 0;
}

/* Whether a frame can begin here, as far as can be seen. */
static bool can_begin(const struct leat_tlv_framer *framer, const unsigned char *data, int64_t bytes)
{
    struct leat_tlv_head head;
    if (framer->dialect->shape == LEAT_TLV_SHAPE_UNTYPED) /* behind a mark; anywhere, where there are none */
        return framer->dialect->cut > LEAT_TLV_CUT_MARKS || data[-1] == framer->dialect->cut_byte;
    int64_t r = leat_tlv_head_read(framer->dialect, data, bytes, framer->dialect->first, &head);
    if (r != 0)
        return r > 0 && r <= framer->limits.max_frame;
    if (head.end_mark && framer->dialect->indefinite)
        return false;
    return head.length < 0 || leat_tlv_padded(framer->dialect, leat_tlv_whole(&head)) <= framer->limits.max_frame;
}

int64_t leat_tlv_framer_resume(struct leat_tlv_framer *framer, const void *data, int64_t bytes)
{
    const unsigned char *p = data;
    int64_t at = 1;
    while (at < bytes && !can_begin(framer, p + at, bytes - at))
        at++;
    framer->fault = (struct leat_tlv_fault){0, LEAT_TLV_OK};
    framer->state = framer->dialect->first;
    framer->ended = false;
    forget(framer);
    return at;
}

int64_t leat_tlv_framer_known(const struct leat_tlv_framer *framer)
{
    return framer->total_bytes > 0 && framer->least_bytes == framer->total_bytes && framer->scanned == 0 ? framer->total_bytes : 0;
}

void leat_tlv_framer_pass(struct leat_tlv_framer *framer)
{
    framer->ended = framer->last;
    framer->state = framer->next_state;
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
