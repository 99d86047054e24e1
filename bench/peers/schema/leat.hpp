/* SPDX-License-Identifier: MIT */
/*
 * The functions that LEAT_SCHEMA makes; what they call out of line is in libleat.a.
 * needs: leat=static
 */
#include <leat/schema.h>

#include "cases/schema/support/record.hpp"

#define BENCH_RECORD(F) F(1, U32, id, REQUIRED, ANY) F(2, U64, time, REQUIRED, ANY) F(3, FIXED(16), key, REQUIRED, ANY)
LEAT_SCHEMA(tlv_record, LEAT_SCHEMA_PLAIN(16, 32, BIG), BENCH_RECORD, SKIP)

const bench::peer_about bench::this_peer = {bench::inlined, bench::leat,
                                            "LEAT_SCHEMA, t16l32be; any order is read, unknown fields are skipped"};

struct peer {
    BENCH_INLINE uint64_t decode(const uint8_t *data, int64_t bytes)
    {
        tlv_record out;
        return tlv_record_decode(&out, data, bytes, nullptr) == 0 ? schema_sum(out.id, out.time, out.key) : 0;
    }
    BENCH_INLINE int64_t encode(const schema_record &record, uint8_t *data, int64_t room)
    {
        tlv_record in;
        in.id = record.id;
        in.time = record.time;
        __builtin_memcpy(in.key, record.key, sizeof(in.key));
        return tlv_record_encode(&in, data, room);
    }
};
