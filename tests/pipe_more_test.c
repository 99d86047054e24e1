/* SPDX-License-Identifier: MIT */
/* The pipe: what one thread can see of it step by step, against a model, and two threads with every sleep counted. */
#define _GNU_SOURCE
#include "pipe_bench.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

/* As write_many, place by place in runs. */
static int64_t write_runs(struct leat_pipe *pipe, const unsigned char *items, int64_t count)
{
    int64_t done = 0, bytes = (int64_t)pipe->shape.item_bytes;
    while (done < count) {
        struct leat_pipe_run run;
        leat_pipe_back_many(pipe, count - done, &run);
        assert_in_range(run.count, 1, count - done);
        for (int64_t i = 0; i < run.count; i++) {
            memcpy(run.first + i * run.step, items + (done + i) * bytes, (size_t)bytes);
        }
        int64_t pushed = leat_pipe_push_many(pipe, run.count);
        assert_true(leat_pipe_valid(pipe));
        done += pushed;
        if (pushed < run.count) {
            break;
        }
    }
    return done;
}

static int64_t read_runs(struct leat_pipe *pipe, unsigned char *items, int64_t count)
{
    int64_t done = 0, bytes = (int64_t)pipe->shape.item_bytes;
    struct leat_pipe_run run;
    while (done < count && leat_pipe_front_many(pipe, count - done, &run) != 0) {
        assert_in_range(run.count, 1, count - done);
        for (int64_t i = 0; i < run.count; i++) {
            memcpy(items + (done + i) * bytes, run.first + i * run.step, (size_t)bytes);
        }
        leat_pipe_pop_many(pipe, run.count);
        assert_true(leat_pipe_valid(pipe));
        done += run.count;
    }
    return done;
}

/* Written and read in bulk of all lengths, mixed with single calls: order, bound and every invariant hold. */
static void pipe_carries_items_in_bulk(void **state)
{
    (void)state;
    static const int64_t item_bytes[] = {1, 4, 8, 12, 16, 56, 64};
    uint64_t seed = test_seed();
    for (size_t c = 0; c < 7 * 4; c++) {
        struct bench bench;
        size_t bytes = (size_t)item_bytes[c % 7];
        set_up(&bench, item_bytes[c % 7], c / 7 == 0 ? 1 : (int64_t)random_below(&seed, 60) + 1, 200);
        struct leat_pipe *pipe = &bench.pipe;
        unsigned char many[100 * 64];
        uint64_t written = 0, read = 0;
        for (int i = 0; i < 3000; i++) {
            int64_t count = (int64_t)random_below(&seed, 100);
            if (random_below(&seed, 2) == 0) {
                for (int64_t k = 0; k < count; k++) {
                    make_item(many + (size_t)k * bytes, bytes, written + (uint64_t)k);
                }
                int64_t done = random_below(&seed, 2) == 0 ? leat_pipe_write_many(pipe, many, count) : write_runs(pipe, many, count);
                assert_in_range(done, 0, count);
                written += (uint64_t)done;
                assert_true(done == count || !leat_pipe_check_write(pipe)); /* fewer only where it is full */
                written += random_below(&seed, 3) == 0 && write_number(pipe, written, false);
                leat_pipe_flush(pipe);
            } else {
                int64_t done = random_below(&seed, 2) == 0 ? leat_pipe_read_many(pipe, many, count) : read_runs(pipe, many, count);
                for (int64_t k = 0; k < done; k++) {
                    assert_true(is_item(many + (size_t)k * bytes, bytes, read++));
                }
            }
            assert_true(leat_pipe_valid(pipe));
        }
        assert_int_equal(drain(pipe, read), written);
        assert_true(written > 3000);
        tear_down(&bench);
    }
}

static int64_t first_byte(void *context, const void *item)
{
    (void)context;
    return *(const unsigned char *)item;
}

static void count_spent(void *context, int64_t ns)
{
    *(int *)context += ns >= 0;
}

static void pipe_bounded_in_bytes_counts_what_items_stand_for_and_times_them(void **state)
{
    (void)state;
    struct bench bench;
    int timed = 0;
    bench.blocks = counted_blocks(&bench.counted, 4096);
    struct leat_pipe_config config = {
        .item_bytes = 3, .high_water = 100, .blocks = &bench.blocks, .host = leat_os_host(), .high_bytes = 50};
    struct leat_pipe *pipe = &bench.pipe;
    assert_int_equal(leat_pipe_init(pipe, &config), -EINVAL); /* nobody says what an item stands for */
    config.bytes_of = first_byte;
    config.spent = count_spent;
    config.context = &timed;
    assert_int_equal(leat_pipe_init(pipe, &config), 0);
    struct leat_pipe_stats stats;
    unsigned char item[3];
    for (int round = 0; round < 50; round++) {
        assert_true(leat_pipe_write(pipe, (const unsigned char[]){40, 1, 2}, false));
        assert_true(leat_pipe_write(pipe, (const unsigned char[]){30, 3, 4}, true)); /* began below the bound, goes beyond */
        assert_false(leat_pipe_write(pipe, (const unsigned char[]){1, 5, 6}, false));
        assert_true(leat_pipe_unwrite(pipe, item));
        assert_memory_equal(item, ((const unsigned char[]){30, 3, 4}), 3);
        assert_true(leat_pipe_write(pipe, item, false));
        leat_pipe_flush(pipe);
        assert_false(leat_pipe_check_write(pipe));
        assert_true(leat_pipe_read(pipe, item) && item[2] == 2);
        assert_true(leat_pipe_writer_asleep(pipe));
        assert_true(leat_pipe_check_write(pipe)); /* 30 are left */
        assert_true(leat_pipe_read(pipe, item) && item[2] == 4);
        assert_false(leat_pipe_poll(pipe));
        leat_pipe_stats(pipe, &stats);
        assert_int_equal(stats.bytes_in, 70 * (round + 1));
        assert_int_equal(stats.bytes_out, 70 * (round + 1));
        assert_int_equal(timed, 2 * (round + 1));
        assert_true(leat_pipe_valid(pipe));
    }
    tear_down(&bench);
}

static void pipe_says_when_the_open_batch_is_why_there_is_no_room(void **state)
{
    (void)state;
    struct bench bench;
    bench.blocks = counted_blocks(&bench.counted, 1024);
    struct leat_pipe_config config = {
        .item_bytes = 1, .high_water = 100, .blocks = &bench.blocks, .high_bytes = 50, .bytes_of = first_byte};
    struct leat_pipe *pipe = &bench.pipe;
    assert_int_equal(leat_pipe_init(pipe, &config), 0);
    assert_true(leat_pipe_write(pipe, "\12", false));
    assert_true(leat_pipe_write(pipe, "\62", true)); /* 50: with the 10 before, full */
    assert_false(leat_pipe_write(pipe, "\1", false));
    leat_pipe_flush(pipe);
    assert_false(leat_pipe_stuck(pipe)); /* the first can still be read */
    unsigned char item;
    assert_true(leat_pipe_receive(pipe, &item));
    assert_false(leat_pipe_receive(pipe, &item));
    assert_false(leat_pipe_check_write(pipe));
    assert_true(leat_pipe_stuck(pipe));
    assert_true(leat_pipe_unwrite(pipe, NULL));
    assert_true(leat_pipe_check_write(pipe));
    tear_down(&bench);
}

static void pipe_takes_nothing_for_a_run_of_none(void **state)
{
    (void)state;
    for (int64_t bytes = 1; bytes <= 64; bytes *= 2) {
        struct bench bench;
        set_up(&bench, bytes, 4, 64);
        struct leat_pipe *pipe = &bench.pipe;
        unsigned char item[ITEM_MOST];
        for (uint64_t i = 0; i < 200; i++) {
            assert_int_equal(leat_pipe_push_many(pipe, 0), 0);
            assert_int_equal(leat_pipe_push_many(pipe, -5), 0);
            assert_true(leat_pipe_valid(pipe));
            assert_true(write_number(pipe, i, false));
            leat_pipe_flush(pipe);
            leat_pipe_pop_many(pipe, 0);
            assert_true(leat_pipe_receive(pipe, item) && is_item(item, (size_t)bytes, i));
        }
        tear_down(&bench);
    }
}

/* On 32 bits a mark can be so old that it would look new; here the positions jump instead, past what a spare chunk remembers. */
static void pipe_sets_the_marks_of_a_spare_chunk_anew_when_they_are_too_old(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 56, 4, 64);
    struct leat_pipe *pipe = &bench.pipe;
    unsigned char item[ITEM_MOST];
    for (uint64_t i = 0; i < 40; i++) {
        assert_true(write_number(pipe, i, false));
    }
    assert_int_equal(drain(pipe, 0), 40);
    start_at(pipe, (SIZE_MAX >> 1) + 100); /* the spare chunks keep marks of up to 40, which look like items to come */
    for (uint64_t i = 0; i < 40; i++) {
        assert_false(leat_pipe_poll(pipe));
        assert_true(write_number(pipe, i, false));
        leat_pipe_flush(pipe);
        assert_true(leat_pipe_receive(pipe, item) && is_item(item, 56, i));
        assert_true(leat_pipe_valid(pipe));
    }
    tear_down(&bench);
}

static void pipe_gives_spare_chunks_back_when_trimmed(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 56, 2, 100);
    struct leat_pipe *pipe = &bench.pipe;
    int64_t before = bench.counted.live;
    for (uint64_t i = 0; i < 100; i++) {
        assert_true(write_number(pipe, i, false));
    }
    assert_int_equal(drain(pipe, 0), 100);
    assert_int_equal(bench.counted.live, before + 2);
    assert_int_equal(leat_pipe_trim(pipe), 2);
    assert_int_equal(leat_pipe_trim(pipe), 0);
    assert_int_equal(bench.counted.live, before);
    tear_down(&bench);
}

static void keep_text(void *context, const char *text)
{
    strcat(strcat(context, text), "\n");
}

static void pipe_prints_what_stands_where(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 56, 4, 100);
    struct leat_pipe *pipe = &bench.pipe;
    for (uint64_t i = 0; i < 6; i++) {
        assert_true(write_number(pipe, i, i == 5));
    }
    leat_pipe_flush(pipe);
    unsigned char item[ITEM_MOST];
    assert_true(leat_pipe_read(pipe, item));
    char text[2048] = "";
    leat_pipe_print(pipe, keep_text, text);
    print_message("%s", text);
    assert_string_equal(text, "begin_chunk\n"
                              "  |    .    1    2    3 |\n"
                              "            ^ begin\n"
                              "back_chunk = end_chunk\n"
                              "  |    4    5    T    _ |\n"
                              "            ^ r w c f\n"
                              "                 ^ back\n"
                              "                      ^ end\n"
                              "popped 1, r 5, w 5, f 5, pushed 6, o 0, spare chunks 0\n");
    tear_down(&bench);
}

struct point {
    int32_t x, y, z;
};
LEAT_PIPE_TYPE(points, struct point);

static void pipe_of_a_type_is_the_same_pipe(void **state)
{
    (void)state;
    struct bench bench;
    bench.blocks = counted_blocks(&bench.counted, 256);
    struct leat_pipe *pipe = &bench.pipe;
    assert_int_equal(points_init(pipe, (struct leat_pipe_config){.item_bytes = 8, .high_water = 10, .blocks = &bench.blocks}), -EINVAL);
    assert_int_equal(points_init(pipe, (struct leat_pipe_config){.high_water = 10, .blocks = &bench.blocks}), 0);
    struct point point, many[4];
    for (int i = 0; i < 1000; i += 4) {
        assert_true(points_write(pipe, (struct point){i, 1, 2}, false));
        *points_back(pipe) = (struct point){i + 1, 1, 2};
        assert_true(points_push(pipe, false));
        assert_true(leat_pipe_write(pipe, &(struct point){i + 2, 1, 2}, false));
        assert_int_equal(points_write_many(pipe, &(struct point){i + 3, 1, 2}, 1), 1);
        leat_pipe_flush(pipe);
        assert_true(points_check_read(pipe) && points_front(pipe)->x == i);
        points_pop(pipe);
        assert_true(points_read(pipe, &point) && point.x == i + 1);
        assert_true(leat_pipe_read(pipe, &point) && point.x == i + 2);
        assert_true(points_poll(pipe));
        assert_int_equal(points_read_many(pipe, many, 4), 1);
        assert_int_equal(many[0].x, i + 3);
        assert_true(leat_pipe_valid(pipe));
    }
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(i % 2 == 0 ? points_send(pipe, (struct point){i, 3, 4}) : leat_pipe_send(pipe, &(struct point){i, 3, 4}),
                         LEAT_FLUSH_AWAKE);
        assert_true(leat_pipe_valid(pipe));
        assert_true(i % 3 == 0 ? points_receive(pipe, &point) : leat_pipe_receive(pipe, &point));
        assert_int_equal(point.x, i);
        assert_false(points_receive(pipe, &point));
        assert_true(leat_pipe_valid(pipe));
    }
    /* A batch that is open: the item that is sent ends it. */
    assert_true(points_write(pipe, (struct point){1, 5, 6}, true));
    assert_int_equal(points_flush(pipe), LEAT_FLUSH_NOTHING);
    assert_int_equal(points_send(pipe, (struct point){2, 5, 6}), LEAT_FLUSH_AWAKE);
    assert_int_equal(points_read_many(pipe, many, 4), 2);
    assert_false(points_check_read(pipe));
    assert_int_equal(points_send(pipe, (struct point){3, 5, 6}), LEAT_FLUSH_ASLEEP);
    assert_int_equal(points_read_many(pipe, many, 4), 1);
    assert_int_equal(points_send(pipe, (struct point){3, 5, 6}), LEAT_FLUSH_AWAKE);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(points_send(pipe, (struct point){4 + i, 5, 6}), LEAT_FLUSH_AWAKE);
    }
    assert_int_equal(points_send(pipe, (struct point){0, 0, 0}), LEAT_FLUSH_NOTHING); /* full */
    struct leat_pipe_stats stats;
    leat_pipe_stats(pipe, &stats);
    assert_int_equal(stats.flushes, 250 + 1000 + 1 + 2 + 9);
    assert_true(leat_pipe_valid(pipe));
    tear_down(&bench);
}

static void pipe_positions_wrap(void **state)
{
    (void)state;
    static const size_t starts[] = {UINT32_MAX - 3, (SIZE_MAX >> 1) - 3, (SIZE_MAX >> 1) - 200, SIZE_MAX - 3, SIZE_MAX - 200};
    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
        struct bench bench;
        set_up(&bench, 8, 3, 100);
        struct leat_pipe *pipe = &bench.pipe;
        start_at(pipe, starts[s]);
        uint64_t written = 0, read = 0;
        for (int round = 0; round < 10; round++) {
            while (write_number(pipe, written, false)) {
                written++;
            }
            assert_int_equal(written - read, 100);
            assert_int_equal(leat_pipe_flush(pipe), round == 0 ? LEAT_FLUSH_AWAKE : LEAT_FLUSH_ASLEEP);
            assert_false(leat_pipe_check_write(pipe));
            unsigned char item[8];
            while (leat_pipe_read(pipe, item)) {
                assert_true(is_item(item, 8, read));
                assert_int_equal(leat_pipe_writer_asleep(pipe), read % 100 == 0);
                read++;
                assert_true(leat_pipe_valid(pipe));
            }
            assert_true(leat_pipe_check_write(pipe));
        }
        assert_int_equal(read, 1000);
        tear_down(&bench);
    }
}

static void pipe_peak_is_never_below_the_truth_and_an_eighth_above_at_most(void **state)
{
    (void)state;
    for (uint64_t depth = 1; depth <= 1024; depth *= 2) {
        struct bench bench;
        set_up(&bench, 8, 64, 1024);
        struct leat_pipe *pipe = &bench.pipe;
        struct leat_pipe_stats stats;
        for (uint64_t i = 0; i < 5000; i++) {
            if (i >= depth) {
                assert_true(leat_pipe_check_read(pipe));
                leat_pipe_pop(pipe);
            }
            while (!write_number(pipe, i, false)) { /* full where room was not published yet */
                assert_false(leat_pipe_check_write(pipe));
                assert_true(leat_pipe_check_read(pipe));
                leat_pipe_pop(pipe);
            }
            leat_pipe_flush(pipe);
        }
        leat_pipe_stats(pipe, &stats);
        assert_in_range(stats.peak_items, depth, depth + 128 > 1024 ? 1024 : depth + 128);
        tear_down(&bench);
    }
}

static void pipe_valid_finds_each_planted_fault(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, 56, 4, 64);
    struct leat_pipe *pipe = &bench.pipe;
    for (uint64_t i = 0; i < 21; i++) {
        assert_true(write_number(pipe, i, i > 18));
    }
    leat_pipe_flush(pipe);
    for (int i = 0; i < 6; i++) {
        assert_true(leat_pipe_check_read(pipe));
        leat_pipe_pop(pipe);
    }
    struct leat_chunk *second = pipe->begin_chunk->next, *third = second->next;
#define PLANT(field, wrong)                  \
    do {                                     \
        __typeof__(field) kept = field;      \
        field = wrong;                       \
        assert_false(leat_pipe_valid(pipe)); \
        field = kept;                        \
        assert_true(leat_pipe_valid(pipe));  \
    } while (0)
    PLANT(second->next, NULL);
    PLANT(second->next, second);
    PLANT(second->prev, NULL);
    PLANT(third->prev, third);
    PLANT(pipe->end_chunk->next, second);
    PLANT(pipe->back_chunk, second);
    PLANT(pipe->end_chunk, second);
    PLANT(pipe->begin_chunk, second);
    PLANT(pipe->begin_chunk, NULL);
    PLANT(pipe->back_pos, pipe->back_pos - 64);
    PLANT(pipe->end_pos, pipe->chunk_end);
    PLANT(pipe->begin_pos, pipe->chunk_end);
    PLANT(pipe->begin_pos, pipe->begin_pos - 64);
    PLANT(*(size_t *)&pipe->pending, 1);
    PLANT(*(size_t *)&pipe->pending, 3);
    PLANT(pipe->say_at, pipe->say_at + 1);
    PLANT(pipe->open, 5);
    PLANT(pipe->open, 1);
    PLANT(pipe->open, 0);
    PLANT(pipe->room_to, pipe->room_to + 1);
    PLANT(pipe->r, 20);
    PLANT(pipe->r, 5);
    PLANT(pipe->o_seen, 7);
    PLANT(*(size_t *)&pipe->pushed, 22);
    PLANT(*(size_t *)&pipe->popped, 5);
    PLANT(*(size_t *)&pipe->popped, 20);
    PLANT(*(size_t *)&pipe->peak, 65);
    PLANT(*(size_t *)&pipe->peak, 1);
    PLANT(pipe->w_mark, NULL);
    PLANT(pipe->f_mark, NULL);
    PLANT(*(size_t *)pipe->w_mark, 20);
    PLANT(*(size_t *)&pipe->o, 22u);
    PLANT(pipe->said, 5);
    PLANT(*(size_t *)&pipe->chunks_taken, 3);
    PLANT(*(struct leat_chunk **)&pipe->spare[0], NULL);
    tear_down(&bench);
}

/* What the pipe is said to do, in the plainest words. */
struct model {
    uint64_t popped, w, f, pushed; /* item numbers */
    uint64_t told;                 /* popped, as the reader has published it */
    bool reader_sleeps, writer_sleeps, writer_to_wake;
    uint64_t give, high_water;
};

static void model_publish(struct model *model)
{
    model->writer_to_wake |= model->writer_sleeps && model->told != model->popped;
    model->writer_sleeps &= model->told == model->popped;
    model->told = model->popped;
}

static void model_pop(struct model *model)
{
    model->popped++;
    if (model->writer_sleeps || model->popped - model->told >= model->give) {
        model_publish(model);
    }
}

/* One random call to both; fails where they differ. */
static void step_both(struct bench *bench, struct model *model, uint64_t *seed)
{
    struct leat_pipe *pipe = &bench->pipe;
    unsigned char item[ITEM_MOST];
    bool empty = model->popped == model->w, full = model->pushed - model->told >= model->high_water;
    switch (random_below(seed, 14)) {
    case 9: {
        make_item(item, pipe->shape.item_bytes, model->pushed);
        assert_int_equal(leat_pipe_send(pipe, item), full                   ? LEAT_FLUSH_NOTHING
                                                     : model->reader_sleeps ? LEAT_FLUSH_ASLEEP
                                                                            : LEAT_FLUSH_AWAKE);
        if (!full) {
            model->w = model->f = ++model->pushed;
            model->reader_sleeps = false;
        }
        break;
    }
    case 10:
        assert_int_equal(leat_pipe_receive(pipe, item), !empty);
        if (!empty) {
            assert_true(is_item(item, pipe->shape.item_bytes, model->popped));
            model_pop(model);
        } else {
            model_publish(model);
        }
        break;
    default: {
        bool incomplete = random_below(seed, 3) == 0;
        assert_int_equal(write_number(pipe, model->pushed, incomplete), !full);
        model->pushed += !full;
        model->f = full || incomplete ? model->f : model->pushed;
        break;
    }
    case 0:
        assert_int_equal(leat_pipe_unwrite(pipe, item), model->pushed > model->f);
        if (model->pushed > model->f) {
            assert_true(is_item(item, pipe->shape.item_bytes, --model->pushed));
        }
        break;
    case 1: {
        enum leat_flush wanted = model->w == model->f ? LEAT_FLUSH_NOTHING : model->reader_sleeps ? LEAT_FLUSH_ASLEEP : LEAT_FLUSH_AWAKE;
        assert_int_equal(leat_pipe_flush(pipe), wanted);
        model->reader_sleeps &= wanted == LEAT_FLUSH_NOTHING;
        model->w = model->f;
        break;
    }
    case 2:
        assert_int_equal(leat_pipe_check_write(pipe), !full);
        model->writer_sleeps |= full;
        break;
    case 3:
        leat_pipe_cancel_write_sleep(pipe);
        model->writer_sleeps = false;
        break;
    case 4:
        assert_int_equal(leat_pipe_poll(pipe), !empty);
        if (empty && pipe->r == leat_load(&pipe->popped, relaxed)) {
            model_publish(model);
        }
        break;
    case 5:
        leat_pipe_cancel_sleep(pipe);
        model->reader_sleeps = false;
        break;
    case 6:
    case 7:
    case 8:
        assert_int_equal(leat_pipe_read(pipe, item), !empty);
        if (empty) {
            model_publish(model);
            model->reader_sleeps = true;
        } else {
            assert_true(is_item(item, pipe->shape.item_bytes, model->popped));
            model_pop(model);
        }
        break;
    }
    assert_int_equal(leat_pipe_writer_asleep(pipe), model->writer_to_wake);
    model->writer_to_wake = false;
    assert_true(leat_pipe_valid(pipe));
}

static void pipe_does_what_the_model_does(void **state)
{
    (void)state;
    static const size_t starts[] = {0, UINT32_MAX - 300, (SIZE_MAX >> 1) - 300, SIZE_MAX - 300};
    uint64_t seed = test_seed();
    for (int run = 0; run < 200; run++) {
        uint64_t now = seed + (uint64_t)run;
        struct bench bench;
        int64_t high_water = (int64_t)random_below(&now, random_below(&now, 2) == 0 ? 4 : 60) + 1;
        set_up(&bench, (int64_t)random_below(&now, 40) + 1, (int64_t)random_below(&now, 6) + 2, high_water);
        start_at(&bench.pipe, starts[run % 4]);
        struct model model = {.high_water = (uint64_t)high_water, .give = high_water < 8 ? 1 : (uint64_t)high_water / 8};
        for (int i = 0; i < 2000; i++) {
            step_both(&bench, &model, &now);
        }
        assert_true(model.popped > 0);
        tear_down(&bench);
    }
}

/* ---- two threads ---- */

/*
 * Sleep and wake by counting: each announcement that the other side took back gives exactly one token, and each sleep waits for exactly
 * one. So a lost wake-up hangs (the alarm ends that), and so does one too many (the counts differ).
 */
struct course {
    struct bench bench;
    int64_t items;
    uint64_t seed;
    uint64_t batch_most;
    LEAT_ATOMIC(size_t) reader_token; /* written by the writer */
    LEAT_ATOMIC(size_t) writer_token; /* written by the reader */
    int64_t wakes;                    /* the writer's */
    int64_t writer_wakes, wrong;      /* the reader's */
};

static void wait_for_token(LEAT_ATOMIC(size_t) * token, size_t *seen)
{
    while (leat_load(token, acquire) == *seen) { /* edge "token" */
        sched_yield();
    }
    ++*seen;
}

static void course_flush(struct course *course)
{
    if (leat_pipe_flush(&course->bench.pipe) == LEAT_FLUSH_ASLEEP) {
        course->wakes++;
        (void)leat_add(&course->reader_token, 1, release); /* edge "token" */
    }
}

static void course_write(struct course *course, uint64_t number, bool incomplete, size_t *seen)
{
    struct leat_pipe *pipe = &course->bench.pipe;
    unsigned char item[ITEM_MOST];
    if (pipe->shape.item_bytes == 8) {
        memcpy(item, &number, 8);
    } else {
        make_item(item, pipe->shape.item_bytes, number);
    }
    while (!leat_pipe_write(pipe, item, incomplete)) {
        course_flush(course);
        if (!leat_pipe_check_write(pipe)) {
            wait_for_token(&course->writer_token, seen);
        }
    }
}

static void *run_writer(void *context)
{
    struct course *course = context;
    uint64_t seed = course->seed, items = (uint64_t)course->items;
    size_t seen = 0;
    for (uint64_t next = 0; next < items;) {
        uint64_t batch = random_below(&seed, course->batch_most) + 1, end = next + batch < items ? next + batch : items;
        uint64_t back = random_below(&seed, 4) == 0 ? random_below(&seed, batch) : 0;
        for (uint64_t i = next; i < end; i++) {
            course_write(course, i, i + 1 < end, &seen);
            if (i + 2 == end && back != 0) { /* all but the last are written and open: take some back, write them again */
                uint64_t until = back < i - next ? i - back : next;
                for (; i + 1 > until; i--) {
                    if (!leat_pipe_unwrite(&course->bench.pipe, NULL)) {
                        course->wrong++;
                    }
                }
                back = 0;
            }
        }
        next = end;
        if (random_below(&seed, 4) != 0) {
            course_flush(course);
        }
    }
    course_flush(course);
    return NULL;
}

static void *run_reader(void *context)
{
    struct course *course = context;
    struct leat_pipe *pipe = &course->bench.pipe;
    size_t seen = 0;
    for (uint64_t i = 0; i < (uint64_t)course->items;) {
        bool there = leat_pipe_check_read(pipe);
        if (there) {
            const void *item = leat_pipe_front(pipe);
            course->wrong += !(pipe->shape.item_bytes == 8 ? memcmp(item, &i, 8) == 0 : is_item(item, pipe->shape.item_bytes, i));
            leat_pipe_pop(pipe);
            i++;
        }
        if (leat_pipe_writer_asleep(pipe)) {
            course->writer_wakes++;
            (void)leat_add(&course->writer_token, 1, release); /* edge "token" */
        }
        if (!there) {
            wait_for_token(&course->reader_token, &seen);
        }
    }
    return NULL;
}

static void run_course(int64_t items, int64_t item_bytes, int64_t chunk_items, int64_t high_water, size_t start)
{
    struct course *course = aligned_alloc(LEAT_CACHE_LINE, (sizeof *course + 63) / 64 * 64);
    memset(course, 0, sizeof *course);
    course->items = items;
    course->seed = test_seed();
    course->batch_most = high_water < 8 ? (uint64_t)high_water : 8;
    set_up(&course->bench, item_bytes, chunk_items, high_water);
    start_at(&course->bench.pipe, start);
    /* The reader sleeps before the writer begins: one sleep, at least, is certain. */
    assert_false(leat_pipe_check_read(&course->bench.pipe));
    pthread_t writer, reader;
    assert_int_equal(pthread_create(&reader, NULL, run_reader, course), 0);
    assert_int_equal(pthread_create(&writer, NULL, run_writer, course), 0);
    pthread_join(writer, NULL);
    pthread_join(reader, NULL);
    struct leat_pipe_stats stats;
    leat_pipe_stats(&course->bench.pipe, &stats);
    print_message("%lld items of %lld B, %lld a chunk, high water %lld, seed %llu: %lld flushes, %lld sleeps, %lld sleeps of the writer\n",
                  (long long)items, (long long)item_bytes, (long long)chunk_items, (long long)high_water, (unsigned long long)course->seed,
                  (long long)stats.flushes, (long long)stats.sleeps, (long long)stats.writer_sleeps);
    assert_int_equal(course->wrong, 0);
    assert_true(stats.sleeps > 0);
    assert_int_equal(stats.wakes, course->wakes);
    assert_int_equal(stats.sleeps, course->wakes);            /* each announcement that was not withdrawn was taken back, once */
    assert_true(course->writer_wakes <= stats.writer_sleeps); /* two taken back before the reader asked are one wake-up */
    assert_int_equal((size_t)stats.items_in - start, items);
    assert_false(leat_pipe_poll(&course->bench.pipe));
    tear_down(&course->bench);
    free(course);
}

static void pipe_carries_ten_million_items_between_two_threads(void **state)
{
    (void)state;
    const char *soak = getenv("LEAT_TEST_SOAK"); /* how many instead */
    run_course(soak != NULL ? strtoll(soak, NULL, 10) : items_at_most(10000000), 8, 1000, 1024, 0);
}

static void pipe_carries_items_through_chunks_of_two(void **state)
{
    (void)state;
    run_course(items_at_most(1000000), 8, 2, 1024, SIZE_MAX - 1000);
}

static void pipe_carries_items_with_a_high_water_of_one_and_two(void **state)
{
    (void)state;
    run_course(items_at_most(100000), 8, 2, 1, UINT32_MAX - 1000);
    run_course(items_at_most(100000), 8, 16, 2, (SIZE_MAX >> 1) - 1000);
}

static void pipe_carries_items_of_64_bytes(void **state)
{
    (void)state;
    run_course(items_at_most(500000), 64, 63, 1024, 0);
    run_course(items_at_most(100000), 64, 2, 7, 0);
}

static void pipe_has_the_layout_that_inline_code_was_compiled_for(void **state)
{
    (void)state;
    if (sizeof(void *) != 8) {
        skip(); /* the ABI that is held is that of 64 bits */
    }
    static const size_t wanted[] = {0,   56,  64,  104, 108, 192, 200, 216, 232, 224, 240, 248, 256, 264, 272,
                                    280, 296, 304, 384, 392, 400, 408, 416, 432, 464, 512, 576, 640, 648, 960},
                        found[] = {offsetof(struct leat_pipe, shape),         offsetof(struct leat_pipe, chunk_end),
                                   offsetof(struct leat_pipe, give),          offsetof(struct leat_pipe, sleep),
                                   offsetof(struct leat_pipe, extra),         offsetof(struct leat_pipe, back_chunk),
                                   offsetof(struct leat_pipe, back_pos),      offsetof(struct leat_pipe, pushed),
                                   offsetof(struct leat_pipe, open),          offsetof(struct leat_pipe, pending),
                                   offsetof(struct leat_pipe, room_to),       offsetof(struct leat_pipe, joined),
                                   offsetof(struct leat_pipe, w_mark),        offsetof(struct leat_pipe, f_mark),
                                   offsetof(struct leat_pipe, end_chunk),     offsetof(struct leat_pipe, end_pos),
                                   offsetof(struct leat_pipe, o_seen),        offsetof(struct leat_pipe, peak),
                                   offsetof(struct leat_pipe, begin_chunk),   offsetof(struct leat_pipe, begin_pos),
                                   offsetof(struct leat_pipe, popped),        offsetof(struct leat_pipe, r),
                                   offsetof(struct leat_pipe, said),          offsetof(struct leat_pipe, wake_writer),
                                   offsetof(struct leat_pipe, popped_bytes),  offsetof(struct leat_pipe, reader_asleep),
                                   offsetof(struct leat_pipe, writer_asleep), offsetof(struct leat_pipe, o),
                                   offsetof(struct leat_pipe, o_bytes),       sizeof(struct leat_pipe)};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (wanted[i] != found[i]) {
            fail_msg("field %zu is at %zu", i, found[i]);
        }
    }
    assert_int_equal(sizeof wanted, sizeof found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipe_has_the_layout_that_inline_code_was_compiled_for),
        cmocka_unit_test(pipe_carries_items_in_bulk),
        cmocka_unit_test(pipe_bounded_in_bytes_counts_what_items_stand_for_and_times_them),
        cmocka_unit_test(pipe_says_when_the_open_batch_is_why_there_is_no_room),
        cmocka_unit_test(pipe_takes_nothing_for_a_run_of_none),
        cmocka_unit_test(pipe_sets_the_marks_of_a_spare_chunk_anew_when_they_are_too_old),
        cmocka_unit_test(pipe_gives_spare_chunks_back_when_trimmed),
        cmocka_unit_test(pipe_prints_what_stands_where),
        cmocka_unit_test(pipe_of_a_type_is_the_same_pipe),
        cmocka_unit_test(pipe_positions_wrap),
        cmocka_unit_test(pipe_peak_is_never_below_the_truth_and_an_eighth_above_at_most),
        cmocka_unit_test(pipe_valid_finds_each_planted_fault),
        cmocka_unit_test(pipe_does_what_the_model_does),
        cmocka_unit_test(pipe_carries_ten_million_items_between_two_threads),
        cmocka_unit_test(pipe_carries_items_through_chunks_of_two),
        cmocka_unit_test(pipe_carries_items_with_a_high_water_of_one_and_two),
        cmocka_unit_test(pipe_carries_items_of_64_bytes),
    };
    alarm(getenv("LEAT_TEST_SOAK") != NULL ? 3000 : 300); /* a lost wake-up hangs: then the test ends here */
    static const char *const names[] = {"", "rmw", "fence", "barrier"};
    int failed = 0;
    for (sleep_protocol = LEAT_SLEEP_RMW; sleep_protocol <= LEAT_SLEEP_BARRIER; sleep_protocol++) {
        failed += cmocka_run_group_tests_name(names[sleep_protocol], tests, NULL, NULL);
    }
    return failed;
}
