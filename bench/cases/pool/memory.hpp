/* SPDX-License-Identifier: MIT */
/*
 * What a live block costs in memory. It is measured in a program started for it alone, because this one may hold memory from other cases:
 * the worker starts itself, with a word in the environment that makes it measure, write the figure and end before main().
 */
#include <cstdio>
#include <cstring>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

constexpr int64_t memory_blocks = 1000000;
constexpr char memory_word[] = "BENCH_POOL_MEMORY";

/* This process's memory in bytes, or -1. */
static int64_t memory_held()
{
    char line[128];
    long long kilobytes = -1;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    if (file == nullptr) {
        return -1;
    }
    while (kilobytes < 0 && fgets(line, sizeof(line), file) != nullptr) {
        sscanf(line, "Rss: %lld", &kilobytes);
    }
    fclose(file);
    return kilobytes < 0 ? -1 : kilobytes * 1024;
}

enum memory_when { when_live = 'l', when_free = 'f', when_created = 'c' };

/* What the process grew by, divided by the number of blocks; or, of a pool that was created and not used yet, altogether; or below 0. */
static double memory_of(memory_when when)
{
    void *map =
        mmap(nullptr, size_t(memory_blocks) * sizeof(void *), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (map == MAP_FAILED) {
        return -1;
    }
    auto **blocks = static_cast<uint64_t **>(map);
    try {
        {
            /* What the library takes once, whatever it is used for, is not the blocks'. */
            peer<64> before(1, false);
            void *block = before.alloc(0);
            bench::use(block);
            before.free(0, block);
        }
        memory_held(); /* and so with what reading a file takes */
        int64_t before = memory_held();
        peer<64> subject(memory_blocks, false);
        int64_t after = memory_held();
        for (int64_t i = 0; when != when_created && i < memory_blocks; i++) {
            blocks[i] = static_cast<uint64_t *>(subject.alloc(0));
            if (blocks[i] == nullptr) {
                return -1;
            }
            memset(blocks[i], int(i & 0xff), 64);
            bench::use(blocks[i]);
        }
        if (when == when_live) {
            after = memory_held();
        }
        for (int64_t i = 0; when != when_created && i < memory_blocks; i++) {
            subject.free(0, blocks[i]);
        }
        if (when == when_free) {
            after = memory_held();
        }
        return before < 0 || after < before ? -1 : double(after - before) / double(when == when_created ? 1 : memory_blocks);
    } catch (const bench::failure &) {
        return -1;
    }
}

static const bool memory_done = [] {
    if (const char *word = getenv(memory_word)) {
        dprintf(STDOUT_FILENO, "%.3f\n", memory_of(memory_when(word[0])));
        _exit(0);
    }
    return true;
}();

template <memory_when When> struct memory {
    /* The answer of a program of its own, or below 0. */
    static double ask()
    {
        int ends[2];
        pid_t child;
        char name[] = "worker", text[64] = "";
        char *arguments[] = {name, nullptr};
        posix_spawn_file_actions_t actions;
        if (pipe(ends) != 0) {
            return -1;
        }
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addclose(&actions, ends[0]);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        const char word[] = {When, 0};
        setenv(memory_word, word, 1);
        int rc = posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments, environ);
        unsetenv(memory_word);
        posix_spawn_file_actions_destroy(&actions);
        close(ends[1]);
        ssize_t bytes = rc == 0 ? read(ends[0], text, sizeof(text) - 1) : 0; /* it is written in one piece */
        close(ends[0]);
        if (rc == 0) {
            waitpid(child, nullptr, 0);
        }
        return bytes > 0 ? atof(text) : -1;
    }

    void first(bench::slice &s)
    {
        double bytes = ask();
        s.value = bytes < 0 ? 0 : bytes;
        s.wrong = bytes < 0 ? "its memory could not be measured" : nullptr;
        /* No figure of time: the slice is as long as it should be. */
        s.start_ns = bench::now_ns();
        s.end_ns = s.start_ns + s.length_ns;
        s.operations = 1;
    }
};

#define POOL_MEMORY(tail, when, words, one)                                                                                         \
    static bench::add<memory<when>> memory_##when                                                                                   \
    {                                                                                                                               \
        {                                                                                                                           \
            .name = "pool-memory-" tail, .title = words,                                                                            \
            .rules = "in a program of its own one thread takes 1,000,000 blocks, writes every byte and gives all back; the growth " \
                     "of the process since the library served its first block",                                                     \
            .what = one, .in = bench::bytes_per_item, .warm_ns = 0, .rounds_max = 1                                                 \
        }                                                                                                                           \
    }
POOL_MEMORY("64", when_live, "memory per live block of 64 B, a million live", "block");
POOL_MEMORY("free-64", when_free, "memory per block of 64 B, a million free again", "block");
POOL_MEMORY("created", when_created, "memory of a pool of 64 B that was not used yet", "pool");
