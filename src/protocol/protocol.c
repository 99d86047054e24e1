/* SPDX-License-Identifier: MIT */
/* protocol.c: headers and checksums of leat's own protocol. */
#include "protocol_private.h"

void leat_protocol_store(unsigned char *p, int32_t bytes, uint64_t number)
{
    for (int32_t i = bytes; i-- > 0; number >>= 8)
        p[i] = (unsigned char)number;
}

uint64_t leat_protocol_load(const unsigned char *p, int32_t bytes)
{
    uint64_t number = 0;
    for (int32_t i = 0; i < bytes; i++)
        number = number << 8 | p[i];
    return number;
}

/* The words of a header, added as RFC 1071 adds. */
static uint32_t sum_of(const unsigned char *p)
{
    uint32_t sum = 0;
    for (int32_t i = 0; i < LEAT_PROTOCOL_HEADER_BYTES; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

void leat_protocol_head_write(const struct leat_protocol_head *head, void *out)
{
    unsigned char *p = out;
    p[AT_MARK] = MARK;
    p[AT_FLAGS] = (unsigned char)(LEAT_PROTOCOL_VERSION << 4 | (head->flags & FLAGS));
    leat_protocol_store(p + AT_TYPE, 2, head->type);
    leat_protocol_store(p + AT_LENGTH, 4, head->length);
    leat_protocol_store(p + AT_SEQUENCE, 4, head->sequence);
    leat_protocol_store(p + AT_ZERO, 4, 0);
    leat_protocol_store(p + AT_SUM, 2, ~sum_of(p) & 0xffff);
}

int leat_protocol_head_read(const void *data, int64_t bytes, struct leat_protocol_head *head)
{
    const unsigned char *p = data;
    if (bytes > 0 && p[AT_MARK] != MARK)
        return -EBADMSG;
    if (bytes < LEAT_PROTOCOL_HEADER_BYTES)
        return -EAGAIN;
    if (sum_of(p) != 0xffff)
        return -EBADMSG;
    if (p[AT_FLAGS] >> 4 != LEAT_PROTOCOL_VERSION)
        return -EPROTO;
    head->flags = p[AT_FLAGS] & FLAGS;
    head->type = (uint16_t)leat_protocol_load(p + AT_TYPE, 2);
    head->length = (uint32_t)leat_protocol_load(p + AT_LENGTH, 4);
    head->sequence = (uint32_t)leat_protocol_load(p + AT_SEQUENCE, 4);
    return 0;
}

int64_t leat_protocol_frame_bytes(const struct leat_protocol_head *head)
{
    return LEAT_PROTOCOL_HEADER_BYTES + (int64_t)head->length + ((head->flags & LEAT_PROTOCOL_CRC) != 0 ? LEAT_PROTOCOL_CRC_BYTES : 0);
}

/* Returns the bytes that the checksum is of; 0: the frame has none; -EINVAL: it is not whole. */
static int64_t summed_bytes(const void *frame, int64_t bytes)
{
    struct leat_protocol_head head;
    if (leat_protocol_head_read(frame, bytes, &head) != 0 || leat_protocol_frame_bytes(&head) != bytes)
        return -EINVAL;
    return (head.flags & LEAT_PROTOCOL_CRC) != 0 ? bytes - LEAT_PROTOCOL_CRC_BYTES : 0;
}

int leat_protocol_crc_set(void *frame, int64_t bytes, leat_protocol_crc32c *crc32c, void *context)
{
    int64_t summed = summed_bytes(frame, bytes);
    if (summed > 0)
        leat_protocol_store((unsigned char *)frame + summed, LEAT_PROTOCOL_CRC_BYTES, crc32c(context, 0, frame, summed));
    return summed < 0 ? (int)summed : 0;
}

int leat_protocol_crc_check(const void *frame, int64_t bytes, leat_protocol_crc32c *crc32c, void *context)
{
    int64_t summed = summed_bytes(frame, bytes);
    if (summed <= 0)
        return (int)summed;
    uint64_t said = leat_protocol_load((const unsigned char *)frame + summed, LEAT_PROTOCOL_CRC_BYTES);
    return said == crc32c(context, 0, frame, summed) ? 0 : -EBADMSG;
}

enum leat_protocol_unknown leat_protocol_unknown(const struct leat_protocol_head *head)
{
    return (head->flags & LEAT_PROTOCOL_CRITICAL) != 0 ? LEAT_PROTOCOL_REFUSE : LEAT_PROTOCOL_SKIP;
}

bool leat_protocol_item_critical(const struct leat_tlv_item *item)
{
    return (item->value[-item->header_bytes] & ITEM_CRITICAL) != 0;
}
