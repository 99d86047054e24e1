/* SPDX-License-Identifier: MIT */
/* leat's messages through its channel, between threads, and through its link, between processes; payload in blocks of a pool. */
#include "peers/link/support/leat.hpp"

#include <cstdio>
#include <cstring>
#include <leat/link.h>

/* Where one end listens, and what the other dials: the names of leat's own endpoints, unless the peer has others. */
#ifndef BENCH_ENDPOINTS
constexpr bool answers_too = true;
template <way Way, size_t> std::string listens()
{
    return Way == way::tcp ? std::string("tcp-listen://127.0.0.1:0") : "unix-listen:" + local_path();
}
template <way Way, size_t> std::string dials(leat_link *link)
{
    return Way == way::tcp ? leat_link_name(link) : "unix:" + local_path();
}
#endif

#ifndef BENCH_NO_THREAD
#define BENCH_NO_THREAD false
const bench::peer_about bench::this_peer = {
    bench::shared, bench::leat, "leat_msg from a pool; leat_channel in the process, leat_link (t8l32) between two; flushed by 64"};
#endif

#if BENCH_NO_THREAD || defined BENCH_ENDPOINTS
template <size_t, how> struct inside : impossible {
};
#else
template <size_t Bytes, how How> using inside = leat_inside<Bytes, How, false>;
#endif

/* A message is one frame: a byte of type, the payload's length in four, the payload. */
template <way Way, size_t Bytes> struct outside {
    static constexpr bool possible = true, both_ways = answers_too;
    static constexpr size_t header_bytes = 5, frame_bytes = header_bytes + Bytes;

    messages memory{frame_bytes};
    static constexpr int64_t most = 64; /* messages that are handed over at once */

    leat_link *link = nullptr;
    leat_msg out[most], in[most];
    int64_t out_count = 0, in_at = 0, in_count = 0;

    /* Nobody dials yet: the name is for who will. */
    outside() : outside(listens<Way, Bytes>(), LEAT_IN)
    {
    }
    explicit outside(const std::string &endpoint, unsigned direction = LEAT_OUT)
    {
        leat_link_options options = {};
        options.directions = both_ways ? LEAT_IN | LEAT_OUT : direction;
        options.dialect = leat_tlv_dialect("t8l32");
        options.high_water_messages = depth<Bytes>;
        options.no_thread = BENCH_NO_THREAD;
        options.receive_block_bytes = Bytes < 16384 ? 0 : 256 << 10; /* so that a message is one piece */
        options.block_bytes = Bytes < 192 ? 256 : int64_t(frame_bytes + 64); /* a message to a block */
        leat_error error = {};
        if (leat_link_open(&link, endpoint.c_str(), &options, &error) != 0) {
            fprintf(stderr, "%s\n", error.text); /* BENCH_VERBOSE shows it */
            throw bench::failure{"no link to be had"};
        }
    }
    outside(const outside &) = delete;
    ~outside()
    {
        for (; in_at < in_count; in_at++) {
            leat_msg_unref(&in[in_at]);
        }
        for (int64_t i = 0; i < out_count; i++) {
            leat_msg_unref(&out[i]);
        }
        leat_link_close(link, 0, nullptr, nullptr);
    }
    std::string address()
    {
        return dials<Way, Bytes>(link);
    }
    bool accept() /* the link does so by itself */
    {
        return true;
    }
    BENCH_INLINE void *begin()
    {
        static constexpr unsigned char header[header_bytes] = {1, (Bytes >> 24) & 255, (Bytes >> 16) & 255, (Bytes >> 8) & 255,
                                                               Bytes & 255};
        if (leat_msg_alloc(&out[out_count], &memory.blocks, frame_bytes) != 0) {
            return nullptr;
        }
        auto *frame = static_cast<unsigned char *>(leat_msg_data(&out[out_count]));
        memcpy(frame, header, header_bytes);
        return frame + header_bytes;
    }
    BENCH_INLINE bool send()
    {
        return ++out_count < most || hand_over();
    }
    bool hand_over()
    {
        return hand_all_over(link, out, &out_count);
    }
    BENCH_INLINE bool batch()
    {
        bool sent = hand_over();
        leat_link_flush(link);
        return sent;
    }
    BENCH_INLINE bool flush() /* without a thread nobody goes on with what a full socket did not take */
    {
        return batch() && (!BENCH_NO_THREAD || leat_link_drain(link, LEAT_FOREVER) == 0);
    }
    BENCH_INLINE const void *receive()
    {
        if (in_at == in_count) {
            in_at = 0;
            in_count = leat_link_recv_many(link, in, most, LEAT_FOREVER);
        }
        if (in_count <= 0 || leat_msg_size(&in[in_at]) != int64_t(frame_bytes)) {
            return nullptr;
        }
        return static_cast<unsigned char *>(leat_msg_data(&in[in_at])) + header_bytes;
    }
    BENCH_INLINE void done()
    {
        leat_msg_unref(&in[in_at++]);
    }
};
