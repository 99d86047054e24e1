/* SPDX-License-Identifier: MIT */
/* The pool on Linux, beyond pool_os_test.c: waiting beside frees that are under way, forked children, faults and locked memory. */
#define _GNU_SOURCE
#include "pool_support.h"

#include <leat/os.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#define MS INT64_C(1000000)

static struct leat_pool *create(struct leat_pool_config config)
{
    struct leat_pool *pool = NULL;
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    return pool;
}

static void destroy(struct leat_pool *pool)
{
    assert_true(leat_pool_valid(pool));
    assert_int_equal(leat_pool_destroy(pool, NULL), 0);
}

static int64_t refused(struct leat_pool *pool)
{
    struct leat_pool_stats stats;
    leat_pool_stats(pool, &stats);
    return stats.refused;
}

/* ---- waiting ---- */

struct waiter {
    struct leat_pool *pool;
    int64_t for_ns, until_ns; /* how long at most, and when it was over */
    void *block;
};

static void *wait_run(void *context)
{
    struct waiter *waiter = context;
    waiter->block = leat_pool_wait(waiter->pool, leat_os_now_ns() + waiter->for_ns);
    waiter->until_ns = leat_os_now_ns();
    return NULL;
}

/* Until as many tries were refused as make it sure that the waiters sleep. */
static void let_them_sleep(struct leat_pool *pool, int64_t tries)
{
    for (int i = 0; i < 2000 && refused(pool) < tries; i++)
        usleep(1000);
    usleep(20000);
}

/*
 * leat_pool_cache_free() in slow motion: it has looked at `high`, then a waiter comes, shuts the cache, finds nothing and sleeps; then the
 * block is put into the cache, and the free is over. Nobody else ever comes along.
 */
static void a_free_that_was_under_way_when_a_waiter_came_wakes_it(void **state)
{
    (void)state;
    if (leat_os_host()->watch || !host_barrier(NULL))
        skip(); /* then a handle is a decoy, or there are no caches */
    struct leat_pool_config config = leat_os_pool_config(64, 1);
    config.cache_blocks = 1;
    struct leat_pool *pool = create(config);
    struct leat_pool_cache *cache = leat_pool_cache_open(pool);
    void *block = leat_pool_cache_alloc(cache);
    struct waiter waiter = {.pool = pool, .for_ns = 1500 * MS};
    pthread_t thread;
    uintptr_t top = leat_load(&cache->top, relaxed);
    assert_non_null(block);
    assert_true(top < leat_load(&cache->high, relaxed)); /* the free's look */
    assert_int_equal(pthread_create(&thread, NULL, wait_run, &waiter), 0);
    let_them_sleep(pool, 2);
    *(void **)top = block; /* the free goes on */
    leat_store(&cache->top, top + sizeof(void *), release);
    int64_t freed_ns = leat_os_now_ns();
    pthread_join(thread, NULL);
    leat_pool_free(pool, waiter.block);
    leat_pool_cache_close(cache);
    destroy(pool);
    if (!waiter.block || waiter.until_ns - freed_ns > 500 * MS)
        fail_msg("a block was free, and the waiter slept on for %ld ms, to its deadline", (long)((waiter.until_ns - freed_ns) / MS));
}

static void a_free_wakes_all_who_wait_whatever_call_it_is(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        struct leat_pool_config config = leat_os_pool_config(64, 64);
        config.checked = how == 3;
        config.cache_blocks = how % 2 ? 64 : 0;
        struct leat_pool *pool = create(config);
        struct leat_pool_cache *cache = leat_pool_cache_open(pool);
        struct waiter waiters[4];
        pthread_t threads[4];
        void *blocks[64];
        assert_int_equal(leat_pool_cache_alloc_many(cache, blocks, 64), 64);
        for (int i = 0; i < 4; i++) {
            waiters[i] = (struct waiter){.pool = pool, .for_ns = 5000 * MS};
            assert_int_equal(pthread_create(&threads[i], NULL, wait_run, &waiters[i]), 0);
        }
        let_them_sleep(pool, 8);
        int64_t freed_ns = leat_os_now_ns();
        if (how == 0)
            leat_pool_free_many(pool, blocks, 4);
        else if (how == 1)
            leat_pool_cache_free_many(cache, blocks, 4);
        else
            for (int i = 0; i < 4; i++)
                how == 2 ? leat_pool_cache_free(cache, blocks[i]) : leat_pool_free(pool, blocks[i]);
        for (int i = 0; i < 4; i++) {
            pthread_join(threads[i], NULL);
            assert_non_null(waiters[i].block);
            assert_in_range(waiters[i].until_ns - freed_ns, 0, 1000 * MS);
            leat_pool_free(pool, waiters[i].block);
        }
        leat_pool_free_many(pool, blocks + 4, 60);
        leat_pool_cache_close(cache);
        destroy(pool);
    }
}

static void who_waits_for_memory_gets_it_when_there_is_some(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool_config config = leat_os_pool_config(64, 0);
    config.memory = &source.memory;
    struct leat_pool *pool = create(config);
    struct waiter waiter = {.pool = pool, .for_ns = 5000 * MS};
    pthread_t thread;
    pthread_mutex_lock(&source.lock);
    source.fail_at = source.calls + 1;
    source.fail_for_ever = true;
    pthread_mutex_unlock(&source.lock);
    int64_t before = leat_os_now_ns();
    assert_null(leat_pool_wait(pool, before + 30 * MS));
    assert_int_equal(leat_pool_why(pool), LEAT_POOL_SOURCE_FAILED);
    assert_in_range(leat_os_now_ns() - before, 30 * MS, 1000 * MS);
    assert_int_equal(pthread_create(&thread, NULL, wait_run, &waiter), 0);
    usleep(20000);
    pthread_mutex_lock(&source.lock);
    source.fail_at = 0;
    pthread_mutex_unlock(&source.lock);
    pthread_join(thread, NULL);
    assert_non_null(waiter.block);
    leat_pool_free(pool, waiter.block);
    destroy(pool);
    assert_int_equal(source.held, 0);
}

static void ignore(int number)
{
    (void)number;
}

static void signals_do_not_end_a_wait_before_its_time(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = ignore}, kept;
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    struct leat_pool *pool = create(leat_os_pool_config(64, 1));
    void *block = leat_pool_alloc(pool);
    sigaction(SIGALRM, &action, &kept);
    setitimer(ITIMER_REAL, &often, NULL);
    int64_t before = leat_os_now_ns();
    assert_null(leat_pool_wait(pool, before + 50 * MS));
    assert_true(leat_os_now_ns() - before >= 50 * MS);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &kept, NULL);
    leat_pool_free(pool, block);
    destroy(pool);
}

/* ---- reports ---- */

static void drop_line(void *context, const char *text)
{
    *(int64_t *)context += text[0] != '\0';
}

static LEAT_ATOMIC(int) report_end;
static struct leat_pool *report_pool;

static void *reports_run(void *context)
{
    int64_t lines = 0;
    (void)context;
    while (!leat_load(&report_end, acquire))
        (void)leat_pool_report(report_pool, drop_line, &lines);
    return NULL;
}

/*
 * "From the first call on, fork(2) leaves every pool usable in the child": while another thread is amid a report, too.
 */
static void a_child_can_report_though_another_thread_did_when_it_was_forked(void **state)
{
    (void)state;
#if TEST_SANITIZED
    skip(); /* its allocator's locks do not survive a fork beside threads */
#endif
    int hung = 0, other = 0;
    pthread_t thread;
    report_pool = create(leat_os_pool_config(64, 0));
    assert_int_equal(leat_pool_track(report_pool, 1), 0);
    void *block = leat_pool_alloc(report_pool);
    leat_store(&report_end, 0, relaxed);
    assert_int_equal(pthread_create(&thread, NULL, reports_run, NULL), 0);
    for (int i = 0; i < 10 && hung == 0; i++) {
        usleep(3000);
        pid_t child = fork();
        int status = 0;
        if (child == 0) {
            int64_t lines = 0;
            signal(SIGALRM, SIG_DFL);
            signal(SIGSEGV, SIG_DFL); /* cmocka catches it */
            alarm(3);
            _exit(leat_pool_report(report_pool, drop_line, &lines) == 1 && lines == 2 ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        hung += WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
        other += !(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) && status != 0;
    }
    leat_store(&report_end, 1, release);
    pthread_join(thread, NULL);
    leat_pool_free(report_pool, block);
    destroy(report_pool);
    if (hung || other)
        fail_msg("%d children hung in leat_pool_report, %d failed", hung, other);
}

static int null_fd;

static void report_on_signal(int number)
{
    const int kept = errno;
    (void)number;
    errno = 4711;
    (void)leat_pool_report_fd(report_pool, null_fd);
    if (errno != 4711)
        abort();
    errno = kept;
}

static void *busy_run(void *context)
{
    void *blocks[40];
    while (!leat_load(&report_end, acquire)) {
        int64_t got = leat_pool_alloc_many(context, blocks, 40);
        leat_pool_free_many(context, blocks, got);
    }
    return NULL;
}

static void reports_in_handlers_of_three_busy_threads_end(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = report_on_signal, .sa_flags = SA_RESTART}, kept;
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    for (int tracked = 0; tracked < 2; tracked++) {
        struct leat_pool_config config = leat_os_pool_config(64, 100);
        pthread_t threads[3];
        config.cache_blocks = 1;
        report_pool = create(config);
        null_fd = open("/dev/null", O_WRONLY);
        if (tracked)
            assert_int_equal(leat_pool_track(report_pool, 3), 0);
        leat_store(&report_end, 0, relaxed);
        sigaction(SIGALRM, &action, &kept);
        for (int i = 0; i < 3; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, busy_run, report_pool), 0);
        setitimer(ITIMER_REAL, &often, NULL);
        int64_t end_ns = leat_os_now_ns() + 300 * MS;
        while (leat_os_now_ns() < end_ns)
            raise(SIGALRM);
        setitimer(ITIMER_REAL, &never, NULL);
        leat_store(&report_end, 1, release);
        for (int i = 0; i < 3; i++)
            pthread_join(threads[i], NULL);
        sigaction(SIGALRM, &kept, NULL);
        close(null_fd);
        destroy(report_pool);
    }
}

/* ---- faults ---- */

static void a_default_fault_of_a_tracked_pool_names_both_places(void **state)
{
    (void)state;
    int ends[2], status = 0;
    char text[600] = "";
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        struct leat_host host_there = *leat_os_host();
        struct leat_pool_config config = leat_os_pool_config(64, 0);
        struct leat_pool *pool = NULL;
        host_there.watch = NULL;
        config.host = &host_there;
        config.checked = true;
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], 2);
        if (leat_pool_create(&pool, &config) != 0 || leat_pool_track(pool, 1) != 0)
            _exit(3);
        char *block = leat_pool_alloc(pool);
        block[64] = 1;
        leat_pool_free(pool, block);
        _exit(0);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_true(got > 0);
    const char *first = strstr(text, ", at 0x");
    if (!strstr(text, "leat: overflow: object 0x") || !first || !strstr(first + 1, ", at 0x"))
        fail_msg("'%s'", text);
}

/* ---- memory ---- */

static int64_t locked_kib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[200];
    long kib = -1;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmLck: %ld", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib;
}

static void locked_memory_is_locked_and_its_lock_ends_with_it(void **state)
{
    (void)state;
#if TEST_SANITIZED
    skip(); /* their mlock does nothing */
#endif
    static const struct leat_os_memory_options options = {.node = LEAT_OS_ANY_NODE, .lock = true};
    struct leat_memory memory;
    struct leat_pool_config config = leat_os_pool_config(4096, 0);
    struct leat_pool *pool = NULL;
    int64_t before = locked_kib();
    assert_int_equal(leat_os_memory_init(&memory, &options), 0);
    config.memory = &memory;
    config.slab_bytes = 1 << 20;
    config.first = 200;
    int rc = leat_pool_create(&pool, &config);
    if (rc == -ENOMEM)
        skip(); /* RLIMIT_MEMLOCK is small here */
    assert_int_equal(rc, 0);
    assert_true(locked_kib() - before >= 1024);
    destroy(pool);
    assert_int_equal(locked_kib(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_that_was_under_way_when_a_waiter_came_wakes_it),
        cmocka_unit_test(a_free_wakes_all_who_wait_whatever_call_it_is),
        cmocka_unit_test(who_waits_for_memory_gets_it_when_there_is_some),
        cmocka_unit_test(signals_do_not_end_a_wait_before_its_time),
        cmocka_unit_test(a_child_can_report_though_another_thread_did_when_it_was_forked),
        cmocka_unit_test(reports_in_handlers_of_three_busy_threads_end),
        cmocka_unit_test(a_default_fault_of_a_tracked_pool_names_both_places),
        cmocka_unit_test(locked_memory_is_locked_and_its_lock_ends_with_it),
    };
    return cmocka_run_group_tests_name("pool_os_more", tests, NULL, NULL);
}
