/* SPDX-License-Identifier: MIT */
/* The textbook's bounded queue: a ring of items, a mutex and two condition variables. Who finds it full or empty sleeps. */
#include <pthread.h>

#include <memory>

const bench::peer_about bench::this_peer = {
    bench::inlined, bench::rival, "mutex and condition variables; sleeps at once where others look again; many items under one lock"};

template <class Item, size_t Capacity> struct peer {
    using sleeper = peer;
    static constexpr bool never_polls = true;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER, not_full = PTHREAD_COND_INITIALIZER;
    size_t head = 0, tail = 0, inside = 0;                                            /* under lock, as items */
    std::unique_ptr<Item[]> items = std::make_unique_for_overwrite<Item[]>(Capacity); /* not touched before it is used */

    ~peer()
    {
        pthread_cond_destroy(&not_full);
        pthread_cond_destroy(&not_empty);
        pthread_mutex_destroy(&lock);
    }
    BENCH_INLINE bool put(const Item &item)
    {
        put_many(&item, 1);
        return true;
    }
    BENCH_INLINE bool get(Item &item)
    {
        get_many(&item, 1);
        return true;
    }
    BENCH_INLINE size_t put_many(const Item *from, size_t count)
    {
        pthread_mutex_lock(&lock);
        while (inside == Capacity) {
            pthread_cond_wait(&not_full, &lock);
        }
        size_t fits = count < Capacity - inside ? count : Capacity - inside;
        for (size_t i = 0; i < fits; i++) {
            items[tail] = from[i];
            tail = tail + 1 == Capacity ? 0 : tail + 1;
        }
        inside += fits;
        pthread_cond_signal(&not_empty);
        pthread_mutex_unlock(&lock);
        return fits;
    }
    BENCH_INLINE size_t get_many(Item *to, size_t count)
    {
        pthread_mutex_lock(&lock);
        while (inside == 0) {
            pthread_cond_wait(&not_empty, &lock);
        }
        size_t has = count < inside ? count : inside;
        for (size_t i = 0; i < has; i++) {
            to[i] = items[head];
            head = head + 1 == Capacity ? 0 : head + 1;
        }
        inside -= has;
        pthread_cond_signal(&not_full);
        pthread_mutex_unlock(&lock);
        return has;
    }
    BENCH_INLINE void send(const Item &item)
    {
        put(item);
    }
    BENCH_INLINE void receive(Item &item)
    {
        get(item);
    }
};
