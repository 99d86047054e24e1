/* SPDX-License-Identifier: MIT */
/* Written by hand for this record, the usual way: a loop over items in any order, each bounds-checked. */
#include "cases/schema/support/record.hpp"

const bench::peer_about bench::this_peer = {bench::inlined, bench::baseline, "a loop over t16l32be items with a switch, by hand"};

struct peer {
    BENCH_INLINE uint64_t decode(const uint8_t *data, int64_t bytes)
    {
        schema_record out;
        unsigned seen = 0;
        while (bytes >= 6) {
            uint16_t type;
            uint32_t length;
            __builtin_memcpy(&type, data, 2);
            __builtin_memcpy(&length, data + 2, 4);
            type = __builtin_bswap16(type);
            length = __builtin_bswap32(length);
            if (length > bytes - 6) {
                return 0;
            }
            if (type == 1 && length == 4) {
                __builtin_memcpy(&out.id, data + 6, 4);
                out.id = __builtin_bswap32(out.id);
            } else if (type == 2 && length == 8) {
                __builtin_memcpy(&out.time, data + 6, 8);
                out.time = __builtin_bswap64(out.time);
            } else if (type == 3 && length == 16) {
                __builtin_memcpy(out.key, data + 6, 16);
            } else if (type >= 1 && type <= 3) {
                return 0;
            }
            seen |= type < 32 ? 1u << type : 0;
            data += 6 + int64_t(length);
            bytes -= 6 + int64_t(length);
        }
        return bytes == 0 && (seen & 14) == 14 ? schema_sum(out.id, out.time, out.key) : 0;
    }
    BENCH_INLINE static uint8_t *put(uint8_t *to, uint16_t type, uint32_t length)
    {
        type = __builtin_bswap16(type);
        length = __builtin_bswap32(length);
        __builtin_memcpy(to, &type, 2);
        __builtin_memcpy(to + 2, &length, 4);
        return to + 6;
    }
    BENCH_INLINE int64_t encode(const schema_record &record, uint8_t *data, int64_t room)
    {
        if (room < 46) {
            return 0;
        }
        uint32_t id = __builtin_bswap32(record.id);
        uint64_t time = __builtin_bswap64(record.time);
        __builtin_memcpy(put(data, 1, 4), &id, 4);
        __builtin_memcpy(put(data + 10, 2, 8), &time, 8);
        __builtin_memcpy(put(data + 24, 3, 16), record.key, 16);
        return 46;
    }
};
