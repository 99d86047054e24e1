/* SPDX-License-Identifier: MIT */
/* tlv_edges_test.c: what the other tests and the fuzzers' inputs leave out, as tools/coverage shows it: dialects of odd forms, broken
 * structs. */
#include "tlv_support.h"

#include <leat/value.h>

#define KIND LEAT_TLV_KIND_ANY
#define WORD(at, bytes, mask)                     \
    {                                             \
        LEAT_TLV_BIG, at, bytes, 0, mask, NULL, 0 \
    }

static unsigned char room[4096];

static int64_t room_reserve(void *context, int64_t min_bytes, void **span)
{
    *span = context;
    return min_bytes;
}

static void room_commit(void *context, int64_t bytes)
{
    (void)context;
    (void)bytes;
}

static void writer_open(struct leat_tlv_writer *writer, const struct leat_tlv_dialect *dialect)
{
    const struct leat_sink sink = {room_reserve, room_commit, room};
    memset(room, 0xee, sizeof room);
    assert_int_equal(leat_tlv_writer_init(writer, dialect, &sink, sizeof room), 0);
}

static void wrote(struct leat_tlv_writer *writer, const char *hex)
{
    unsigned char want[256];
    int64_t bytes = unhex(hex, want);
    assert_int_equal(leat_tlv_finish(writer), bytes);
    assert_memory_equal(room, want, (size_t)bytes);
}

static void ready(struct leat_tlv_dialect *dialect, enum leat_tlv_shape shape)
{
    const char *why = "";
    if (leat_tlv_dialect_ready(dialect, &why) != 0)
        fail_msg("%s", why);
    assert_int_equal(dialect->shape, shape);
}

/* The first item of these bytes, or the rule that it breaks. */
static enum leat_tlv_rule first(const struct leat_tlv_dialect *dialect, const char *hex, struct leat_tlv_item *item)
{
    static unsigned char data[256];
    static struct leat_tlv_cursor cursor;
    memset(item, 0, sizeof *item);
    assert_int_equal(leat_tlv_cursor_init(&cursor, dialect, data, unhex(hex, data), 0, NULL), 0);
    enum leat_tlv_next next = leat_tlv_next(&cursor, item);
    assert_true(next != LEAT_TLV_END && leat_tlv_cursor_valid(&cursor));
    return next == LEAT_TLV_BAD ? leat_tlv_cursor_fault(&cursor)->rule : LEAT_TLV_OK;
}

/* Diameter's AVP: the length counts a vendor that only some headers have. */
static void a_length_counts_what_a_kind_adds_to_the_header(void **state)
{
    static const struct leat_tlv_kind kinds[] = {{0, LEAT_TLV_BY_FIELD, 0, 0, 0}, {1, LEAT_TLV_BY_FIELD, 0, -4, 0}};
    struct leat_tlv_dialect avp = {.name = "avp",
                                   .rule = "code 4, flags 1, length 3",
                                   .type = WORD(0, 4, UINT32_MAX),
                                   .length = WORD(5, 3, 0xffffff),
                                   .control = {LEAT_TLV_BIG, 4, 1, 7, 1, NULL, 0},
                                   .kinds = kinds,
                                   .kind_count = 2,
                                   .header_bytes = 8,
                                   .length_includes = 8,
                                   .align = 4};
    struct leat_tlv_writer writer;
    struct leat_tlv_item item;
    (void)state;
    ready(&avp, LEAT_TLV_SHAPE_GENERAL);
    assert_int_equal(first(&avp, "00000190 c000000d 000028af 07 000000", &item), LEAT_TLV_OK);
    assert_true(item.type == 400 && item.kind == 1 && item.header_bytes == 12 && item.length == 1 && item.total_bytes == 16);
    assert_int_equal(first(&avp, "00000190 c000000c 000028af", &item), LEAT_TLV_OK);
    assert_true(item.header_bytes == 12 && item.length == 0);
    assert_int_equal(first(&avp, "00000190 4000000c 000028af", &item), LEAT_TLV_OK);
    assert_true(item.header_bytes == 8 && item.length == 4 && item.kind == 0);
    assert_int_equal(first(&avp, "00000190 c000000b 000028af", &item), LEAT_TLV_LENGTH_SMALL);
    assert_int_equal(first(&avp, "00000190 40000007 000028af", &item), LEAT_TLV_LENGTH_SMALL);
    assert_int_equal(first(&avp, "00000190 c000000c 0000", &item), LEAT_TLV_TRUNCATED);
    writer_open(&writer, &avp);
    assert_int_equal(leat_tlv_put_kind(&writer, 400, 1, "x", 1), 0);
    assert_int_equal(leat_tlv_put(&writer, 1, "y", 1), 0);
    wrote(&writer, "00000190 8000000d 00000000 78000000 00000001 00000009 79000000");
    assert_int_equal(leat_tlv_writer_init(&writer, &avp, NULL, 0), 0);
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 1, NULL, 0xfffff3), 0);
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 1, NULL, 0xfffff4), -EMSGSIZE);
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 0, NULL, 0xfffff7), 0);
}

static void numbers_of_seven_bits_are_kept_to_their_width(void **state)
{
    static const struct leat_tlv_escape escapes[] = {{1, 2, 0, 0}, {2, -1, 0, 0}};
    struct leat_tlv_dialect wide = {.name = "wide",
                                    .rule = "two numbers",
                                    .type = {LEAT_TLV_LEB128, LEAT_TLV_BEHIND, 10, 0, UINT64_MAX, NULL, 0},
                                    .length = {LEAT_TLV_LEB128, LEAT_TLV_BEHIND, 2, 0, UINT64_MAX, NULL, 0},
                                    .align = 1,
                                    .shortest = true};
    struct leat_tlv_dialect odd = {.name = "odd",
                                   .rule = "an escape behind",
                                   .type = {LEAT_TLV_LEB128, LEAT_TLV_BEHIND, 3, 1, 0xff, escapes, 2},
                                   .length = WORD(LEAT_TLV_BEHIND, 1, 0xff),
                                   .align = 1};
    struct leat_tlv_dialect base = {.name = "base",
                                    .rule = "most significant first",
                                    .type = {LEAT_TLV_BASE128, LEAT_TLV_BEHIND, 2, 62, 3, NULL, 0},
                                    .length = WORD(LEAT_TLV_BEHIND, 1, 0xff),
                                    .align = 1,
                                    .shortest = true};
    struct leat_tlv_writer writer;
    struct leat_tlv_item item;
    (void)state;
    ready(&wide, LEAT_TLV_SHAPE_GENERAL);
    ready(&odd, LEAT_TLV_SHAPE_GENERAL);
    ready(&base, LEAT_TLV_SHAPE_GENERAL);
    assert_int_equal(first(&wide, "ffffffffffffffffff01 00", &item), LEAT_TLV_OK);
    assert_true(item.type == UINT64_MAX);
    assert_int_equal(first(&wide, "8100 00", &item), LEAT_TLV_TYPE_FORM);
    assert_int_equal(first(&wide, "01 8000", &item), LEAT_TLV_LENGTH_MINIMAL);
    assert_int_equal(first(&base, "8001 00", &item), LEAT_TLV_TYPE_FORM);
    assert_int_equal(first(&odd, "02 0301 00", &item), LEAT_TLV_OK); /* 1 is an escape, the number is little endian as LEB128 is */
    assert_true(item.type == 0x103);
    assert_int_equal(first(&odd, "04 00", &item), LEAT_TLV_TYPE_FORM);
    writer_open(&writer, &wide);
    assert_int_equal(leat_tlv_put(&writer, UINT64_MAX, "", 0), 0);
    assert_int_equal(leat_tlv_put(&writer, 1, room, 1 << 14), -EMSGSIZE); /* a length of three bytes: before that, no room */
    wrote(&writer, "ffffffffffffffffff01 00");
    assert_int_equal(leat_tlv_writer_init(&writer, &wide, NULL, 0), 0);
    assert_int_equal(leat_tlv_put(&writer, 1, NULL, (1 << 14) - 1), 0);
    assert_int_equal(leat_tlv_put(&writer, 1, NULL, 1 << 14), -EMSGSIZE);
    writer_open(&writer, &odd);
    assert_int_equal(leat_tlv_put(&writer, 0x100, "", 0), -EINVAL); /* beyond the mask; and an escape has no shorter form here */
    assert_int_equal(leat_tlv_put(&writer, 1, "", 0), -EINVAL);
    assert_int_equal(leat_tlv_put(&writer, 3, "", 0), 0);
    wrote(&writer, "06 00");
    writer_open(&writer, &base);
    assert_int_equal(leat_tlv_put(&writer, 1, "", 0), -EINVAL); /* 1 << 62 has nine bytes of 7 bits */
    wrote(&writer, "");
}

static void escapes_are_written_where_they_fit(void **state)
{
    static const struct leat_tlv_escape escapes[] = {{250, -1, 0, 0}, {251, 0, 300, 0}, {252, 1, 300, 310}, {253, 8, 0, 0}, {254, 8, 5, 0}};
    struct leat_tlv_dialect dialect = {.name = "e",
                                       .rule = "escapes of all kinds",
                                       .type = {LEAT_TLV_BIG, LEAT_TLV_BEHIND, 1, 0, 0xff, escapes, 5},
                                       .length = {LEAT_TLV_BIG, LEAT_TLV_BEHIND, 8, 0, UINT64_MAX, NULL, 0},
                                       .length_unit = 4,
                                       .align = 1};
    struct leat_tlv_dialect sum = dialect;
    struct leat_tlv_writer writer;
    struct leat_tlv_item item;
    (void)state;
    sum.cumulative = true;
    ready(&dialect, LEAT_TLV_SHAPE_GENERAL);
    ready(&sum, LEAT_TLV_SHAPE_GENERAL);
    writer_open(&writer, &dialect);
    assert_int_equal(leat_tlv_put(&writer, 300, "", 0), 0);
    assert_int_equal(leat_tlv_put(&writer, 310, "abcd", 4), 0);
    assert_int_equal(leat_tlv_put(&writer, 301, "", 0), 0);
    assert_int_equal(leat_tlv_put(&writer, 1, "abc", 3), -EMSGSIZE); /* no whole unit */
    wrote(&writer, "fb 0000000000000000 fc0a 0000000000000001 61626364 fd000000000000012d 0000000000000000");
    assert_int_equal(first(&dialect, "fb 0000000000000000", &item), LEAT_TLV_OK);
    assert_true(item.type == 300);
    assert_int_equal(first(&dialect, "fe ffffffffffffffff 0000000000000000", &item), LEAT_TLV_TYPE_FORM);
    assert_int_equal(first(&dialect, "01 0100000000000000", &item), LEAT_TLV_LENGTH_LIMIT);
    assert_int_equal(first(&dialect, "01 0000000000000001 61626364", &item), LEAT_TLV_OK);
    assert_true(item.length == 4);

    static const unsigned char twice[] = {253, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    struct leat_tlv_cursor cursor;
    assert_int_equal(leat_tlv_cursor_init(&cursor, &sum, twice, sizeof twice, 0, NULL), 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_BAD); /* 2^64 - 1, and 1 more */
    assert_int_equal(leat_tlv_cursor_fault(&cursor)->rule, LEAT_TLV_TYPE_FORM);
    writer_open(&writer, &sum);
    assert_int_equal(leat_tlv_put(&writer, 250, "", 0), 0); /* by the escape of 8 bytes: 250 itself is reserved */
    assert_int_equal(leat_tlv_put(&writer, 249, "", 0), -EINVAL);
    wrote(&writer, "fd00000000000000fa 0000000000000000");
}

static void kinds_that_cannot_say_a_length_are_passed_over(void **state)
{
    static const struct leat_tlv_kind kinds[] = {{0, LEAT_TLV_SIZED, 2, 0, 0},
                                                 {1, LEAT_TLV_BY_NUMBER, 1, 0, 3},
                                                 {2, LEAT_TLV_SELF, 0, 0, 0},
                                                 {3, LEAT_TLV_OPENS, 0, 0, 0},
                                                 {4, LEAT_TLV_CLOSES, 0, 0, 0}};
    static struct leat_tlv_dialect dialect = {.name = "k",
                                              .rule = "kinds",
                                              .type = WORD(0, 1, 0xf),
                                              .length = WORD(LEAT_TLV_BEHIND, 1, 0xff),
                                              .control = {LEAT_TLV_BIG, 0, 1, 4, 7, NULL, 0},
                                              .kinds = kinds,
                                              .kind_count = 5,
                                              .header_bytes = 1,
                                              .length_max = 250,
                                              .indefinite = true,
                                              .inside = &dialect,
                                              .align = 1};
    struct leat_tlv_writer writer;
    (void)state;
    ready(&dialect, LEAT_TLV_SHAPE_GENERAL);
    writer_open(&writer, &dialect);
    assert_int_equal(leat_tlv_put(&writer, 1, "ab", 2), 0); /* the first that says it by a number */
    assert_int_equal(leat_tlv_put(&writer, 1, room, 251), -EMSGSIZE);
    assert_int_equal(leat_tlv_put(&writer, 16, "", 0), -EINVAL);
    assert_int_equal(leat_tlv_put_kind(&writer, 16, LEAT_TLV_KIND_MARK, "", 0), -EINVAL);
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 1, room, 251), -EMSGSIZE);
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 0, "abc", 3), -EINVAL);
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 2, "abcdefghijk", 11), -EINVAL);
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 2, "", 0), -EINVAL);
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 3, "", 0), -EINVAL);
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 4, "", 0), -EINVAL);
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 5, "", 0), -EINVAL);
    wrote(&writer, "11 02 6162 000000");
}

static void what_holds_items_that_are_not_ready_holds_none(void **state)
{
    static struct leat_tlv_dialect raw = {.name = "raw", .rule = "x", .cut = LEAT_TLV_CUT_RAW};
    static const struct leat_tlv_dialect never = {.name = "n", .rule = "x"};
    static const signed char parts[] = {1, 0};
    static const struct leat_tlv_nest nests[] = {{.first = 1, .last = 1, .value_starts = -1, .inside = &never},
                                                 {.first = 2, .last = 2, .value_starts = -1, .inside = &raw},
                                                 {.first = 3, .last = 3, .value_starts = -1, .inside = &raw, .parts = parts}};
    struct leat_tlv_dialect dialect = {.name = "x",
                                       .rule = "y",
                                       .type = WORD(0, 1, 0x7f),
                                       .length = WORD(1, 1, 0xff),
                                       .header_bytes = 2,
                                       .nested = {LEAT_TLV_BIG, 0, 1, 7, 1, NULL, 0},
                                       .nests = nests,
                                       .nest_count = 3,
                                       .align = 1};
    struct leat_tlv_writer writer;
    struct leat_tlv_item item;
    (void)state;
    ready(&raw, LEAT_TLV_SHAPE_UNTYPED);
    ready(&dialect, LEAT_TLV_SHAPE_PLAIN);
    assert_int_equal(first(&dialect, "01 01 00", &item), LEAT_TLV_OK);
    assert_false(item.constructed);
    assert_int_equal(first(&dialect, "84 01 00", &item), LEAT_TLV_OK); /* the flag, and no inside */
    assert_false(item.constructed);
    assert_int_equal(first(&dialect, "02 01 00", &item), LEAT_TLV_OK);
    assert_true(item.constructed);
    assert_int_equal(first(&dialect, "03 01 00", &item), LEAT_TLV_OK); /* nothing behind the parts */
    assert_false(item.constructed);
    dialect.inside = &never;
    assert_int_equal(first(&dialect, "84 01 00", &item), LEAT_TLV_OK);
    assert_false(item.constructed);
    writer_open(&writer, &dialect);
    assert_int_equal(leat_tlv_begin(&writer, 2), -EINVAL); /* frames without types cannot be written */
    assert_int_equal(leat_tlv_begin(&writer, 4), -EINVAL);
    assert_int_equal(leat_tlv_put(&writer, 5, NULL, 1), -EINVAL);
    assert_int_equal(leat_tlv_writer_init(NULL, &dialect, NULL, 0), -EINVAL);
    wrote(&writer, "");
}

static void forms_of_x690_with_more_are_read_the_long_way(void **state)
{
    static struct leat_tlv_dialect made[5];
    static const struct leat_tlv_nest nest[] = {{.first = 0x30, .last = 0x30, .value_starts = -1, .inside = &made[4]}};
    struct leat_tlv_item item;
    (void)state;
    for (int i = 0; i < 5; i++)
        made[i] = (struct leat_tlv_dialect){.name = "x",
                                            .rule = "y",
                                            .type = {.codec = LEAT_TLV_BER_TAG},
                                            .length = {.codec = LEAT_TLV_BER_LENGTH},
                                            .nested = {LEAT_TLV_BIG, 0, 1, 5, 1, NULL, 0},
                                            .inside = &made[i],
                                            .align = 1};
    made[0].nested = (struct leat_tlv_field){.codec = LEAT_TLV_NONE};
    made[1].nested.shift = 4;
    made[2].inside = NULL;
    made[3].trailer_bytes = 1;
    made[4].nests = nest, made[4].nest_count = 1;
    for (int i = 0; i < 5; i++) {
        ready(&made[i], LEAT_TLV_SHAPE_GENERAL);
        assert_int_equal(first(&made[i], "30 00 00", &item), LEAT_TLV_OK);
        assert_true(item.type == 0x30 && item.length == 0);
    }
    made[1].nested.shift = 5, made[1].nested.mask = 3;
    ready(&made[1], LEAT_TLV_SHAPE_GENERAL);
    made[1].nested.mask = 1;
    ready(&made[1], LEAT_TLV_SHAPE_BER);
    made[1].align = 2;
    ready(&made[1], LEAT_TLV_SHAPE_GENERAL);
}

/* Rows whose items tell the type of the next, in a value that does not tell its first one's. */
static void a_row_begins_with_the_dialects_first_type(void **state)
{
    static struct leat_tlv_dialect row = {.name = "row",
                                          .rule = "next 1, length 1",
                                          .following = WORD(0, 1, 0xff),
                                          .length = WORD(1, 1, 0xff),
                                          .header_bytes = 2,
                                          .first = 7,
                                          .nested = {LEAT_TLV_BIG, 0, 1, 7, 1, NULL, 0},
                                          .inside = &row,
                                          .align = 1};
    static const struct leat_tlv_nest nests[] = {{.first = 1, .last = 1, .value_starts = -1, .inside = &row}};
    struct leat_tlv_dialect around = {.name = "x",
                                      .rule = "y",
                                      .type = WORD(0, 1, 0x7f),
                                      .length = WORD(1, 1, 0xff),
                                      .header_bytes = 2,
                                      .nested = {LEAT_TLV_BIG, 0, 1, 7, 1, NULL, 0},
                                      .inside = &row,
                                      .nests = nests,
                                      .nest_count = 1,
                                      .align = 1};
    struct leat_tlv_writer writer;
    (void)state;
    row.following.mask = 0x7f;
    ready(&row, LEAT_TLV_SHAPE_GENERAL);
    ready(&around, LEAT_TLV_SHAPE_PLAIN);
    writer_open(&writer, &around);
    for (uint64_t type = 1; type <= 2; type++) { /* by a nest, by the flag */
        assert_int_equal(leat_tlv_begin(&writer, type), 0);
        assert_int_equal(leat_tlv_put(&writer, 6, "", 0), -EINVAL);
        assert_int_equal(leat_tlv_begin(&writer, 6), -EINVAL);
        assert_int_equal(leat_tlv_put(&writer, 7, "", 0), 0);
        assert_int_equal(leat_tlv_put(&writer, 8, "a", 1), 0);
        assert_int_equal(leat_tlv_fill(&writer, 0, "", -1), -EINVAL);
        assert_int_equal(leat_tlv_fill(&writer, 0, NULL, 1), -EINVAL);
        assert_int_equal(leat_tlv_fill(&writer, 0, NULL, 0), 0);
        assert_int_equal(leat_tlv_end(&writer), 0);
    }
    wrote(&writer, "81 05 0800 0001 61 82 05 0800 0001 61");
}

static void marks_beside_kinds_and_numbers_behind(void **state)
{
    static const struct leat_tlv_kind sized[] = {{0, LEAT_TLV_SIZED, 2, 0, 0}, {1, LEAT_TLV_BY_NUMBER, 1, 0, 0}},
                                      opening[] = {{0, LEAT_TLV_OPENS, 0, 0, 0}, {1, LEAT_TLV_CLOSES, 0, 0, 0}};
    static const struct leat_tlv_mark first_byte[] = {{.type = 0xff, .bare = true, .first_byte = true}},
                                      bare[] = {{.type = 3, .bare = true}}, padding[] = {{.type = 5}};
    struct leat_tlv_dialect kinds = {.name = "k",
                                     .rule = "x",
                                     .type = WORD(0, 1, 0xf),
                                     .length = WORD(LEAT_TLV_BEHIND, 1, 0xff),
                                     .control = {LEAT_TLV_BIG, 0, 1, 7, 1, NULL, 0},
                                     .kinds = sized,
                                     .kind_count = 2,
                                     .marks = first_byte,
                                     .mark_count = 1,
                                     .header_bytes = 1,
                                     .align = 1};
    struct leat_tlv_dialect behind = {.name = "b",
                                      .rule = "x",
                                      .type = WORD(LEAT_TLV_BEHIND, 1, 0xff),
                                      .length = WORD(LEAT_TLV_BEHIND, 1, 0xff),
                                      .marks = bare,
                                      .mark_count = 1,
                                      .align = 1,
                                      .length_unit = 2};
    struct leat_tlv_dialect open = kinds, sum = {.name = "s",
                                                 .rule = "x",
                                                 .type = WORD(0, 1, 0xff),
                                                 .length = WORD(1, 1, 0xff),
                                                 .header_bytes = 2,
                                                 .cumulative = true,
                                                 .align = 1};
    struct leat_tlv_dialect shifted = {.name = "l",
                                       .rule = "x",
                                       .type = {LEAT_TLV_LEB128, LEAT_TLV_BEHIND, 10, 1, UINT64_MAX, NULL, 0},
                                       .length = WORD(LEAT_TLV_BEHIND, 1, 0xff),
                                       .align = 1};
    struct leat_tlv_writer writer;
    struct leat_tlv_item item;
    (void)state;
    open.kinds = opening, open.marks = padding, open.indefinite = true, open.inside = &open;
    ready(&kinds, LEAT_TLV_SHAPE_GENERAL);
    ready(&behind, LEAT_TLV_SHAPE_GENERAL);
    ready(&open, LEAT_TLV_SHAPE_GENERAL);
    ready(&sum, LEAT_TLV_SHAPE_GENERAL);
    ready(&shifted, LEAT_TLV_SHAPE_GENERAL);
    writer_open(&writer, &kinds);
    assert_int_equal(leat_tlv_put_kind(&writer, 0xff, LEAT_TLV_KIND_MARK, "", 0), 0);
    assert_int_equal(leat_tlv_put(&writer, 1, room, 256), -EMSGSIZE);
    assert_int_equal(leat_tlv_put_kind(&writer, 1, 1, room, 256), -EMSGSIZE);
    assert_int_equal(leat_tlv_put(&writer, 1, "abc", 3), 0);
    wrote(&writer, "ff 81 03 616263");
    kinds.marks = bare, kinds.kind_count = 1; /* no kind says a length by a number, and the mark has none */
    ready(&kinds, LEAT_TLV_SHAPE_GENERAL);
    writer_open(&writer, &kinds);
    assert_int_equal(leat_tlv_put(&writer, 3, "", 0), 0);
    wrote(&writer, "03");
    writer_open(&writer, &behind);
    assert_int_equal(leat_tlv_put(&writer, 3, "", 0), 0);
    assert_int_equal(leat_tlv_put(&writer, 4, "ab", 2), 0);
    wrote(&writer, "03 04 01 6162");
    assert_int_equal(first(&behind, "03 04 01 6162", &item), LEAT_TLV_OK);
    assert_int_equal(item.total_bytes, 1);
    writer_open(&writer, &sum);
    assert_int_equal(leat_tlv_put(&writer, 256, "", 0), -EINVAL); /* too far from the type before */
    assert_int_equal(leat_tlv_put(&writer, 255, "", 0), 0);
    assert_int_equal(leat_tlv_put(&writer, 256, "", 0), 0);
    wrote(&writer, "ff00 0100");
    writer_open(&writer, &shifted);
    assert_int_equal(leat_tlv_put(&writer, UINT64_C(1) << 63, "", 0), -EINVAL);
    wrote(&writer, "");
    assert_null(leat_tlv_dialect("t16l32x"));
}

static void marks_with_values_end_a_row_after_them(void **state)
{
    static const struct leat_tlv_mark marks[] = {{.type = 9, .end = true, .valued = true}, {.type = 8}};
    struct leat_tlv_dialect fixed = {.name = "x",
                                     .rule = "y",
                                     .type = WORD(0, 1, 0xff),
                                     .length = WORD(1, 1, 0xff),
                                     .header_bytes = 2,
                                     .align = 1,
                                     .marks = marks,
                                     .mark_count = 2};
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    (void)state;
    ready(&fixed, LEAT_TLV_SHAPE_FIXED);
    assert_int_equal(leat_tlv_cursor_init(&cursor, &fixed, "\x08\0\x09\1a\7\0", 7, 0, NULL), 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_false(item.end_mark);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_true(item.type == 9 && item.length == 1 && !item.end_mark);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_END);
    assert_int_equal(first(&fixed, "08 01 61", &item), LEAT_TLV_END_MARK);
}

static void labels_longer_than_anything_are_refused(void **state)
{
    struct leat_tlv_dialect dialect = {.name = "x",
                                       .rule = "y",
                                       .type = WORD(0, 1, 0xff),
                                       .length = WORD(1, 1, 0xff),
                                       .header_bytes = 10,
                                       .align = 1,
                                       .label = WORD(2, 8, UINT64_MAX)};
    struct leat_tlv_item item;
    (void)state;
    ready(&dialect, LEAT_TLV_SHAPE_GENERAL);
    assert_int_equal(first(&dialect, "01 00 7fffffffffffffff", &item), LEAT_TLV_LENGTH_LIMIT);
    assert_int_equal(first(&dialect, "01 00 0000000000000001 6c", &item), LEAT_TLV_OK);
    assert_int_equal(item.header_bytes, 11);
}

/* The frame that has no end within the limit is too long, where it is read to its end, stepped over or searched. */
static void an_indefinite_frame_beyond_the_limit_is_too_long(void **state)
{
    static const unsigned char frame[] = {0x30, 0x80, 5, 0, 5, 0, 5, 0, 0, 0};
    struct leat_tlv_limits limits = {.max_frame = 6};
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    (void)state;
    for (int way = 0; way < 3; way++) {
        limits.max_frame = way == 2 ? 1 : 6;
        assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("ber"), frame, sizeof frame, 0, &limits), 0);
        enum leat_tlv_next next = leat_tlv_next(&cursor, &item);
        if (way == 0)
            assert_true(next == LEAT_TLV_ITEM && leat_tlv_enter(&cursor));
        while (next == LEAT_TLV_ITEM)
            next = leat_tlv_next(&cursor, &item);
        assert_int_equal(next, LEAT_TLV_BAD);
        assert_int_equal(leat_tlv_cursor_fault(&cursor)->rule, LEAT_TLV_FRAME_LIMIT);
        assert_int_equal(leat_tlv_cursor_fault(&cursor)->offset, 0);
    }
}

static void a_framer_that_resumes_keeps_to_its_limit(void **state)
{
    static const struct {
        const char *dialect, *data;
        int64_t max_frame, skipped;
    } cases[] = {
        {"ber", "00000000 3080 0000", 100, 4},  /* end marks begin nothing, an indefinite length does */
        {"ber", "0000 0482ffff 0500", 100, 4},  /* nor does what is longer than the limit; a tag of three bytes may */
        {"lldp", "02ff 0000", 20, 2},           /* 255 bytes, one byte on 256; then an end mark, a frame of its own */
        {"lldp", "03ff ffff ffff 0000", 20, 6}, /* likewise, behind longer ones */
        {"leat", "00 a70000 a7", 10, 5},        /* the header alone is longer than the limit */
    };
    (void)state;
    for (int64_t i = 0; i < COUNT(cases); i++) {
        const struct leat_tlv_limits limits = {.max_frame = cases[i].max_frame};
        struct leat_tlv_framer framer;
        unsigned char data[64];
        int64_t n = 0, bytes = unhex(cases[i].data, data);
        assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect(cases[i].dialect), &limits), 0);
        assert_int_equal(leat_tlv_frame(&framer, data, bytes, &n), LEAT_TLV_MALFORMED);
        int64_t skipped = leat_tlv_framer_resume(&framer, data, bytes);
        if (skipped != cases[i].skipped)
            fail_msg("case %lld: %lld bytes", (long long)i, (long long)skipped);
        assert_int_equal(leat_tlv_framer_fault(&framer)->rule, LEAT_TLV_OK);
    }
}

static void frames_of_fixed_size_must_be_within_the_limit(void **state)
{
    static const unsigned char data[200];
    struct leat_tlv_dialect fixed = {.name = "x", .rule = "y", .cut = LEAT_TLV_CUT_FIXED, .cut_bytes = 100};
    struct leat_tlv_limits limits = {.max_frame = 50};
    struct leat_tlv_framer framer;
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    int64_t n = 0;
    (void)state;
    ready(&fixed, LEAT_TLV_SHAPE_UNTYPED);
    assert_int_equal(leat_tlv_framer_init(&framer, &fixed, &limits), 0);
    assert_int_equal(leat_tlv_frame(&framer, data, sizeof data, &n), LEAT_TLV_MALFORMED);
    assert_int_equal(leat_tlv_framer_fault(&framer)->rule, LEAT_TLV_FRAME_LIMIT);
    assert_int_equal(leat_tlv_framer_resume(&framer, data, sizeof data), 1); /* anywhere: there is no mark */
    assert_int_equal(leat_tlv_cursor_init(&cursor, &fixed, data, 30, 0, NULL), 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_BAD);
    assert_int_equal(leat_tlv_cursor_fault(&cursor)->rule, LEAT_TLV_TRUNCATED);
    for (int i = 0; i < 2; i++) { /* a mark is missing: the frame is cut, or too long already */
        limits.max_frame = i == 0 ? 50 : 20;
        assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("slip"), data, 30, 0, &limits), 0);
        assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_BAD);
        assert_int_equal(leat_tlv_cursor_fault(&cursor)->rule, i == 0 ? LEAT_TLV_TRUNCATED : LEAT_TLV_FRAME_LIMIT);
    }
    limits.max_frame = 20;
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("lines"), data, 30, 0, &limits), 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_BAD);
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("cobs"), data, 1, 0, &limits), 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
}

static void many_frames_keep_to_a_limit_below_the_dialects_own(void **state)
{
    static const unsigned char records[] = {23, 3, 3, 0, 1, 'a', 23, 3, 3, 0, 40, 'b'};
    struct leat_tlv_place places[4];
    enum leat_tlv_frame state_is;
    struct leat_tlv_framer framer;
    int64_t n = 0;
    (void)state;
    for (int64_t most = 3; most <= 20; most += 17) {
        const struct leat_tlv_limits limits = {.max_frame = most};
        assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect("tls"), &limits), 0);
        assert_int_equal(leat_tlv_frames(&framer, records, sizeof records, places, 4, &state_is, &n), most == 3 ? 0 : 1);
        assert_int_equal(state_is, LEAT_TLV_MALFORMED);
        assert_int_equal(leat_tlv_framer_fault(&framer)->rule, LEAT_TLV_FRAME_LIMIT);
    }
    assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect("tls"), NULL), 0);
    assert_int_equal(leat_tlv_frame(&framer, records, 5, &n), LEAT_TLV_NEED); /* begun with the other call */
    assert_int_equal(leat_tlv_frames(&framer, records, sizeof records, places, 4, &state_is, &n), 1);
    assert_int_equal(state_is, LEAT_TLV_NEED);
}

static void texts_and_paths_of_odd_forms(void **state)
{
    static const unsigned char deep[] = {0x30, 0x80, 0x30, 4, 0x31, 2, 5, 0, 0, 0};
    const struct leat_tlv_dialect *ber = leat_tlv_dialect("ber");
    const struct leat_tlv_item indefinite = {.value = deep, .length = -1};
    const struct leat_tlv_limits flat = {.max_depth = 1};
    struct leat_tlv_path path;
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    const char *chars;
    int64_t bytes;
    (void)state;
    assert_int_equal(leat_tlv_text(&indefinite, &chars, &bytes), -EBADMSG);
    assert_int_equal(leat_tlv_path_read(&path, NULL, "1"), -EINVAL);
    assert_int_equal(leat_tlv_path_read(&path, ber, NULL), -EINVAL);
    assert_int_equal(leat_tlv_path_read(NULL, ber, "1"), -EINVAL);
    assert_int_equal(leat_tlv_path_read(&path, ber, "01/0X31"), 0);
    assert_true(path.types[0] == 1 && path.types[1] == 0x31);
    assert_int_equal(leat_tlv_path_read(&path, ber, "*/*"), 0);
    assert_int_equal(leat_tlv_cursor_init(&cursor, ber, deep, sizeof deep, 0, NULL), 0);
    assert_int_equal(leat_tlv_find(&cursor, &path, &item), LEAT_TLV_ITEM);
    assert_true(item.type == 0x30 && item.depth == 1 && leat_tlv_enter(&cursor));
    assert_int_equal(leat_tlv_find(&cursor, &path, &item), LEAT_TLV_END); /* from below: nothing there counts, nor does the end mark */
    assert_int_equal(leat_tlv_cursor_init(&cursor, ber, deep, sizeof deep, 0, &flat), 0);
    assert_int_equal(leat_tlv_path_read(&path, ber, "30/30/31"), 0);
    assert_int_equal(leat_tlv_find(&cursor, &path, &item), LEAT_TLV_BAD);
    assert_int_equal(leat_tlv_cursor_fault(&cursor)->rule, LEAT_TLV_DEPTH);
    assert_int_equal(leat_tlv_cursor_init(&cursor, ber, "\5\0\5\0", 4, 0, NULL), 0);
    path.base = 1; /* of a level that the cursor has not reached */
    assert_int_equal(leat_tlv_find(&cursor, &path, &item), LEAT_TLV_END);
    assert_null(leat_tlv_dialect("t16l32bex"));
}

/* A struct that somebody has written into is not valid. */
#define BREAKS(object, check, statement)             \
    do {                                             \
        __typeof__(object) whole = (object);         \
        assert_true(check(&(object)));               \
        statement;                                   \
        if (check(&(object)))                        \
            fail_msg("still valid: %s", #statement); \
        (object) = whole;                            \
    } while (0)

static void broken_structs_are_not_valid(void **state)
{
    static const unsigned char items[] = {0x30, 4, 0x30, 2, 5, 0};
    static struct leat_tlv_cursor cursor;
    static struct leat_tlv_framer framer;
    static struct leat_tlv_writer writer;
    struct leat_tlv_item item;
    int64_t n = 0;
    (void)state;
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("ber"), items, sizeof items, 0, NULL), 0);
    assert_true(leat_tlv_next(&cursor, &item) == LEAT_TLV_ITEM && leat_tlv_enter(&cursor));
    BREAKS(cursor, leat_tlv_cursor_valid, cursor.depth = -1);
    BREAKS(cursor, leat_tlv_cursor_valid, cursor.depth = cursor.limits.max_depth + 2);
    BREAKS(cursor, leat_tlv_cursor_valid, cursor.levels[0].indefinite = true);
    BREAKS(cursor, leat_tlv_cursor_valid, cursor.levels[0].end--);
    BREAKS(cursor, leat_tlv_cursor_valid, cursor.levels[1].end = 7);
    BREAKS(cursor, leat_tlv_cursor_valid, cursor.levels[1].dialect = NULL);
    BREAKS(cursor, leat_tlv_cursor_valid, cursor.levels[1].position = -1);
    BREAKS(cursor, leat_tlv_cursor_valid, cursor.levels[1].position = 7);
    BREAKS(cursor, leat_tlv_cursor_valid, cursor.levels[1].indefinite = true);
    BREAKS(cursor, leat_tlv_cursor_valid, cursor.levels[1].ended = true);
    BREAKS(cursor, leat_tlv_cursor_valid, cursor.levels[1].dialect = leat_tlv_dialect("lldp"));
    BREAKS(cursor, leat_tlv_cursor_valid, cursor.levels[0].position = 1);
    BREAKS(cursor, leat_tlv_cursor_valid, cursor.fault.rule = LEAT_TLV_DEPTH);
    BREAKS(cursor, leat_tlv_cursor_valid, cursor.inside_indefinite = true);
    BREAKS(cursor, leat_tlv_cursor_valid, cursor.limits.max_depth = 0);
    assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect("ber"), NULL), 0);
    assert_int_equal(leat_tlv_frame(&framer, "\x30\x80\x05", 3, &n), LEAT_TLV_NEED);
    BREAKS(framer, leat_tlv_framer_valid, framer.dialect = NULL);
    BREAKS(framer, leat_tlv_framer_valid, framer.scanned = -1);
    BREAKS(framer, leat_tlv_framer_valid, framer.items = -1);
    BREAKS(framer, leat_tlv_framer_valid, framer.open = -1);
    BREAKS(framer, leat_tlv_framer_valid, framer.open = 0);
    BREAKS(framer, leat_tlv_framer_valid, framer.open = LEAT_TLV_DEPTH_MAX);
    BREAKS(framer, leat_tlv_framer_valid, framer.scanned = 0);
    BREAKS(framer, leat_tlv_framer_valid, framer.total_bytes = 5);
    assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect("ber"), NULL), 0);
    assert_int_equal(leat_tlv_frame(&framer, items, 3, &n), LEAT_TLV_NEED);
    BREAKS(framer, leat_tlv_framer_valid, framer.total_bytes = 2 * MIB);
    BREAKS(framer, leat_tlv_framer_valid, framer.least_bytes = 7);
    BREAKS(framer, leat_tlv_framer_valid, framer.open = 1);
    writer_open(&writer, leat_tlv_dialect("ber"));
    assert_true(leat_tlv_begin(&writer, 0x30) == 0 && leat_tlv_begin(&writer, 0x30) == 0);
    BREAKS(writer, leat_tlv_writer_valid, writer.position = -1);
    BREAKS(writer, leat_tlv_writer_valid, writer.position = writer.capacity + 1);
    BREAKS(writer, leat_tlv_writer_valid, writer.position = 3);
    BREAKS(writer, leat_tlv_writer_valid, writer.depth = -1);
    BREAKS(writer, leat_tlv_writer_valid, writer.depth = LEAT_TLV_DEPTH_MAX + 1);
    BREAKS(writer, leat_tlv_writer_valid, writer.open[1].dialect = NULL);
    BREAKS(writer, leat_tlv_writer_valid, writer.open[1].inside = NULL);
    BREAKS(writer, leat_tlv_writer_valid, writer.open[1].start = 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_length_counts_what_a_kind_adds_to_the_header),
        cmocka_unit_test(numbers_of_seven_bits_are_kept_to_their_width),
        cmocka_unit_test(escapes_are_written_where_they_fit),
        cmocka_unit_test(kinds_that_cannot_say_a_length_are_passed_over),
        cmocka_unit_test(what_holds_items_that_are_not_ready_holds_none),
        cmocka_unit_test(forms_of_x690_with_more_are_read_the_long_way),
        cmocka_unit_test(a_row_begins_with_the_dialects_first_type),
        cmocka_unit_test(marks_beside_kinds_and_numbers_behind),
        cmocka_unit_test(marks_with_values_end_a_row_after_them),
        cmocka_unit_test(labels_longer_than_anything_are_refused),
        cmocka_unit_test(an_indefinite_frame_beyond_the_limit_is_too_long),
        cmocka_unit_test(a_framer_that_resumes_keeps_to_its_limit),
        cmocka_unit_test(frames_of_fixed_size_must_be_within_the_limit),
        cmocka_unit_test(many_frames_keep_to_a_limit_below_the_dialects_own),
        cmocka_unit_test(texts_and_paths_of_odd_forms),
        cmocka_unit_test(broken_structs_are_not_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
