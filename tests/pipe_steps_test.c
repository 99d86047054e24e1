/* SPDX-License-Identifier: MIT */
/*
 * Between any two steps of a flush, of a publication of room and of falling asleep the other side does something: every such pair, for
 * each sleep protocol, nested to a depth of two. One thread plays both sides, so this is about the order of the steps, not of memory (the
 * model and the stress tests are). Whatever happens in between: who sleeps while there is something to do was woken, exactly once.
 */
enum step {
    AT_flush_store,
    AT_flush_look,
    AT_flush_take,
    AT_publish_store,
    AT_publish_look,
    AT_publish_take,
    AT_fetch,
    AT_read_announce,
    AT_read_announced,
    AT_write_announce,
    AT_write_announced,
    STEPS
};
void at_step(enum step step);
#define LEAT_PIPE_STEP(name) at_step(AT_##name)
#include "../src/pipe/pipe.c"

#include <leat/os.h>

#include "pipe_support.h"

enum { ACTS = 3 };

static int64_t room; /* 2: each item that is read is published; 17: every other one */

static struct leat_pipe pipe_;
static struct counted_blocks counted;
static struct leat_blocks blocks;

/* What each side believes, and what it was told. */
static bool reader_sleeps, writer_sleeps;    /* its last check said false, and no wake-up came since */
static int64_t reader_tokens, writer_tokens; /* wake-ups on their way */
static uint64_t written, read_, wrong;

/* Where the other side acts, and how; one plan for each depth. */
struct plan {
    enum step step;
    int act;   /* 0 .. ACTS - 1 */
    int after; /* passes of that step before it */
};
static struct plan plans[2];
static int depth;
static bool writer_inside, reader_inside;
static int64_t acted;

static void flush(void)
{
    if (leat_pipe_flush(&pipe_) == LEAT_FLUSH_ASLEEP) {
        reader_tokens++;
    }
}

static void after_read(void)
{
    if (leat_pipe_writer_asleep(&pipe_)) {
        writer_tokens++;
    }
}

/* A whole turn of the writer. act 0: write and flush; 1: that, until full, then announce; 2: announce and withdraw. */
static void write_turn(int act)
{
    if (writer_inside) {
        return; /* one thread each */
    }
    writer_inside = true;
    if (writer_tokens > 0 && writer_sleeps) {
        writer_tokens--;
        writer_sleeps = false;
    }
    if (!writer_sleeps) {
        do {
            if (leat_pipe_write(&pipe_, &written, false)) {
                written++;
            } else if (act != 0) {
                flush();
                writer_sleeps = !leat_pipe_check_write(&pipe_);
                if (act == 2) {
                    leat_pipe_cancel_write_sleep(&pipe_);
                    writer_sleeps = false;
                }
                break;
            } else {
                break;
            }
            flush();
        } while (act == 1);
    }
    writer_inside = false;
}

/* A whole turn of the reader. act 0: read one, if there is one; 1: read until empty, then announce; 2: announce and withdraw. */
static void read_turn(int act)
{
    if (reader_inside) {
        return;
    }
    reader_inside = true;
    if (reader_tokens > 0 && reader_sleeps) {
        reader_tokens--;
        reader_sleeps = false;
    }
    if (!reader_sleeps) {
        for (bool there = true; there;) {
            there = act == 0 ? leat_pipe_poll(&pipe_) : leat_pipe_check_read(&pipe_);
            if (there) {
                uint64_t number;
                memcpy(&number, leat_pipe_front(&pipe_), sizeof number);
                wrong += number != read_++;
                leat_pipe_pop(&pipe_);
            } else if (act == 1) {
                reader_sleeps = true;
            } else if (act == 2) {
                leat_pipe_cancel_sleep(&pipe_);
            }
            after_read();
            there = there && act != 0;
        }
    }
    reader_inside = false;
}

void at_step(enum step step)
{
    if (depth == 2 || plans[depth].step != step || plans[depth].after-- != 0) {
        return;
    }
    int act = plans[depth++].act;
    acted++;
    if (writer_inside && !reader_inside) {
        read_turn(act);
    } else if (reader_inside && !writer_inside) {
        write_turn(act);
    }
}

/* Nobody does anything any more but wake up: everything that was written must come out. */
static void run_down(void)
{
    depth = 2;
    flush(); /* the writer never leaves anything unflushed */
    for (int turns = 0; turns < 20; turns++) {
        if (!writer_sleeps || writer_tokens > 0) {
            write_turn(1);
        }
        if (!reader_sleeps || reader_tokens > 0) {
            read_turn(1);
        }
    }
}

static void one_case(enum leat_sleep sleep, int begin)
{
    struct leat_pipe_config config = {.item_bytes = 8, .high_water = room, .blocks = &blocks, .host = leat_os_host(), .sleep = sleep};
    assert_int_equal(leat_pipe_init(&pipe_, &config), 0);
    reader_sleeps = writer_sleeps = writer_inside = reader_inside = false;
    reader_tokens = writer_tokens = 0;
    written = read_ = wrong = 0;
    struct plan kept[2] = {plans[0], plans[1]};
    depth = 2;
    if (begin == 1) { /* the pipe is full */
        write_turn(1);
    } else if (begin == 2) { /* the reader sleeps */
        read_turn(1);
    }
    depth = 0;
    for (int turn = 0; turn < 3; turn++) {
        write_turn(turn % 2);
        read_turn((turn + 1) % 2);
    }
    run_down();
    uint64_t before = read_;
    run_down(); /* goes on for ever: nobody was left asleep beside something to do */
    struct leat_pipe_stats stats;
    leat_pipe_stats(&pipe_, &stats);
    if (wrong != 0 || read_ <= before || stats.wakes > stats.sleeps || !leat_pipe_valid(&pipe_)) {
        fail_msg("protocol %d, begin %d, steps %d/%d act %d and %d/%d act %d: read %llu then %llu, %llu wrong", (int)sleep, begin,
                 kept[0].step, kept[0].after, kept[0].act, kept[1].step, kept[1].after, kept[1].act, (unsigned long long)before,
                 (unsigned long long)read_, (unsigned long long)wrong);
    }
    leat_pipe_fini(&pipe_);
    assert_int_equal(counted.live, 0);
}

static void pipe_loses_no_wake_up_wherever_the_other_side_acts(void **state)
{
    (void)state;
    int64_t cases = 0;
    blocks = counted_blocks(&counted, 64 + 64);
    acted = 0;
    for (enum leat_sleep sleep = LEAT_SLEEP_RMW; sleep <= LEAT_SLEEP_BARRIER; sleep++) {
        for (int begin = 0; begin < 6; begin++) {
            room = begin < 3 ? 2 : 17;
            for (int first = 0; first < STEPS * ACTS * 3; first++) {
                for (int second = 0; second < STEPS * ACTS; second++) {
                    plans[0] = (struct plan){(enum step)(first % STEPS), first / STEPS % ACTS, first / STEPS / ACTS};
                    plans[1] = (struct plan){(enum step)(second % STEPS), second / STEPS, 0};
                    one_case(sleep, begin % 3);
                    cases++;
                }
            }
        }
    }
    print_message("%lld cases, the other side acted %lld times\n", (long long)cases, (long long)acted);
    assert_true(acted > cases / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pipe_loses_no_wake_up_wherever_the_other_side_acts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
