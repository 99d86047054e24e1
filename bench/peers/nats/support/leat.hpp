/* SPDX-License-Identifier: MIT */
/* leat's link into JetStream, by its plug-in; BENCH_BATCH is the endpoint's key `batch`, in bytes. */
#ifndef BENCH_NATS_LEAT_HPP
#define BENCH_NATS_LEAT_HPP

#include "peers/link/support/leat.hpp"
#include "peers/link/support/plugin.hpp"

template <size_t Bytes> struct publisher {
    static constexpr bool each = BENCH_BATCH == 0;
    static constexpr int64_t most = 64; /* messages that are handed over at once */

    messages memory{Bytes};
    leat_link *link = nullptr;
    leat_msg out[most];
    int64_t count = 0, bytes = 0;

    explicit publisher(const std::string &address)
    {
        leat_link_options options = {};
        options.directions = LEAT_OUT;
        const std::string name = "nats-js://" + address + "/bench?subject=bench.x&window=4096&batch=" + std::to_string(BENCH_BATCH);
        if (leat_link_open(&link, name.c_str(), &options, nullptr) != 0) {
            throw bench::failure{"no link to be had"};
        }
    }
    publisher(const publisher &) = delete;
    ~publisher()
    {
        for (int64_t i = 0; i < count; i++) {
            leat_msg_unref(&out[i]);
        }
        leat_link_close(link, 0, nullptr, nullptr);
    }
    unsigned char *begin()
    {
        return leat_msg_alloc(&out[count], &memory.blocks, Bytes) == 0 ? static_cast<unsigned char *>(leat_msg_data(&out[count])) : nullptr;
    }
    bool send()
    {
        return ++count < most || hand_over();
    }
    bool hand_over()
    {
        bytes += count * int64_t(Bytes);
        bool handed = hand_all_over(link, out, &count);
        leat_link_flush(link);
        return handed;
    }
    bool finish()
    {
        if (!hand_over() || leat_link_drain(link, LEAT_FOREVER) != 0) {
            return false;
        }
        int64_t stored;
        while ((stored = leat_link_stored(link, false)) >= 0 && stored < bytes && leat_link_check_send(link) == 0) {
            usleep(100);
        }
        return stored == bytes;
    }
};

#endif
