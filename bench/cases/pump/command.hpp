/* SPDX-License-Identifier: MIT */
/* Whole commands, from start to end, so that what a program costs to start is in it. */
#include "cases/pump/support/frames.hpp"

#include <memory>

template <bool ToPipe> struct pump_command {
    std::string path = pump_path(), text = command(ToPipe);
    std::unique_ptr<unsigned char[]> piece{new unsigned char[pump_piece_bytes]()};

    pump_command()
    {
        pump_make_file();
    }
    void first(bench::slice &s)
    {
        bench::everywhere guard; /* for the command, and for who drains it */
        int ends[2] = {-1, -1};
        int64_t total = pump_bytes;
        if (ToPipe && pipe2(ends, O_CLOEXEC) != 0) {
            s.wrong = "no pipe to be had";
            return;
        }
        s.start_ns = bench::now_ns();
        pid_t child = pump_start(text.c_str(), path.c_str(), ends[1]);
        if (ToPipe) {
            close(ends[1]);
            total = pump_drain(ends[0], piece.get());
            close(ends[0]);
        }
        s.wrong = pump_end(child);
        s.end_ns = bench::now_ns();
        s.operations = 1;
        if (s.wrong == nullptr && total != pump_bytes) {
            s.wrong = "what came out is not what went in";
        }
    }
};

#define PUMP_RULES                                                                                                        \
    "one run of the command per slice, from its start to its exit, on any core; it carries a file of 256 MiB in memory, " \
    "/dev/shm/leat-bench-UID.frames, made once and kept, of frames of 1 KiB (t16l32be, 1018 B of value); it must exit with status 0"
static bench::add<pump_command<false>> pump_null{{.name = "pump-null",
                                                  .title = "a file of 256 MiB to nowhere, whole command",
                                                  .rules = PUMP_RULES "; standard output is /dev/null",
                                                  .what = "run",
                                                  .in = bench::gigabytes_per_s,
                                                  .bytes = pump_bytes,
                                                  .slice_ns = 0,
                                                  .warm_ns = 0,
                                                  .rounds_max = 8}};
static bench::add<pump_command<true>> pump_pipe{
    {.name = "pump-pipe",
     .title = "a file of 256 MiB into a pipe, whole command",
     .rules =
         PUMP_RULES "; standard output is a pipe of the default size that the worker reads empty, 1 MiB at most at a time, on any core; "
                    "it counts the bytes and compares the first whole frame of each read",
     .what = "run",
     .in = bench::gigabytes_per_s,
     .bytes = pump_bytes,
     .slice_ns = 0,
     .warm_ns = 0,
     .rounds_max = 8}};
