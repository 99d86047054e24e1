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
    template <class Each> BENCH_INLINE int64_t all_frames(const uint8_t *data, int64_t bytes, Each each)
    {
        int64_t at = 0;
        while (at < bytes) {
            int64_t n = tlv_frame_by_hand(data + at, bytes - at);
            if (n <= 0) {
                break;
            }
            each(at, n);
            at += n;
        }
        return at;
    }
};
