/* SPDX-License-Identifier: MIT */
/* tlv_framer_test.c: frames out of a stream: however it is cut, as soon as they can be known, each byte looked at once. */
#include "tlv_cases.h"
#include "tlv_support.h"

/* Feeds the stream in pieces that end at every byte (piece 1) or at one place, and takes what is whole as it comes. */
static int64_t feed(const char *dialect, const unsigned char *data, int64_t bytes, int64_t first, int64_t piece, int64_t *ends,
                    int64_t most)
{
    struct leat_tlv_framer framer;
    int64_t at = 0, there = first, frames = 0, need = 0;
    assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect(dialect), NULL), 0);
    for (;;) {
        int64_t n = 0;
        enum leat_tlv_frame frame = leat_tlv_frame(&framer, data + at, there - at, &n);
        assert_true(leat_tlv_framer_valid(&framer));
        assert_int_not_equal(frame, LEAT_TLV_MALFORMED);
        if (frame == LEAT_TLV_WHOLE) {
            assert_true(n >= need && n <= there - at && frames < most);
            at += n;
            ends[frames++] = at;
            need = 0;
            if (at == bytes)
                return frames;
        } else {
            assert_true(n > there - at && n >= need);
            need = n;
            assert_true(there < bytes);
            there = there + piece < bytes ? there + piece : bytes;
        }
    }
}

static void every_split_gives_the_same_frames(void **state)
{
    (void)state;
    for (int64_t i = 0; i < COUNT(good); i++) {
        unsigned char data[256], *exact;
        int64_t ends[16], again[16], bytes = unhex(good[i].hex, data);
        if (good[i].frames <= 0)
            continue;
        exact = malloc((size_t)bytes); /* so that a sanitizer sees a byte read too far */
        assert_non_null(exact);
        memcpy(exact, data, (size_t)bytes);
        assert_int_equal(feed(good[i].dialect, exact, bytes, bytes, bytes, ends, 16), good[i].frames);
        for (int64_t split = 0; split <= bytes; split++) {
            for (int64_t piece = 1; piece <= bytes; piece++) {
                assert_int_equal(feed(good[i].dialect, exact, bytes, split, piece, again, 16), good[i].frames);
                assert_memory_equal(ends, again, (size_t)good[i].frames * sizeof ends[0]);
            }
        }
        free(exact);
    }
}

/* What NEED says, after so many bytes of the frame. */
static void need_is_exact_once_it_can_be_known(void **state)
{
    static const struct {
        const char *dialect, *hex;
        int64_t need;
    } rows[] = {
        {"der", "", 2},
        {"der", "30", 2},
        {"der", "30 05", 7},
        {"der", "30 82", 4},
        {"der", "30 82 01", 4},
        {"der", "30 82 0100", 260},
        {"der", "1f", 3},
        {"der", "1f 81", 4},
        {"ber", "30 80", 4},
        {"ber", "30 80 00", 4},
        {"ber", "30 80 05", 6},
        {"ber", "30 80 04 05", 11},
        {"ber", "30 80 31 80", 8},
        {"ber", "30 80 31 80 00 00", 8},
        {"ber", "30 80 31 82", 8},
        {"ber", "30 80 31 04 05 00", 10},
        {"lldp", "", 2},
        {"lldp", "02 05", 7},
        {"radius", "", 20},
        {"radius", "01 00 0020", 20},
        {"dhcp4", "", 1},
        {"dhcp4", "01", 2},
        {"dhcp4", "01 04 00", 6},
        {"netlink", "", 16},
        {"t32l32", "", 8},
        {"t32l32", "00000000 00000100", 264},
    };
    (void)state;
    for (int64_t i = 0; i < COUNT(rows); i++) {
        unsigned char data[64];
        struct leat_tlv_framer framer;
        int64_t n = 0, bytes = unhex(rows[i].hex, data);
        assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect(rows[i].dialect), NULL), 0);
        assert_int_equal(leat_tlv_frame(&framer, data, bytes, &n), LEAT_TLV_NEED);
        if (n != rows[i].need)
            fail_msg("%s %s: need %lld", rows[i].dialect, rows[i].hex, (long long)n);
    }
}

static void the_framer_tells_what_may_be_gathered_elsewhere(void **state)
{
    (void)state;
    static const struct {
        const char *dialect, *bytes;
        int64_t known;
    } cases[] = {
        {"t8l16", "01", 0}, /* no length yet */
        {"t8l16", "010010aabb", 19},
        {"der", "0410aabb", 18},
        {"der", "30100410", 0},                                                       /* holds items, which are looked at */
        {"ber", "30800410", 0},                                                       /* indefinite */
        {"netlink", TEST_HOST("13000000", "00000013") "100000000000000000000000", 0}, /* 19 bytes; one of padding may be missing */
        {"netlink", TEST_HOST("14000000", "00000014") "100000000000000000000000", 20},
    };
    for (int64_t i = 0; i < COUNT(cases); i++) {
        unsigned char data[32];
        struct leat_tlv_framer framer;
        int64_t n = 0, bytes = unhex(cases[i].bytes, data);
        assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect(cases[i].dialect), NULL), 0);
        assert_int_equal(leat_tlv_frame(&framer, data, bytes, &n), LEAT_TLV_NEED);
        assert_int_equal(leat_tlv_framer_known(&framer), cases[i].known);
        if (cases[i].known > 0) {
            leat_tlv_framer_pass(&framer);
            assert_true(leat_tlv_framer_valid(&framer));
            assert_int_equal(leat_tlv_framer_known(&framer), 0);
            assert_int_equal(leat_tlv_framer_end(&framer, 0), 0); /* it stands between two frames */
        }
    }
}

static void a_frame_beyond_the_limit_is_refused_at_its_header(void **state)
{
    static const struct {
        const char *dialect, *hex;
        int64_t total;
    } rows[] = {
        {"der", "04 82 0100", 260},       {"t16l16", "0000 0100", 260},     {"lldp", "03 00", 258},
        {"radius-attr", "01 ff", 255},    {"dhcp4", "01 ff", 257},          {"radius", "01 00 0100 00000000000000000000000000000000", 256},
        {"ber", "30 80 04 82 0100", 264}, {"ber", "30 80 31 80 04 04", 14},
    };
    (void)state;
    for (int64_t i = 0; i < COUNT(rows); i++) {
        unsigned char data[512] = {0};
        struct leat_tlv_framer framer;
        struct leat_tlv_limits limits = {.max_frame = rows[i].total};
        int64_t n = 0, bytes = unhex(rows[i].hex, data);
        assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect(rows[i].dialect), &limits), 0);
        assert_int_equal(leat_tlv_frame(&framer, data, bytes, &n), LEAT_TLV_NEED);
        assert_int_equal(n, rows[i].total);
        assert_int_equal(leat_tlv_frame(&framer, data, n, &n), LEAT_TLV_WHOLE);
        assert_int_equal(n, rows[i].total);
        limits.max_frame--;
        assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect(rows[i].dialect), &limits), 0);
        assert_int_equal(leat_tlv_frame(&framer, data, bytes, &n), LEAT_TLV_MALFORMED);
        assert_int_equal(leat_tlv_framer_fault(&framer)->rule, LEAT_TLV_FRAME_LIMIT);
        assert_int_equal(leat_tlv_framer_fault(&framer)->offset, 0);
        struct walk walk;
        assert_false(walk_all(rows[i].dialect, data, rows[i].total, &limits, &walk));
        assert_int_equal(walk.fault.rule, LEAT_TLV_FRAME_LIMIT);
        assert_int_equal(walk.fault.offset, 0);
    }
}

/* A megabyte fed byte by byte: were anything scanned twice, this would take hours. */
static void a_frame_fed_byte_by_byte_is_scanned_once(void **state)
{
    const int64_t bytes = test_items(MIB) < MIB ? test_items(MIB) / 2 * 2 + 4 : MIB;
    unsigned char *data = calloc((size_t)bytes, 1);
    int64_t ends[1];
    (void)state;
    assert_non_null(data);
    for (int64_t i = 0; i < bytes - 2; i += 2)
        data[i] = 0x30;
    data[1] = 0x80;
    clock_t start = clock();
    assert_int_equal(feed("ber", data, bytes, 0, 1, ends, 1), 1);
    assert_int_equal(ends[0], bytes);
    assert_true((clock() - start) / CLOCKS_PER_SEC < 10);
    free(data);
}

static void what_follows_an_end_mark_is_not_looked_at(void **state)
{
    static const struct {
        const char *dialect, *hex;
        int64_t end;
    } rows[] = {{"dhcp4", "35 01 03 ff 99 99 99", 4}, {"lldp", "02 01 00 00 00 ff ff", 5}};
    (void)state;
    for (int64_t i = 0; i < COUNT(rows); i++) {
        unsigned char data[64];
        struct leat_tlv_framer framer;
        struct walk walk;
        int64_t n = 0, bytes = unhex(rows[i].hex, data);
        assert_true(walk_all(rows[i].dialect, data, bytes, NULL, &walk));
        assert_int_equal(walk.items, 2);
        assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect(rows[i].dialect), NULL), 0);
        assert_int_equal(leat_tlv_frame(&framer, data, bytes, &n), LEAT_TLV_WHOLE);
        assert_int_equal(n, 3);
        assert_false(leat_tlv_framer_ended(&framer));
        assert_int_equal(leat_tlv_frame(&framer, data + 3, bytes - 3, &n), LEAT_TLV_WHOLE);
        assert_int_equal(n, rows[i].end - 3);
        assert_true(leat_tlv_framer_ended(&framer));
        assert_int_equal(leat_tlv_framer_end(&framer, bytes - rows[i].end), 0);
        assert_false(leat_tlv_framer_ended(&framer));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_split_gives_the_same_frames),
        cmocka_unit_test(need_is_exact_once_it_can_be_known),
        cmocka_unit_test(the_framer_tells_what_may_be_gathered_elsewhere),
        cmocka_unit_test(a_frame_beyond_the_limit_is_refused_at_its_header),
        cmocka_unit_test(a_frame_fed_byte_by_byte_is_scanned_once),
        cmocka_unit_test(what_follows_an_end_mark_is_not_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
