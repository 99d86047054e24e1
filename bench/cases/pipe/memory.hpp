/* SPDX-License-Identifier: MIT */
/* What a queued item takes, measured from outside: the pages that a child process gains by opening a pipe and filling it. */
#include "cases/pipe/support/flow.hpp"

#include <cstdio>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

template <size_t Bytes> struct memory_per_item {
    using item_type = item<Bytes>;
    static constexpr size_t depth = 65536;

    /* Bytes of anonymous memory in this process: exact, unlike statm, and without the code that is paged in. 0: not to be had. */
    static long resident_bytes()
    {
        long kib = 0;
        char line[256];
        FILE *file = fopen("/proc/self/smaps_rollup", "r");
        if (file == nullptr) {
            return 0;
        }
        while (fgets(line, sizeof(line), file) != nullptr && sscanf(line, "Anonymous: %ld", &kib) != 1) {
        }
        fclose(file);
        return kib * 1024;
    }

    /* In the child. Returns bytes per item; below 0: it failed. */
    static double fill()
    {
        malloc_trim(0); /* pages the parent has left free are no gift to the peer */
        resident_bytes();
        long before = resident_bytes();
        auto *subject = new peer<item_type, depth>;
        uint64_t count = 0;
        if constexpr (in_place<peer<item_type, depth>>) {
            while (count < depth) {
                compose(*subject->back(), count + 1);
                if (!subject->push()) {
                    break;
                }
                subject->flush();
                count++;
            }
        } else {
            item_type item;
            compose(item, 1);
            while (count < depth && subject->put(item)) {
                compose(item, ++count + 1);
            }
        }
        long after = resident_bytes();
        expectation expected;
        while (expected.seen < count && expected.wrong == nullptr) {
            receive<item_type>(*subject, expected);
        }
        return before == 0 || count + 1 < depth || expected.wrong != nullptr ? -1 : double(after - before) / double(count);
    }

    void first(bench::slice &s)
    {
        int ends[2];
        double bytes = -1;
        s.start_ns = bench::now_ns();
        if (pipe(ends) == 0) {
            pid_t child = fork();
            if (child == 0) {
                bytes = fill();
                _exit(write(ends[1], &bytes, sizeof(bytes)) == ssize_t(sizeof(bytes)) ? 0 : 1);
            }
            close(ends[1]);
            if (read(ends[0], &bytes, sizeof(bytes)) != ssize_t(sizeof(bytes))) {
                bytes = -1;
            }
            close(ends[0]);
            if (child > 0) {
                waitpid(child, nullptr, 0);
            }
        }
        s.end_ns = bench::now_ns();
        s.operations = 1;
        s.value = bytes;
        if (bytes < 0) {
            s.wrong = "65536 items could not be queued, or came out wrong";
        }
    }
};

#define PIPE_MEMORY_RULES                                                                                                                \
    "a fresh process opens a pipe for 65536 items and queues as many, each flushed, nothing taken; its anonymous resident memory after " \
    "that, "                                                                                                                             \
    "less what it had before, over the items"
static bench::add<memory_per_item<8>> memory_8{{.name = "pipe-memory-8",
                                                .title = "memory per queued item of 8 B",
                                                .rules = PIPE_MEMORY_RULES,
                                                .what = "item",
                                                .in = bench::bytes_per_item,
                                                .warm_ns = 0,
                                                .rounds_max = 1}};
static bench::add<memory_per_item<64>> memory_64{{.name = "pipe-memory-64",
                                                  .title = "memory per queued item of 64 B",
                                                  .rules = PIPE_MEMORY_RULES,
                                                  .what = "item",
                                                  .in = bench::bytes_per_item,
                                                  .warm_ns = 0,
                                                  .rounds_max = 1}};
