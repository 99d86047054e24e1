/* SPDX-License-Identifier: MIT */
/* untyped.c: frames without type and length. Source: POSIX's lines; RFC 1055 (SLIP); Cheshire and Baker, 1999 (COBS). */
#include "tlv_private.h"

/* Eight bytes at once: the high bit of those that are zero, as long as no lower one is. */
#define LOW_BITS UINT64_C(0x0101010101010101)
#define HIGH_BITS UINT64_C(0x8080808080808080)

/* The first place of a byte in p[from .. there), or -1. */
static int64_t find_byte(const unsigned char *p, int64_t from, int64_t there, unsigned char byte)
{
    const uint64_t wanted = LOW_BITS * byte;
    for (; there - from >= 8; from += 8) {
        uint64_t word;
        memcpy(&word, p + from, sizeof word);
        word ^= wanted;
        if (((word - LOW_BITS) & ~word & HIGH_BITS) != 0)
            break;
    }
    for (; from < there; from++) {
        if (p[from] == byte)
            return from;
    }
    return -1;
}

int64_t leat_tlv_untyped_end(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t from, int64_t there, int64_t limit)
{
    switch (dialect->cut) {
    case LEAT_TLV_CUT_LINES:
    case LEAT_TLV_CUT_MARKS:
        return find_byte(p, from, there < limit ? there : limit, dialect->cut_byte) + 1;
    case LEAT_TLV_CUT_FIXED:
        return there < dialect->cut_bytes ? 0 : dialect->cut_bytes;
    case LEAT_TLV_CUT_RAW:
    case LEAT_TLV_CUT_NOT:
        break;
    }
    return there < limit ? there : limit;
}

int64_t leat_tlv_untyped_read(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t there, int64_t limit,
                              struct leat_tlv_head *head)
{
    int64_t end = leat_tlv_untyped_end(dialect, p, 0, there, limit);
    bool cut = end > 0 && (dialect->cut == LEAT_TLV_CUT_LINES || dialect->cut == LEAT_TLV_CUT_MARKS); /* by a byte that is there */
    if (end == 0 && dialect->cut == LEAT_TLV_CUT_LINES && there < limit)
        end = there;
    if (end == 0)
        return there >= limit ? -LEAT_TLV_FRAME_LIMIT : leat_tlv_untyped_least(dialect, there);
    *head = (struct leat_tlv_head){.length = end - cut, .trailer_bytes = cut};
    return 0;
}
