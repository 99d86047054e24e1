/* SPDX-License-Identifier: MIT */
/*
 * Concurrency Kit's ck_ring, SPSC, with the items themselves in the ring (CK_RING_PROTOTYPE).
 * needs: package=libck-dev header=ck_ring.h
 */
#include <ck_cc.h>
#include <ck_md.h>
#include <ck_pr.h>
#include <ck_stdbool.h>
#include <ck_string.h>

/* The header is C: one function, which is not used here, returns false for a null pointer. */
#define false 0
#include <ck_ring.h>
#undef false

#include <bit>
#include <cstdlib>

const bench::peer_about bench::this_peer = {bench::inlined, bench::peer_role,
                                            "SPSC, items in the ring; holds one less than its power of two; no call for many: one by one"};

/* What CK_RING_PROTOTYPE makes for one struct, for any. */
template <class Item, size_t Capacity> struct peer {
    static constexpr unsigned size = Capacity < 2 ? 2 : std::bit_ceil(unsigned(Capacity));
    ck_ring ring;
    Item *items;

    peer() : items(static_cast<Item *>(aligned_alloc(64, (size * sizeof(Item) + 63) & ~size_t(63))))
    {
        if (items == nullptr) {
            throw bench::failure{"no memory"};
        }
        ck_ring_init(&ring, size);
    }
    peer(const peer &) = delete;
    ~peer()
    {
        ::free(items);
    }
    BENCH_INLINE bool put(const Item &item)
    {
        return _ck_ring_enqueue_sp(&ring, items, &item, sizeof(Item), nullptr);
    }
    BENCH_INLINE bool get(Item &item)
    {
        return _ck_ring_dequeue_sc(&ring, items, &item, sizeof(Item));
    }
    BENCH_INLINE size_t put_many(const Item *from, size_t count)
    {
        size_t done = 0;
        while (done < count && put(from[done])) {
            done++;
        }
        return done;
    }
    BENCH_INLINE size_t get_many(Item *to, size_t count)
    {
        size_t done = 0;
        while (done < count && get(to[done])) {
            done++;
        }
        return done;
    }
};
