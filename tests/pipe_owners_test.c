/* SPDX-License-Identifier: MIT */
/* A debug build (LEAT_PIPE_OWNERS) finds a second writer and a second reader of one pipe. */
#define _GNU_SOURCE
#define LEAT_PIPE_OWNERS
#include <leat/os.h>
#include <leat/pipe.h>

#include "pipe_support.h"

#include <pthread.h>

static struct leat_pipe pipe_;
static int faults;
static const void *object;

static void count_fault(void *context, const struct leat_fault *fault)
{
    (void)context;
    faults += fault->kind == LEAT_FAULT_THREAD;
    object = fault->object;
}

static void *write_one(void *context)
{
    uint64_t number = 2;
    (void)context;
    assert_true(leat_pipe_write(&pipe_, &number, false));
    return NULL;
}

static void *read_one(void *context)
{
    uint64_t number;
    (void)context;
    (void)leat_pipe_receive(&pipe_, &number);
    return NULL;
}

/* Runs it on a thread of its own. */
static void elsewhere(void *(*what)(void *context))
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, what, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void pipe_finds_a_second_writer_and_a_second_reader(void **state)
{
    (void)state;
    struct counted_blocks counted;
    struct leat_blocks blocks = counted_blocks(&counted, 256);
    struct leat_host host = *leat_os_host();
    host.fault = count_fault;
    struct leat_pipe_config config = {.item_bytes = 8, .high_water = 8, .blocks = &blocks, .host = &host};
    assert_int_equal(leat_pipe_init(&pipe_, &config), 0);
    uint64_t number = 1;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(leat_pipe_send(&pipe_, &number), LEAT_FLUSH_AWAKE);
        assert_true(leat_pipe_receive(&pipe_, &number));
    }
    assert_int_equal(faults, 0);
    elsewhere(write_one);
    assert_true(faults > 0 && object == &pipe_);
    faults = 0;
    elsewhere(read_one);
    assert_true(faults > 0);
    faults = 0;
    leat_pipe_hand_over(&pipe_);
    elsewhere(write_one);
    elsewhere(read_one);
    assert_int_equal(faults, 0); /* each of them is the first now */
    leat_pipe_fini(&pipe_);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pipe_finds_a_second_writer_and_a_second_reader)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
