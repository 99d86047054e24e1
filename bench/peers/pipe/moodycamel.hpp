/* SPDX-License-Identifier: MIT */
/*
 * moodycamel::ReaderWriterQueue, allocated in advance and never grown; where the reader sleeps, BlockingReaderWriterQueue.
 * needs: package=libreaderwriterqueue-dev header=readerwriterqueue/readerwriterqueue.h
 */
#include <readerwriterqueue/readerwriterqueue.h>

const bench::peer_about bench::this_peer = {
    bench::inlined, bench::peer_role,
    "1.0.6, try_enqueue, allocated in advance in its blocks of 512, which hold somewhat more than asked; no call for many: one by one"};

/* The semaphore beside the queue spins before it sleeps. */
template <class Item, size_t Capacity> struct blocking {
    moodycamel::BlockingReaderWriterQueue<Item> queue{Capacity};

    BENCH_INLINE void send(const Item &item)
    {
        queue.try_enqueue(item);
    }
    BENCH_INLINE void receive(Item &item)
    {
        queue.wait_dequeue(item);
    }
};

template <class Item, size_t Capacity> struct peer {
    using sleeper = blocking<Item, Capacity>;
    moodycamel::ReaderWriterQueue<Item> queue{Capacity};

    BENCH_INLINE bool put(const Item &item)
    {
        return queue.try_enqueue(item);
    }
    BENCH_INLINE bool get(Item &item)
    {
        return queue.try_dequeue(item);
    }
    BENCH_INLINE size_t put_many(const Item *items, size_t count)
    {
        size_t done = 0;
        while (done < count && queue.try_enqueue(items[done])) {
            done++;
        }
        return done;
    }
    BENCH_INLINE size_t get_many(Item *items, size_t count)
    {
        size_t done = 0;
        while (done < count && queue.try_dequeue(items[done])) {
            done++;
        }
        return done;
    }
};
