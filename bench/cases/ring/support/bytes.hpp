/* SPDX-License-Identifier: MIT */
/* What all cases of the byte ring share: a chunk of bytes, how one is filled, written, read and checked. */
#ifndef BENCH_RING_BYTES_HPP
#define BENCH_RING_BYTES_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>

constexpr uint64_t last_word = UINT64_MAX; /* a chunk of these ends the slice */
constexpr size_t batch_chunks = 32;

/* The words of all chunks count up from 0. The same code fills for all peers, wherever the chunk lies. */
template <size_t Bytes> BENCH_INLINE void fill(void *chunk, uint64_t from)
{
    uint64_t *words = static_cast<uint64_t *>(chunk);
    for (size_t i = 0; i < Bytes / 8; i++) {
        words[i] = from + i;
    }
    bench::use(chunk);
}

/* The reader's view. */
struct expectation {
    uint64_t next = 0; /* the first word of the chunk that should come */
    int64_t seen = 0;
    bool ended = false;
    const char *wrong = nullptr;

    /* Every word is read and compared. */
    template <size_t Bytes> BENCH_INLINE void check(const void *chunk)
    {
        bench::use(chunk);
        const uint64_t *words = static_cast<const uint64_t *>(chunk);
        uint64_t differs = 0;
        for (size_t i = 0; i < Bytes / 8; i++) {
            differs |= words[i] ^ (next + i);
        }
        next += Bytes / 8;
        seen++;
        if (__builtin_expect(differs != 0, false)) {
            odd(words, Bytes / 8);
        }
    }

  private:
    __attribute__((cold, noinline)) void odd(const uint64_t *words, size_t count)
    {
        if (words[0] == last_word && words[count - 1] == last_word) {
            ended = true;
            seen--;
        } else {
            wrong = "bytes came out that were not the next ones written";
            next = words[count - 1] + 1;
        }
    }
};

/* The ring of one case, and a buffer for each side that stays unused where the peer is used in place. */
template <size_t Bytes, size_t Ring, size_t Together = 1> struct stream {
    peer<Ring> subject;
    alignas(128) unsigned char written[Bytes * Together];
    alignas(128) unsigned char read[Bytes];
    static_assert(Bytes % 8 == 0 && Ring % 4096 == 0 && Bytes * Together * 4 <= Ring);

    /* Once around, a page at a time, so that all memory of the ring is there. */
    stream()
    {
        static constexpr size_t page = 4096;
        unsigned char bytes[page] = {};
        memset(written, 0, sizeof(written));
        memset(read, 0, sizeof(read));
        for (size_t i = 0; i < Ring / page; i++) {
            if constexpr (peer<Ring>::in_place) {
                memset(subject.reserve(page), 0, page);
                subject.commit(page);
                bench::use(subject.peek(page));
                subject.consume(page);
            } else if (!subject.put(bytes, page) || !subject.get(bytes, page)) {
                throw bench::failure{"a page does not go through the empty ring"};
            }
        }
    }

    /* One chunk is written and can be read. */
    BENCH_INLINE void send(uint64_t from)
    {
        if constexpr (peer<Ring>::in_place) {
            void *chunk;
            while ((chunk = subject.reserve(Bytes)) == nullptr) {
            }
            fill<Bytes>(chunk, from);
            subject.commit(Bytes);
        } else {
            fill<Bytes>(written, from);
            while (!subject.put(written, Bytes)) {
            }
        }
    }

    /* All chunks of a batch are filled, written in one piece and can be read from one moment on. */
    BENCH_INLINE void send_together(uint64_t from)
    {
        if constexpr (peer<Ring>::in_place) {
            void *chunks;
            while ((chunks = subject.reserve(Bytes * Together)) == nullptr) {
            }
            for (size_t i = 0; i < Together; i++) {
                fill<Bytes>(static_cast<char *>(chunks) + i * Bytes, from + i * (Bytes / 8));
            }
            subject.commit(Bytes * Together);
        } else {
            for (size_t i = 0; i < Together; i++) {
                fill<Bytes>(written + i * Bytes, from + i * (Bytes / 8));
            }
            while (!subject.put(written, Bytes * Together)) {
            }
        }
    }

    void send_end()
    {
        if constexpr (peer<Ring>::in_place) {
            void *chunk;
            while ((chunk = subject.reserve(Bytes)) == nullptr) {
            }
            memset(chunk, 0xff, Bytes);
            subject.commit(Bytes);
        } else {
            memset(written, 0xff, Bytes);
            while (!subject.put(written, Bytes)) {
            }
        }
    }

    /* One chunk is read and checked. */
    BENCH_INLINE void receive(expectation &expected)
    {
        if constexpr (peer<Ring>::in_place) {
            const void *chunk;
            while ((chunk = subject.peek(Bytes)) == nullptr) {
            }
            expected.template check<Bytes>(chunk);
            subject.consume(Bytes);
        } else {
            while (!subject.get(read, Bytes)) {
            }
            expected.template check<Bytes>(read);
        }
    }
};

/* Two threads on two cores; Together chunks become readable at once. */
template <size_t Bytes, size_t Ring, size_t Together = 1> struct flow {
    stream<Bytes, Ring, Together> bytes;

    void first(bench::slice &s)
    {
        expectation expected;
        s.start_ns = bench::now_ns();
        while (!expected.ended) {
            bytes.receive(expected);
        }
        s.end_ns = bench::now_ns();
        s.operations = expected.seen;
        s.wrong = expected.wrong;
    }

    void second(bench::slice &s)
    {
        const int64_t batch = s.batch;
        const int64_t start_ns = bench::now_ns();
        uint64_t next = 0;
        int64_t sent = 0;
        do {
            for (int64_t i = 0; i < batch; i += Together) {
                if constexpr (Together > 1) {
                    bytes.send_together(next);
                } else {
                    bytes.send(next);
                }
                next += Bytes / 8 * Together;
                sent += Together;
            }
        } while (bench::now_ns() - start_ns < s.length_ns);
        bytes.send_end();
        s.operations = sent;
    }
};

#define RING_RULES(shown, ring)                                                                                                \
    "one thread fills all 8-byte words of a chunk and writes it to the ring, " shown "; the other reads a whole chunk and "    \
    "compares every word; peers used in place fill and compare inside the ring, all others in a buffer of each side's; the "   \
    "ring was asked for " ring " and all its memory touched; who finds it full or empty looks again at once, unless the peer " \
    "sleeps by itself; nobody has to be woken"

#endif
