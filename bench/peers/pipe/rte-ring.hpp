/* SPDX-License-Identifier: MIT */
/*
 * DPDK's rte_ring with elements of the item's size, single producer, single consumer, in memory of our own: no EAL is started.
 * needs: package=libdpdk-dev pkgconfig=libdpdk
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wvolatile"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <rte_ring_elem.h>
#pragma GCC diagnostic pop

#include <bit>
#include <cstdlib>

const bench::peer_about bench::this_peer = {
    bench::inlined, bench::peer_role, "rte_ring_elem, SP/SC, exact size, built with the flags DPDK asks for; many by burst; no sleepers"};

template <class Item, size_t Capacity> struct peer {
    rte_ring *ring;

    peer()
    {
        ssize_t bytes = rte_ring_get_memsize_elem(sizeof(Item), std::bit_ceil(unsigned(Capacity + 1)));
        ring = bytes > 0 ? static_cast<rte_ring *>(aligned_alloc(128, (size_t(bytes) + 127) & ~size_t(127))) : nullptr;
        if (ring == nullptr || rte_ring_init(ring, "bench", Capacity, RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ) != 0) {
            ::free(ring);
            throw bench::failure{"no ring to be had"};
        }
    }
    peer(const peer &) = delete;
    ~peer()
    {
        ::free(ring);
    }
    BENCH_INLINE bool put(const Item &item)
    {
        return rte_ring_sp_enqueue_elem(ring, const_cast<Item *>(&item), sizeof(Item)) == 0;
    }
    BENCH_INLINE bool get(Item &item)
    {
        return rte_ring_sc_dequeue_elem(ring, &item, sizeof(Item)) == 0;
    }
    BENCH_INLINE size_t put_many(const Item *items, size_t count)
    {
        return rte_ring_sp_enqueue_burst_elem(ring, items, sizeof(Item), unsigned(count), nullptr);
    }
    BENCH_INLINE size_t get_many(Item *items, size_t count)
    {
        return rte_ring_sc_dequeue_burst_elem(ring, items, sizeof(Item), unsigned(count), nullptr);
    }
};
