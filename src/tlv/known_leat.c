/* SPDX-License-Identifier: MIT */
/* known_leat.c: leat's own protocol (doc/protocol.md). */
#include "known.h"

/* The version in the upper half of the second byte; in the lower one critical 8, nested 4, more 2, checksum 1. */
static const struct leat_tlv_kind kinds[] = {{0x10, LEAT_TLV_BY_FIELD, 0, 0, 0}, {0x11, LEAT_TLV_BY_FIELD, 0, 0, 4}};
static const unsigned char mark[1] = {0xa7};
static const struct leat_tlv_name names[] = {{0xff00, "hello"}, {0xff01, "keep-alive"}, {0xff02, "error"}, {0xff03, "batch"}};
enum { BATCH = 0xff03, BATCH_HEAD = 12 };
static const struct leat_tlv_nest nests[] = {NEST(BATCH, BATCH_HEAD, &leat_tlv_leat_item)};
const struct leat_tlv_dialect leat_tlv_leat = {
    .name = "leat",
    .rule = "mark a7, version and flags 1, type 2, length 4 (value only), sequence 4, zero 2, checksum 2, big endian; CRC32C 4 if flagged",
    .type = BIG(2, 2),
    .length = BIG(4, 4),
    .header_bytes = 16,
    .nested = BIG_BITS(1, 1, 2, 1),
    .inside = &leat_tlv_leat_item,
    .control = BIG_BITS(1, 1, 0, 0xf1),
    .kinds = kinds,
    .kind_count = COUNT(kinds),
    .checksum = BIG(14, 2),
    .marker = mark,
    .marker_bytes = sizeof mark,
    .align = 1,
    NESTS(nests),
    NAMES(names),
    .shape = LEAT_TLV_SHAPE_GENERAL,
};

const struct leat_tlv_dialect leat_tlv_leat_item = {
    .name = "leat-item",
    .rule = "critical 1 bit, nested 1 bit, type 14 bits, length 4 (value only), big endian",
    .type = BIG_BITS(0, 2, 0, 0x3fff),
    .length = BIG(2, 4),
    .nested = BIG_BITS(0, 2, 14, 1),
    .inside = &leat_tlv_leat_item,
    .header_bytes = 6,
    .align = 1,
    .shape = LEAT_TLV_SHAPE_PLAIN,
};
