/* SPDX-License-Identifier: MIT */
/* Numbers and texts out of values, items found by a path, and the walks that give each item once. */
#include "test.h"

#include <leat/value.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) ((int64_t)(sizeof(array) / sizeof((array)[0])))
#define ITEM(text) (&(struct leat_tlv_item){.value = (const unsigned char *)(text), .length = (int64_t)sizeof(text) - 1})

static void identifiers_are_written_as_people_write_them(void **state)
{
    static const struct {
        const char *octets;
        int64_t bytes;
        const char *dotted, *name;
    } good[] = {
        {"\x55\x04\x03", 3, "2.5.4.3", "commonName"},
        {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", 9, "1.2.840.113549.1.1.11", "sha256WithRSAEncryption"},
        {"\x00", 1, "0.0", NULL},
        {"\x27", 1, "0.39", NULL},
        {"\x28", 1, "1.0", NULL},
        {"\x4f", 1, "1.39", NULL},
        {"\x50", 1, "2.0", NULL},
        {"\x88\x37\x03", 3, "2.999.3", NULL},
        {"\x2a\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11, "1.2.18446744073709551615", NULL},
    };
    static const struct {
        const char *octets;
        int64_t bytes;
    } bad[] = {{"", 0},     {"\x55\x84", 2}, {"\x80\x01", 2}, {"\x55\x80\x01", 3}, {"\x2a\x82\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11},
               {"\x55", -1}};
    char text[LEAT_TLV_OID_CHARS];
    (void)state;
    for (int64_t i = 0; i < COUNT(good); i++) {
        const struct leat_tlv_item item = {.value = (const unsigned char *)good[i].octets, .length = good[i].bytes};
        const int64_t letters = (int64_t)strlen(good[i].dotted);
        assert_int_equal(leat_tlv_oid(&item, text, sizeof text), letters);
        assert_string_equal(text, good[i].dotted);
        const char *name = leat_tlv_oid_name(&item);
        assert_true((name == NULL) == (good[i].name == NULL) && (name == NULL || strcmp(name, good[i].name) == 0));
        char *room = malloc((size_t)letters + 1); /* a byte more would be found by ASan */
        assert_int_equal(leat_tlv_oid(&item, room, letters + 1), letters);
        for (int64_t less = 0; less <= letters; less++)
            assert_int_equal(leat_tlv_oid(&item, room, less), -EMSGSIZE);
        free(room);
    }
    for (int64_t i = 0; i < COUNT(bad); i++) {
        const struct leat_tlv_item item = {.value = (const unsigned char *)bad[i].octets, .length = bad[i].bytes};
        assert_int_equal(leat_tlv_oid(&item, text, sizeof text), -EBADMSG);
        assert_null(leat_tlv_oid_name(&item));
    }
}

static void numbers_have_the_width_that_is_asked_for(void **state)
{
    uint8_t one = 7;
    uint16_t two = 7;
    uint32_t four = 7;
    uint64_t eight = 7;
    (void)state;
    assert_int_equal(leat_tlv_u8(ITEM("\xfe"), &one), 0);
    assert_int_equal(one, 0xfe);
    assert_int_equal(leat_tlv_u16(ITEM("\1\2"), LEAT_TLV_ORDER_BIG, &two), 0);
    assert_int_equal(two, 0x102);
    assert_int_equal(leat_tlv_u16(ITEM("\1\2"), LEAT_TLV_ORDER_LITTLE, &two), 0);
    assert_int_equal(two, 0x201);
    assert_int_equal(leat_tlv_u32(ITEM("\1\2\3\4"), LEAT_TLV_ORDER_BIG, &four), 0);
    assert_int_equal(four, 0x1020304);
    assert_int_equal(leat_tlv_u64(ITEM("\1\2\3\4\5\6\7\x8"), LEAT_TLV_ORDER_LITTLE, &eight), 0);
    assert_true(eight == UINT64_C(0x807060504030201));
    uint16_t host = 0x1234;
    struct leat_tlv_item item = {.value = (const unsigned char *)&host, .length = 2};
    assert_int_equal(leat_tlv_u16(&item, LEAT_TLV_ORDER_HOST, &two), 0);
    assert_int_equal(two, 0x1234);
    /* Another width, or none: nothing is set. */
    struct leat_tlv_item endless = {.value = (const unsigned char *)"", .length = -1};
    one = 9, two = 9, four = 9, eight = 9;
    assert_int_equal(leat_tlv_u8(ITEM(""), &one), -EBADMSG);
    assert_int_equal(leat_tlv_u16(ITEM("\1"), LEAT_TLV_ORDER_BIG, &two), -EBADMSG);
    assert_int_equal(leat_tlv_u32(ITEM("\1\2\3"), LEAT_TLV_ORDER_BIG, &four), -EBADMSG);
    assert_int_equal(leat_tlv_u64(&endless, LEAT_TLV_ORDER_BIG, &eight), -EBADMSG);
    assert_true(one == 9 && two == 9 && four == 9 && eight == 9);
}

static void numbers_of_any_width_keep_their_sign(void **state)
{
    uint64_t number = 9;
    int64_t with_sign = 9;
    (void)state;
    assert_int_equal(leat_tlv_unsigned(ITEM("\xff\x80\x00"), LEAT_TLV_ORDER_BIG, &number), 0);
    assert_true(number == 0xff8000);
    assert_int_equal(leat_tlv_signed(ITEM("\xff\x80\x00"), LEAT_TLV_ORDER_BIG, &with_sign), 0);
    assert_true(with_sign == -32768);
    assert_int_equal(leat_tlv_signed(ITEM("\x7f"), LEAT_TLV_ORDER_BIG, &with_sign), 0);
    assert_true(with_sign == 127);
    assert_int_equal(leat_tlv_signed(ITEM("\x80\0\0\0\0\0\0\0"), LEAT_TLV_ORDER_BIG, &with_sign), 0);
    assert_true(with_sign == INT64_MIN);
    assert_int_equal(leat_tlv_unsigned(ITEM(""), LEAT_TLV_ORDER_BIG, &number), -EBADMSG);
    assert_int_equal(leat_tlv_signed(ITEM("123456789"), LEAT_TLV_ORDER_BIG, &with_sign), -EBADMSG);
}

static void a_varint_ends_where_its_value_ends(void **state)
{
    uint64_t number = 9;
    (void)state;
    assert_int_equal(leat_tlv_varint(ITEM("\x96\x01"), &number), 0);
    assert_true(number == 150);
    assert_int_equal(leat_tlv_varint(ITEM("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), &number), 0);
    assert_true(number == UINT64_MAX);
    assert_int_equal(leat_tlv_varint(ITEM(""), &number), -EBADMSG);
    assert_int_equal(leat_tlv_varint(ITEM("\x96"), &number), -EBADMSG);
    assert_int_equal(leat_tlv_varint(ITEM("\x16\x01"), &number), -EBADMSG);
    assert_int_equal(leat_tlv_varint(ITEM("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), &number), -EBADMSG);
    assert_int_equal(leat_tlv_varint(ITEM("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), &number), -EBADMSG);
}

static void a_text_has_no_zero_inside(void **state)
{
    const char *chars = NULL;
    int64_t bytes = 9;
    (void)state;
    assert_int_equal(leat_tlv_text(ITEM("eth0\0"), &chars, &bytes), 0);
    assert_int_equal(bytes, 4);
    assert_int_equal(leat_tlv_text(ITEM("eth0"), &chars, &bytes), 0);
    assert_int_equal(bytes, 4);
    assert_int_equal(leat_tlv_text(ITEM(""), &chars, &bytes), 0);
    assert_int_equal(bytes, 0);
    assert_int_equal(leat_tlv_text(ITEM("a\0b"), &chars, &bytes), -EBADMSG);
    assert_int_equal(leat_tlv_text(ITEM("a\0\0"), &chars, &bytes), -EBADMSG);
}

static void paths_are_read_as_their_dialects_types_are(void **state)
{
    struct leat_tlv_path path;
    const struct leat_tlv_dialect *der = leat_tlv_dialect("der"), *plain = leat_tlv_dialect("t8l8");
    (void)state;
    assert_int_equal(leat_tlv_path_read(&path, der, "30/a0/*/5F1F"), 0);
    assert_true(path.count == 4 && path.types[0] == 0x30 && path.types[1] == 0xa0 && path.types[2] == LEAT_TLV_ANY &&
                path.types[3] == 0x5f1f);
    assert_int_equal(leat_tlv_path_read(&path, plain, "30/0x30"), 0);
    assert_true(path.count == 2 && path.types[0] == 30 && path.types[1] == 0x30);
    static const char *const wrong[] = {"",      "/",
                                        "30/",   "/30",
                                        "30//2", "3g",
                                        "0x",    "-1",
                                        "30 ",   "12345678901234567890123",
                                        "**",    "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"};
    for (int64_t i = 0; i < COUNT(wrong); i++)
        assert_int_equal(leat_tlv_path_read(&path, plain, wrong[i]), -EINVAL);
    assert_int_equal(leat_tlv_path_read(&path, plain, "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"), 0);
    assert_int_equal(leat_tlv_path_read(NULL, plain, "1"), -EINVAL);
}

/* 30 { 02 1, 30 { 02 2, 04 }, 31 { 02 3 }, 30 { 30 { 02 4 }, 02 5 } }, 30 { 30 { 02 6 } } */
static const unsigned char tree[] = {0x30, 24, 2,    1, 1, 0x30, 5, 2, 1, 2,    4, 0,    0x31, 3, 2, 1, 3,
                                     0x30, 7,  0x30, 2, 2, 0,    2, 1, 5, 0x30, 5, 0x30, 3,    2, 1, 6};

static void found(const char *text, const char *wanted)
{
    struct leat_tlv_cursor cursor;
    struct leat_tlv_path path;
    struct leat_tlv_item item;
    enum leat_tlv_next next;
    char offsets[128] = "";
    assert_int_equal(leat_tlv_path_read(&path, leat_tlv_dialect("der"), text), 0);
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("der"), tree, sizeof tree, 0, NULL), 0);
    while ((next = leat_tlv_find(&cursor, &path, &item)) == LEAT_TLV_ITEM)
        snprintf(offsets + strlen(offsets), sizeof offsets - strlen(offsets), "%s%lld", offsets[0] != '\0' ? " " : "",
                 (long long)item.offset);
    assert_int_equal(next, LEAT_TLV_END);
    assert_int_equal(leat_tlv_find(&cursor, &path, &item), LEAT_TLV_END);
    assert_int_equal(cursor.depth, 0);
    if (strcmp(offsets, wanted) != 0)
        fail_msg("%s: %s, not %s", text, offsets, wanted);
}

static void a_path_finds_every_item_that_it_leads_to(void **state)
{
    (void)state;
    found("30", "0 26");
    found("30/2", "2");
    found("30/30/2", "7 23 30");
    found("30/*/2", "7 14 23 30");
    found("*/*", "2 5 12 17 28");
    found("30/30/30/2", "21");
    found("31", "");
    found("30/31/30", "");
    found("30/30/2/2", "");
}

static void a_path_starts_where_the_cursor_stands(void **state)
{
    struct leat_tlv_cursor cursor;
    struct leat_tlv_path path;
    struct leat_tlv_item item;
    (void)state;
    assert_int_equal(leat_tlv_path_read(&path, leat_tlv_dialect("der"), "30/2"), 0);
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("der"), tree, sizeof tree, 0, NULL), 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_true(leat_tlv_enter(&cursor));
    assert_int_equal(leat_tlv_find(&cursor, &path, &item), LEAT_TLV_ITEM);
    assert_int_equal(item.offset, 7);
    assert_int_equal(leat_tlv_find(&cursor, &path, &item), LEAT_TLV_ITEM);
    assert_int_equal(item.offset, 23);
    assert_int_equal(leat_tlv_find(&cursor, &path, &item), LEAT_TLV_END);
    assert_int_equal(cursor.depth, 1);
}

static void a_fault_on_the_way_is_told(void **state)
{
    static const unsigned char bad[] = {0x30, 4, 0x30, 2, 2, 9};
    struct leat_tlv_cursor cursor;
    struct leat_tlv_path path;
    struct leat_tlv_item item;
    (void)state;
    assert_int_equal(leat_tlv_path_read(&path, leat_tlv_dialect("der"), "30/30/2"), 0);
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("der"), bad, sizeof bad, 100, NULL), 0);
    assert_int_equal(leat_tlv_find(&cursor, &path, &item), LEAT_TLV_BAD);
    assert_int_equal(leat_tlv_cursor_fault(&cursor)->offset, 104);
    assert_int_equal(leat_tlv_cursor_fault(&cursor)->rule, LEAT_TLV_OVERRUN);
}

struct visits {
    char text[256];
    int64_t over, stop; /* at these offsets; -1: nowhere */
};

static enum leat_tlv_visit visit(void *context, const struct leat_tlv_item *item)
{
    struct visits *visits = context;
    size_t used = strlen(visits->text);
    snprintf(visits->text + used, sizeof visits->text - used, "%s%lld", used > 0 ? " " : "", (long long)item->offset);
    return item->offset == visits->over ? LEAT_TLV_OVER : item->offset == visits->stop ? LEAT_TLV_STOP : LEAT_TLV_INTO;
}

static void a_visitor_goes_in_over_or_stops(void **state)
{
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    struct visits all = {.over = -1, .stop = -1}, some = {.over = 5, .stop = 17}, rest = {.over = -1, .stop = -1};
    (void)state;
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("der"), tree, sizeof tree, 0, NULL), 0);
    assert_int_equal(leat_tlv_each(&cursor, visit, &all), LEAT_TLV_END);
    assert_string_equal(all.text, "0 2 5 7 10 12 14 17 19 21 23 26 28 30");
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("der"), tree, sizeof tree, 0, NULL), 0);
    assert_int_equal(leat_tlv_each(&cursor, visit, &some), LEAT_TLV_ITEM);
    assert_string_equal(some.text, "0 2 5 12 14 17");
    assert_true(leat_tlv_cursor_valid(&cursor) && cursor.depth == 1);
    /* Stopped at 17, which can still be entered or stepped over. */
    struct leat_tlv_cursor other = cursor;
    assert_int_equal(leat_tlv_next(&other, &item), LEAT_TLV_END);
    assert_int_equal(leat_tlv_each(&cursor, visit, &rest), LEAT_TLV_END);
    assert_string_equal(rest.text, "19 21 23 26 28 30");
}

static void many_items_come_as_one_by_one(void **state)
{
    struct leat_tlv_item one, many[5];
    (void)state;
    for (int64_t most = 1; most <= COUNT(many); most++) {
        struct leat_tlv_cursor single, batch;
        int64_t given, all = 0;
        assert_int_equal(leat_tlv_cursor_init(&single, leat_tlv_dialect("der"), tree, sizeof tree, 7, NULL), 0);
        assert_int_equal(leat_tlv_cursor_init(&batch, leat_tlv_dialect("der"), tree, sizeof tree, 7, NULL), 0);
        while ((given = leat_tlv_items(&batch, many, most)) > 0) {
            assert_true(given <= most);
            for (int64_t i = 0; i < given; i++, all++) {
                assert_int_equal(leat_tlv_walk(&single, &one), LEAT_TLV_ITEM);
                assert_true(one.offset == many[i].offset && one.length == many[i].length && one.type == many[i].type);
                assert_true(one.depth == many[i].depth && one.value == many[i].value && one.kind == many[i].kind);
                assert_true(one.header_bytes == many[i].header_bytes && one.total_bytes == many[i].total_bytes);
                assert_true(one.constructed == many[i].constructed && one.end_mark == many[i].end_mark);
            }
        }
        assert_int_equal(given, 0);
        assert_int_equal(all, 14);
        assert_int_equal(leat_tlv_walk(&single, &one), LEAT_TLV_END);
    }
    struct leat_tlv_cursor bad;
    assert_int_equal(leat_tlv_cursor_init(&bad, leat_tlv_dialect("der"), "\x30\3\2\2\1", 5, 0, NULL), 0);
    assert_int_equal(leat_tlv_items(&bad, many, 5), 1);
    assert_int_equal(leat_tlv_items(&bad, many, 5), -EBADMSG);
    assert_int_equal(leat_tlv_items(&bad, many, 0), 0);
}

/* In the quick run, where a limit could be met, the general way takes over and finds the same fault. */
static void limits_hold_in_every_walk(void **state)
{
    const struct leat_tlv_limits few = {.max_items = 6}, flat = {.max_depth = 2};
    struct leat_tlv_cursor cursor;
    struct visits visits = {.over = -1, .stop = -1}, shallow = {.over = -1, .stop = -1};
    (void)state;
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("der"), tree, sizeof tree, 0, &few), 0);
    assert_int_equal(leat_tlv_each(&cursor, visit, &visits), LEAT_TLV_BAD);
    assert_string_equal(visits.text, "0 2 5 7 10 12 14");
    assert_int_equal(leat_tlv_cursor_fault(&cursor)->rule, LEAT_TLV_ITEMS);
    assert_int_equal(leat_tlv_cursor_fault(&cursor)->offset, 17);
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("der"), tree, sizeof tree, 0, &flat), 0);
    assert_int_equal(leat_tlv_each(&cursor, visit, &shallow), LEAT_TLV_BAD);
    assert_string_equal(shallow.text, "0 2 5 7 10 12 14 17 19");
    assert_int_equal(leat_tlv_cursor_fault(&cursor)->rule, LEAT_TLV_DEPTH);
}

static void many_frames_come_as_one_by_one(void **state)
{
    unsigned char data[400];
    struct leat_tlv_place places[8];
    enum leat_tlv_frame kind;
    struct leat_tlv_framer framer;
    int64_t bytes = 0, need = 0;
    (void)state;
    for (int i = 0; i < 30; i++) { /* of 6 to 15 bytes */
        unsigned char header[6] = {0, (unsigned char)i, 0, 0, 0, (unsigned char)(i * 7 % 10)};
        memcpy(data + bytes, header, 6);
        bytes += 6 + header[5];
    }
    assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect("t16l32be"), NULL), 0);
    int64_t at = 0, frames = 0, given;
    do {
        given = leat_tlv_frames(&framer, data + at, bytes - at, places, 8, &kind, &need);
        for (int64_t i = 0; i < given; i++, frames++)
            assert_int_equal(places[i].bytes, 6 + frames * 7 % 10);
        at += given > 0 ? places[given - 1].offset + places[given - 1].bytes : 0;
    } while (given == 8);
    assert_true(frames == 30 && at == bytes);
    assert_int_equal(kind, LEAT_TLV_NEED);
    assert_int_equal(need, 6);
    /* One byte is missing; and a frame beyond the limit. */
    assert_int_equal(leat_tlv_frames(&framer, "\0\1\0\0\0\1x\0\1\0\0\0\2y", 14, places, 8, &kind, &need), 1);
    assert_true(kind == LEAT_TLV_NEED && need == 8);
    assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect("t16l32be"), NULL), 0);
    assert_int_equal(leat_tlv_frames(&framer, "\0\1\0\0\0\1x\0\1\x7f\0\0\2y..........", 24, places, 8, &kind, &need), 1);
    assert_int_equal(kind, LEAT_TLV_MALFORMED);
    assert_int_equal(leat_tlv_framer_fault(&framer)->rule, LEAT_TLV_FRAME_LIMIT);
    assert_int_equal(leat_tlv_frames(&framer, "\0\1\0\0\0\1x", 7, places, 8, &kind, &need), 0);
    assert_int_equal(kind, LEAT_TLV_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers_are_written_as_people_write_them),
        cmocka_unit_test(numbers_have_the_width_that_is_asked_for),
        cmocka_unit_test(numbers_of_any_width_keep_their_sign),
        cmocka_unit_test(a_varint_ends_where_its_value_ends),
        cmocka_unit_test(a_text_has_no_zero_inside),
        cmocka_unit_test(paths_are_read_as_their_dialects_types_are),
        cmocka_unit_test(a_path_finds_every_item_that_it_leads_to),
        cmocka_unit_test(a_path_starts_where_the_cursor_stands),
        cmocka_unit_test(a_fault_on_the_way_is_told),
        cmocka_unit_test(a_visitor_goes_in_over_or_stops),
        cmocka_unit_test(many_items_come_as_one_by_one),
        cmocka_unit_test(limits_hold_in_every_walk),
        cmocka_unit_test(many_frames_come_as_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
