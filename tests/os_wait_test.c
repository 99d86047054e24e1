/* SPDX-License-Identifier: MIT */
/* What waits and wakes: wakers, poll, threads and their end, park. */
#define _GNU_SOURCE
#include "test.h"

#include <leat/os.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define MS INT64_C(1000000)

/* --- waker --- */

static void os_waker_is_not_needed_twice(void **state)
{
    (void)state;
    for (int with_fd = 0; with_fd < 2; with_fd++) {
        struct leat_waker waker;
        uint32_t seen;
        int64_t before;

        assert_int_equal(leat_waker_init(&waker, with_fd != 0), 0);
        assert_int_equal(waker.fd >= 0, with_fd);
        seen = leat_waker_seen(&waker);
        assert_int_equal(leat_waker_wait(&waker, seen, 0), -ETIMEDOUT);
        assert_int_equal(leat_waker_wait(&waker, seen, 1), -ETIMEDOUT); /* long past */
        assert_int_equal(leat_waker_wait(&waker, seen, INT64_MIN), -ETIMEDOUT);
        before = leat_os_now_ns();
        assert_int_equal(leat_waker_wait(&waker, seen, before + 20 * MS), -ETIMEDOUT);
        assert_true(leat_os_now_ns() - before >= 20 * MS);
        leat_waker_wake(&waker);
        leat_waker_wake(&waker);
        assert_int_equal(leat_waker_wait(&waker, seen, LEAT_FOREVER), 0); /* it came before: no sleep */
        assert_int_equal(leat_waker_wait(&waker, seen, 0), 0);
        seen = leat_waker_seen(&waker);
        assert_int_equal(leat_waker_wait(&waker, seen, leat_os_now_ns() + 5 * MS), -ETIMEDOUT); /* two wakes were one */
        leat_waker_fini(&waker);
        leat_waker_fini(&waker);
    }
}

static void os_waker_descriptor_can_be_polled_and_drained(void **state)
{
    struct leat_waker waker;
    struct leat_ready set[1];

    (void)state;
    assert_int_equal(leat_waker_init(&waker, true), 0);
    assert_true((fcntl(waker.fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_true((fcntl(waker.fd, F_GETFL) & O_NONBLOCK) != 0);
    set[0] = (struct leat_ready){.fd = waker.fd, .in = true};
    assert_int_equal(leat_os_poll(set, 1, 0), 0);
    leat_waker_wake(&waker);
    leat_waker_wake(&waker);
    assert_int_equal(leat_os_poll(set, 1, LEAT_FOREVER), 1);
    leat_waker_drain(&waker);
    assert_int_equal(leat_os_poll(set, 1, 0), 0);
    leat_waker_drain(&waker); /* nothing there: does not block */
    leat_waker_fini(&waker);
}

static void os_waker_survives_a_full_or_raised_counter(void **state)
{
    const uint64_t most = UINT64_MAX - 1;
    struct leat_waker waker;
    uint32_t seen;

    (void)state;
    assert_int_equal(leat_waker_init(&waker, true), 0);
    seen = leat_waker_seen(&waker);
    assert_int_equal(write(waker.fd, &most, sizeof most), sizeof most);
    errno = 77;
    leat_waker_wake(&waker); /* EAGAIN inside */
    assert_int_equal(errno, 77);
    assert_int_equal(leat_waker_wait(&waker, seen, LEAT_FOREVER), 0);
    seen = leat_waker_seen(&waker);
    assert_int_equal(write(waker.fd, &most, sizeof most), sizeof most); /* nobody's wake */
    assert_int_equal(leat_waker_wait(&waker, seen, LEAT_FOREVER), 0);
    assert_int_equal(leat_waker_wait(&waker, seen, leat_os_now_ns() + 5 * MS), -ETIMEDOUT);
    leat_waker_fini(&waker);
}

static void os_waker_keeps_errno(void **state)
{
    struct leat_waker waker;

    (void)state;
    assert_int_equal(leat_waker_init(&waker, false), 0);
    waker.fd = 100000; /* a descriptor that fails */
    errno = 77;
    leat_waker_wake(&waker);
    leat_waker_drain(&waker);
    assert_int_equal(errno, 77);
}

struct ball {
    struct leat_waker wakers[2];
    int64_t rounds;
    int64_t touches; /* plain on purpose: ordered by WAKE alone, as TSan sees */
};

/* Waits for the i-th wake of its own waker, then wakes the other side. */
static void play(struct ball *ball, int side)
{
    for (int64_t i = 0; i < ball->rounds; i++) {
        uint32_t seen = leat_waker_seen(&ball->wakers[side]);

        while (seen != (uint32_t)(i + 1)) {
            (void)leat_waker_wait(&ball->wakers[side], seen, LEAT_FOREVER);
            seen = leat_waker_seen(&ball->wakers[side]);
        }
        ball->touches++;
        leat_waker_wake(&ball->wakers[1 - side]);
    }
}

static void play_second(void *context)
{
    play(context, 1);
}

static void os_waker_never_loses_a_wake(void **state)
{
    (void)state;
    for (int with_fd = 0; with_fd < 2; with_fd++) {
        struct ball ball = {.rounds = test_items(10000)};
        struct leat_thread thread;

        assert_int_equal(leat_waker_init(&ball.wakers[0], with_fd != 0), 0);
        assert_int_equal(leat_waker_init(&ball.wakers[1], with_fd != 0), 0);
        assert_int_equal(leat_thread_start(&thread, "second", play_second, &ball), 0);
        leat_waker_wake(&ball.wakers[0]);
        play(&ball, 0);
        leat_thread_join(&thread);
        assert_int_equal(ball.touches, 2 * ball.rounds);
        leat_waker_fini(&ball.wakers[0]);
        leat_waker_fini(&ball.wakers[1]);
    }
}

static void os_waker_says_when_no_descriptor_is_left(void **state)
{
    struct rlimit kept;
    struct rlimit tight;
    struct leat_waker waker = {.fd = 5};

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
    tight = (struct rlimit){.rlim_cur = 0, .rlim_max = kept.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    assert_int_equal(leat_waker_init(&waker, true), -EMFILE);
    assert_int_equal(waker.fd, 5);
    assert_int_equal(leat_waker_init(&waker, false), 0); /* a futex needs none */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
}

/* --- poll --- */

static void os_poll_says_which_is_ready(void **state)
{
    int ends[2];
    struct leat_ready set[3];
    int64_t before;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    set[0] = (struct leat_ready){.fd = ends[0], .in = true, .ready = true};
    set[1] = (struct leat_ready){.fd = -1, .in = true, .ready = true};
    set[2] = (struct leat_ready){.fd = ends[1], .out = true};
    assert_int_equal(leat_os_poll(set, 2, 0), 0);
    assert_false(set[0].ready || set[1].ready);
    before = leat_os_now_ns();
    assert_int_equal(leat_os_poll(set, 2, before + 10 * MS), 0);
    assert_true(leat_os_now_ns() - before >= 10 * MS);
    assert_int_equal(leat_os_poll(set, 3, LEAT_FOREVER), 1);
    assert_true(!set[0].ready && set[2].ready);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(leat_os_poll(set, 3, 0), 2);
    assert_true(set[0].ready);
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &ends[1], 1), 1);
    set[0].in = false; /* nothing asked for: the other end is gone nevertheless */
    assert_int_equal(leat_os_poll(set, 1, LEAT_FOREVER), 1);
    (void)close(ends[0]);
    assert_int_equal(leat_os_poll(set, -1, 0), -EINVAL);
    assert_int_equal(leat_os_poll(set, LEAT_POLL_MAX + 1, 0), -EINVAL);
    assert_int_equal(leat_os_poll(NULL, 0, 0), 0);
}

/* --- threads --- */

struct seen_inside {
    char name[16];
    sigset_t mask;
    bool ran;
};

static void look_inside(void *context)
{
    struct seen_inside *seen = context;

    (void)pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &seen->mask);
    seen->ran = true;
}

static void os_thread_blocks_every_signal_and_has_a_name(void **state)
{
    static const struct {
        const char *given, *had;
    } names[] = {{"leat-io", "leat-io"}, {"a-name-longer-than-fits", "a-name-longer-t"}, {NULL, "leat"}};
    sigset_t before;
    sigset_t after;

    (void)state;
    (void)sigemptyset(&before);
    (void)sigaddset(&before, SIGUSR2);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct seen_inside seen = {.ran = false};
        struct leat_thread thread;
        char copy[32] = "";

        if (names[i].given != NULL) {
            strcpy(copy, names[i].given);
        }
        assert_int_equal(leat_thread_start(&thread, names[i].given == NULL ? NULL : copy, look_inside, &seen), 0);
        memset(copy, 'x', sizeof copy); /* borrowed for the call only */
        leat_thread_join(&thread);
        assert_true(seen.ran);
        assert_string_equal(seen.name, names[i].had);
        for (int number = 1; number <= SIGRTMAX; number++) {
            if (number != SIGKILL && number != SIGSTOP && (number < 32 || number >= SIGRTMIN)) {
                assert_int_equal(sigismember(&seen.mask, number), 1);
            }
        }
    }
    (void)pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (int number = 1; number <= SIGRTMAX; number++) {
        assert_int_equal(sigismember(&after, number), sigismember(&before, number));
    }
}

static void raise_waker(void *context)
{
    leat_waker_wake(context);
}

static void os_thread_may_be_left_alone(void **state)
{
    static struct leat_waker waker;
    struct leat_thread thread;

    (void)state;
    assert_int_equal(leat_waker_init(&waker, false), 0);
    assert_int_equal(leat_thread_start(&thread, "alone", raise_waker, &waker), 0);
    leat_thread_detach(&thread);
    assert_int_equal(leat_waker_wait(&waker, 0, LEAT_FOREVER), 0);
}

/* --- park --- */

struct parking {
    LEAT_ATOMIC(uint32_t) word;   /* written by the test */
    LEAT_ATOMIC(uint32_t) parked; /* written by the threads */
};

static void park_until_it_changes(void *context)
{
    struct parking *parking = context;
    const struct leat_host *host = leat_os_host();

    (void)leat_add(&parking->parked, 1, relaxed); /* relaxed: a count */
    while (leat_load(&parking->word, acquire) == 0) {
        host->park(host->context, &parking->word, 0, LEAT_FOREVER);
    }
}

static void os_unpark_rouses_all_who_are_parked(void **state)
{
    const struct leat_host *host = leat_os_host();
    struct parking parking = {.word = 0};
    struct leat_thread threads[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(leat_thread_start(&threads[i], "parked", park_until_it_changes, &parking), 0);
    }
    while (leat_load(&parking.parked, relaxed) != 3) { /* relaxed: a count */
        host->yield(host->context);
    }
    /* Give them time to sleep indeed: the word does not change, so this is 20 ms of sleep. */
    host->park(host->context, &parking.parked, 3, leat_os_now_ns() + 20 * MS);
    leat_store(&parking.word, 1, release);
    host->unpark(host->context, &parking.word);
    for (int i = 0; i < 3; i++) {
        leat_thread_join(&threads[i]);
    }
}

static void os_park_ends_at_its_deadline_or_where_the_word_differs(void **state)
{
    const struct leat_host *host = leat_os_host();
    LEAT_ATOMIC(uint32_t) word = 5;
    int64_t before = leat_os_now_ns();

    (void)state;
    host->park(host->context, &word, 4, LEAT_FOREVER);
    host->park(host->context, &word, 5, 0);
    host->park(host->context, &word, 5, INT64_MIN);
    host->park(host->context, &word, 5, before + 15 * MS);
    assert_true(leat_os_now_ns() - before >= 15 * MS);
}

/* --- the end of a thread --- */

static pthread_key_t late_key;
static LEAT_ATOMIC(int) late_runs; /* written by the test and then by the thread that ends */

/* A destructor of the application that uses the pool when leat's own has perhaps run already. */
static void late_destructor(void *value)
{
    struct leat_pool *pool = value;
    void *block = leat_pool_alloc(pool);

    leat_pool_free(pool, block);
    if (leat_add(&late_runs, 1, relaxed) == 0) {   /* relaxed: one thread counts at a time */
        (void)pthread_setspecific(late_key, pool); /* once more, surely after leat's */
    }
}

static void use_pool(void *context)
{
    struct leat_pool *pool = context;
    void *blocks[10];

    for (int i = 0; i < 10; i++) {
        blocks[i] = leat_pool_alloc(pool);
    }
    for (int i = 0; i < 10; i++) {
        leat_pool_free(pool, blocks[i]);
    }
}

static void use_pool_late(void *context)
{
    use_pool(context);
    (void)pthread_setspecific(late_key, context);
}

/* A cache that stayed behind at the end of its thread would keep blocks, and so their slab, from being trimmed. */
static void os_thread_end_sends_caches_home(void **state)
{
    const struct leat_pool_config config = leat_os_pool_config(256, 1000);
    struct leat_pool *pool;

    (void)state;
    assert_int_equal(config.block_bytes, 256);
    assert_int_equal(config.limit, 1000);
    assert_ptr_equal(config.memory, leat_os_memory());
    assert_ptr_equal(config.host, leat_os_host());
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    assert_int_equal(pthread_key_create(&late_key, late_destructor), 0);
    for (int late = 0; late < 2; late++) {
        struct leat_pool_stats stats;
        struct leat_thread thread;

        leat_store(&late_runs, 0, relaxed); /* relaxed: nobody else is here */
        assert_int_equal(leat_thread_start(&thread, "user", late ? use_pool_late : use_pool, pool), 0);
        leat_thread_join(&thread);
        assert_int_equal(leat_load(&late_runs, relaxed), 2 * late); /* relaxed: joined */
        assert_true(leat_pool_valid(pool));
        (void)leat_pool_trim(pool);
        leat_pool_stats(pool, &stats);
        assert_int_equal(stats.live, 0);
        assert_int_equal(stats.cached, 0);
        assert_int_equal(stats.slabs, 0);
    }
    assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    assert_int_equal(pthread_key_delete(late_key), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(os_waker_is_not_needed_twice),
        cmocka_unit_test(os_waker_descriptor_can_be_polled_and_drained),
        cmocka_unit_test(os_waker_survives_a_full_or_raised_counter),
        cmocka_unit_test(os_waker_keeps_errno),
        cmocka_unit_test(os_waker_never_loses_a_wake),
        cmocka_unit_test(os_waker_says_when_no_descriptor_is_left),
        cmocka_unit_test(os_poll_says_which_is_ready),
        cmocka_unit_test(os_thread_blocks_every_signal_and_has_a_name),
        cmocka_unit_test(os_thread_may_be_left_alone),
        cmocka_unit_test(os_unpark_rouses_all_who_are_parked),
        cmocka_unit_test(os_park_ends_at_its_deadline_or_where_the_word_differs),
        cmocka_unit_test(os_thread_end_sends_caches_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
