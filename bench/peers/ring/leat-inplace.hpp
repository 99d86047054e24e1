/* SPDX-License-Identifier: MIT */
/* leat's ring without a copy: chunks are filled and compared inside the ring. */
#include <leat/os.h>

const bench::peer_about bench::this_peer = {bench::inlined, bench::variant, "mirrored memory; no copy, filled and read inside the ring"};

template <size_t Ring> struct peer {
    static constexpr bool in_place = true;

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
    BENCH_INLINE void *reserve(size_t bytes)
    {
        void *span = nullptr; /* stays so when there is no room */
        leat_ring_reserve(&ring, int64_t(bytes), &span);
        return span;
    }
    BENCH_INLINE void commit(size_t bytes)
    {
        leat_ring_commit(&ring, int64_t(bytes));
    }
    BENCH_INLINE const void *peek(size_t bytes)
    {
        const void *span = nullptr;
        leat_ring_peek(&ring, int64_t(bytes), &span);
        return span;
    }
    BENCH_INLINE void consume(size_t bytes)
    {
        leat_ring_consume(&ring, int64_t(bytes));
    }
};
