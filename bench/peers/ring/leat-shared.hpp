/* SPDX-License-Identifier: MIT */
/* leat's ring in memory mapped twice, through the library's own leat_ring_write and leat_ring_read, never those of the header. */
#include <leat/os.h>

#include "peers/ring/support/whole.hpp"

extern "C" {
int64_t leat_called_write(leat_ring *ring, const void *data, int64_t bytes) __asm__("leat_ring_write");
int64_t leat_called_read(leat_ring *ring, void *data, int64_t bytes) __asm__("leat_ring_read");
}

const bench::peer_about bench::this_peer = {bench::shared, bench::leat, "mirrored memory; one call copies in, one copies out"};

template <size_t Ring> struct peer {
    static constexpr bool in_place = false;

    leat_ring ring;

    peer()
    {
        if (leat_os_ring_create(&ring, Ring) != 0) {
            throw bench::failure{"no ring to be had"};
        }
    }
    ~peer()
    {
        leat_os_ring_destroy(&ring);
    }
    BENCH_INLINE bool put(const void *chunk, size_t bytes)
    {
        return whole(bytes, [&](size_t done) {
            return size_t(leat_called_write(&ring, static_cast<const char *>(chunk) + done, int64_t(bytes - done)));
        });
    }
    BENCH_INLINE bool get(void *chunk, size_t bytes)
    {
        return whole(
            bytes, [&](size_t done) { return size_t(leat_called_read(&ring, static_cast<char *>(chunk) + done, int64_t(bytes - done))); });
    }
};
