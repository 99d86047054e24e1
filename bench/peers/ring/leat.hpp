/* SPDX-License-Identifier: MIT */
/* leat's ring in memory mapped twice, through its inline calls: a span is reserved, copied into and committed. */
#include <cstring>
#include <leat/os.h>

const bench::peer_about bench::this_peer = {bench::inlined, bench::leat, "mirrored memory; copied into and out of a span"};

template <size_t Ring> struct peer {
    static constexpr bool in_place = false;

    leat_ring ring;
    alignas(128) int64_t hidden = 0; /* the producer's: bytes copied in and not yet committed */

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
        void *span;
        if (leat_ring_reserve(&ring, int64_t(bytes), &span) == 0) {
            return false;
        }
        memcpy(span, chunk, bytes);
        leat_ring_commit(&ring, int64_t(bytes));
        return true;
    }
    BENCH_INLINE bool get(void *chunk, size_t bytes)
    {
        const void *span;
        if (leat_ring_peek(&ring, int64_t(bytes), &span) == 0) {
            return false;
        }
        memcpy(chunk, span, bytes);
        leat_ring_consume(&ring, int64_t(bytes));
        return true;
    }
    BENCH_INLINE bool put_hidden(const void *chunk, size_t bytes)
    {
        void *span;
        if (leat_ring_reserve(&ring, hidden + int64_t(bytes), &span) == 0) {
            return false;
        }
        memcpy(static_cast<char *>(span) + hidden, chunk, bytes);
        hidden += int64_t(bytes);
        return true;
    }
    BENCH_INLINE void publish()
    {
        leat_ring_commit(&ring, hidden);
        hidden = 0;
    }
};
