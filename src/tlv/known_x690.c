/* SPDX-License-Identifier: MIT */
/* known_x690.c: BER and DER. Source: X.690. */
#include "known.h"

/* Universal class; the identifier octet says also whether the value holds items. */
static const struct leat_tlv_name names[] = {
    {0x01, "BOOLEAN"},
    {0x02, "INTEGER"},
    {0x03, "BIT STRING"},
    {0x04, "OCTET STRING"},
    {0x05, "NULL"},
    {0x06, "OID"},
    {0x09, "REAL"},
    {0x0a, "ENUMERATED"},
    {0x0c, "UTF8String"},
    {0x12, "NumericString"},
    {0x13, "PrintableString"},
    {0x14, "T61String"},
    {0x16, "IA5String"},
    {0x17, "UTCTime"},
    {0x18, "GeneralizedTime"},
    {0x1a, "VisibleString"},
    {0x1c, "UniversalString"},
    {0x1e, "BMPString"},
    {0x23, "BIT STRING"},
    {0x24, "OCTET STRING"},
    {0x30, "SEQUENCE"},
    {0x31, "SET"},
    {0x2c, "UTF8String"},
    {0x00, "end of contents"},
};

/* The bit of a constructed item is 0x20 of the first identifier octet. */
#define X690_HEADER                                                                                                            \
    .type = {.codec = LEAT_TLV_BER_TAG}, .length = {.codec = LEAT_TLV_BER_LENGTH}, .nested = BIG_BITS(0, 1, 5, 1), .align = 1, \
    .in_hex = true, NAMES(names), .shape = LEAT_TLV_SHAPE_BER

const struct leat_tlv_dialect leat_tlv_ber = {
    .name = "ber",
    .rule = "X.690: identifier octets (up to 8), then length octets (1 to 9, or 80 for indefinite); bit 20 nests",
    X690_HEADER,
    .inside = &leat_tlv_ber,
    .indefinite = true,
};

const struct leat_tlv_dialect leat_tlv_der = {
    .name = "der",
    .rule = "X.690: as ber, but every length definite, and tags and lengths in their shortest form",
    X690_HEADER,
    .inside = &leat_tlv_der,
    .shortest = true,
};
