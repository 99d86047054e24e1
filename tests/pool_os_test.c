/* SPDX-License-Identifier: MIT */
/*
 * The pool on Linux: waiting, who holds what, signal handlers, memory with wishes, memory checkers. Called with an argument it is the
 * program that those tests look at from outside.
 */
#define _GNU_SOURCE
#include "test.h"

#include <leat/os.h>

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program;

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

/* ---- wait ---- */

static void wait_gives_up_at_its_deadline(void **state)
{
    (void)state;
    struct leat_pool *pool = create(leat_os_pool_config(64, 1));
    void *block = leat_pool_wait(pool, 0);
    assert_non_null(block);
    assert_null(leat_pool_wait(pool, 0));
    int64_t before = leat_os_now_ns();
    assert_null(leat_pool_wait(pool, before + 30000000));
    assert_true(leat_os_now_ns() - before >= 30000000);
    assert_int_equal(leat_pool_why(pool), LEAT_POOL_LIMIT);
    leat_pool_free(pool, block);
    block = leat_pool_wait(pool, LEAT_FOREVER);
    assert_non_null(block);
    leat_pool_free(pool, block);
    destroy(pool);
}

struct waiting {
    struct leat_pool *pool;
    int64_t rounds;
    LEAT_ATOMIC(int) out; /* blocks that are out: counted by all */
    LEAT_ATOMIC(int) wrong;
};

static void *waits(void *context)
{
    struct waiting *waiting = context;
    for (int64_t i = 0; i < waiting->rounds; i++) {
        void *block = leat_pool_wait(waiting->pool, LEAT_FOREVER);
        if (!block || leat_add(&waiting->out, 1, relaxed) >= 3) /* a counter, and so below */
            leat_add(&waiting->wrong, 1, relaxed);
        if (i % 64 == 0)
            usleep(100); /* the others do sleep */
        leat_sub(&waiting->out, 1, relaxed);
        leat_pool_free(waiting->pool, block);
    }
    return NULL;
}

static void all_who_wait_are_served_and_the_limit_holds(void **state)
{
    (void)state;
    for (int64_t cache_blocks = 0; cache_blocks < 3; cache_blocks += 2) {
        struct leat_pool_config config = leat_os_pool_config(64, 3);
        struct waiting waiting = {.rounds = test_items(1000000) / 200};
        pthread_t threads[6];
        config.cache_blocks = cache_blocks;
        waiting.pool = create(config);
        for (int i = 0; i < 6; i++)
            pthread_create(&threads[i], NULL, waits, &waiting);
        for (int i = 0; i < 6; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(leat_load(&waiting.wrong, relaxed), 0);
        destroy(waiting.pool);
    }
}

static void *frees_later(void *context)
{
    void **both = context;
    usleep(20000);
    leat_pool_free(both[0], both[1]);
    return NULL;
}

static void a_free_wakes_who_waits(void **state)
{
    (void)state;
    struct leat_pool_config config = leat_os_pool_config(64, 200);
    struct leat_pool *pool = create(config);
    void *blocks[200];
    assert_int_equal(leat_pool_alloc_many(pool, blocks, 200), 200);
    for (int i = 0; i < 10; i++) {
        void *both[2] = {pool, blocks[i]};
        pthread_t thread;
        pthread_create(&thread, NULL, frees_later, both);
        int64_t before = leat_os_now_ns();
        blocks[i] = leat_pool_wait(pool, before + 5000000000);
        assert_non_null(blocks[i]);
        assert_true(leat_os_now_ns() - before < 4000000000);
        pthread_join(thread, NULL);
    }
    leat_pool_free_many(pool, blocks, 200);
    destroy(pool);
}

static LEAT_ATOMIC(int) source_is_dry; /* written by the test */

static void *dry_acquire(void *context, int64_t bytes, int64_t align)
{
    (void)context;
    return leat_load(&source_is_dry, acquire) ? NULL : leat_os_memory()->acquire(leat_os_memory()->context, bytes, align);
}

static void dry_release(void *context, void *memory, int64_t bytes)
{
    (void)context;
    leat_os_memory()->release(leat_os_memory()->context, memory, bytes);
}

static void *wets_the_source(void *context)
{
    usleep(30000);
    leat_store(&source_is_dry, 0, release);
    return context;
}

/* No block comes home then, so nobody says anything. */
static void who_waits_notices_that_there_is_memory_again(void **state)
{
    (void)state;
    static const struct leat_memory memory = {dry_acquire, dry_release, NULL};
    for (int64_t limit = 0; limit <= 64; limit += 64) {
        struct leat_pool_config config = leat_os_pool_config(64, limit);
        pthread_t thread;
        config.memory = &memory;
        struct leat_pool *pool = create(config);
        leat_store(&source_is_dry, 1, relaxed);
        assert_null(leat_pool_alloc(pool));
        assert_int_equal(leat_pool_why(pool), LEAT_POOL_SOURCE_FAILED);
        pthread_create(&thread, NULL, wets_the_source, NULL);
        void *block = leat_pool_wait(pool, leat_os_now_ns() + 10000000000);
        assert_non_null(block);
        pthread_join(thread, NULL);
        leat_pool_free(pool, block);
        destroy(pool);
    }
}

/* ---- who holds what ---- */

struct lines {
    char text[20][600];
    int count;
};

static void keep_line(void *context, const char *text)
{
    struct lines *lines = context;
    assert_in_range(lines->count, 0, 19);
    snprintf(lines->text[lines->count++], sizeof lines->text[0], "%s", text);
}

__attribute__((noinline)) static void *reads_a_frame(struct leat_pool *pool)
{
    void *block = leat_pool_alloc(pool);
    __asm__ volatile("" : "+r"(block));
    return block;
}

__attribute__((noinline)) static int64_t reads_many(struct leat_pool *pool, void **blocks, int64_t count)
{
    int64_t got = leat_pool_alloc_many(pool, blocks, count);
    __asm__ volatile("" : "+r"(got));
    return got;
}

static void a_report_names_the_places_that_hold_blocks(void **state)
{
    (void)state;
    struct leat_pool_config config = leat_os_pool_config(1024, 0);
    struct lines lines = {.count = 0};
    void *blocks[12];
    config.name = "frames";
    struct leat_pool *pool = create(config);
    assert_int_equal(leat_pool_track(pool, 1), 0);
    for (int i = 0; i < 3; i++)
        blocks[i] = reads_a_frame(pool);
    assert_int_equal(reads_many(pool, blocks + 3, 7), 7);
    assert_int_equal(leat_pool_track(pool, 0), 0); /* from here on nothing is recorded */
    blocks[10] = reads_a_frame(pool);
    blocks[11] = reads_a_frame(pool);
    leat_pool_free(pool, blocks[0]);
    usleep(120000);
    assert_int_equal(leat_pool_report(pool, keep_line, &lines), 11);
    assert_int_equal(lines.count, 4);
    assert_string_equal(lines.text[0], "pool frames: 11 blocks of 1024 B live");
    void *dw = dlopen("libdw.so.1", RTLD_NOW);
    const char *many = dw ? "  7 from reads_many (pool_os_test.c:" : "  7 from ",
               *one = dw ? "  2 from reads_a_frame (pool_os_test.c:" : "  2 from ";
    if (strncmp(lines.text[1], many, strlen(many)) != 0 || strncmp(lines.text[2], one, strlen(one)) != 0)
        fail_msg("'%s', '%s'", lines.text[1], lines.text[2]);
    if (dw)
        dlclose(dw);
    assert_non_null(strstr(lines.text[2], ", oldest 0."));
    assert_null(strstr(lines.text[2], ", oldest 0.0 s"));
    assert_string_equal(lines.text[3], "  2 from places that were not recorded");
    for (int i = 1; i < 12; i++)
        leat_pool_free(pool, blocks[i]);
    lines.count = 0;
    assert_int_equal(leat_pool_report(pool, keep_line, &lines), 0);
    assert_int_equal(lines.count, 1);
    destroy(pool);
}

static void add_blocks(void *context, const struct leat_pool_holder *holder)
{
    int64_t *sums = context;
    sums[holder->places[0] == NULL] += holder->blocks;
}

static void one_in_so_many_is_remembered(void **state)
{
    (void)state;
    struct leat_pool *pool = create(leat_os_pool_config(64, 0));
    void *blocks[1000];
    int64_t sums[2] = {0, 0};
    assert_int_equal(leat_pool_track(pool, 10), 0);
    for (int i = 0; i < 1000; i++)
        blocks[i] = leat_pool_alloc(pool);
    assert_int_equal(leat_pool_holders(pool, add_blocks, sums), 1000);
    assert_int_equal(sums[0], 100);
    assert_int_equal(sums[1], 900);
    leat_pool_free_many(pool, blocks, 1000);
    sums[0] = sums[1] = 0;
    assert_int_equal(leat_pool_holders(pool, add_blocks, sums), 0);
    assert_int_equal(sums[0] + sums[1], 0);
    assert_int_equal(leat_pool_track(pool, -1), -EINVAL);
    destroy(pool);
    pool = create(leat_os_pool_config(64, 0));
    leat_pool_free(pool, leat_pool_alloc(pool));
    if (leat_os_host()->watch == NULL)
        assert_int_equal(leat_pool_track(pool, 1), -EBUSY); /* too late: it has had a cache */
    destroy(pool);
}

static struct leat_fault last_fault;

static void keep_fault(void *context, const struct leat_fault *fault)
{
    (void)context;
    last_fault = *fault;
}

static void a_fault_knows_where_the_block_came_from(void **state)
{
    (void)state;
    struct leat_host host = *leat_os_host();
    struct leat_pool_config config = leat_os_pool_config(64, 0);
    host.fault = keep_fault;
    host.watch = NULL;
    config.host = &host;
    config.checked = true;
    struct leat_pool *pool = create(config);
    assert_int_equal(leat_pool_track(pool, 1), 0);
    char *block = reads_a_frame(pool);
    block[64] = 1;
    leat_pool_free(pool, block);
    assert_int_equal(last_fault.kind, LEAT_FAULT_OVERFLOW);
    assert_non_null(last_fault.places[0]);
    assert_non_null(last_fault.places[1]);
    assert_non_null(last_fault.places[2]);
    assert_ptr_not_equal(last_fault.places[0], last_fault.places[1]);
    int64_t sums[2] = {0, 0};
    assert_int_equal(leat_pool_holders(pool, add_blocks, sums), 0); /* what is set aside is nobody's */
    assert_int_equal(sums[0], 0);
    destroy(pool);
}

static void *uses(void *context)
{
    struct leat_pool *pool = context;
    for (int64_t i = 0, rounds = test_items(1000000) / 10; i < rounds; i++)
        leat_pool_free(pool, leat_pool_alloc(pool));
    return NULL;
}

static int asked; /* for places */

static int count_places(void *context, const void **places, int room)
{
    (void)context, (void)places, (void)room;
    asked++;
    return 0;
}

/* backtrace(3) opens a library when it is called first: in time, not in the midst of threads and forks. */
static void the_first_stack_is_asked_for_when_tracking_begins(void **state)
{
    (void)state;
    struct leat_host host = *leat_os_host();
    host.places = count_places;
    struct leat_pool_config config = {.block_bytes = 64, .memory = leat_os_memory(), .host = &host};
    struct leat_pool *pool = NULL;
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    assert_int_equal(asked, 0);
    assert_int_equal(leat_pool_track(pool, 1), 0);
    assert_int_equal(asked, 1);
    leat_pool_free(pool, leat_pool_alloc(pool));
    assert_int_equal(asked, 2);
    assert_int_equal(leat_pool_destroy(pool, NULL), 0);
}

static void tracking_may_begin_in_a_checked_pool_that_is_in_use(void **state)
{
    (void)state;
    struct leat_pool_config config = leat_os_pool_config(64, 0);
    pthread_t threads[2];
    config.checked = true;
    struct leat_pool *pool = create(config);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, uses, pool);
    usleep(1000);
    for (int64_t one_in = 1; one_in < 100; one_in++)
        assert_int_equal(leat_pool_track(pool, one_in % 5), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    destroy(pool);
}

/* ---- in a signal handler ---- */

static struct leat_pool *signal_pool;
static int signal_fd;
static volatile sig_atomic_t reports, busy_answers;

static void report_on_signal(int number)
{
    (void)number;
    int64_t live = leat_pool_report_fd(signal_pool, signal_fd);
    if (live == -EAGAIN)
        busy_answers++;
    else if (live >= 0)
        reports++;
}

static void a_report_in_a_signal_handler_never_hangs(void **state)
{
    (void)state;
    struct leat_pool_config config = leat_os_pool_config(64, 100);
    struct sigaction action = {.sa_handler = report_on_signal, .sa_flags = SA_RESTART}, kept;
    char text[4096] = "";
    void *blocks[101];
    config.name = "busy";
    config.cache_blocks = 1; /* nearly every call takes the token */
    signal_pool = create(config);
    assert_int_equal(leat_pool_track(signal_pool, 1), 0);
    signal_fd = memfd_create("report", MFD_CLOEXEC);
    sigaction(SIGALRM, &action, &kept);
    ualarm(300, 300);
    int64_t end_ns = leat_os_now_ns() + 300000000;
    while (leat_os_now_ns() < end_ns) {
        int64_t got = leat_pool_alloc_many(signal_pool, blocks, 101);
        assert_int_equal(got, 100);
        leat_pool_free_many(signal_pool, blocks, got);
    }
    ualarm(0, 0);
    sigaction(SIGALRM, &kept, NULL);
    assert_true(reports + busy_answers > 0);
    assert_true(reports == 0 || pread(signal_fd, text, sizeof text - 1, 0) > 0);
    if (reports > 0)
        assert_non_null(strstr(text, "pool busy: "));
    close(signal_fd);
    destroy(signal_pool);
}

static void a_leak_is_told_on_standard_error(void **state)
{
    (void)state;
    char text[1000] = "";
    int ends[2], kept = dup(2);
    struct leat_pool_config config = leat_os_pool_config(64, 0);
    config.leak = leat_os_leak;
    struct leat_pool *pool = create(config);
    void *block = leat_pool_alloc(pool);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], 2);
    int rc = leat_pool_destroy(pool, NULL);
    fflush(stderr);
    dup2(kept, 2);
    close(ends[1]);
    assert_int_equal(rc, -EBUSY);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    assert_non_null(strstr(text, "leat: pool pool: 1 block of 64 B live\n"));
    close(ends[0]);
    close(kept);
    leat_pool_free(pool, block);
    destroy(pool);
}

/* ---- memory with wishes ---- */

static int64_t resident(void *memory, size_t bytes)
{
    unsigned char pages[2048];
    int64_t count = 0;
    assert_true(bytes <= sizeof pages * 4096);
    assert_int_equal(mincore(memory, bytes, pages), 0);
    for (size_t i = 0; i < bytes / 4096; i++)
        count += pages[i] & 1;
    return count;
}

static void memory_is_as_it_was_wished_for(void **state)
{
    (void)state;
    static const struct leat_os_memory_options wishes[] = {{.node = LEAT_OS_ANY_NODE},
                                                           {.node = LEAT_OS_ANY_NODE, .prefault = true},
                                                           {.node = LEAT_OS_ANY_NODE, .huge = true},
                                                           {.node = LEAT_OS_ANY_NODE, .huge = true, .prefault = true},
                                                           {.node = 0}};
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        struct leat_memory memory;
        struct leat_pool_config config = leat_os_pool_config(4096, 0);
        assert_int_equal(leat_os_memory_init(&memory, &wishes[i]), 0);
        config.memory = &memory;
        config.slab_bytes = 4 << 20;
        config.arrays = true;
        struct leat_pool *pool = NULL;
        int rc = leat_pool_create(&pool, &config);
        if (wishes[i].node == 0 && rc == -ENOMEM)
            continue; /* a kernel without NUMA */
        assert_int_equal(rc, 0);
        unsigned char *run = leat_pool_alloc_array(pool, 1000);
        assert_non_null(run);
        if (wishes[i].prefault)
            assert_int_equal(resident(run, 1000 * 4096), 1000);
        else if (!wishes[i].huge)
            assert_true(resident(run, 1000 * 4096) < 100);
        memset(run, 1, 1000 * 4096);
        leat_pool_free_array(pool, run, 1000);
        assert_true(leat_pool_trim(pool) == 4 << 20);
        destroy(pool);
    }
    struct leat_memory untouched = {.context = &untouched};
    const struct leat_os_memory_options far = {.node = 5000};
    assert_int_equal(leat_os_memory_init(&untouched, &far), -EINVAL);
    assert_ptr_equal(untouched.context, &untouched);
}

static void memory_that_cannot_be_locked_is_an_error(void **state)
{
    (void)state;
    if (TEST_SANITIZED || test_under_valgrind())
        skip(); /* they make mlock(2) do nothing */
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        static const struct leat_os_memory_options locked = {.node = LEAT_OS_ANY_NODE, .lock = true};
        const struct rlimit none = {0, 0};
        struct leat_pool_config config = leat_os_pool_config(4096, 0);
        struct leat_memory memory;
        struct leat_pool *pool = NULL;
        leat_os_memory_init(&memory, &locked);
        config.memory = &memory;
        if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (getuid() == 0 && setuid(65534) != 0)) /* root may lock what it likes */
            _exit(77);
        _exit(leat_pool_create(&pool, &config) == -ENOMEM ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
}

/* ---- memory checkers ---- */

/* The program that they look at: reads a block that was given back. */
static int uses_after_free(void)
{
    struct leat_pool_config config = leat_os_pool_config(64, 0);
    struct leat_pool *pool = NULL;
    if (leat_pool_create(&pool, &config) != 0)
        return 3;
    volatile char *block = leat_pool_alloc(pool);
    block[3] = 1;
    leat_pool_free(pool, (void *)block);
    return block[3] == 1 ? 0 : 4; /* the branch is what valgrind sees */
}

static int run_and_look(const char *command, char *text, size_t bytes)
{
    FILE *output = popen(command, "r");
    size_t got = output ? fread(text, 1, bytes - 1, output) : 0;
    text[got] = '\0';
    return output ? pclose(output) : -1;
}

static void a_memory_checker_sees_the_use_of_a_free_block(void **state)
{
    (void)state;
    char command[1000], text[20000];
    if (leat_os_host()->watch == NULL) {
        snprintf(command, sizeof command, "valgrind -q --error-exitcode=9 %s after-free 2>&1", program);
        if (system("command -v valgrind >/dev/null") != 0)
            skip();
        if (TEST_SANITIZED)
            skip(); /* valgrind does not run what runs under the other one */
    } else {
        snprintf(command, sizeof command, "%s after-free 2>&1", program);
        if (test_under_valgrind())
            skip();
    }
    int rc = run_and_look(command, text, sizeof text);
    if (strstr(text, "unhandled dwarf"))
        skip(); /* clang's debug information is too new for this valgrind */
    if (rc == 0 || (!strstr(text, "Invalid read of size 1") && !strstr(text, "use-after-poison")))
        fail_msg("%s: status %d: %s", command, rc, text);
}

int main(int count, char **arguments)
{
    program = arguments[0];
    if (count > 1)
        return uses_after_free();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait_gives_up_at_its_deadline),
        cmocka_unit_test(all_who_wait_are_served_and_the_limit_holds),
        cmocka_unit_test(a_free_wakes_who_waits),
        cmocka_unit_test(who_waits_notices_that_there_is_memory_again),
        cmocka_unit_test(a_report_names_the_places_that_hold_blocks),
        cmocka_unit_test(one_in_so_many_is_remembered),
        cmocka_unit_test(a_fault_knows_where_the_block_came_from),
        cmocka_unit_test(the_first_stack_is_asked_for_when_tracking_begins),
        cmocka_unit_test(tracking_may_begin_in_a_checked_pool_that_is_in_use),
        cmocka_unit_test(a_report_in_a_signal_handler_never_hangs),
        cmocka_unit_test(a_leak_is_told_on_standard_error),
        cmocka_unit_test(memory_is_as_it_was_wished_for),
        cmocka_unit_test(memory_that_cannot_be_locked_is_an_error),
        cmocka_unit_test(a_memory_checker_sees_the_use_of_a_free_block),
    };
    return cmocka_run_group_tests_name("pool_os", tests, NULL, NULL);
}
