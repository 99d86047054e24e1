/* SPDX-License-Identifier: MIT */
/* The record that all peers encode and decode. */
#ifndef BENCH_SCHEMA_RECORD_HPP
#define BENCH_SCHEMA_RECORD_HPP

#include <cstdint>
#include <cstring>

struct schema_record {
    uint32_t id;
    uint64_t time;
    unsigned char key[16];
};

constexpr int64_t schema_records = 4096;
constexpr int64_t schema_most = 128; /* bytes of a record on the wire, at most */

inline schema_record schema_nth(int64_t n)
{
    uint64_t seed = uint64_t(n) * 77;
    schema_record record;
    record.id = uint32_t(bench::random(seed));
    record.time = bench::random(seed);
    uint64_t halves[2] = {bench::random(seed), bench::random(seed)};
    std::memcpy(record.key, halves, sizeof(record.key));
    return record;
}

/* Every field is read. */
BENCH_INLINE uint64_t schema_sum(uint32_t id, uint64_t time, const void *key)
{
    uint64_t halves[2];
    __builtin_memcpy(halves, key, sizeof(halves));
    return id + time + halves[0] + halves[1];
}
#endif
