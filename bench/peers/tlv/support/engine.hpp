/* SPDX-License-Identifier: MIT */
/* leat's cursor and framer, as a program uses them; the peers differ in the library they are linked with. */
#include <leat/tlv.h>

struct peer {
    static constexpr bool frames = true;

    leat_tlv_framer framer;

    peer()
    {
        if (leat_tlv_framer_init(&framer, leat_tlv_dialect("t16l32be"), nullptr) != 0) {
            throw bench::failure{"no such dialect"};
        }
    }
    static size_t walk(const uint8_t *data, size_t bytes)
    {
        static const struct leat_tlv_dialect *const der = leat_tlv_dialect("der");
        leat_tlv_cursor cursor;
        size_t count = 0;
        if (leat_tlv_cursor_init(&cursor, der, data, int64_t(bytes), 0, nullptr) != 0) {
            return 0;
        }
        return leat_tlv_each(&cursor, one_more, &count) == LEAT_TLV_END ? count : 0;
    }
    static inline enum leat_tlv_visit one_more(void *count, const leat_tlv_item *)
    {
        ++*static_cast<size_t *>(count);
        return LEAT_TLV_INTO;
    }
    /* Says each frame's place; returns the bytes that they have together. */
    template <class Each> BENCH_INLINE int64_t all_frames(const uint8_t *data, int64_t bytes, Each each)
    {
        leat_tlv_place places[64];
        enum leat_tlv_frame state;
        int64_t at = 0, need;
        for (;;) {
            int64_t given = leat_tlv_frames(&framer, data + at, bytes - at, places, 64, &state, &need);
            for (int64_t i = 0; i < given; i++) {
                each(at + places[i].offset, places[i].bytes);
            }
            if (given > 0) {
                at += places[given - 1].offset + places[given - 1].bytes;
            }
            if (given < 64) {
                return at;
            }
        }
    }
};
