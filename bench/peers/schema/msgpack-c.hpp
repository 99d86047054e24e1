/* SPDX-License-Identifier: MIT */
/*
 * msgpack-c: an array of three, unpacked into objects of a zone.
 * needs: package=libmsgpack-dev header=msgpack.h link=-lmsgpackc
 */
#include <msgpack.h>

#include "cases/schema/support/record.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::peer_role,
                                            "msgpack_unpack_next; packed into a buffer that is used again"};

struct peer {
    msgpack_sbuffer out;
    msgpack_unpacked in;

    peer()
    {
        msgpack_sbuffer_init(&out);
        msgpack_unpacked_init(&in);
    }
    ~peer()
    {
        msgpack_unpacked_destroy(&in);
        msgpack_sbuffer_destroy(&out);
    }
    uint64_t decode(const uint8_t *data, int64_t bytes)
    {
        size_t offset = 0;
        if (msgpack_unpack_next(&in, reinterpret_cast<const char *>(data), size_t(bytes), &offset) != MSGPACK_UNPACK_SUCCESS) {
            return 0;
        }
        if (in.data.type != MSGPACK_OBJECT_ARRAY || in.data.via.array.size != 3) {
            return 0;
        }
        const msgpack_object *fields = in.data.via.array.ptr;
        bool right = fields[0].type == MSGPACK_OBJECT_POSITIVE_INTEGER && fields[1].type == MSGPACK_OBJECT_POSITIVE_INTEGER &&
                     fields[2].type == MSGPACK_OBJECT_BIN && fields[2].via.bin.size == 16;
        return right ? schema_sum(uint32_t(fields[0].via.u64), fields[1].via.u64, fields[2].via.bin.ptr) : 0;
    }
    int64_t encode(const schema_record &record, uint8_t *data, int64_t room)
    {
        msgpack_packer packer;
        out.size = 0;
        msgpack_packer_init(&packer, &out, msgpack_sbuffer_write);
        msgpack_pack_array(&packer, 3);
        msgpack_pack_uint32(&packer, record.id);
        msgpack_pack_uint64(&packer, record.time);
        msgpack_pack_bin(&packer, sizeof(record.key));
        msgpack_pack_bin_body(&packer, record.key, sizeof(record.key));
        if (int64_t(out.size) > room) {
            return 0;
        }
        __builtin_memcpy(data, out.data, out.size);
        return int64_t(out.size);
    }
};
