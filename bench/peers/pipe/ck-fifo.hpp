/* SPDX-License-Identifier: MIT */
/*
 * Concurrency Kit's ck_fifo, SPSC: a linked list whose entries the writer recycles.
 * needs: package=libck-dev header=ck_fifo.h
 */
/* The header is C and brings locks that C++ does not take; the fifo needs none of these. */
#define CK_F_SPINLOCK_CLH
#define CK_F_SPINLOCK_HCLH
#define CK_F_SPINLOCK_MCS
#include <ck_fifo.h>

#include <cstdlib>
#include <type_traits>

const bench::peer_about bench::this_peer = {
    bench::inlined, bench::peer_role,
    "SPSC; 8 bytes go as its pointer, more lie beside the entry; entries recycled by its own call, first taken from an array; one by one"};

template <class Item, size_t Capacity> struct peer {
    struct node : ck_fifo_spsc_entry {
        Item item;
    };
    struct bare : ck_fifo_spsc_entry {
    };
    static constexpr bool by_value = sizeof(Item) == sizeof(void *);
    using entry = std::conditional_t<by_value, bare, node>;

    alignas(64) ck_fifo_spsc fifo;
    alignas(64) entry *entries; /* Capacity and the stub */
    size_t fresh = 1;           /* the writer's: entries from here on were never used */

    peer() : entries(static_cast<entry *>(aligned_alloc(64, ((Capacity + 1) * sizeof(entry) + 63) & ~size_t(63))))
    {
        if (entries == nullptr) {
            throw bench::failure{"no memory"};
        }
        ck_fifo_spsc_init(&fifo, &entries[0]);
    }
    peer(const peer &) = delete;
    ~peer()
    {
        ::free(entries);
    }
    BENCH_INLINE bool put(const Item &item)
    {
        auto *free_entry = static_cast<entry *>(ck_fifo_spsc_recycle(&fifo));
        if (free_entry == nullptr) {
            if (fresh > Capacity) {
                return false;
            }
            free_entry = &entries[fresh++];
        }
        if constexpr (by_value) {
            ck_fifo_spsc_enqueue(&fifo, free_entry, __builtin_bit_cast(void *, item));
        } else {
            free_entry->item = item;
            ck_fifo_spsc_enqueue(&fifo, free_entry, &free_entry->item);
        }
        return true;
    }
    BENCH_INLINE bool get(Item &item)
    {
        void *value;
        if (!ck_fifo_spsc_dequeue(&fifo, &value)) {
            return false;
        }
        if constexpr (by_value) {
            item = __builtin_bit_cast(Item, value);
        } else {
            item = *static_cast<const Item *>(value); /* its entry is the stub now, and so not recycled before the next get */
        }
        return true;
    }
    BENCH_INLINE size_t put_many(const Item *items, size_t count)
    {
        size_t done = 0;
        while (done < count && put(items[done])) {
            done++;
        }
        return done;
    }
    BENCH_INLINE size_t get_many(Item *items, size_t count)
    {
        size_t done = 0;
        while (done < count && get(items[done])) {
            done++;
        }
        return done;
    }
};
