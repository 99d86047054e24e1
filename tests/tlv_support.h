/* SPDX-License-Identifier: MIT */
/* What the tests of cursor, framer and writer share: bytes from hex, and a walk or a run of frames over all of them. */
#ifndef LEAT_TLV_SUPPORT_H
#define LEAT_TLV_SUPPORT_H

#include "test.h"

#include <leat/tlv.h>
#include <string.h>

#define COUNT(array) ((int64_t)(sizeof(array) / sizeof((array)[0])))
#define MIB (INT64_C(1) << 20)

/* What a whole walk met: a line of text for small ones, and sums. */
struct walk {
    struct leat_tlv_fault fault;
    int64_t items;
    int64_t deepest;
    char text[2048];
};

/* Bytes from hex digits, blanks skipped. Returns how many. */
static inline int64_t unhex(const char *text, unsigned char *out)
{
    int64_t n = 0;
    for (; *text != '\0'; text++) {
        if (*text == ' ')
            continue;
        unsigned value = 0;
        assert_int_equal(sscanf(text, "%2x", &value), 1);
        out[n++] = (unsigned char)value;
        text++;
    }
    return n;
}

static inline void note(struct walk *walk, const struct leat_tlv_item *item)
{
    size_t used = strlen(walk->text);
    walk->items++;
    walk->deepest = item->depth > walk->deepest ? item->depth : walk->deepest;
    if (used < sizeof walk->text - 64)
        snprintf(walk->text + used, sizeof walk->text - used, "%s%lld:%d:%lld:%lld:%lld:%llx%s%s", used > 0 ? " " : "",
                 (long long)item->offset, item->depth, (long long)item->header_bytes, (long long)item->length, (long long)item->total_bytes,
                 (unsigned long long)item->type, item->constructed ? "c" : "", item->end_mark ? "e" : "");
}

/* Walks everything; true: to the end without a fault. */
static inline bool walk_all(const char *dialect, const void *data, int64_t bytes, const struct leat_tlv_limits *limits, struct walk *walk)
{
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    memset(walk, 0, sizeof *walk);
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect(dialect), data, bytes, 0, limits), 0);
    for (;;) {
        enum leat_tlv_next next = leat_tlv_next(&cursor, &item);
        if (next == LEAT_TLV_ITEM)
            note(walk, &item);
        if (walk->items < 4096 && !leat_tlv_cursor_valid(&cursor))
            fail_msg("the cursor is not valid after %s", walk->text);
        if (next == LEAT_TLV_ITEM && item.constructed && leat_tlv_enter(&cursor))
            continue;
        if (next == LEAT_TLV_END && leat_tlv_leave(&cursor))
            continue;
        walk->fault = *leat_tlv_cursor_fault(&cursor);
        if (next != LEAT_TLV_ITEM || walk->fault.rule != LEAT_TLV_OK)
            return walk->fault.rule == LEAT_TLV_OK;
    }
}

/* Frames everything, then ends: the number of whole frames; the fault's offset is then that in the buffer. */
static inline int64_t frame_all(const char *dialect, const void *data, int64_t bytes, const struct leat_tlv_limits *limits,
                                struct leat_tlv_fault *fault)
{
    struct leat_tlv_framer framer;
    int64_t at = 0, frames = 0, n = 0;
    const unsigned char *p = data;
    assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect(dialect), limits), 0);
    while (at < bytes && leat_tlv_frame(&framer, p + at, bytes - at, &n) == LEAT_TLV_WHOLE) {
        assert_true(n > 0 && n <= bytes - at);
        at += n;
        frames++;
    }
    leat_tlv_framer_end(&framer, bytes - at);
    assert_true(leat_tlv_framer_valid(&framer));
    *fault = *leat_tlv_framer_fault(&framer);
    fault->offset += at;
    return frames;
}

#endif
