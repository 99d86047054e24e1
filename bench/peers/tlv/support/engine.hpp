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
        leat_tlv_item item;
        size_t items = 0;
        if (leat_tlv_cursor_init(&cursor, der, data, int64_t(bytes), 0, nullptr) != 0) {
            return 0;
        }
        for (;;) {
            switch (leat_tlv_next(&cursor, &item)) {
            case LEAT_TLV_ITEM:
                items++;
                if (item.constructed && !leat_tlv_enter(&cursor)) {
                    return 0;
                }
                break;
            case LEAT_TLV_END:
                if (!leat_tlv_leave(&cursor)) {
                    return leat_tlv_cursor_fault(&cursor)->rule == LEAT_TLV_OK ? items : 0; /* the top level, or a fault */
                }
                break;
            default:
                return 0;
            }
        }
    }
    BENCH_INLINE int64_t frame(const uint8_t *data, int64_t bytes)
    {
        int64_t n;
        return leat_tlv_frame(&framer, data, bytes, &n) == LEAT_TLV_WHOLE ? n : 0;
    }
};
