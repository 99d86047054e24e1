/* SPDX-License-Identifier: MIT */
/* gen: the same bytes however they are read, no more than were asked for, and no sooner. */
#define _GNU_SOURCE
#include "endpoint_support.h"

#include <leat/os.h>

/* Frame n as the pattern is documented, written down anew; returns its bytes. */
static int64_t expect(unsigned char *at, uint64_t n, int type_bytes, int length_bytes, int64_t size)
{
    unsigned char *begin = at;
    for (int i = type_bytes - 1; i >= 0; i--)
        *at++ = i == 0 ? (unsigned char)(n % 255 + 1) : 0;
    for (int i = length_bytes - 1; i >= 0; i--)
        *at++ = (unsigned char)((uint64_t)size >> 8 * i);
    for (int64_t i = 0; i < size; i++)
        *at++ = (unsigned char)(i >= 8 ? n + (uint64_t)i : n >> 8 * ((size < 8 ? size : 8) - 1 - i));
    return at - begin;
}

static void frames_follow_their_pattern_in_every_header(void **state)
{
    static const struct {
        const char *name;
        int type_bytes, length_bytes;
    } headers[] = {{"t8l8", 1, 1},   {"t8l16", 1, 2}, {"t8l32", 1, 4},  {"t16l8", 2, 1}, {"t16l16", 2, 2},
                   {"t16l32", 2, 4}, {"t32l8", 4, 1}, {"t32l16", 4, 2}, {"t32l32", 4, 4}};
    static const int sizes[] = {0, 1, 3, 8, 9, 255};
    static unsigned char want[300 * 300], have[300 * 300];

    (void)state;
    for (int i = 0; i < 9 * 6; i++) {
        struct end end;
        char text[100];
        int64_t bytes = 0;
        const int size = sizes[i % 6];
        for (uint64_t n = 0; n < 300; n++)
            bytes += expect(want + bytes, n, headers[i / 6].type_bytes, headers[i / 6].length_bytes, size);
        snprintf(text, sizeof text, "gen:?count=300&size=%d&dialect=%s", size, headers[i / 6].name);
        must_open(&end, text, LEAT_IN);
        assert_int_equal(end_read_all(&end, (char *)have, sizeof have), bytes);
        assert_memory_equal(have, want, (size_t)bytes);
        assert_int_equal(end_close(&end), 0);
    }
}

static void known_bytes(void **state)
{
    static const unsigned char want[] = {1, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 8, 9, 2, 0, 10, 0, 0, 0, 0, 0, 0, 0, 1, 9, 10};
    unsigned char have[100];
    struct end end;

    (void)state;
    must_open(&end, "gen:?count=2&size=10", LEAT_IN); /* t8l16 */
    assert_int_equal(end_read(&end, have, sizeof have), sizeof want);
    assert_memory_equal(have, want, sizeof want);
    assert_int_equal(end_close(&end), 0);
}

static void any_way_of_reading_gives_the_same_bytes(void **state)
{
    static char whole[40 * 23], parts[40 * 23];
    struct end end;

    (void)state;
    must_open(&end, "gen:?count=40&size=20", LEAT_IN);
    assert_int_equal(end.transport->fd(end.state, LEAT_IN), -1);
    assert_int_equal(end_read_all(&end, whole, sizeof whole), sizeof whole);
    assert_int_equal(end_read(&end, parts, 1), 0);
    for (int64_t most = 1; most < 100; most++) {
        int64_t have = 0, got;
        assert_int_equal(end.transport->rewind(end.state), 0);
        while ((got = end_read(&end, parts + have, most < (int64_t)sizeof parts - have ? most : (int64_t)sizeof parts - have)) > 0)
            if ((have += got) == sizeof parts)
                break;
        assert_int_equal(have, sizeof parts);
        assert_memory_equal(parts, whole, sizeof whole);
    }
    assert_int_equal(end_read(&end, parts, 0), -EINVAL);
    assert_int_equal(end_close(&end), 0);
}

static void without_a_count_it_does_not_end(void **state)
{
    static char data[1 << 20];
    struct end end;

    (void)state;
    must_open(&end, "gen:", LEAT_IN);
    for (int i = 0; i < 50; i++)
        assert_int_equal(end_read_all(&end, data, sizeof data), sizeof data);
    assert_int_equal(end_close(&end), 0);
}

static void rate_is_kept_and_waited_for(void **state)
{
    char data[100];
    struct end end;
    int64_t frames = 0, waits = 0, got;

    (void)state;
    must_open(&end, "gen:?count=21&size=1&rate=100", LEAT_IN);
    check_close_on_exec(&end, LEAT_IN);
    const int64_t begin = leat_os_now_ns();
    while ((got = end_read(&end, data, sizeof data)) != 0) {
        if (got == -EAGAIN) {
            waits++;
            end_wait(&end, LEAT_IN);
            continue;
        }
        assert_true(got > 0 && got % 4 == 0);
        frames += got / 4;
        /* Frame n is not there before n/100 s. */
        assert_true((frames - 1) * 10000000 <= leat_os_now_ns() - begin);
    }
    assert_int_equal(frames, 21);
    assert_true(leat_os_now_ns() - begin >= 200000000);
    assert_true(waits >= 1 && waits <= 40); /* it does not spin */
    assert_int_equal(end.transport->fd(end.state, LEAT_IN), -1);
    assert_int_equal(end.transport->rewind(end.state), 0);
    assert_int_equal(end_read(&end, data, sizeof data), 4);
    assert_int_equal(end_close(&end), 0);
}

static void bad_value_of_gen_is_told(void **state)
{
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"gen:?count=0", "bad value \"0\" of count; it is a number of 1 to 9223372036854775807"},
        {"gen:?count=9223372036854775808", "bad value \"9223372036854775808\" of count"},
        {"gen:?size=65536", "bad value \"65536\" of size; it is a size of 0 to 65535 bytes"},
        {"gen:?size=256&dialect=t16l8", "it is a size of 0 to 255 bytes"},
        {"gen:?size=17MiB&dialect=t16l32", "bad value \"17MiB\" of size; it is a size of 0 to 16777216 bytes"},
        {"gen:?rate=-1", "bad value \"-1\" of rate; it is a number of 0 to 1000000000"},
        {"gen:?rate=1000000001", "of rate"},
        {"gen:?dialect=der", "bad value \"der\" of dialect; it is t8l8, t8l16, t8l32, t16l8, t16l16, t16l32, t32l8, t32l16 or t32l32"},
        {"gen:?speed=1", "unknown key \"speed\"; known to gen: count dialect rate size"},
        {"gen:x", "nothing may follow; the form is gen:"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        must_not_open(bad[i].text, LEAT_IN, -EINVAL, bad[i].words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_follow_their_pattern_in_every_header),
        cmocka_unit_test(known_bytes),
        cmocka_unit_test(any_way_of_reading_gives_the_same_bytes),
        cmocka_unit_test(without_a_count_it_does_not_end),
        cmocka_unit_test(rate_is_kept_and_waited_for),
        cmocka_unit_test(bad_value_of_gen_is_told),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
