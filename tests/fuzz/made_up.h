/* SPDX-License-Identifier: MIT */
/* made_up.h: bytes of a fuzz target's input, and a dialect that they describe. */
#ifndef LEAT_MADE_UP_H
#define LEAT_MADE_UP_H

#include <leat/tlv.h>

/* Takes bytes as they come; zeros behind the last. */
struct source {
    const uint8_t *data;
    size_t bytes;
};

static inline uint8_t byte_of(struct source *source)
{
    if (source->bytes == 0)
        return 0;
    source->bytes--;
    return *source->data++;
}

static inline struct leat_tlv_field field_of(struct source *source, const struct leat_tlv_escape *escapes)
{
    static const uint64_t masks[] = {0xff, 0xf, 7, 1, 0xffff, 0x3fff, UINT32_MAX, UINT64_MAX};
    uint8_t first = byte_of(source), second = byte_of(source);
    return (struct leat_tlv_field){.codec = (enum leat_tlv_codec)(first % 9),
                                   .at = (first >> 4) - 1,
                                   .bytes = second % 11,
                                   .shift = (second >> 4) % 9,
                                   .mask = masks[byte_of(source) % 8],
                                   .escapes = escapes,
                                   .escape_count = second > 0xc0 ? 3 : 0};
}

/* A dialect that nobody thought of. Returns NULL: it makes no sense. */
static inline const struct leat_tlv_dialect *made_up(struct source *source)
{
    static struct leat_tlv_escape escapes[3];
    static struct leat_tlv_kind kinds[4];
    static struct leat_tlv_mark marks[2];
    static struct leat_tlv_nest nests[2];
    static signed char parts[4];
    static struct leat_tlv_dialect dialect;
    uint8_t uses = byte_of(source), more = byte_of(source);
    for (int i = 0; i < 3; i++)
        escapes[i] = (struct leat_tlv_escape){byte_of(source), byte_of(source) % 10 - 1, byte_of(source), byte_of(source)};
    for (int i = 0; i < 4; i++) {
        enum leat_tlv_how how = (enum leat_tlv_how)(byte_of(source) % 7);
        int32_t width = byte_of(source) % 18, extra = byte_of(source);
        extra = extra < 128 ? extra % 5 : -(extra % 5); /* beside the length, or counted by it */
        kinds[i] = (struct leat_tlv_kind){(uint64_t)i, how, width, extra, byte_of(source) % 3};
    }
    for (int i = 0; i < 2; i++) {
        uint8_t flags = byte_of(source);
        marks[i] = (struct leat_tlv_mark){byte_of(source), flags & 1, flags & 2, flags & 4, flags & 8};
    }
    for (int i = 0; i < 3; i++)
        parts[i] = (signed char)(byte_of(source) % 11 - 5);
    for (int i = 0; i < 2; i++)
        nests[i] = (struct leat_tlv_nest){.first = byte_of(source) % 8,
                                          .last = byte_of(source),
                                          .value_starts = byte_of(source) % 6 - 2,
                                          .fixed_bytes = byte_of(source) % 5,
                                          .inside = &dialect,
                                          .parts = i == 0 ? parts : NULL,
                                          .area_bytes = byte_of(source) % 4,
                                          .type = (more & 1) != 0 ? field_of(source, NULL) : (struct leat_tlv_field){0},
                                          .unless = (more & 3) == 2 ? field_of(source, NULL) : (struct leat_tlv_field){0}};
    dialect = (struct leat_tlv_dialect){.name = "made up",
                                        .rule = "of chance",
                                        .type = field_of(source, escapes),
                                        .length = field_of(source, escapes),
                                        .inside = &dialect,
                                        .nests = nests,
                                        .nest_count = (uses & 1) != 0 ? 2 : 0,
                                        .marks = marks,
                                        .mark_count = (uses & 2) != 0 ? 2 : 0,
                                        .header_bytes = byte_of(source) % 20,
                                        .length_includes = (int32_t)byte_of(source) % 24 - 8,
                                        .length_unit = byte_of(source) % 9,
                                        .align = 1 << byte_of(source) % 4,
                                        .trailer_bytes = byte_of(source) % 5,
                                        .length_max = byte_of(source),
                                        .shortest = (uses & 4) != 0,
                                        .indefinite = (uses & 8) != 0,
                                        .cumulative = (uses & 16) != 0,
                                        .first = byte_of(source) % 4,
                                        .kinds = kinds,
                                        .kind_count = (uses & 32) != 0 ? 4 : 0};
    if ((uses & 32) != 0)
        dialect.control = field_of(source, NULL);
    if ((uses & 64) != 0)
        dialect.nested = field_of(source, NULL);
    if ((uses & 128) != 0)
        dialect.following = field_of(source, NULL);
    if ((more & 2) != 0)
        dialect.label = field_of(source, NULL);
    if ((more & 4) != 0)
        dialect.marker = (const unsigned char *)"\0\1", dialect.marker_bytes = 1 + (more >> 7);
    if ((more & 8) != 0)
        dialect.checksum = (struct leat_tlv_field){LEAT_TLV_BIG, 2, 2, 0, 0xffff, NULL, 0};
    if ((more & 16) != 0)
        dialect.type = (struct leat_tlv_field){.codec = LEAT_TLV_BER_TAG},
        dialect.length = (struct leat_tlv_field){.codec = LEAT_TLV_BER_LENGTH};
    if ((more & 32) != 0)
        dialect.type = (struct leat_tlv_field){.codec = LEAT_TLV_NONE};
    return leat_tlv_dialect_ready(&dialect, NULL) == 0 ? &dialect : NULL;
}

#endif
