/* SPDX-License-Identifier: MIT */
/* known_untyped.c: what else a gateway meets. */
#include "known.h"

const struct leat_tlv_dialect leat_tlv_lines = {
    .name = "lines",
    .rule = "text: a frame ends behind each line feed",
    .cut = LEAT_TLV_CUT_LINES,
    .cut_byte = '\n',
    .align = 1,
    .shape = LEAT_TLV_SHAPE_UNTYPED,
};
const struct leat_tlv_dialect leat_tlv_slip = {
    .name = "slip",
    .rule = "RFC 1055: a frame ends behind each byte c0, and has none inside (leat/stuffing.h takes the escapes out)",
    .cut = LEAT_TLV_CUT_MARKS,
    .cut_byte = 0xc0,
    .align = 1,
    .shape = LEAT_TLV_SHAPE_UNTYPED,
};
const struct leat_tlv_dialect leat_tlv_cobs = {
    .name = "cobs",
    .rule = "a frame ends behind each byte 0, and has none inside (leat/stuffing.h puts the zeros back)",
    .cut = LEAT_TLV_CUT_MARKS,
    .cut_byte = 0,
    .align = 1,
    .shape = LEAT_TLV_SHAPE_UNTYPED,
};
const struct leat_tlv_dialect leat_tlv_raw = {
    .name = "raw",
    .rule = "no frames: bytes as they come, up to the frame limit",
    .cut = LEAT_TLV_CUT_RAW,
    .align = 1,
    .shape = LEAT_TLV_SHAPE_UNTYPED,
};
