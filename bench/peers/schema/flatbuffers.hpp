/* SPDX-License-Identifier: MIT */
/*
 * FlatBuffers: a table as its compiler would generate it, verified and then read.
 * needs: package=libflatbuffers-dev header=flatbuffers/flatbuffers.h
 */
#include <flatbuffers/flatbuffers.h>

#include "cases/schema/support/record.hpp"

const bench::peer_about bench::this_peer = {bench::inlined, bench::peer_role,
                                            "a table; Verifier, then every field; the builder is used again"};

struct flat_record : private flatbuffers::Table {
    enum { ID = 4, TIME = 6, KEY = 8 };
    uint32_t id() const
    {
        return GetField<uint32_t>(ID, 0);
    }
    uint64_t time() const
    {
        return GetField<uint64_t>(TIME, 0);
    }
    const flatbuffers::Vector<uint8_t> *key() const
    {
        return GetPointer<const flatbuffers::Vector<uint8_t> *>(KEY);
    }
    bool Verify(flatbuffers::Verifier &v) const
    {
        return VerifyTableStart(v) && VerifyField<uint32_t>(v, ID, 4) && VerifyField<uint64_t>(v, TIME, 8) && VerifyOffset(v, KEY) &&
               v.VerifyVector(key()) && v.EndTable();
    }
};

struct peer {
    flatbuffers::FlatBufferBuilder builder{256};

    BENCH_INLINE uint64_t decode(const uint8_t *data, int64_t bytes)
    {
        flatbuffers::Verifier verifier(data, size_t(bytes));
        if (!verifier.VerifyBuffer<flat_record>(nullptr)) {
            return 0;
        }
        const flat_record *record = flatbuffers::GetRoot<flat_record>(data);
        const flatbuffers::Vector<uint8_t> *key = record->key();
        return key != nullptr && key->size() == 16 ? schema_sum(record->id(), record->time(), key->data()) : 0;
    }
    int64_t encode(const schema_record &record, uint8_t *data, int64_t room)
    {
        builder.Clear();
        auto key = builder.CreateVector(record.key, sizeof(record.key));
        auto start = builder.StartTable();
        builder.AddElement<uint64_t>(flat_record::TIME, record.time, 0);
        builder.AddOffset(flat_record::KEY, key);
        builder.AddElement<uint32_t>(flat_record::ID, record.id, 0);
        builder.Finish(flatbuffers::Offset<flat_record>(builder.EndTable(start)));
        if (int64_t(builder.GetSize()) > room) {
            return 0;
        }
        __builtin_memcpy(data, builder.GetBufferPointer(), builder.GetSize());
        return int64_t(builder.GetSize());
    }
};
