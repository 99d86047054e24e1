/* SPDX-License-Identifier: MIT */
/* The marks of `leat pump --filter`: nothing is settled before what stands before it is stored, and everything is in the end. */
#include "../cli/pump.h"
#include "test.h"

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* Frame i ends at in[i] of the input; out[i] bytes are to be stored before it may be settled. */
enum { FRAMES = 20000 };
static int64_t in_end[FRAMES + 1], out_end[FRAMES + 1];

/* How many bytes of the input may be settled at the most, by a look at every frame. */
static int64_t at_most(int64_t frames, int64_t stored)
{
    int64_t i = 0;
    while (i < frames && out_end[i + 1] <= stored)
        i++;
    return in_end[i];
}

/* A run of frames, of which about one in `kept` goes out, and an output that stores at `pace` of 16. */
static void carry(uint64_t seed, uint64_t kept, uint64_t pace)
{
    static struct pump_marks marks;
    int64_t stored = 0, before = 0, in = 0, out = 0;
    memset(&marks, 0, sizeof marks);
    for (int64_t i = 0; i < FRAMES; i++) {
        const int64_t bytes = 1 + (int64_t)(next_random(&seed) % 100);
        in += bytes;
        out += next_random(&seed) % kept == 0 ? bytes : 0;
        in_end[i + 1] = in;
        out_end[i + 1] = out;
        if (next_random(&seed) % 4 == 0)
            pump_marks_put(&marks, out, in);
        if (next_random(&seed) % 16 < pace)
            stored += (out - stored) * (int64_t)(next_random(&seed) % 17) / 16;
        const int64_t reached = pump_marks_reached(&marks, stored);
        assert_true(pump_marks_valid(&marks));
        assert_true(reached >= before);
        if (reached != before)
            assert_true(reached <= at_most(i + 1, stored));
        before = reached;
    }
    pump_marks_put(&marks, out, in);
    assert_true(stored == out || pump_marks_reached(&marks, stored) < in);
    assert_int_equal(pump_marks_reached(&marks, out), in);
}

static void nothing_is_settled_before_what_stands_before_it_is_stored(void **state)
{
    static const uint64_t kept[] = {1, 2, 10, 1000, 1000000}, pace[] = {0, 1, 8, 16};
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++)
        for (size_t k = 0; k < sizeof kept / sizeof kept[0]; k++)
            for (size_t p = 0; p < sizeof pace / sizeof pace[0]; p++)
                carry(seed, kept[k], pace[p]);
}

static void what_is_kept_back_is_settled_though_nothing_is_stored(void **state)
{
    static struct pump_marks marks;
    (void)state;
    assert_int_equal(pump_marks_reached(&marks, 0), 0);
    pump_marks_put(&marks, 0, 10);
    assert_int_equal(pump_marks_reached(&marks, 0), 10);
    pump_marks_put(&marks, 0, 20);
    assert_int_equal(pump_marks_reached(&marks, 0), 20);
    pump_marks_put(&marks, 5, 30);
    pump_marks_put(&marks, 5, 40);
    assert_int_equal(pump_marks_reached(&marks, 4), 20);
    assert_int_equal(pump_marks_reached(&marks, 5), 40);
    assert_int_equal(pump_marks_reached(&marks, 4), 40);
    pump_marks_put(&marks, 5, 50); /* behind what was stored already */
    assert_int_equal(pump_marks_reached(&marks, 5), 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_settled_before_what_stands_before_it_is_stored),
        cmocka_unit_test(what_is_kept_back_is_settled_though_nothing_is_stored),
    };
    return cmocka_run_group_tests_name("pump_marks", tests, NULL, NULL);
}
