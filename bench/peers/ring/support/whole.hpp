/* SPDX-License-Identifier: MIT */
/* For peers that write or read less than asked for: a chunk goes as a whole or not at all. */
#ifndef BENCH_RING_WHOLE_HPP
#define BENCH_RING_WHOLE_HPP

/* move(done) moves some of what comes after the first `done` bytes, and says how many. Once begun, a chunk is finished. */
template <class Move> BENCH_INLINE bool whole(size_t bytes, Move move)
{
    size_t done = move(0);
    if (done == 0) {
        return false;
    }
    while (__builtin_expect(done < bytes, false)) {
        done += move(done);
    }
    return true;
}

#endif
