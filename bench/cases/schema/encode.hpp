/* SPDX-License-Identifier: MIT */
/* Records out of structs into one buffer. */
#include "cases/schema/support/record.hpp"
#include <vector>

struct schema_encode {
    std::vector<uint8_t> data = std::vector<uint8_t>(size_t(schema_records * schema_most));
    std::vector<schema_record> records;
    peer with;

    schema_encode()
    {
        for (int64_t i = 0; i < schema_records; i++) {
            records.push_back(schema_nth(i));
        }
    }
    void first(bench::slice &s)
    {
        s.start_ns = bench::now_ns();
        do {
            int64_t to = 0, last = 0, n = 0;
            for (const schema_record &record : records) {
                last = to;
                n = with.encode(record, data.data() + last, schema_most);
                if (n <= 0) {
                    s.wrong = "a record was not encoded";
                    break;
                }
                to += (n + 7) / 8 * 8;
            }
            bench::use(data.data());
            const schema_record &end = records.back();
            if (with.decode(data.data() + last, n) != schema_sum(end.id, end.time, end.key)) {
                s.wrong = "not the record that was encoded";
            }
            s.operations += schema_records;
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns && s.wrong == nullptr);
    }
};

static bench::add<schema_encode> schema_encode_case{
    {.name = "schema-encode",
     .title = "encode records of {u32, u64, 16 bytes}",
     .rules =
         "one thread encodes 4096 different structs, one after the other into one buffer, each at a multiple of 8 bytes, over and over; "
         "the last one is decoded and compared",
     .what = "record",
     .in = bench::millions_per_s}};
