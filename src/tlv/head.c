/* SPDX-License-Identifier: MIT */
/* head.c: one item's header, by the dialect's data. */
#include "tlv_private.h"

#define BER_NUMBER 0x1f /* tag number in the first identifier octet; all ones: it follows in the next ones */
#define BER_CONSTRUCTED 0x20
#define BER_MORE 0x80 /* in an identifier octet after the first: another one follows */
#define BER_LONG 0x80 /* first length octet: the lower bits count the octets that follow */
#define BER_INDEFINITE 0x80
#define BER_RESERVED 0xff
#define BER_OCTETS_MAX 8 /* of tag, and of length after the first */

static bool little_endian(enum leat_tlv_codec codec)
{
    static const union {
        uint16_t word;
        unsigned char first;
    } order = {1};
    return codec == LEAT_TLV_LITTLE || codec == LEAT_TLV_LEB128 || (codec == LEAT_TLV_HOST && order.first == 1);
}

uint64_t leat_tlv_word_read(enum leat_tlv_codec codec, const unsigned char *p, int32_t bytes)
{
    uint64_t word = 0;
    if (little_endian(codec)) {
        for (int32_t i = bytes; i-- > 0;)
            word = word << 8 | p[i];
    } else {
        for (int32_t i = 0; i < bytes; i++)
            word = word << 8 | p[i];
    }
    return word;
}

void leat_tlv_word_write(enum leat_tlv_codec codec, unsigned char *p, int32_t bytes, uint64_t word)
{
    if (little_endian(codec)) {
        for (int32_t i = 0; i < bytes; i++, word >>= 8)
            p[i] = (unsigned char)word;
    } else {
        for (int32_t i = bytes; i-- > 0; word >>= 8)
            p[i] = (unsigned char)word;
    }
}

struct leat_tlv_ready leat_tlv_field_ready(const struct leat_tlv_field *field)
{
    bool little = little_endian(field->codec), little_machine = little_endian(LEAT_TLV_HOST);
    return (struct leat_tlv_ready){.at = field->at,
                                   .shift = little ? field->shift : 64 - 8 * field->bytes + field->shift,
                                   .mask = field->mask,
                                   .turn = little != little_machine};
}

/* A header that is nothing but its fixed part. */
static int64_t fixed_read(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t there, uint64_t state,
                          struct leat_tlv_head *head)
{
    const struct leat_tlv_mark *mark = NULL;
    int64_t least = dialect->mark_count > 0 ? dialect->type.at + dialect->type.bytes : dialect->header_bytes;
    if (there < least)
        return least;
    uint64_t type = leat_tlv_field_read(&dialect->type, p);
    if (dialect->mark_count > 0)
        mark = leat_tlv_mark_of(dialect, type, false);
    if (mark != NULL && mark->bare) {
        *head = (struct leat_tlv_head){.header_bytes = least, .type = type, .state = state, .end_mark = mark->end};
        return 0;
    }
    if (there < dialect->header_bytes)
        return dialect->header_bytes;
    int64_t length = leat_tlv_length_of(dialect, leat_tlv_field_read(&dialect->length, p));
    if (length < 0)
        return length;
    if (mark != NULL && !mark->valued && length != 0)
        return -LEAT_TLV_END_MARK;
    *head = (struct leat_tlv_head){.header_bytes = dialect->header_bytes, .length = length, .type = type, .state = state};
    head->nested = dialect->nested.codec != LEAT_TLV_NONE && leat_tlv_field_read(&dialect->nested, p) != 0;
    head->end_mark = mark != NULL && mark->end && !mark->valued;
    head->last = mark != NULL && mark->end && mark->valued;
    return 0;
}

/* Identifier octets. Returns how many there are; > there: at least so many are needed; < 0: minus the rule broken. */
static int64_t ber_tag(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t there, uint64_t *type)
{
    int64_t octets = 1;
    uint64_t tag = p[0];
    if ((p[0] & BER_NUMBER) == BER_NUMBER) {
        do {
            if (octets == BER_OCTETS_MAX)
                return -LEAT_TLV_TYPE_FORM;
            if (octets == there)
                return there + 1;
            tag = tag << 8 | p[octets++];
        } while ((p[octets - 1] & BER_MORE) != 0);
        /* X.690 8.1.2.4.2: no leading zeros; 8.1.2.2: numbers up to 30 have one octet. */
        if (dialect->shortest && (p[1] == BER_MORE || p[1] < BER_NUMBER))
            return -LEAT_TLV_TYPE_FORM;
    }
    *type = tag;
    return octets;
}

/* Length octets. Returns as ber_tag. @param length  -1: indefinite */
static int64_t ber_length(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t there, int64_t *length)
{
    if (there < 1)
        return 1;
    if (p[0] < BER_LONG || p[0] == BER_INDEFINITE) {
        *length = p[0] == BER_INDEFINITE ? -1 : p[0];
        return 1;
    }
    int64_t octets = p[0] & ~BER_LONG;
    if (p[0] == BER_RESERVED || octets > BER_OCTETS_MAX)
        return -LEAT_TLV_LENGTH_FORM;
    if (there < 1 + octets)
        return 1 + octets;
    uint64_t value = 0;
    for (int64_t i = 1; i <= octets; i++)
        value = value << 8 | p[i];
    if (dialect->shortest && (p[1] == 0 || value < BER_LONG))
        return -LEAT_TLV_LENGTH_MINIMAL;
    if (value > LEAT_TLV_LENGTH_CAP)
        return -LEAT_TLV_LENGTH_LIMIT;
    *length = (int64_t)value;
    return 1 + octets;
}

static int64_t ber_read(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t there, uint64_t state,
                        struct leat_tlv_head *head)
{
    uint64_t type = 0;
    int64_t length = 0;
    if (there < 1)
        return LEAT_TLV_EOC_BYTES;
    if (p[0] == 0) { /* reserved for the encoding: end-of-contents and nothing else, and DER has none */
        if (!dialect->indefinite)
            return -LEAT_TLV_END_MARK;
        if (there < LEAT_TLV_EOC_BYTES)
            return LEAT_TLV_EOC_BYTES;
        if (p[1] != 0)
            return -LEAT_TLV_END_MARK;
        *head = (struct leat_tlv_head){.header_bytes = LEAT_TLV_EOC_BYTES, .state = state, .end_mark = true};
        return 0;
    }
    int64_t tag_octets = ber_tag(dialect, p, there, &type);
    if (tag_octets < 0)
        return tag_octets;
    if (tag_octets > there)
        return tag_octets + 1;
    int64_t length_octets = ber_length(dialect, p + tag_octets, there - tag_octets, &length);
    if (length_octets < 0)
        return length_octets;
    if (length_octets > there - tag_octets)
        return tag_octets + length_octets;
    bool nested = (p[0] & BER_CONSTRUCTED) != 0;
    if (length < 0 && !(dialect->indefinite && nested))
        return -LEAT_TLV_INDEFINITE;
    *head = (struct leat_tlv_head){
        .header_bytes = tag_octets + length_octets, .length = length, .type = type, .state = state, .nested = nested};
    return 0;
}

int64_t leat_tlv_head_read(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t there, uint64_t state,
                           struct leat_tlv_head *head)
{
    if (dialect->shape == LEAT_TLV_SHAPE_FIXED || dialect->shape == LEAT_TLV_SHAPE_PLAIN)
        return fixed_read(dialect, p, there, state, head);
    if (dialect->shape == LEAT_TLV_SHAPE_GENERAL && there > 0 && dialect->mark_count > 0) {
        const struct leat_tlv_mark *mark = leat_tlv_mark_of(dialect, p[0], true);
        if (mark != NULL) {
            *head =
                (struct leat_tlv_head){.header_bytes = 1, .type = p[0], .kind = LEAT_TLV_KIND_MARK, .state = state, .end_mark = mark->end};
            return 0;
        }
    }
    if (dialect->type.codec == LEAT_TLV_BER_TAG)
        return ber_read(dialect, p, there, state, head);
    return leat_tlv_parts_read(dialect, p, there, state, head);
}

/* Whether the number is one identifier, of X.690's form. */
static bool ber_type_valid(uint64_t type, int64_t octets)
{
    uint64_t first = type >> (8 * (octets - 1));
    if (octets == 1)
        return type != 0 && (type & BER_NUMBER) != BER_NUMBER;
    if ((first & BER_NUMBER) != BER_NUMBER || (type & BER_MORE) != 0)
        return false;
    for (int64_t i = 1; i < octets - 1; i++) {
        if ((type >> (8 * i) & BER_MORE) == 0)
            return false;
    }
    uint64_t second = type >> (8 * (octets - 2)) & 0xff;
    return second != BER_MORE && second >= BER_NUMBER;
}

/* How many bytes the number has without leading zeros; 0 has one. */
static int64_t significant_bytes(uint64_t number)
{
    int64_t bytes = 1;
    while (bytes < 8 && number >> (8 * bytes) != 0)
        bytes++;
    return bytes;
}

static int64_t ber_bytes(const struct leat_tlv_want *want)
{
    int64_t octets = significant_bytes(want->type);
    if (!ber_type_valid(want->type, octets))
        return -EINVAL;
    return octets + 1 + (want->length < BER_LONG ? 0 : significant_bytes((uint64_t)want->length));
}

/* @param want  with length -1: indefinite */
static void ber_write(const struct leat_tlv_want *want, unsigned char *p)
{
    for (int64_t i = significant_bytes(want->type); i-- > 0;)
        *p++ = (unsigned char)(want->type >> (8 * i));
    if (want->length < BER_LONG) {
        *p = want->length < 0 ? BER_INDEFINITE : (unsigned char)want->length;
        return;
    }
    int64_t octets = significant_bytes((uint64_t)want->length);
    *p++ = (unsigned char)(BER_LONG | octets);
    for (int64_t i = octets; i-- > 0;)
        *p++ = (unsigned char)((uint64_t)want->length >> (8 * i));
}

int64_t leat_tlv_head_bytes(const struct leat_tlv_dialect *dialect, const struct leat_tlv_want *want)
{
    return dialect->type.codec == LEAT_TLV_BER_TAG ? ber_bytes(want) : leat_tlv_parts_write(dialect, want, NULL);
}

void leat_tlv_head_write(const struct leat_tlv_dialect *dialect, const struct leat_tlv_want *want, unsigned char *p)
{
    if (dialect->type.codec == LEAT_TLV_BER_TAG)
        ber_write(want, p);
    else
        leat_tlv_parts_write(dialect, want, p);
}
