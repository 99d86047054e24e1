/* SPDX-License-Identifier: MIT */
/* For peers in the kernel: a chunk goes through a pair of descriptors that block. */
#ifndef BENCH_RING_DESCRIPTORS_HPP
#define BENCH_RING_DESCRIPTORS_HPP

#include <cerrno>
#include <cstdlib>
#include <sys/types.h>
#include <unistd.h>

struct descriptors {
    static constexpr bool in_place = false;

    int from = -1, to = -1; /* read from one, written to the other */

    descriptors() = default;
    descriptors(const descriptors &) = delete;
    ~descriptors()
    {
        if (from >= 0) {
            close(from);
            close(to);
        }
    }

    /* Nothing but a signal can end a call on a whole pair early: any other failure ends the worker, for the other side would wait on. */
    BENCH_INLINE bool put(const void *chunk, size_t bytes)
    {
        for (size_t done = 0; done < bytes;) {
            done += moved(write(to, static_cast<const char *>(chunk) + done, bytes - done));
        }
        return true;
    }
    BENCH_INLINE bool get(void *chunk, size_t bytes)
    {
        for (size_t done = 0; done < bytes;) {
            done += moved(read(from, static_cast<char *>(chunk) + done, bytes - done));
        }
        return true;
    }

  private:
    static size_t moved(ssize_t count)
    {
        if (count <= 0 && errno != EINTR) {
            abort();
        }
        return count > 0 ? size_t(count) : 0;
    }
};

#endif
