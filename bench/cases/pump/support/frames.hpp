/* SPDX-License-Identifier: MIT */
/* The file that all commands carry, and how one of them is run. */
#ifndef BENCH_PUMP_FRAMES_HPP
#define BENCH_PUMP_FRAMES_HPP

#include "worker/everywhere.hpp"

#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

constexpr int64_t pump_bytes = 256 << 20;
constexpr size_t pump_frame_bytes = 1024, pump_header_bytes = 6, pump_piece_bytes = 1 << 20;

/* Frame `number` of the file, in the dialect t16l32be: type, length of the value, the number, then filling. */
inline void pump_frame(uint64_t number, unsigned char *frame)
{
    uint64_t length = pump_frame_bytes - pump_header_bytes;
    memset(frame, 0x5a, pump_frame_bytes);
    frame[0] = 0;
    frame[1] = 1;
    for (int i = 0; i < 4; i++) {
        frame[2 + i] = (unsigned char)(length >> (24 - 8 * i));
    }
    memcpy(frame + pump_header_bytes, &number, sizeof(number));
}

inline std::string pump_path()
{
    return "/dev/shm/leat-bench-" + std::to_string(getuid()) + ".frames";
}

/* Written once for all workers: under a name of its own, so that nobody meets half a file. */
inline void pump_make_file()
{
    struct stat found;
    std::string path = pump_path(), fresh = path + "." + std::to_string(getpid());
    if (stat(path.c_str(), &found) == 0 && found.st_size == pump_bytes) {
        return;
    }
    FILE *file = fopen(fresh.c_str(), "wb");
    if (file == nullptr) {
        throw bench::failure{"no file to be had in /dev/shm"};
    }
    unsigned char frame[pump_frame_bytes];
    bool whole = true;
    for (uint64_t i = 0; whole && i < pump_bytes / pump_frame_bytes; i++) {
        pump_frame(i, frame);
        whole = fwrite(frame, sizeof(frame), 1, file) == 1;
    }
    whole = fclose(file) == 0 && whole;
    if (!whole || rename(fresh.c_str(), path.c_str()) != 0) {
        unlink(fresh.c_str());
        throw bench::failure{"no room for the file in /dev/shm"};
    }
}

/* Starts the command with the file's name in $IN, nothing to read and `out` as standard output. Returns its process, or -1. */
inline pid_t pump_start(const char *command, const char *path, int out)
{
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, STDIN_FILENO);
        dup2(out >= 0 ? out : null, STDOUT_FILENO);
        setenv("IN", path, 1);
        execl("/bin/sh", "sh", "-c", command, static_cast<char *>(nullptr));
        _exit(127);
    }
    return child;
}

/* Returns what is wrong with how the command ended, or nullptr. */
inline const char *pump_end(pid_t child)
{
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return "no process to be had";
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        return "the program is missing";
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? nullptr : "the command failed";
}

/* Reads all that comes out of the pipe. Returns its bytes, or -1: a frame is not where it belongs. */
inline int64_t pump_drain(int in, unsigned char *piece)
{
    int64_t total = 0;
    bool same = true;
    for (;;) {
        ssize_t got = read(in, piece, pump_piece_bytes);
        if (got <= 0) {
            return got == 0 && same ? total : -1;
        }
        int64_t skip = -total & int64_t(pump_frame_bytes - 1);
        if (got - skip >= int64_t(pump_frame_bytes)) {
            unsigned char frame[pump_frame_bytes];
            pump_frame(uint64_t(total + skip) / pump_frame_bytes, frame);
            same = same && memcmp(frame, piece + skip, sizeof(frame)) == 0;
        }
        total += got;
    }
}

#endif
