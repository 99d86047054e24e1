/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <leat/schema.h>
#include <leat/tlv.h>

#define POINT(F) F(1, I32, x, REQUIRED, ANY) F(2, I32, y, REQUIRED, RANGE(-5, 5))
LEAT_SCHEMA(point, LEAT_SCHEMA_PLAIN(16, 32, BIG), POINT, SKIP)

#define ALL(F)                                        \
    F(1, U8, u8, REQUIRED, RANGE(1, 9))               \
    F(2, U16, u16, REQUIRED, ANY)                     \
    F(3, U32, u32, OPTIONAL, ANY)                     \
    F(4, U64, u64, REQUIRED, ANY)                     \
    F(5, I8, i8, REQUIRED, ANY)                       \
    F(6, I16, i16, DEFAULT(-20), RANGE(-90, 60))      \
    F(7, I32, i32, REQUIRED, ANY)                     \
    F(8, I64, i64, REQUIRED, ANY)                     \
    F(9, BOOL, flag, REQUIRED, ANY)                   \
    F(10, FIXED(5), key, REQUIRED, ANY)               \
    F(11, BYTES(7), blob, OPTIONAL, RANGE(2, 7))      \
    F(12, TEXT(8), place, REQUIRED, ANY)              \
    F(13, VIEW, far, OPTIONAL, ANY)                   \
    F(14, TEXT_VIEW, note, REQUIRED, RANGE(0, 9))     \
    F(15, NESTED(point), corner, REPEATED(1, 3), ANY) \
    F(16, NESTED(point), centre, OPTIONAL, ANY)       \
    F(17, U16, number, REPEATED(0, 4), ANY)           \
    F(18, TEXT(3), word, REPEATED(0, 2), ANY)
LEAT_SCHEMA(all, LEAT_SCHEMA_PLAIN(16, 32, BIG), ALL, SKIP)

#define SMALL(F) F(1, U16, a, REQUIRED, ANY) F(2, BYTES(300), b, OPTIONAL, ANY) F(3, NESTED(point), p, OPTIONAL, ANY)
LEAT_SCHEMA(small_t8l8, LEAT_SCHEMA_PLAIN(8, 8, BIG), SMALL, REFUSE)
LEAT_SCHEMA(small_t16l16be, LEAT_SCHEMA_PLAIN(16, 16, BIG), SMALL, REFUSE)
LEAT_SCHEMA(small_t16l16le, LEAT_SCHEMA_PLAIN(16, 16, LITTLE), SMALL, REFUSE)
LEAT_SCHEMA(small_t32l32le, LEAT_SCHEMA_PLAIN(32, 32, LITTLE), SMALL, REFUSE)
LEAT_SCHEMA(small_lldp, LEAT_SCHEMA_LLDP, SMALL, REFUSE)
LEAT_SCHEMA(small_radius, LEAT_SCHEMA_RADIUS, SMALL, REFUSE)
LEAT_SCHEMA(small_nlattr, LEAT_SCHEMA_NLATTR, SMALL, REFUSE)

#define ONE(F) F(1, U8, one, REQUIRED, ANY)
LEAT_SCHEMA(skips, LEAT_SCHEMA_PLAIN(8, 8, BIG), ONE, SKIP)
LEAT_SCHEMA(refuses, LEAT_SCHEMA_PLAIN(8, 8, BIG), ONE, REFUSE)
LEAT_SCHEMA(critical, LEAT_SCHEMA_PLAIN(8, 8, BIG), ONE, CRITICAL(0x80, 0x80))
LEAT_SCHEMA(counts, LEAT_SCHEMA_PLAIN(8, 8, BIG), ONE, COUNT)
LEAT_SCHEMA(keeps, LEAT_SCHEMA_PLAIN(8, 8, BIG), ONE, KEEP(2))

static struct all sample(void)
{
    struct all all;
    memset(&all, 0, sizeof all);
    all.u8 = 7, all.u16 = 0x1234, all.has_u32 = true, all.u32 = 0xdeadbeef, all.u64 = UINT64_MAX - 1;
    all.i8 = -3, all.i16 = 40, all.i32 = INT32_MIN, all.i64 = INT64_MIN, all.flag = true;
    memcpy(all.key, "\1\2\3\4\5", 5);
    all.has_blob = true, all.blob_bytes = 2, all.blob[0] = 0xab, all.blob[1] = 0xcd;
    all.place_bytes = 4;
    memcpy(all.place, "hall", 5);
    all.has_far = true, all.far.data = (const unsigned char *)"faraway", all.far.bytes = 7;
    all.note.data = (const unsigned char *)"caf\xc3\xa9", all.note.bytes = 5;
    all.corner_count = 2, all.corner[0].x = 1, all.corner[0].y = 2, all.corner[1].x = -3, all.corner[1].y = -4;
    all.has_centre = true, all.centre.x = 9;
    all.number_count = 3, all.number[0] = 1, all.number[1] = 2, all.number[2] = 3;
    all.word_count = 1, all.word_bytes[0] = 2;
    memcpy(all.word[0], "ab", 3);
    return all;
}

static void print_equal(const struct all *a, const struct all *b)
{
    char left[1024], right[1024];
    assert_true(all_print(a, left, sizeof left) < (int64_t)sizeof left);
    all_print(b, right, sizeof right);
    assert_string_equal(left, right);
}

static void every_type_comes_back_as_it_went(void **state)
{
    (void)state;
    struct all in = sample(), out;
    unsigned char wire[1024];
    char text[1024];
    int64_t bytes = all_encode(&in, wire, sizeof wire);
    assert_true(bytes > 0);
    assert_int_equal(all_size(&in), bytes);
    assert_true(all_fits(wire, bytes));
    assert_int_equal(all_decode(&out, wire, bytes, NULL), 0);
    print_equal(&in, &out);
    assert_true(out.far.data > wire && out.far.data < wire + bytes);
    assert_true(all_print(&out, text, sizeof text) > 0);
    assert_string_equal(text, "all{u8=7 u16=4660 u32=3735928559 u64=18446744073709551614 i8=-3 i16=40 i32=-2147483648 "
                              "i64=-9223372036854775808 flag=true key=0102030405 blob=abcd place=\"hall\" far=66617261776179 "
                              "note=\"caf\\xc3\\xa9\" corner=[point{x=1 y=2} point{x=-3 y=-4}] centre=point{x=9 y=0} "
                              "number=[1 2 3] word=[\"ab\"]}");
    assert_int_equal(all_print(&out, text, 9), (int64_t)strlen("all{") + all_print(&out, NULL, 0) - 4);
    assert_string_equal(text, "all{u8=7");
}

static void the_bytes_are_the_items_that_the_cursor_reads(void **state)
{
    (void)state;
    struct small_t16l16be in = {.a = 5, .has_b = true, .b_bytes = 3, .has_p = true, .p = {1, 2}};
    unsigned char wire[512];
#define WALKS(name, dialect)                                                                                 \
    do {                                                                                                     \
        struct leat_tlv_cursor cursor;                                                                       \
        struct leat_tlv_item item;                                                                           \
        struct name copy = {.a = in.a, .has_b = true, .b_bytes = 3, .has_p = true, .p = {1, 2}}, back;       \
        int64_t bytes = name##_encode(&copy, wire, sizeof wire);                                             \
        static const int64_t lengths[] = {2, 3, 20};                                                         \
        assert_true(bytes > 0 && leat_schema_valid(name##_schema()));                                        \
        assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect(dialect), wire, bytes, 0, NULL), 0); \
        for (uint64_t i = 0; i < 3; i++) {                                                                   \
            assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);                                  \
            assert_int_equal(item.type, i + 1);                                                              \
            assert_int_equal(item.length, lengths[i]);                                                       \
        }                                                                                                    \
        assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_END);                                       \
        assert_int_equal(name##_decode(&back, wire, bytes, NULL), 0);                                        \
        assert_true(back.a == 5 && back.b_bytes == 3 && back.has_p && back.p.y == 2);                        \
    } while (0)
    WALKS(small_t8l8, "t8l8be");
    WALKS(small_t16l16be, "t16l16be");
    WALKS(small_t16l16le, "t16l16le");
    WALKS(small_t32l32le, "t32l32le");
    WALKS(small_lldp, "lldp");
    WALKS(small_radius, "radius-attr");
    struct small_nlattr padded = {.a = 5, .has_b = true, .b_bytes = 3, .has_p = true, .p = {1, 2}}, back;
    int64_t bytes = small_nlattr_encode(&padded, wire, sizeof wire);
    assert_int_equal(bytes, 8 + 8 + 24);
    uint16_t type;
    memcpy(&type, wire + 18, sizeof type);
    assert_int_equal(type, 0x8003);
    assert_int_equal(small_nlattr_decode(&back, wire, bytes, NULL), 0);
    assert_true(back.has_p && back.p.x == 1 && back.b_bytes == 3);
    padded.has_p = false; /* the last item may lack its padding */
    bytes = small_nlattr_encode(&padded, wire, sizeof wire);
    assert_int_equal(small_nlattr_decode(&back, wire, bytes - 1, NULL), 0);
    assert_true(!back.has_p && back.b_bytes == 3);
}

/* Items of t16l32be, of the given values, one after the other. */
static int64_t item(unsigned char *to, unsigned type, const void *value, int64_t length)
{
    to[0] = (unsigned char)(type >> 8), to[1] = (unsigned char)type;
    to[2] = to[3] = to[4] = 0;
    to[5] = (unsigned char)length;
    memcpy(to + 6, value, (size_t)length);
    return 6 + length;
}

/* The sample with the items of `type` replaced (value NULL: left out), or a further one if `add`. */
static int64_t changed(unsigned char *to, unsigned type, const void *value, int64_t length, bool add)
{
    struct all in = sample();
    unsigned char wire[1024];
    int64_t bytes = all_encode(&in, wire, sizeof wire), out = 0;
    bool done = add;
    for (int64_t at = 0; at < bytes;) {
        int64_t total = 6 + wire[at + 5];
        if (!add && wire[at + 1] == type) {
            if (value != NULL && !done)
                out += item(to + out, type, value, length);
            done = true;
        } else {
            memcpy(to + out, wire + at, (size_t)total);
            out += total;
        }
        at += total;
    }
    return add ? out + item(to + out, type, value, length) : out;
}

static void each_rule_that_is_broken_is_named(void **state)
{
    (void)state;
    static const struct {
        unsigned type;
        const char *value;
        int64_t length;
        bool add;
        enum leat_schema_rule rule;
        const char *field;
    } rows[] = {
        {1, "\0", 1, false, LEAT_SCHEMA_RANGE, "u8"},
        {1, "\12", 1, false, LEAT_SCHEMA_RANGE, "u8"},
        {1, "\1\1", 2, false, LEAT_SCHEMA_WIDTH, "u8"},
        {4, "1234567", 7, false, LEAT_SCHEMA_WIDTH, "u64"},
        {6, "\377\245", 2, false, LEAT_SCHEMA_RANGE, "i16"},
        {6, "\0\75", 2, false, LEAT_SCHEMA_RANGE, "i16"},
        {9, "\2", 1, false, LEAT_SCHEMA_BOOLEAN, "flag"},
        {10, "1234", 4, false, LEAT_SCHEMA_WIDTH, "key"},
        {11, "1", 1, false, LEAT_SCHEMA_RANGE, "blob"},
        {11, "12345678", 8, false, LEAT_SCHEMA_LONG, "blob"},
        {12, "123456789", 9, false, LEAT_SCHEMA_LONG, "place"},
        {12, "\300\200", 2, false, LEAT_SCHEMA_UTF8, "place"},
        {12, "a\0b", 3, false, LEAT_SCHEMA_UTF8, "place"},
        {14, "1234567890", 10, false, LEAT_SCHEMA_RANGE, "note"},
        {14, "\355\240\200", 3, false, LEAT_SCHEMA_UTF8, "note"},
        {1, NULL, 0, false, LEAT_SCHEMA_MISSING, "u8"},
        {14, NULL, 0, false, LEAT_SCHEMA_MISSING, "note"},
        {15, NULL, 0, false, LEAT_SCHEMA_FEW, "corner"},
        {1, "\1", 1, true, LEAT_SCHEMA_TWICE, "u8"},
        {3, "1234", 4, true, LEAT_SCHEMA_TWICE, "u32"},
        {16, "\0\1\0\0\0\4\0\0\0\0", 10, false, LEAT_SCHEMA_MISSING, "y"},
        {16, "\0\1\0\0\0\4\0\0\0\0\0\2\0\0\0\4\0\0\0\6", 20, false, LEAT_SCHEMA_RANGE, "y"},
        {16, "\0\1\0\0\0\5\0\0\0\0", 10, false, LEAT_SCHEMA_TRUNCATED, "x"},
        {18, "abcd", 4, true, LEAT_SCHEMA_LONG, "word"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char wire[1024];
        struct all out, before;
        struct leat_schema_fault fault = {-1, LEAT_SCHEMA_OK, NULL};
        int64_t bytes = changed(wire, rows[i].type, rows[i].value, rows[i].length, rows[i].add);
        memset(&out, 0x5a, sizeof out);
        before = out;
        assert_int_equal(all_decode(&out, wire, bytes, &fault), -EBADMSG);
        if (fault.rule != rows[i].rule || fault.field == NULL || strcmp(fault.field, rows[i].field) != 0)
            fail_msg("row %zu: %s of %s at %lld", i, leat_schema_rule_text(fault.rule), fault.field, (long long)fault.offset);
        assert_true(fault.offset >= 0 && fault.offset <= bytes);
        assert_memory_equal(&out, &before, sizeof out);
    }
    unsigned char wire[1024];
    struct all out;
    struct leat_schema_fault fault;
    int64_t bytes = changed(wire, 17, "\0\1", 2, true);
    assert_int_equal(all_decode(&out, wire, bytes, &fault), 0);
    assert_int_equal(out.number_count, 4);
    bytes += item(wire + bytes, 17, "\0\1", 2);
    assert_int_equal(all_decode(&out, wire, bytes, &fault), -EBADMSG);
    assert_true(fault.rule == LEAT_SCHEMA_MANY && fault.offset == bytes - 8);
    assert_int_equal(all_decode(&out, NULL, 5, &fault), -EBADMSG);
    assert_int_equal(fault.rule, LEAT_SCHEMA_ARGUMENT);
    assert_int_equal(all_decode(&out, wire, -1, &fault), -EBADMSG);
    struct small_radius small;
    assert_int_equal(small_radius_decode(&small, "\1\1\2", 3, &fault), -EBADMSG);
    assert_int_equal(fault.rule, LEAT_SCHEMA_LENGTH_SMALL);
}

static void cut_at_every_byte_it_is_refused(void **state)
{
    (void)state;
    struct all in = sample(), out;
    unsigned char wire[1024];
    int64_t bytes = all_encode(&in, wire, sizeof wire), good = 0;
    for (int64_t cut = 0; cut < bytes; cut++) {
        struct leat_schema_fault fault = {-1, LEAT_SCHEMA_OK, NULL};
        unsigned char *copy = malloc((size_t)cut + 1); /* of its own size, for a sanitizer */
        memcpy(copy, wire, (size_t)cut);
        int rc = all_decode(&out, copy, cut, &fault);
        good += rc == 0;
        if (rc != 0)
            assert_true(fault.rule == LEAT_SCHEMA_TRUNCATED || fault.rule == LEAT_SCHEMA_MISSING || fault.rule == LEAT_SCHEMA_FEW);
        free(copy);
    }
    assert_int_equal(good, 6); /* before and between what need not be there: centre, three numbers, a word, and after corner 1 */
}

static void any_order_gives_the_same(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    struct all in = sample(), out;
    unsigned char wire[1024], mixed[1024];
    int64_t bytes = all_encode(&in, wire, sizeof wire);
    in.corner[0].x = in.corner[1].x = 1, in.corner[0].y = in.corner[1].y = 2; /* what is repeated keeps its order, so make it the same */
    in.number[1] = in.number[2] = 1;
    assert_int_equal(all_encode(&in, wire, sizeof wire), bytes);
    for (int round = 0; round < 300; round++) {
        int64_t at[32], count = 0, to = 0;
        for (int64_t i = 0; i < bytes; i += 6 + wire[i + 5])
            at[count++] = i;
        while (count > 0) {
            int64_t pick = (int64_t)(test_random(&seed) % (uint64_t)count);
            int64_t total = 6 + wire[at[pick] + 5];
            memcpy(mixed + to, wire + at[pick], (size_t)total);
            to += total;
            at[pick] = at[--count];
        }
        assert_int_equal(all_decode(&out, mixed, to, NULL), 0);
        print_equal(&in, &out);
    }
}

static void what_is_unknown_meets_its_policy(void **state)
{
    (void)state;
    static const unsigned char wire[] = {9, 1, 5, 1, 1, 42, 0x85, 0, 9, 2, 1, 1};
    const int64_t bytes = sizeof wire;
    struct leat_schema_fault fault;
    struct skips skips;
    struct refuses refuses;
    struct critical critical;
    struct counts counts;
    struct keeps keeps;
    unsigned char again[64];
    assert_int_equal(skips_decode(&skips, wire, bytes, &fault), 0);
    assert_int_equal(skips.one, 42);
    assert_int_equal(refuses_decode(&refuses, wire, bytes, &fault), -EBADMSG);
    assert_true(fault.rule == LEAT_SCHEMA_UNKNOWN && fault.offset == 0 && fault.field == NULL);
    assert_int_equal(critical_decode(&critical, wire, bytes, &fault), -EBADMSG);
    assert_true(fault.rule == LEAT_SCHEMA_UNKNOWN && fault.offset == 6);
    assert_int_equal(critical_decode(&critical, wire, 6, &fault), 0);
    assert_int_equal(counts_decode(&counts, wire, bytes, &fault), 0);
    assert_int_equal(counts.unknown_count, 3);
    assert_int_equal(counts_decode(&counts, wire + 3, 3, &fault), 0);
    assert_int_equal(counts.unknown_count, 0);
    assert_int_equal(keeps_decode(&keeps, wire, bytes, &fault), -EBADMSG);
    assert_true(fault.rule == LEAT_SCHEMA_UNKNOWN_MANY && fault.offset == 8);
    assert_int_equal(keeps_decode(&keeps, wire, 8, &fault), 0);
    assert_int_equal(keeps_encode(&keeps, again, sizeof again), 8);
    assert_memory_equal(again, "\1\1\52\11\1\5\205\0", 8);
}

static void a_struct_that_breaks_its_own_rules_is_not_written(void **state)
{
    (void)state;
    unsigned char wire[1024], clean[1024];
    memset(wire, 0x5a, sizeof wire);
    memset(clean, 0x5a, sizeof clean);
    for (int i = 0; i < 8; i++) {
        struct all in = sample();
        if (i == 0)
            in.u8 = 10;
        else if (i == 1)
            in.i16 = -91;
        else if (i == 2)
            in.blob_bytes = 8;
        else if (i == 3)
            in.place[1] = 0;
        else if (i == 4)
            in.corner_count = 0;
        else if (i == 5)
            in.corner_count = 4;
        else if (i == 6)
            in.corner[1].y = 6;
        else
            in.far.bytes = -1;
        assert_int_equal(all_encode(&in, wire, sizeof wire), -EINVAL);
    }
    struct all in = sample();
    assert_int_equal(all_encode(&in, wire, all_size(&in) - 1), -EMSGSIZE);
    struct small_t8l8 large = {.has_b = true, .b_bytes = 256};
    assert_int_equal(small_t8l8_encode(&large, wire, sizeof wire), -EMSGSIZE);
    assert_memory_equal(wire, clean, sizeof wire);
    in.i16 = -20; /* the default is not written */
    struct all out;
    int64_t bytes = all_encode(&in, wire, sizeof wire);
    assert_int_equal(bytes, changed(clean, 6, NULL, 0, false));
    assert_memory_equal(wire, clean, (size_t)bytes);
    assert_int_equal(all_decode(&out, wire, bytes, NULL), 0);
    assert_int_equal(out.i16, -20);
}

static void random_structs_come_back_and_random_bytes_do_no_harm(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    for (int64_t round = 0; round < test_items(20000); round++) {
        struct all in = sample(), out, twice;
        unsigned char wire[1024], again[1024];
        in.u8 = (uint8_t)(1 + test_random(&seed) % 9), in.u64 = test_random(&seed), in.i8 = (int8_t)test_random(&seed);
        in.i16 = (int16_t)((int64_t)(test_random(&seed) % 151) - 90), in.flag = test_random(&seed) % 2 != 0;
        in.has_u32 = test_random(&seed) % 2 != 0, in.has_blob = test_random(&seed) % 2 != 0,
        in.blob_bytes = 2 + (int64_t)(test_random(&seed) % 6);
        in.corner_count = 1 + (int64_t)(test_random(&seed) % 3), in.number_count = (int64_t)(test_random(&seed) % 5);
        int64_t bytes = all_encode(&in, wire, sizeof wire);
        assert_true(bytes > 0);
        assert_int_equal(all_decode(&out, wire, bytes, NULL), 0);
        assert_int_equal(all_encode(&out, again, sizeof again), bytes);
        assert_memory_equal(wire, again, (size_t)bytes);
        for (uint64_t hits = 1 + test_random(&seed) % 3; hits > 0; hits--)
            wire[test_random(&seed) % (uint64_t)bytes] = (unsigned char)test_random(&seed);
        struct leat_schema_fault fault;
        int rc = all_decode(&out, wire, bytes, &fault), by_table = leat_schema_decode(all_schema(), &twice, wire, bytes, &fault);
        assert_int_equal(rc, by_table);
        if (rc == 0)
            print_equal(&out, &twice);
    }
}

static int64_t no_room(void *context, int64_t min_bytes, void **span)
{
    (void)min_bytes;
    *span = context;
    return context != NULL ? 20 : 0;
}

static void committed(void *context, int64_t bytes)
{
    assert_int_equal(bytes, 20);
    ((unsigned char *)context)[20] = 1;
}

static void a_sink_gets_what_it_has_room_for(void **state)
{
    (void)state;
    struct point point = {.x = 1, .y = 2};
    unsigned char room[21] = {0};
    struct leat_sink sink = {no_room, committed, room}, none = {no_room, committed, NULL};
    assert_int_equal(point_send(&point, &none), -EAGAIN);
    assert_int_equal(point_send(&point, &sink), 20);
    assert_int_equal(room[20], 1);
    assert_memory_equal(room, "\0\1\0\0\0\4\0\0\0\1\0\2\0\0\0\4\0\0\0\2", 20);
    assert_true(leat_schema_valid(all_schema()) && leat_schema_valid(keeps_schema()));
    struct leat_schema_field field = all_schema()->fields[0];
    struct leat_schema bad = *all_schema();
    bad.fields = &field, bad.field_count = 1;
    assert_true(leat_schema_valid(&bad));
    field.low = 10;
    assert_false(leat_schema_valid(&bad));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back_as_it_went),
        cmocka_unit_test(the_bytes_are_the_items_that_the_cursor_reads),
        cmocka_unit_test(each_rule_that_is_broken_is_named),
        cmocka_unit_test(cut_at_every_byte_it_is_refused),
        cmocka_unit_test(any_order_gives_the_same),
        cmocka_unit_test(what_is_unknown_meets_its_policy),
        cmocka_unit_test(a_struct_that_breaks_its_own_rules_is_not_written),
        cmocka_unit_test(random_structs_come_back_and_random_bytes_do_no_harm),
        cmocka_unit_test(a_sink_gets_what_it_has_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
