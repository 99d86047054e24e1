/* SPDX-License-Identifier: MIT */
/* SLIP and COBS: the papers' own examples, every value comes back, and the framers that find the frames of a stream. */
#include "test.h"

#include <leat/stuffing.h>
#include <leat/tlv.h>
#include <string.h>

typedef int64_t transform(void *out, int64_t room, const void *data, int64_t bytes);

struct example {
    const char *value;
    int64_t bytes;
    const char *frame;
    int64_t frame_bytes;
};

static const struct example slip[] = {{"", 0, "\xc0", 1}, {"ab", 2, "ab\xc0", 3}, {"\xc0\xdb\xdc", 3, "\xdb\xdc\xdb\xdd\xdc\xc0", 6}};
static const struct example cobs[] = {{"", 0, "\x01\x00", 2},
                                      {"\0", 1, "\x01\x01\x00", 3},
                                      {"\0\0", 2, "\x01\x01\x01\x00", 4},
                                      {"\x11\x22\x00\x33", 4, "\x03\x11\x22\x02\x33\x00", 6},
                                      {"\x11\x22\x33\x44", 4, "\x05\x11\x22\x33\x44\x00", 6},
                                      {"\x11\x00\x00\x00", 4, "\x02\x11\x01\x01\x01\x00", 6}};

static void check_examples(const struct example *examples, int count, transform *encode, transform *decode)
{
    unsigned char out[64];
    for (int i = 0; i < count; i++) {
        const struct example *e = &examples[i];
        for (int64_t room = 0; room < e->frame_bytes; room++)
            assert_int_equal(encode(out, room, e->value, e->bytes), -EMSGSIZE);
        assert_int_equal(encode(out, e->frame_bytes, e->value, e->bytes), e->frame_bytes);
        assert_memory_equal(out, e->frame, (size_t)e->frame_bytes);
        for (int64_t room = 0; room < e->bytes; room++)
            assert_int_equal(decode(out, room, e->frame, e->frame_bytes), -EMSGSIZE);
        for (int64_t last = 0; last < 2; last++) { /* with the byte that ends it, and without */
            assert_int_equal(decode(out, e->bytes, e->frame, e->frame_bytes - last), e->bytes);
            assert_memory_equal(out, e->value, (size_t)e->bytes);
        }
    }
}

static void the_papers_examples_hold(void **state)
{
    (void)state;
    check_examples(slip, 3, leat_slip_encode, leat_slip_decode);
    check_examples(cobs, 6, leat_cobs_encode, leat_cobs_decode);
}

/* Values of every length around COBS's run of 254, of bytes that matter and others; decoded in place. */
static void every_value_comes_back(void **state)
{
    static const unsigned char special[] = {0, 0xc0, 0xdb, 0xdc, 0xdd, 1};
    static unsigned char value[1100], frame[2300];
    uint64_t seed = test_seed();
    (void)state;
    for (int64_t bytes = 0; bytes < 1024; bytes++) {
        uint64_t kind = test_random(&seed) % 3;
        for (int64_t i = 0; i < bytes; i++)
            value[i] = kind == 0   ? special[test_random(&seed) % sizeof special]
                       : kind == 1 ? (unsigned char)(1 + i % 255)
                                   : (unsigned char)test_random(&seed);
        int64_t n = leat_slip_encode(frame, leat_slip_most(bytes), value, bytes);
        assert_true(n > 0 && n <= leat_slip_most(bytes) && memchr(frame, 0xc0, (size_t)n) == frame + n - 1);
        assert_int_equal(leat_slip_decode(frame, n, frame, n), bytes);
        assert_memory_equal(frame, value, (size_t)bytes);
        n = leat_cobs_encode(frame, leat_cobs_most(bytes), value, bytes);
        assert_true(n > 0 && n <= leat_cobs_most(bytes) && memchr(frame, 0, (size_t)n) == frame + n - 1);
        assert_int_equal(leat_cobs_decode(frame, n, frame, n), bytes);
        assert_memory_equal(frame, value, (size_t)bytes);
    }
}

static void what_cannot_be_is_refused(void **state)
{
    unsigned char out[16];
    (void)state;
    assert_int_equal(leat_slip_decode(out, 16, "a\xdb", 2), -EBADMSG);
    assert_int_equal(leat_slip_decode(out, 16, "a\xdb\xc0", 3), -EBADMSG);
    assert_int_equal(leat_slip_decode(out, 16, "a\xdb\x01", 3), -EBADMSG);
    assert_int_equal(leat_slip_decode(out, 16, "a\xc0z\xc0", 4), -EBADMSG);
    assert_int_equal(leat_slip_decode(out, 16, "\xc0z\xc0", 3), 1);
    assert_int_equal(leat_slip_decode(out, 16, "\xc0", 1), 0);
    assert_int_equal(leat_cobs_decode(out, 16, "\x03\x11", 2), -EBADMSG);
    assert_int_equal(leat_cobs_decode(out, 16, "\x03\x11\x00\x01", 4), -EBADMSG);
    assert_int_equal(leat_cobs_decode(out, 16, "\x00\x01\x00", 3), -EBADMSG);
    assert_int_equal(leat_cobs_decode(out, 16, "", 0), 0);
}

/* Frames of a stream, in pieces of every size. */
static void framed(const char *name, const char *stream, int64_t bytes, const int64_t *wanted, int count, int end)
{
    for (int64_t step = 1; step <= bytes + 1; step++) {
        struct leat_tlv_framer framer;
        int64_t at = 0, there = 0, n = 0;
        int found = 0;
        assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect(name), NULL), 0);
        for (;;) {
            enum leat_tlv_frame frame = leat_tlv_frame(&framer, stream + at, there - at, &n);
            assert_true(leat_tlv_framer_valid(&framer) && frame != LEAT_TLV_MALFORMED);
            if (frame == LEAT_TLV_WHOLE) {
                assert_true(found < count);
                assert_int_equal(n, wanted[found++]);
                at += n;
            } else if (there == bytes) {
                break;
            } else {
                assert_true(n > there - at);
                there = there + step < bytes ? there + step : bytes;
            }
        }
        assert_int_equal(found, count);
        assert_int_equal(leat_tlv_framer_end(&framer, bytes - at), end);
    }
}

static void streams_are_cut_where_they_say(void **state)
{
    (void)state;
    framed("lines", "one\n\ntwo lines and more\nlast", 29, (const int64_t[]){4, 1, 19}, 3, 0);
    framed("slip",
           "\xc0"
           "ab\xc0\xc0"
           "a long one indeed\xc0"
           "cut",
           26, (const int64_t[]){1, 3, 1, 18}, 4, -EBADMSG);
    framed("cobs",
           "\x01\x00\x03"
           "ab\x00",
           6, (const int64_t[]){2, 4}, 2, 0);
}

static void a_frame_without_end_is_limited_and_left_out(void **state)
{
    const struct leat_tlv_limits limits = {.max_frame = 8};
    struct leat_tlv_framer framer;
    int64_t n = 0;
    (void)state;
    assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect("lines"), &limits), 0);
    assert_int_equal(leat_tlv_frame(&framer, "1234567", 7, &n), LEAT_TLV_NEED);
    assert_int_equal(n, 8);
    assert_int_equal(leat_tlv_frame(&framer, "12345678\n", 9, &n), LEAT_TLV_MALFORMED);
    assert_int_equal(leat_tlv_framer_fault(&framer)->rule, LEAT_TLV_FRAME_LIMIT);
    assert_int_equal(leat_tlv_framer_resume(&framer, "12345678\nok\n", 12), 9);
    assert_int_equal(leat_tlv_frame(&framer, "ok\n", 3, &n), LEAT_TLV_WHOLE);
    assert_int_equal(n, 3);
    assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect("raw"), &limits), 0);
    assert_int_equal(leat_tlv_frame(&framer, "", 0, &n), LEAT_TLV_NEED);
    assert_int_equal(n, 1);
    assert_int_equal(leat_tlv_frame(&framer, "123", 3, &n), LEAT_TLV_WHOLE);
    assert_int_equal(n, 3);
    assert_int_equal(leat_tlv_frame(&framer, "1234567890", 10, &n), LEAT_TLV_WHOLE);
    assert_int_equal(n, 8);
}

static void the_cursor_gives_values_without_their_end(void **state)
{
    static const char text[] = "one\n\nlast";
    static const int64_t lengths[] = {3, 0, 4}, totals[] = {4, 1, 4};
    struct leat_tlv_dialect fixed = {.name = "f", .rule = "r", .cut = LEAT_TLV_CUT_FIXED, .cut_bytes = 4};
    struct leat_tlv_dialect none = {.name = "f", .rule = "r", .cut = LEAT_TLV_CUT_FIXED};
    struct leat_tlv_writer writer;
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    (void)state;
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("lines"), text, sizeof text - 1, 0, NULL), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
        assert_true(item.length == lengths[i] && item.total_bytes == totals[i] && item.header_bytes == 0 && item.type == 0);
    }
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_END);
    assert_int_equal(leat_tlv_dialect_ready(&fixed, NULL), 0);
    assert_int_equal(leat_tlv_cursor_init(&cursor, &fixed, "123456789", 9, 0, NULL), 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_BAD);
    assert_int_equal(leat_tlv_cursor_fault(&cursor)->rule, LEAT_TLV_TRUNCATED);
    assert_int_equal(leat_tlv_dialect_ready(&none, NULL), -EINVAL);
    assert_int_equal(leat_tlv_writer_init(&writer, &fixed, NULL, 0), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_papers_examples_hold),
        cmocka_unit_test(every_value_comes_back),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(streams_are_cut_where_they_say),
        cmocka_unit_test(a_frame_without_end_is_limited_and_left_out),
        cmocka_unit_test(the_cursor_gives_values_without_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
