/* SPDX-License-Identifier: MIT */
/* value.c: numbers, texts, and items that a path leads to. */
#include "tlv_private.h"

#include <leat/value.h>

static enum leat_tlv_codec codec_of(enum leat_tlv_order order)
{
    return order == LEAT_TLV_ORDER_BIG ? LEAT_TLV_BIG : order == LEAT_TLV_ORDER_LITTLE ? LEAT_TLV_LITTLE : LEAT_TLV_HOST;
}

/* @param bytes  that the value must have */
static int number_of(const struct leat_tlv_item *item, int64_t bytes, enum leat_tlv_order order, uint64_t *number)
{
    if (item->length != bytes)
        return -EBADMSG;
    *number = leat_tlv_word_read(codec_of(order), item->value, (int32_t)bytes);
    return 0;
}

int leat_tlv_u8(const struct leat_tlv_item *item, uint8_t *number)
{
    uint64_t wide = 0;
    int code = number_of(item, 1, LEAT_TLV_ORDER_BIG, &wide);
    if (code == 0)
        *number = (uint8_t)wide;
    return code;
}

int leat_tlv_u16(const struct leat_tlv_item *item, enum leat_tlv_order order, uint16_t *number)
{
    uint64_t wide = 0;
    int code = number_of(item, 2, order, &wide);
    if (code == 0)
        *number = (uint16_t)wide;
    return code;
}

int leat_tlv_u32(const struct leat_tlv_item *item, enum leat_tlv_order order, uint32_t *number)
{
    uint64_t wide = 0;
    int code = number_of(item, 4, order, &wide);
    if (code == 0)
        *number = (uint32_t)wide;
    return code;
}

int leat_tlv_u64(const struct leat_tlv_item *item, enum leat_tlv_order order, uint64_t *number)
{
    return number_of(item, 8, order, number);
}

int leat_tlv_unsigned(const struct leat_tlv_item *item, enum leat_tlv_order order, uint64_t *number)
{
    return item->length < 1 || item->length > 8 ? -EBADMSG : number_of(item, item->length, order, number);
}

int leat_tlv_signed(const struct leat_tlv_item *item, enum leat_tlv_order order, int64_t *number)
{
    uint64_t word = 0;
    if (leat_tlv_unsigned(item, order, &word) != 0)
        return -EBADMSG;
    uint64_t sign = UINT64_C(1) << (8 * item->length - 1);
    word = (word ^ sign) - sign;
    memcpy(number, &word, sizeof word);
    return 0;
}

int leat_tlv_varint(const struct leat_tlv_item *item, uint64_t *number)
{
    uint64_t sum = 0;
    if (item->length < 1 || item->length > LEAT_TLV_SEVEN_BITS_MOST)
        return -EBADMSG;
    for (int64_t i = 0; i < item->length; i++) {
        uint64_t bits = item->value[i] & 0x7f;
        bool more = (item->value[i] & 0x80) != 0;
        if (more != (i < item->length - 1) || (i == LEAT_TLV_SEVEN_BITS_MOST - 1 && bits > 1))
            return -EBADMSG;
        sum |= bits << (7 * i);
    }
    *number = sum;
    return 0;
}

int leat_tlv_text(const struct leat_tlv_item *item, const char **chars, int64_t *bytes)
{
    int64_t length = item->length;
    if (length < 0)
        return -EBADMSG;
    if (length > 0 && item->value[length - 1] == 0)
        length--;
    for (int64_t i = 0; i < length; i++) {
        if (item->value[i] == 0)
            return -EBADMSG;
    }
    *chars = (const char *)item->value;
    *bytes = length;
    return 0;
}

static int digit_of(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    letter = (char)(letter | 0x20);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : 16;
}

/* Reads one type of a path. Returns what stands behind it, or NULL. */
static const char *type_read(const char *text, unsigned base, uint64_t *type)
{
    uint64_t number = 0;
    if (text[0] == '*') {
        *type = LEAT_TLV_ANY;
        return text + 1;
    }
    if (text[0] == '0' && (text[1] | 0x20) == 'x') {
        base = 16;
        text += 2;
    }
    const char *start = text;
    for (; (unsigned)digit_of(*text) < base; text++) {
        if (number > (UINT64_MAX - 1 - (unsigned)digit_of(*text)) / base)
            return NULL;
        number = number * base + (unsigned)digit_of(*text);
    }
    *type = number;
    return text == start ? NULL : text;
}

int leat_tlv_path_read(struct leat_tlv_path *path, const struct leat_tlv_dialect *dialect, const char *text)
{
    struct leat_tlv_path made = {.count = 0, .base = -1};
    if (path == NULL || dialect == NULL || text == NULL)
        return -EINVAL;
    for (;;) {
        if (made.count == LEAT_TLV_PATH_MAX)
            return -EINVAL;
        text = type_read(text, dialect->in_hex ? 16 : 10, &made.types[made.count++]);
        if (text == NULL || (*text != '/' && *text != '\0'))
            return -EINVAL;
        if (*text++ == '\0')
            break;
    }
    *path = made;
    return 0;
}

enum leat_tlv_next leat_tlv_find(struct leat_tlv_cursor *cursor, struct leat_tlv_path *path, struct leat_tlv_item *item)
{
    struct leat_tlv_item one;
    if (path->base < 0)
        path->base = cursor->depth;
    for (;;) {
        enum leat_tlv_next next = leat_tlv_next(cursor, &one);
        int32_t at = cursor->depth - path->base;
        if (next == LEAT_TLV_BAD || (next == LEAT_TLV_END && at <= 0))
            return next;
        if (next == LEAT_TLV_END) {
            if (!leat_tlv_leave(cursor))
                return LEAT_TLV_BAD;
            continue;
        }
        if (at < 0 || at >= path->count || (path->types[at] != LEAT_TLV_ANY && path->types[at] != one.type) || one.end_mark)
            continue;
        if (at == path->count - 1) {
            *item = one;
            return LEAT_TLV_ITEM;
        }
        if (one.constructed && !leat_tlv_enter(cursor))
            return LEAT_TLV_BAD;
    }
}
