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

static uint32_t word_read(const struct leat_tlv_field *field, const unsigned char *p)
{
    uint32_t word = 0;
    uint16_t half;
    if (field->codec == LEAT_TLV_HOST && field->bytes == 4) {
        memcpy(&word, p, sizeof word);
    } else if (field->codec == LEAT_TLV_HOST && field->bytes == 2) {
        memcpy(&half, p, sizeof half);
        word = half;
    } else if (field->codec == LEAT_TLV_LITTLE) {
        for (int32_t i = field->bytes; i-- > 0;)
            word = word << 8 | p[i];
    } else {
        for (int32_t i = 0; i < field->bytes; i++)
            word = word << 8 | p[i];
    }
    return word;
}

static void word_write(const struct leat_tlv_field *field, unsigned char *p, uint32_t word)
{
    uint16_t half = (uint16_t)word;
    if (field->codec == LEAT_TLV_HOST && field->bytes == 4) {
        memcpy(p, &word, sizeof word);
    } else if (field->codec == LEAT_TLV_HOST && field->bytes == 2) {
        memcpy(p, &half, sizeof half);
    } else if (field->codec == LEAT_TLV_LITTLE) {
        for (int32_t i = 0; i < field->bytes; i++, word >>= 8)
            p[i] = (unsigned char)word;
    } else {
        for (int32_t i = field->bytes; i-- > 0; word >>= 8)
            p[i] = (unsigned char)word;
    }
}

static uint32_t field_read(const struct leat_tlv_field *field, const unsigned char *item)
{
    return word_read(field, item + field->at) >> field->shift & field->mask;
}

static void field_write(const struct leat_tlv_field *field, unsigned char *item, uint32_t value)
{
    uint32_t word = word_read(field, item + field->at) & ~(field->mask << field->shift);
    word_write(field, item + field->at, word | value << field->shift);
}

static const struct leat_tlv_mark *mark_of(const struct leat_tlv_dialect *dialect, uint64_t type)
{
    for (int32_t i = 0; i < dialect->mark_count; i++) {
        if (dialect->marks[i].type == type)
            return &dialect->marks[i];
    }
    return NULL;
}

static int64_t fixed_read(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t there, struct leat_tlv_head *head)
{
    const struct leat_tlv_mark *mark = NULL;
    int64_t least = dialect->mark_count > 0 ? dialect->type.at + dialect->type.bytes : dialect->header_bytes;
    if (there < least)
        return least;
    uint32_t type = field_read(&dialect->type, p);
    if (dialect->mark_count > 0)
        mark = mark_of(dialect, type);
    if (mark != NULL && mark->bare) {
        *head = (struct leat_tlv_head){.header_bytes = least, .type = type, .end_mark = mark->end};
        return 0;
    }
    if (there < dialect->header_bytes)
        return dialect->header_bytes;
    int64_t length = field_read(&dialect->length, p);
    if (length < dialect->length_includes)
        return -LEAT_TLV_LENGTH_SMALL;
    if (dialect->length_max != 0 && length > dialect->length_max)
        return -LEAT_TLV_LENGTH_LIMIT;
    length -= dialect->length_includes;
    if (mark != NULL && length != 0)
        return -LEAT_TLV_END_MARK;
    bool nested = dialect->nested.codec != LEAT_TLV_NONE && field_read(&dialect->nested, p) != 0;
    *head = (struct leat_tlv_head){dialect->header_bytes, length, type, nested, mark != NULL && mark->end};
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

static int64_t ber_read(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t there, struct leat_tlv_head *head)
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
        *head = (struct leat_tlv_head){.header_bytes = LEAT_TLV_EOC_BYTES, .end_mark = true};
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
    *head = (struct leat_tlv_head){tag_octets + length_octets, length, type, nested, false};
    return 0;
}

int64_t leat_tlv_head_read(const struct leat_tlv_dialect *dialect, const unsigned char *p, int64_t there, struct leat_tlv_head *head)
{
    return dialect->header_bytes > 0 ? fixed_read(dialect, p, there, head) : ber_read(dialect, p, there, head);
}

struct leat_tlv_inside leat_tlv_inside(const struct leat_tlv_dialect *dialect, const struct leat_tlv_head *head, const unsigned char *value)
{
    for (int32_t i = 0; i < dialect->nest_count; i++) {
        const struct leat_tlv_nest *nest = &dialect->nests[i];
        if (head->type < nest->first || head->type > nest->last || head->length < nest->fixed_bytes)
            continue;
        if (nest->value_starts < 0 || (head->length > 0 && value[0] == nest->value_starts))
            return (struct leat_tlv_inside){nest->inside, nest->fixed_bytes};
    }
    return (struct leat_tlv_inside){head->nested ? dialect->inside : NULL, 0};
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

int64_t leat_tlv_head_bytes(const struct leat_tlv_dialect *dialect, uint64_t type, int64_t length)
{
    if (dialect->header_bytes == 0) {
        int64_t octets = significant_bytes(type);
        if (!ber_type_valid(type, octets))
            return -EINVAL;
        if (length > LEAT_TLV_LENGTH_CAP)
            return -EMSGSIZE;
        return octets + 1 + (length < BER_LONG ? 0 : significant_bytes((uint64_t)length));
    }
    if (type > dialect->type.mask)
        return -EINVAL;
    const struct leat_tlv_mark *mark = mark_of(dialect, type);
    if (mark != NULL && length != 0)
        return -EINVAL;
    if (mark != NULL && mark->bare)
        return dialect->type.at + dialect->type.bytes;
    int64_t most = dialect->length_max != 0 ? dialect->length_max : dialect->length.mask;
    if (length > most - dialect->length_includes)
        return -EMSGSIZE;
    return dialect->header_bytes;
}

static void ber_write(unsigned char *p, uint64_t type, int64_t length)
{
    for (int64_t i = significant_bytes(type); i-- > 0;)
        *p++ = (unsigned char)(type >> (8 * i));
    if (length < BER_LONG) {
        *p = (unsigned char)length;
        return;
    }
    int64_t octets = significant_bytes((uint64_t)length);
    *p++ = (unsigned char)(BER_LONG | octets);
    for (int64_t i = octets; i-- > 0;)
        *p++ = (unsigned char)((uint64_t)length >> (8 * i));
}

void leat_tlv_head_write(const struct leat_tlv_dialect *dialect, unsigned char *p, uint64_t type, bool nested, int64_t length)
{
    if (dialect->header_bytes == 0) {
        ber_write(p, type, length);
        return;
    }
    const struct leat_tlv_mark *mark = mark_of(dialect, type);
    field_write(&dialect->type, p, (uint32_t)type);
    if (mark != NULL && mark->bare)
        return;
    field_write(&dialect->length, p, (uint32_t)(length + dialect->length_includes));
    if (dialect->nested.codec != LEAT_TLV_NONE)
        field_write(&dialect->nested, p, nested ? 1 : 0);
}
