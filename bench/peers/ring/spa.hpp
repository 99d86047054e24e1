/* SPDX-License-Identifier: MIT */
/*
 * The ring buffer of PipeWire's SPA: two free-running indices side by side, all of it inline; the memory is the caller's.
 * needs: package=libspa-0.2-dev pkgconfig=libspa-0.2
 */
#include <cstdlib>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter" /* its own */
#include <spa/utils/ringbuffer.h>
#pragma GCC diagnostic pop

const bench::peer_about bench::this_peer = {bench::inlined, bench::peer_role, "PipeWire's spa_ringbuffer"};

template <size_t Ring> struct peer {
    static constexpr bool in_place = false;

    alignas(128) spa_ringbuffer ring;
    alignas(128) void *const memory = aligned_alloc(4096, Ring);

    peer()
    {
        if (memory == nullptr) {
            throw bench::failure{"no memory to be had"};
        }
        spa_ringbuffer_init(&ring);
    }
    ~peer()
    {
        free(memory);
    }
    BENCH_INLINE bool put(const void *chunk, size_t bytes)
    {
        uint32_t index;
        int32_t inside = spa_ringbuffer_get_write_index(&ring, &index);
        if (Ring - size_t(inside) < bytes) {
            return false;
        }
        spa_ringbuffer_write_data(&ring, memory, Ring, index & (Ring - 1), chunk, uint32_t(bytes));
        spa_ringbuffer_write_update(&ring, int32_t(index + uint32_t(bytes)));
        return true;
    }
    BENCH_INLINE bool get(void *chunk, size_t bytes)
    {
        uint32_t index;
        int32_t inside = spa_ringbuffer_get_read_index(&ring, &index);
        if (size_t(inside) < bytes) {
            return false;
        }
        spa_ringbuffer_read_data(&ring, memory, Ring, index & (Ring - 1), chunk, uint32_t(bytes));
        spa_ringbuffer_read_update(&ring, int32_t(index + uint32_t(bytes)));
        return true;
    }
};
