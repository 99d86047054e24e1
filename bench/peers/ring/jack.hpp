/* SPDX-License-Identifier: MIT */
/*
 * JACK's ring buffer, through calls into libjack.
 * needs: package=libjack-jackd2-dev header=jack/ringbuffer.h link=-ljack
 */
#include <jack/ringbuffer.h>

#include "peers/ring/support/whole.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::peer_role, "jackd2; holds a byte less than the ring's size"};

template <size_t Ring> struct peer {
    static constexpr bool in_place = false;

    jack_ringbuffer_t *ring = jack_ringbuffer_create(Ring);

    peer()
    {
        if (ring == nullptr) {
            throw bench::failure{"no ring to be had"};
        }
    }
    ~peer()
    {
        jack_ringbuffer_free(ring);
    }
    BENCH_INLINE bool put(const void *chunk, size_t bytes)
    {
        return whole(bytes,
                     [&](size_t done) { return jack_ringbuffer_write(ring, static_cast<const char *>(chunk) + done, bytes - done); });
    }
    BENCH_INLINE bool get(void *chunk, size_t bytes)
    {
        return whole(bytes, [&](size_t done) { return jack_ringbuffer_read(ring, static_cast<char *>(chunk) + done, bytes - done); });
    }
};
