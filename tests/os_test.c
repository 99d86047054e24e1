/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "test.h"

#include <leat/os.h>

#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS INT64_C(1000000)

/* The numbers of the calls that a C library makes where a long has 32 bits. */
#ifdef SYS_mmap2
#define MMAP SYS_mmap2
#define FTRUNCATE SYS_ftruncate64
#define FCNTL SYS_fcntl64
#else
#define MMAP SYS_mmap
#define FTRUNCATE SYS_ftruncate
#define FCNTL SYS_fcntl
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

static int open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    (void)closedir(dir);
    return count;
}

/* Pages of address space that this process holds. */
static long mapped_pages(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld", &pages), 1);
    (void)fclose(file);
    return pages;
}

/* Sanitizers and valgrind map and call on their own account. */
static bool watched(void)
{
    const char *preload = getenv("LD_PRELOAD");

    return SANITIZED || (preload != NULL && strstr(preload, "vgpreload") != NULL);
}

static void assert_mapped_at_most(long pages)
{
    assert_true(mapped_pages() <= pages + (watched() ? 1024 : 0));
}

static void make_pipe(int ends[2], int flags)
{
    assert_int_equal(pipe2(ends, O_CLOEXEC | flags), 0);
}

static void close_pipe(const int ends[2])
{
    (void)close(ends[0]);
    (void)close(ends[1]);
}

/* A plain or mirrored ring of 4096 bytes whose next byte in and out is `at`. */
static unsigned char plain_memory[4096];

static void make_ring(struct leat_ring *ring, bool mirrored, size_t at)
{
    static unsigned char bytes[4096];

    if (mirrored) {
        assert_int_equal(leat_os_ring_create(ring, 4096), 0);
    } else {
        assert_int_equal(leat_ring_init(ring, plain_memory, sizeof plain_memory, 0), 0);
    }
    assert_int_equal(leat_ring_write(ring, bytes, (int64_t)at), at);
    assert_int_equal(leat_ring_read(ring, bytes, (int64_t)at), at);
    assert_int_equal(leat_ring_used(ring), 0);
}

static void end_ring(struct leat_ring *ring)
{
    assert_true(leat_ring_valid(ring));
    if ((ring->flags & LEAT_RING_MIRRORED) != 0) {
        leat_os_ring_destroy(ring);
    }
}

/* --- memory --- */

static void os_memory_is_aligned_zeroed_and_given_back_whole(void **state)
{
    const struct leat_memory *memory = leat_os_memory();
    const int64_t page = sysconf(_SC_PAGESIZE);

    (void)state;
    for (int64_t align = 1; align <= 64 << 20; align *= 2) {
        for (int64_t bytes = 1; bytes <= 3 * page; bytes += page / 2) {
            const long before = mapped_pages();
            unsigned char *got = memory->acquire(memory->context, bytes, align);

            assert_non_null(got);
            assert_int_equal((uintptr_t)got & (uintptr_t)(align - 1), 0);
            assert_mapped_at_most(before + (long)((bytes + page - 1) / page)); /* what over-mapping took is gone */
            for (int64_t i = 0; i < bytes; i++) {
                assert_int_equal(got[i], 0);
                got[i] = 1;
            }
            memory->release(memory->context, got, bytes);
            assert_mapped_at_most(before);
        }
    }
}

static void os_memory_refuses_nonsense(void **state)
{
    static const struct {
        int64_t bytes, align;
    } table[] = {
        {0, 16},
        {-1, 16},
        {INT64_MIN, 16},
        {INT64_MAX, 16},
        {INT64_MAX - 4096, 16},
        {4096, 0},
        {4096, -16},
        {4096, 3},
        {4096, 48},
        {4096, INT64_MIN},
        {1, INT64_C(1) << 62},
        {INT64_C(1) << 62, 1},
        {INT64_C(1) << 62, INT64_C(1) << 62},
    };
    const struct leat_memory *memory = leat_os_memory();

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_null(memory->acquire(memory->context, table[i].bytes, table[i].align));
    }
    memory->release(memory->context, NULL, 4096);
}

/* --- mirrored ring --- */

static void os_ring_shows_every_byte_twice(void **state)
{
    struct leat_ring ring;
    const long mapped = mapped_pages();
    const int descriptors = open_descriptors();
    int64_t size;

    (void)state;
    assert_int_equal(leat_os_ring_create(&ring, 5000), 0);
    size = leat_ring_size(&ring);
    assert_true(size >= 8192 && (size & (size - 1)) == 0);
    assert_true(leat_ring_valid(&ring));
    for (int64_t i = 0; i < size; i++) {
        ring.data[i] = (unsigned char)(i % 251);
    }
    for (int64_t i = 0; i < size; i++) {
        assert_int_equal(ring.data[size + i], i % 251);
        ring.data[size + i] = 7;
        assert_int_equal(ring.data[i], 7);
    }
    assert_int_equal(open_descriptors(), descriptors); /* no descriptor stays open */
    leat_os_ring_destroy(&ring);
    leat_os_ring_destroy(&ring);
    assert_mapped_at_most(mapped);
}

static void os_ring_size_is_whole_pages(void **state)
{
    const int64_t page = sysconf(_SC_PAGESIZE);
    struct leat_ring ring;

    (void)state;
    assert_int_equal(leat_os_ring_create(&ring, 0), 0);
    assert_int_equal(leat_ring_size(&ring), page);
    leat_os_ring_destroy(&ring);
    assert_int_equal(leat_os_ring_create(&ring, page + 1), 0);
    assert_int_equal(leat_ring_size(&ring), 2 * page);
    leat_os_ring_destroy(&ring);
    memset(&ring, 0x5a, sizeof ring);
    assert_int_equal(leat_os_ring_create(&ring, -1), -EINVAL);
    assert_int_equal(leat_os_ring_create(&ring, INT64_MAX), -EINVAL);
    assert_int_equal(ring.flags, 0x5a5a5a5a);
}

static void os_ring_failure_leaves_nothing_behind(void **state)
{
    struct rlimit kept;
    struct rlimit tight;
    struct leat_ring ring;
    const int descriptors = open_descriptors();
    const long mapped = mapped_pages();

    (void)state;
    memset(&ring, 0x5a, sizeof ring);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
    tight = (struct rlimit){.rlim_cur = 0, .rlim_max = kept.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    assert_int_equal(leat_os_ring_create(&ring, 4096), -EMFILE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
    assert_int_equal(ring.flags, 0x5a5a5a5a);
    if (SANITIZED) {
        return; /* their shadow does not live with a limit on addresses */
    }
    assert_int_equal(getrlimit(RLIMIT_AS, &kept), 0);
    tight = (struct rlimit){.rlim_cur = (rlim_t)1 << 30, .rlim_max = kept.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
    assert_int_equal(leat_os_ring_create(&ring, INT64_C(1) << 30), -ENOMEM);
    assert_int_equal(setrlimit(RLIMIT_AS, &kept), 0);
    assert_int_equal(ring.flags, 0x5a5a5a5a);
    assert_int_equal(open_descriptors(), descriptors);
    assert_mapped_at_most(mapped);
}

/* From here on the kernel refuses a call to `number` whose argument `index` has all bits of `bits` set; for ever, so in a child. */
static bool refuse(uint32_t number, uint32_t index, uint32_t bits)
{
    const uint32_t argument = (uint32_t)offsetof(struct seccomp_data, args) + 8 * index;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, bits, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOMEM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Whether a ring that cannot be made because of that refusal leaves nothing behind; 0: yes, 77: the kernel has no filters. */
static int ring_refused(uint32_t number, uint32_t index, uint32_t bits)
{
    struct leat_ring ring;
    const int descriptors = open_descriptors();
    const long mapped = mapped_pages();

    memset(&ring, 0x5a, sizeof ring);
    if (!refuse(number, index, bits)) {
        return 77;
    }
    if (leat_os_ring_create(&ring, 1 << 20) != -ENOMEM) {
        return 1;
    }
    if (ring.flags != 0x5a5a5a5a) {
        return 2;
    }
    if (open_descriptors() != descriptors) {
        return 3;
    }
    return mapped_pages() > mapped ? 4 : 0;
}

static void os_ring_survives_each_refused_call(void **state)
{
    static const struct {
        uint32_t number, index, bits;
    } table[] = {
        {SYS_memfd_create, 1, MFD_CLOEXEC}, {FTRUNCATE, 0, 0}, {FCNTL, 1, F_ADD_SEALS}, {MMAP, 3, MAP_FIXED}, {MMAP, 3, MAP_NORESERVE},
    };

    (void)state;
    if (watched()) {
        skip(); /* they make calls of their own */
    }
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const pid_t child = fork();
        int status;

        if (child == 0) {
            _exit(ring_refused(table[i].number, table[i].index, table[i].bits));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77) {
            skip();
        }
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

/* --- device --- */

static void os_from_dev_fills_over_the_end_in_one_call(void **state)
{
    unsigned char sent[4096];
    unsigned char got[4096];

    (void)state;
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (unsigned char)(i * 7 >> 2);
    }
    for (int mirrored = 0; mirrored < 2; mirrored++) {
        struct leat_ring ring;
        struct leat_ring_stats stats;
        int ends[2];

        make_pipe(ends, 0); /* blocking: a second read would never return */
        make_ring(&ring, mirrored != 0, 4000);
        assert_int_equal(write(ends[1], sent, 3000), 3000);
        assert_int_equal(leat_ring_from_dev(&ring, ends[0]), 3000);
        leat_ring_stats(&ring, &stats);
        assert_int_equal(stats.used_bytes, 3000);
        assert_int_equal(write(ends[1], sent + 3000, 1096), 1096);
        assert_int_equal(leat_ring_from_dev(&ring, ends[0]), 1096);
        assert_int_equal(leat_ring_from_dev(&ring, ends[0]), -ENOBUFS);
        assert_int_equal(leat_ring_from_dev(&ring, -1), -ENOBUFS); /* nothing was called */
        assert_int_equal(leat_ring_read(&ring, got, 4096), 4096);
        assert_memory_equal(got, sent, 4096);
        end_ring(&ring);
        close_pipe(ends);
    }
}

/* The way it was always done: one read up to the physical end, one from the start on, and an error of either is the result. */
static int64_t classic_from_dev(struct leat_ring *ring, int fd)
{
    struct leat_span spans[2];
    ssize_t first;
    ssize_t second;

    if (leat_ring_reserve_spans(ring, spans) == 0) {
        return -ENOBUFS;
    }
    first = read(fd, spans[0].data, (size_t)spans[0].bytes);
    if (first < 0) {
        return -errno;
    }
    second = read(fd, spans[1].data, (size_t)spans[1].bytes);
    if (second < 0) {
        return -errno; /* and what the first one read is gone */
    }
    leat_ring_commit(ring, first + second);
    return first + second;
}

/* The device has exactly what fits before the physical end, so that a second read would fail; then it has more. */
static int64_t read_at_the_wrap(int64_t (*from_dev)(struct leat_ring *ring, int fd), char got[8])
{
    struct leat_ring ring;
    int ends[2];
    int64_t bytes;

    make_pipe(ends, O_NONBLOCK);
    make_ring(&ring, false, 4093);
    assert_int_equal(write(ends[1], "abc", 3), 3);
    (void)from_dev(&ring, ends[0]);
    assert_int_equal(write(ends[1], "defg", 4), 4);
    (void)close(ends[1]); /* an end of file is no error: now the classic one succeeds too */
    (void)from_dev(&ring, ends[0]);
    bytes = leat_ring_read(&ring, got, 8);
    end_ring(&ring);
    (void)close(ends[0]);
    return bytes;
}

static void os_two_reads_lose_what_the_first_got_and_one_does_not(void **state)
{
    char got[8] = "";

    (void)state;
    assert_int_equal(read_at_the_wrap(classic_from_dev, got), 4);
    assert_memory_equal(got, "defg", 4); /* "abc" was read and is lost */
    assert_int_equal(read_at_the_wrap(leat_ring_from_dev, got), 7);
    assert_memory_equal(got, "abcdefg", 7);
}

static void os_from_dev_tells_end_nothing_and_error_apart(void **state)
{
    struct leat_ring ring;
    int ends[2];

    (void)state;
    make_ring(&ring, true, 100);
    make_pipe(ends, O_NONBLOCK);
    assert_int_equal(leat_ring_from_dev(&ring, ends[0]), -EAGAIN);
    assert_int_equal(leat_ring_from_dev(&ring, ends[1]), -EBADF);
    (void)close(ends[1]);
    assert_int_equal(leat_ring_from_dev(&ring, ends[0]), 0);
    (void)close(ends[0]);
    assert_int_equal(leat_ring_from_dev(&ring, -1), -EBADF);
    assert_int_equal(leat_ring_used(&ring), 0);
    end_ring(&ring);
}

static void os_to_dev_drains_over_the_end_in_one_call(void **state)
{
    unsigned char sent[3000];
    unsigned char got[3000];

    (void)state;
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (unsigned char)(i * 5 >> 1);
    }
    for (int mirrored = 0; mirrored < 2; mirrored++) {
        struct leat_ring ring;
        int ends[2];

        make_pipe(ends, O_NONBLOCK);
        make_ring(&ring, mirrored != 0, 4000);
        assert_int_equal(leat_ring_to_dev(&ring, -1), 0); /* empty: nothing was called */
        assert_int_equal(leat_ring_write(&ring, sent, 3000), 3000);
        assert_int_equal(leat_ring_to_dev(&ring, -1), -EBADF);
        assert_int_equal(leat_ring_to_dev(&ring, ends[1]), 3000);
        assert_int_equal(read(ends[0], got, 3000), 3000);
        assert_memory_equal(got, sent, 3000);
        assert_int_equal(leat_ring_to_dev(&ring, ends[1]), 0);
        end_ring(&ring);
        close_pipe(ends);
    }
}

static void os_to_dev_keeps_what_was_not_taken(void **state)
{
    static unsigned char sent[8192];
    static unsigned char got[8192];
    struct leat_ring ring;
    int ends[2];
    int64_t first;

    (void)state;
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (unsigned char)(i * 3 >> 1);
    }
    make_pipe(ends, O_NONBLOCK);
    assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
    assert_int_equal(leat_os_ring_create(&ring, 8192), 0);
    assert_int_equal(leat_ring_write(&ring, sent, 8192), 8192);
    first = leat_ring_to_dev(&ring, ends[1]);
    assert_int_equal(first, 4096);
    assert_int_equal(leat_ring_to_dev(&ring, ends[1]), -EAGAIN);
    assert_int_equal(leat_ring_used(&ring), 4096);
    assert_int_equal(read(ends[0], got, 4096), 4096);
    assert_int_equal(leat_ring_to_dev(&ring, ends[1]), 4096);
    assert_int_equal(read(ends[0], got + 4096, 4096), 4096);
    assert_memory_equal(got, sent, 8192);
    end_ring(&ring);
    close_pipe(ends);
}

static void os_to_dev_says_when_the_reader_is_gone(void **state)
{
    void (*kept)(int) = signal(SIGPIPE, SIG_IGN);
    struct leat_ring ring;
    int ends[2];

    (void)state;
    make_pipe(ends, 0);
    make_ring(&ring, true, 0);
    assert_int_equal(leat_ring_write(&ring, "late", 4), 4);
    (void)close(ends[0]);
    assert_int_equal(leat_ring_to_dev(&ring, ends[1]), -EPIPE);
    assert_int_equal(leat_ring_used(&ring), 4);
    (void)close(ends[1]);
    end_ring(&ring);
    (void)signal(SIGPIPE, kept);
}

static volatile sig_atomic_t ticks;
static int tick_fd;

/* Interrupts four times and lets the call succeed at the fifth. */
static void tick(int number)
{
    (void)number;
    if (++ticks == 5 && write(tick_fd, "!", 1) != 1) {
        abort();
    }
}

static void os_from_dev_goes_on_after_a_signal(void **state)
{
    const struct itimerval often = {.it_interval.tv_usec = 2000, .it_value.tv_usec = 2000};
    const struct itimerval never = {.it_value.tv_usec = 0};
    struct sigaction action = {.sa_handler = tick}; /* no SA_RESTART: read returns EINTR */
    struct sigaction kept;
    struct leat_ring ring;
    int ends[2];

    (void)state;
    make_pipe(ends, 0);
    make_ring(&ring, false, 4095);
    tick_fd = ends[1];
    ticks = 0;
    assert_int_equal(sigaction(SIGALRM, &action, &kept), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    assert_int_equal(leat_ring_from_dev(&ring, ends[0]), 1);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &kept, NULL), 0);
    assert_true(ticks >= 5);
    end_ring(&ring);
    close_pipe(ends);
}

/* --- host --- */

static void os_clock_never_runs_back(void **state)
{
    const struct leat_host *host = leat_os_host();
    int64_t last = leat_os_now_ns();

    (void)state;
    assert_true(last > 0);
    for (int i = 0; i < 10000; i++) {
        const int64_t now = host->now_ns(host->context);

        assert_true(now >= last);
        last = now;
    }
}

static void os_barrier_is_there_where_the_kernel_has_it(void **state)
{
    const struct leat_host *host = leat_os_host();
    const long known = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    const bool has = known > 0 && (known & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(host->barrier(host->context), has);
    }
}

static void os_fault_is_one_line_and_the_end(void **state)
{
    static const struct {
        enum leat_fault_kind kind;
        const char *line;
    } table[] = {
        {LEAT_FAULT_DOUBLE_FREE, "leat: double free: object 0x10, block 0x20, at 0x30, at 0x40\n"},
        {LEAT_FAULT_FOREIGN_BLOCK, "leat: foreign block: object 0x10, block 0x20, at 0x30, at 0x40\n"},
        {LEAT_FAULT_INTERIOR_BLOCK, "leat: interior block: object 0x10, block 0x20, at 0x30, at 0x40\n"},
        {LEAT_FAULT_USE_AFTER_FREE, "leat: use after free: object 0x10, block 0x20, at 0x30, at 0x40\n"},
        {LEAT_FAULT_OVERFLOW, "leat: overflow: object 0x10, block 0x20, at 0x30, at 0x40\n"},
        {LEAT_FAULT_THREAD, "leat: wrong thread: object 0x10, block 0x20, at 0x30, at 0x40\n"},
        {(enum leat_fault_kind)99, "leat: unknown fault: object 0x10, block 0x20, at 0x30, at 0x40\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct leat_fault fault = {
            .kind = table[i].kind,
            .object = (void *)0x10,
            .block = (void *)0x20,
            .places = {(void *)0x30, NULL, (void *)0x40},
        };
        char line[300] = "";
        int ends[2];
        int status;
        pid_t child;

        make_pipe(ends, 0);
        child = fork();
        if (child == 0) {
            struct rlimit none = {.rlim_cur = 0};

            (void)setrlimit(RLIMIT_CORE, &none);
            (void)signal(SIGABRT, SIG_DFL); /* cmocka catches it */
            (void)dup2(ends[1], 2);
            leat_os_host()->fault(NULL, &fault);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(read(ends[0], line, sizeof line - 1) > 0);
        assert_string_equal(line, table[i].line);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        close_pipe(ends);
    }
}

static void os_error_has_words_for_every_number(void **state)
{
    (void)state;
    assert_string_equal(leat_os_error(ENOSPC), "No space left on device");
    assert_non_null(leat_os_error(0));
    assert_non_null(leat_os_error(-1));
    assert_non_null(leat_os_error(INT_MAX));
    assert_true(leat_os_cpus() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(os_memory_is_aligned_zeroed_and_given_back_whole),
        cmocka_unit_test(os_memory_refuses_nonsense),
        cmocka_unit_test(os_ring_shows_every_byte_twice),
        cmocka_unit_test(os_ring_size_is_whole_pages),
        cmocka_unit_test(os_ring_failure_leaves_nothing_behind),
        cmocka_unit_test(os_ring_survives_each_refused_call),
        cmocka_unit_test(os_from_dev_fills_over_the_end_in_one_call),
        cmocka_unit_test(os_two_reads_lose_what_the_first_got_and_one_does_not),
        cmocka_unit_test(os_from_dev_tells_end_nothing_and_error_apart),
        cmocka_unit_test(os_to_dev_drains_over_the_end_in_one_call),
        cmocka_unit_test(os_to_dev_keeps_what_was_not_taken),
        cmocka_unit_test(os_to_dev_says_when_the_reader_is_gone),
        cmocka_unit_test(os_from_dev_goes_on_after_a_signal),
        cmocka_unit_test(os_clock_never_runs_back),
        cmocka_unit_test(os_barrier_is_there_where_the_kernel_has_it),
        cmocka_unit_test(os_fault_is_one_line_and_the_end),
        cmocka_unit_test(os_error_has_words_for_every_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
