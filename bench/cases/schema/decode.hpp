/* SPDX-License-Identifier: MIT */
/* Records that lie encoded in memory, each checked and read. */
#include "cases/schema/support/record.hpp"
#include <vector>

struct schema_decode {
    std::vector<uint8_t> data = std::vector<uint8_t>(size_t(schema_records * schema_most));
    std::vector<int64_t> at, bytes;
    uint64_t sum = 0;
    peer with;

    schema_decode()
    {
        int64_t to = 0;
        for (int64_t i = 0; i < schema_records; i++) {
            schema_record record = schema_nth(i);
            at.push_back(to);
            bytes.push_back(with.encode(record, data.data() + to, schema_most));
            if (bytes.back() <= 0) {
                throw bench::failure{"a record was not encoded"};
            }
            to += (bytes.back() + 7) / 8 * 8; /* some peers want their buffers aligned */
            sum += schema_sum(record.id, record.time, record.key);
        }
    }
    void first(bench::slice &s)
    {
        s.start_ns = bench::now_ns();
        do {
            uint64_t got = 0;
            for (int64_t i = 0; i < schema_records; i++) {
                got += with.decode(data.data() + at[size_t(i)], bytes[size_t(i)]); /* wrong: another sum */
            }
            if (got != sum) {
                s.wrong = "not the records that were encoded";
            }
            s.operations += schema_records;
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns && s.wrong == nullptr);
    }
};

static bench::add<schema_decode> schema_decode_case{
    {.name = "schema-decode",
     .title = "decode records of {u32, u64, 16 bytes}",
     .rules = "one thread takes 4096 different records that the peer has encoded, one after the other in one buffer, over and over; where "
              "each begins and how long it is is given; each is checked against its bounds, all fields are read and added up, and the sum "
              "is compared",
     .what = "record",
     .in = bench::millions_per_s}};
