/* SPDX-License-Identifier: MIT */
/* What all cases of the pipe share: the items, how one is written, taken and checked, and a fine clock. */
#ifndef BENCH_PIPE_FLOW_HPP
#define BENCH_PIPE_FLOW_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

/* Every word of an item holds its number, so a torn or mixed one shows. */
template <size_t Bytes> struct item {
    uint64_t words[Bytes / 8];
};

constexpr uint64_t last_number = UINT64_MAX; /* nothing comes after it in this slice */

template <class Item> BENCH_INLINE void compose(Item &item, uint64_t number)
{
    for (uint64_t &word : item.words) {
        word = number;
    }
}

/* The reader's view: numbers count up from 1. */
struct expectation {
    uint64_t seen = 0;
    bool ended = false;
    const char *wrong = nullptr;

    template <class Item> BENCH_INLINE void check(const Item &item)
    {
        constexpr size_t last = sizeof(item.words) / 8 - 1;
        if (__builtin_expect(item.words[0] != seen + 1 || item.words[last] != seen + 1, false)) {
            odd(item.words[0], item.words[last]);
        } else {
            seen++;
        }
    }

  private:
    __attribute__((cold, noinline)) void odd(uint64_t first, uint64_t last)
    {
        if (first == last_number && last == last_number) {
            ended = true;
        } else if (first != last) {
            wrong = "an item came out torn";
            seen++;
        } else {
            wrong = "an item came out that was not the next one written";
            seen = first;
        }
    }
};

/* Peers whose items are composed and read in their place have back(), push(), flush(), front() and pop(); the others copy. */
template <class Peer>
concept in_place = requires(Peer &peer)
{
    peer.front();
};

/* Those that also do so for runs of places. */
template <class Peer>
concept in_place_many = requires(Peer &peer)
{
    peer.front_many(1);
};

/* One item is written and visible. */
template <class Item, class Peer> BENCH_INLINE void send(Peer &peer, uint64_t number)
{
    if constexpr (in_place<Peer>) {
        compose(*peer.back(), number);
        while (!peer.push()) {
        }
        peer.flush();
    } else {
        Item item;
        compose(item, number);
        while (!peer.put(item)) {
        }
    }
}

/* One item is taken and checked. */
template <class Item, class Peer> BENCH_INLINE void receive(Peer &peer, expectation &expected)
{
    if constexpr (in_place<Peer>) {
        const Item *item;
        while ((item = peer.front()) == nullptr) {
        }
        expected.check(*item);
        peer.pop();
    } else {
        Item item;
        while (!peer.get(item)) {
        }
        expected.check(item);
    }
}

/* `count` items from `number` on are written, and visible together as far as there is room for all. */
template <class Item, size_t Most, class Peer> BENCH_INLINE void send_many(Peer &peer, uint64_t number, size_t count)
{
    if constexpr (in_place_many<Peer>) {
        for (size_t sent = 0; sent < count;) {
            auto run = peer.back_many(count - sent);
            auto place = run.first;
            for (int64_t i = 0; i < run.count; i++, place += run.step) {
                compose(*reinterpret_cast<Item *>(place), number + sent + uint64_t(i));
            }
            size_t pushed = peer.push_many(size_t(run.count));
            sent += pushed;
            if (pushed == 0) {
                peer.flush();
            }
        }
        peer.flush();
    } else if constexpr (in_place<Peer>) {
        for (size_t i = 0; i < count; i++) {
            compose(*peer.back(), number + i);
            while (!peer.push()) {
                peer.flush();
            }
        }
        peer.flush();
    } else {
        Item items[Most];
        for (size_t i = 0; i < count; i++) {
            compose(items[i], number + i);
        }
        for (size_t sent = 0; sent < count;) {
            sent += peer.put_many(items + sent, count - sent);
        }
    }
}

/* At most Most items that are there are taken and checked; none may be there. */
template <class Item, size_t Most, class Peer> BENCH_INLINE void receive_many(Peer &peer, expectation &expected)
{
    if constexpr (in_place_many<Peer>) {
        for (size_t taken = 0; taken < Most;) {
            auto run = peer.front_many(Most - taken);
            if (run.count == 0) {
                break;
            }
            auto place = run.first;
            for (int64_t i = 0; i < run.count; i++, place += run.step) {
                expected.check(*reinterpret_cast<const Item *>(place));
            }
            peer.pop_many(size_t(run.count));
            taken += size_t(run.count);
        }
    } else if constexpr (in_place<Peer>) {
        const Item *item;
        for (size_t i = 0; i < Most && (item = peer.front()) != nullptr; i++) {
            expected.check(*item);
            peer.pop();
        }
    } else {
        Item items[Most];
        size_t count = peer.get_many(items, Most);
        for (size_t i = 0; i < count; i++) {
            expected.check(items[i]);
        }
    }
}

/* A clock in ticks of its own, in step on all cores. */
BENCH_INLINE uint64_t ticks()
{
#if defined(__x86_64__)
    unsigned cpu;
    return __builtin_ia32_rdtscp(&cpu);
#else
    return uint64_t(bench::now_ns());
#endif
}

/* Durations in ticks, of which median and 99th percentile are wanted in ns. Those beyond its room are not kept. */
struct durations {
    std::vector<uint64_t> ticks_each;
    size_t count = 0;

    explicit durations(size_t room) : ticks_each(room) /* touched here, not while it is measured */
    {
    }
    BENCH_INLINE void add(uint64_t duration)
    {
        if (count < ticks_each.size()) {
            ticks_each[count++] = duration;
        }
    }
    /* What was added since the last call becomes the slice's figures; elapsed ticks are the slice's length, to know a tick's. */
    void report(bench::slice &s, uint64_t elapsed)
    {
        double ns = double(s.end_ns - s.start_ns) / double(elapsed);
        s.value = at(count / 2) * ns;
        s.p99 = at(count * 99 / 100) * ns;
        count = 0;
    }

  private:
    double at(size_t rank)
    {
        if (count == 0) {
            return 0;
        }
        std::nth_element(ticks_each.begin(), ticks_each.begin() + ptrdiff_t(rank), ticks_each.begin() + ptrdiff_t(count));
        return double(ticks_each[rank]);
    }
};

/* A peer that puts its reader to sleep and wakes it says with what: peer::sleeper, with send(item) and receive(item). */
struct no_sleeper {
};
template <class Peer> struct sleeper_of {
    using type = no_sleeper;
};
template <class Peer>
requires requires
{
    typename Peer::sleeper;
}
struct sleeper_of<Peer> {
    using type = typename Peer::sleeper;
};

/* A peer that sleeps as soon as it finds nothing cannot be polled. */
template <class Peer> constexpr bool polls = !requires
{
    Peer::never_polls;
};

#endif
