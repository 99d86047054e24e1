/* SPDX-License-Identifier: MIT */
/* Loops written by hand for the one dialect of each case, with the checks that leat makes there. */
#include "cases/tlv/support/by_hand.hpp"

const bench::peer_about bench::this_peer = {bench::inlined, bench::baseline, "a loop for one dialect, inlined"};

struct peer {
    static constexpr bool frames = true;

    static size_t walk(const uint8_t *data, size_t bytes)
    {
        return tlv_der_by_hand(data, bytes);
    }
    BENCH_INLINE int64_t frame(const uint8_t *data, int64_t bytes)
    {
        return tlv_frame_by_hand(data, bytes);
    }
};
