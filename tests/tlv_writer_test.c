/* SPDX-License-Identifier: MIT */
/* tlv_writer_test.c: lengths patched, room kept to, headers that say more than type and length, values that begin with more than zeros. */
#include "tlv_support.h"

#include <stdlib.h>

#define KIND LEAT_TLV_KIND_ANY

static unsigned char room[70000];
static int64_t committed;

static int64_t room_reserve(void *context, int64_t min_bytes, void **span)
{
    *span = context;
    return min_bytes;
}

static void room_commit(void *context, int64_t bytes)
{
    (void)context;
    committed = bytes;
}

static void writer_open(struct leat_tlv_writer *writer, const char *dialect, int64_t bytes)
{
    const struct leat_sink sink = {room_reserve, room_commit, room};
    memset(room, 0xee, sizeof room);
    committed = 0;
    assert_int_equal(leat_tlv_writer_init(writer, leat_tlv_dialect(dialect), &sink, bytes), 0);
}

/* What was written is this, in hex, and nothing beyond it was touched. */
static void writer_wrote(struct leat_tlv_writer *writer, const char *hex)
{
    char text[2 * 512 + 1] = "";
    int64_t bytes = leat_tlv_finish(writer);
    assert_true(bytes >= 0 && bytes <= 512 && committed == bytes);
    for (int64_t i = 0; i < bytes; i++)
        snprintf(text + 2 * i, 3, "%02x", room[i]);
    assert_string_equal(text, hex);
    assert_int_equal(room[bytes], 0xee);
}

/* A sink over a piece of memory that counts what it is asked. */
struct pad {
    unsigned char *data;
    int64_t bytes, committed;
};

static int64_t pad_reserve(void *context, int64_t min_bytes, void **span)
{
    struct pad *pad = context;
    if (min_bytes > pad->bytes)
        return 0;
    *span = pad->data;
    return pad->bytes;
}

static void pad_commit(void *context, int64_t bytes)
{
    struct pad *pad = context;
    pad->committed += bytes;
}

static void pad_open(struct leat_tlv_writer *writer, const char *dialect, struct pad *pad, int64_t bytes)
{
    struct leat_sink sink = {pad_reserve, pad_commit, pad};
    pad->committed = 0;
    assert_int_equal(leat_tlv_writer_init(writer, leat_tlv_dialect(dialect), &sink, bytes), 0);
}

static void the_writer_patches_lengths_in_their_shortest_form(void **state)
{
    static const int64_t lengths[] = {0, 1, 125, 126, 127, 128, 253, 255, 256, 257, 65533, 65535, 65536, 70000};
    const int64_t space = 80000;
    struct pad pad = {malloc((size_t)space), space, 0};
    unsigned char *value = calloc((size_t)space, 1);
    struct leat_tlv_writer writer;
    struct walk walk;
    struct leat_tlv_fault fault;
    (void)state;
    assert_true(pad.data != NULL && value != NULL);
    memset(value, 0xa5, (size_t)space);
    for (int64_t i = 0; i < COUNT(lengths); i++) {
        pad_open(&writer, "der", &pad, space);
        assert_int_equal(leat_tlv_begin(&writer, 0x30), 0);
        assert_int_equal(leat_tlv_begin(&writer, 0xbf8a39), 0);
        assert_int_equal(leat_tlv_put(&writer, 4, value, lengths[i]), 0);
        assert_true(leat_tlv_writer_valid(&writer));
        assert_int_equal(leat_tlv_finish(&writer), -EINVAL);
        assert_int_equal(pad.committed, 0);
        assert_int_equal(leat_tlv_end(&writer), 0);
        assert_int_equal(leat_tlv_put(&writer, 5, NULL, 0), 0);
        assert_int_equal(leat_tlv_end(&writer), 0);
        assert_int_equal(leat_tlv_end(&writer), -EINVAL);
        int64_t bytes = leat_tlv_finish(&writer);
        assert_int_equal(bytes, pad.committed);
        assert_true(walk_all("der", pad.data, bytes, NULL, &walk));
        assert_int_equal(walk.items, 4);
        assert_int_equal(frame_all("der", pad.data, bytes, NULL, &fault), 1);
        assert_memory_equal(pad.data + bytes - 2 - lengths[i], value, (size_t)lengths[i]);
    }
    free(pad.data);
    free(value);
}

/* The same items into every room from nothing to enough: refused, never written past the end. */
static void the_writer_stays_within_its_room(void **state)
{
    static const struct {
        const char *dialect;
        uint64_t outer, inner;
    } rows[] = {{"der", 0x30, 0x04}, {"netlink", 16, 3}, {"radius", 1, 1}};
    static const unsigned char value[130];
    (void)state;
    for (int64_t i = 0; i < COUNT(rows); i++) {
        bool done = false;
        for (int64_t space = 1; space < 512; space++) {
            struct pad pad = {malloc((size_t)space), space, 0}; /* exact, for the sanitizer */
            struct leat_tlv_writer writer;
            assert_non_null(pad.data);
            pad_open(&writer, rows[i].dialect, &pad, space);
            int rc = leat_tlv_begin(&writer, rows[i].outer);
            int64_t position = writer.position;
            for (int part = 0; part < 2 && rc == 0; part++) {
                position = writer.position;
                rc = leat_tlv_put(&writer, rows[i].inner, value, part == 0 ? 3 : (int64_t)sizeof value);
                assert_true(rc == 0 || writer.position == position);
            }
            if (rc == 0)
                rc = leat_tlv_end(&writer);
            assert_true(leat_tlv_writer_valid(&writer));
            assert_true(rc == 0 || rc == -EMSGSIZE);
            assert_false(done && rc != 0);
            done = rc == 0;
            free(pad.data);
        }
        assert_true(done);
    }
}

static void the_writer_refuses_what_the_dialect_cannot_say(void **state)
{
    static const unsigned char value[70000];
    static const struct {
        const char *dialect;
        uint64_t type;
        int64_t length;
        int put, begin;
    } rows[] = {
        {"der", 0, 0, -EINVAL, -EINVAL},
        {"der", 0x1f, 0, -EINVAL, -EINVAL},
        {"der", 0x3f, 0, -EINVAL, -EINVAL},
        {"der", 0x1f1e, 0, -EINVAL, -EINVAL},
        {"der", 0x1f80, 0, -EINVAL, -EINVAL},
        {"der", 0x1f8001, 0, -EINVAL, -EINVAL},
        {"der", 0x3004, 0, -EINVAL, -EINVAL},
        {"der", 0x1f8181, 0, -EINVAL, -EINVAL},
        {"der", 0x3f1f1f, 0, -EINVAL, -EINVAL},
        {"der", 4, 0, 0, -EINVAL},
        {"der", 0x1f1f, 0, 0, -EINVAL},
        {"der", 0x3f1f, 0, 0, 0},
        {"der", 0x9fffffffffffff7f, 0, 0, -EINVAL},
        {"der", 0xbfffffffffffff7f, 0, 0, 0},
        {"der", 5, -1, -EINVAL, -EINVAL},
        {"lldp", 128, 0, -EINVAL, -EINVAL},
        {"lldp", 127, 511, 0, -EINVAL},
        {"lldp", 127, 512, -EMSGSIZE, -EINVAL},
        {"lldp", 0, 1, -EINVAL, -EINVAL},
        {"lldp", 0, 0, 0, -EINVAL},
        {"dhcp4", 255, 1, -EINVAL, -EINVAL},
        {"dhcp4", 0, 0, 0, -EINVAL},
        {"dhcp4", 256, 0, -EINVAL, -EINVAL},
        {"dhcp4", 1, 255, 0, -EINVAL},
        {"dhcp4", 1, 256, -EMSGSIZE, -EINVAL},
        {"radius-attr", 1, 253, 0, -EINVAL},
        {"radius-attr", 1, 254, -EMSGSIZE, -EINVAL},
        {"radius", 1, 4076, 0, 0},
        {"radius", 1, 4077, -EMSGSIZE, 0},
        {"netlink", 3, 0, 0, -EINVAL},
        {"netlink", 16, 0, 0, 0},
        {"netlink", 65536, 0, -EINVAL, -EINVAL},
        {"t8l16", 1, 65535, 0, -EINVAL},
        {"t8l16", 1, 65536, -EMSGSIZE, -EINVAL},
        {"t32l32le", UINT32_MAX, 1, 0, -EINVAL},
        {"t32l32", INT64_C(1) << 32, 1, -EINVAL, -EINVAL},
    };
    struct pad pad = {malloc(80000), 80000, 0};
    (void)state;
    assert_non_null(pad.data);
    for (int64_t i = 0; i < COUNT(rows); i++) {
        struct leat_tlv_writer writer;
        pad_open(&writer, rows[i].dialect, &pad, pad.bytes);
        int put = leat_tlv_put(&writer, rows[i].type, value, rows[i].length);
        if (put != rows[i].put)
            fail_msg("put %s %llx: %d", rows[i].dialect, (unsigned long long)rows[i].type, put);
        if (put == 0) {
            int64_t bytes = leat_tlv_finish(&writer);
            struct leat_tlv_cursor cursor;
            struct leat_tlv_item item;
            assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect(rows[i].dialect), pad.data, bytes, 0, NULL), 0);
            assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
            assert_true(item.type == rows[i].type && item.length == rows[i].length && item.total_bytes == bytes);
        } else {
            assert_int_equal(writer.position, 0);
        }
        pad_open(&writer, rows[i].dialect, &pad, pad.bytes);
        int begin = leat_tlv_begin(&writer, rows[i].type);
        if (begin != rows[i].begin)
            fail_msg("begin %s %llx: %d", rows[i].dialect, (unsigned long long)rows[i].type, begin);
    }
    struct leat_tlv_writer writer;
    struct leat_sink sink = {pad_reserve, pad_commit, &pad};
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("der"), &sink, pad.bytes + 1), -EAGAIN);
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("der"), &sink, 0), -EINVAL);
    assert_int_equal(leat_tlv_writer_init(&writer, NULL, &sink, 1), -EINVAL);
    /* A container that grew beyond its length field is refused at its end, and stays open. */
    pad_open(&writer, "radius", &pad, pad.bytes);
    assert_int_equal(leat_tlv_begin(&writer, 1), 0);
    for (int i = 0; i < 16; i++)
        assert_int_equal(leat_tlv_put(&writer, 1, value, 253), 0);
    assert_int_equal(leat_tlv_end(&writer), -EMSGSIZE);
    assert_int_equal(writer.depth, 1);
    pad_open(&writer, "der", &pad, pad.bytes);
    for (int i = 0; i < LEAT_TLV_DEPTH_MAX; i++)
        assert_int_equal(leat_tlv_begin(&writer, 0x30), 0);
    assert_int_equal(leat_tlv_begin(&writer, 0x30), -EMSGSIZE);
    for (int i = 0; i < LEAT_TLV_DEPTH_MAX; i++)
        assert_int_equal(leat_tlv_end(&writer), 0);
    free(pad.data);
}

static void the_writer_fills_fixed_parts_and_pads_with_zeros(void **state)
{
    unsigned char space[256];
    struct pad pad = {space, sizeof space, 0};
    struct leat_tlv_writer writer;
    struct walk walk;
    (void)state;
    memset(space, 0xee, sizeof space);
    pad_open(&writer, "netlink", &pad, sizeof space);
    assert_int_equal(leat_tlv_fill(&writer, 0, "x", 1), -EINVAL);
    assert_int_equal(leat_tlv_begin(&writer, 16), 0);
    assert_int_equal(leat_tlv_fill(&writer, 8, "\1\2\3\4", 4), 0);     /* sequence number */
    assert_int_equal(leat_tlv_fill(&writer, 0, "\xff\xff\xff", 3), 0); /* over the length, which end() sets again */
    assert_int_equal(leat_tlv_fill(&writer, 28, "\5\6\7\x8", 4), 0);   /* the end of the ifinfomsg */
    assert_int_equal(leat_tlv_fill(&writer, 29, "\5\6\7\x8", 4), -EINVAL);
    assert_int_equal(leat_tlv_fill(&writer, -1, "\5", 1), -EINVAL);
    assert_int_equal(leat_tlv_fill(&writer, INT64_MAX, "\5", 1), -EINVAL);
    assert_int_equal(leat_tlv_put(&writer, 3, "lo", 3), 0);
    assert_int_equal(leat_tlv_begin(&writer, 18), 0);
    assert_int_equal(leat_tlv_put(&writer, 1, "dummy", 5), 0);
    assert_int_equal(leat_tlv_end(&writer), 0);
    assert_int_equal(leat_tlv_end(&writer), 0);
    assert_int_equal(leat_tlv_finish(&writer), 56);
    assert_true(walk_all("netlink", space, 56, NULL, &walk));
    assert_string_equal(walk.text, "0:0:16:40:56:10c 32:1:4:3:8:3 40:1:4:12:16:12c 44:2:4:5:12:1");
    assert_memory_equal(space + 8, "\1\2\3\4\0\0\0\0", 8);
    assert_memory_equal(space + 28, "\5\6\7\x8", 4);
    assert_int_equal(space[39], 0);
    assert_memory_equal(space + 53, "\0\0\0", 3);
    assert_int_equal(space[56], 0xee);
    pad_open(&writer, "der", &pad, sizeof space);
    assert_int_equal(leat_tlv_begin(&writer, 0x30), 0);
    assert_int_equal(leat_tlv_fill(&writer, 0, "x", 1), -EINVAL);
}

static void a_header_keeps_what_it_says_beside_type_and_length(void **state)
{
    struct leat_tlv_writer writer;
    (void)state;
    writer_open(&writer, "mqtt", 64);
    assert_int_equal(leat_tlv_put_header(&writer, 8, KIND, "\x02", 1, "\0\1\0\1a\0", 6), 0); /* SUBSCRIBE's flags are 2 */
    assert_int_equal(leat_tlv_put_header(&writer, 3, KIND, "\xfd", 1, "\0\1t", 3), 0);       /* over the type: it is set again */
    writer_wrote(&writer, "820600010001"
                          "6100"
                          "3d03000174");
    writer_open(&writer, "http2", 64);
    assert_int_equal(leat_tlv_put_header(&writer, 4, KIND, "xxxx\1\0\0\0\7", 9, NULL, 0), 0);
    writer_wrote(&writer, "000000040100000007");
    writer_open(&writer, "tls", 64);
    assert_int_equal(leat_tlv_put_header(&writer, 23, KIND, "\0\3\3\0\0", 5, "hi", 2), 0);
    writer_wrote(&writer, "17030300026869");
    writer_open(&writer, "bgp-attr", 64);
    assert_int_equal(leat_tlv_put_header(&writer, 1, KIND, "\x50", 2, "\0", 1), 0); /* the flag of the long length goes */
    assert_int_equal(leat_tlv_put_header(&writer, 2, 1, "\x40", 2, NULL, 0), 0);
    writer_wrote(&writer, "40010100"
                          "50020000");
    writer_open(&writer, "netlink", 64);
    assert_int_equal(leat_tlv_put_header(&writer, 3, 0, "\xff\xff\xff\xff\xff\xff\2\0\1\0\0\0\5\0\0\0", 16, "\0\0\0\0", 4), 0);
    assert_int_equal(leat_tlv_finish(&writer), 20);
    assert_memory_equal(room + 6, "\2\0\1\0\0\0\5\0\0\0", 10);
}

static void a_label_is_counted_and_padded(void **state)
{
    unsigned char header[12 + 5] = "xxxxxxxxxxxxLinux";
    struct leat_tlv_writer writer;
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    uint32_t count = 0;
    (void)state;
    writer_open(&writer, "elf-note", 64);
    assert_int_equal(leat_tlv_put_header(&writer, 257, KIND, header, sizeof header, "abc", 3), 0);
    assert_int_equal(leat_tlv_put_header(&writer, 3, KIND, header, 12, "abcde", 5), 0); /* without a name */
    assert_int_equal(leat_tlv_finish(&writer), 24 + 20);
    memcpy(&count, room, 4);
    assert_int_equal(count, 5);
    assert_memory_equal(room + 12, "Linux\0\0\0abc\0", 12);
    assert_int_equal(leat_tlv_cursor_init(&cursor, leat_tlv_dialect("elf-note"), room, 44, 0, NULL), 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_true(item.type == 257 && item.header_bytes == 20 && item.length == 3 && memcmp(item.value, "abc", 3) == 0);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_ITEM);
    assert_true(item.type == 3 && item.header_bytes == 12 && item.length == 5);
    assert_int_equal(leat_tlv_next(&cursor, &item), LEAT_TLV_END);
}

static void a_header_that_is_none_of_the_dialects_is_refused(void **state)
{
    static const unsigned char header[256];
    struct leat_tlv_dialect narrow = {.name = "narrow",
                                      .rule = "a label of up to 3 bytes",
                                      .type = {LEAT_TLV_BIG, 0, 1, 4, 0xf, NULL, 0},
                                      .label = {LEAT_TLV_BIG, 0, 1, 0, 3, NULL, 0},
                                      .length = {LEAT_TLV_BIG, 1, 1, 0, 0xff, NULL, 0},
                                      .header_bytes = 2,
                                      .align = 1};
    const struct leat_sink sink = {room_reserve, room_commit, room};
    struct leat_tlv_writer writer;
    (void)state;
    writer_open(&writer, "mqtt", 8);
    assert_int_equal(leat_tlv_put_header(&writer, 3, KIND, NULL, 1, "a", 1), -EINVAL);
    assert_int_equal(leat_tlv_put_header(&writer, 3, KIND, header, 0, "a", 1), -EINVAL);
    assert_int_equal(leat_tlv_put_header(&writer, 3, KIND, header, 2, "a", 1), -EINVAL); /* there are no labels */
    assert_int_equal(leat_tlv_put_header(&writer, 16, KIND, header, 1, "a", 1), -EINVAL);
    assert_int_equal(leat_tlv_put_header(&writer, 3, KIND, header, 1, header, 7), -EMSGSIZE);
    assert_int_equal(leat_tlv_put_header(&writer, 3, KIND, header, 1, header, -1), -EINVAL);
    writer_wrote(&writer, "");
    writer_open(&writer, "der", 8);
    assert_int_equal(leat_tlv_put_header(&writer, 4, KIND, header, 1, "a", 1), -EINVAL);
    writer_open(&writer, "dhcp4", 8);
    assert_int_equal(leat_tlv_put_header(&writer, 255, KIND, header, 2, NULL, 0), -EINVAL);
    writer_open(&writer, "elf-note", 16);
    assert_int_equal(leat_tlv_put_header(&writer, 1, KIND, header, 12 + 5, NULL, 0), -EMSGSIZE);
    assert_int_equal(leat_tlv_put_header(&writer, 1, KIND, header, INT64_MAX, NULL, 0), -EMSGSIZE);
    assert_int_equal(leat_tlv_put_header(&writer, 1, KIND, header, 12 + 4, NULL, 0), 0);
    assert_int_equal(leat_tlv_dialect_ready(&narrow, NULL), 0);
    assert_int_equal(leat_tlv_writer_init(&writer, &narrow, &sink, 64), 0);
    assert_int_equal(leat_tlv_put_header(&writer, 1, KIND, header, 2 + 4, NULL, 0), -EMSGSIZE);
    assert_int_equal(leat_tlv_put_header(&writer, 1, KIND, header, 2 + 3, NULL, 0), 0);
    assert_int_equal(leat_tlv_finish(&writer), 5);
    assert_int_equal(room[0], 0x13);
}

/* The payload in front tells the type of the next; an encrypted one tells that of the first inside it. */
static void a_chain_goes_on_over_headers_that_are_given(void **state)
{
    struct leat_tlv_writer writer;
    (void)state;
    writer_open(&writer, "ike-payload", 64);
    assert_int_equal(leat_tlv_put_header(&writer, 33, KIND, "\x63\x80\0\0", 4, "a", 1), 0);
    assert_int_equal(leat_tlv_put_header(&writer, 34, KIND, "\x63\0\0\0", 4, "b", 1), 0);
    writer_wrote(&writer, "2280000561"
                          "0000000562");
    writer_open(&writer, "ike-payload", 64);
    assert_int_equal(leat_tlv_put(&writer, 33, NULL, 0), 0);
    assert_int_equal(leat_tlv_put_header(&writer, 46, KIND, "\x27\0\0\0", 4, "c", 1), 0);
    writer_wrote(&writer, "2e000004"
                          "2700000563");
}

#define RANDOM "\1\2\3\4\5\6\7\1\2\3\4\5\6\7\1\2\3\4\5\6\7\1\2\3\4\5\6\7\1\2\3\4"
#define RANDOM_HEX "0102030405060701020304050607010203040506070102030405060701020304"

static void a_value_begins_with_what_is_given_and_counts_the_items_behind(void **state)
{
    static const char hello[] = "\3\3" RANDOM "\0\0\2\x13\1\1"; /* no session, one cipher, no compression */
    struct leat_tlv_writer writer;
    (void)state;
    writer_open(&writer, "tls-handshake", 128);
    assert_int_equal(leat_tlv_begin(&writer, 1), -EINVAL);
    assert_int_equal(leat_tlv_begin_value(&writer, 1, KIND, hello, 40), -EINVAL); /* no byte for its compression */
    assert_int_equal(leat_tlv_begin_value(&writer, 1, KIND, hello, 41), 0);
    assert_true(leat_tlv_writer_valid(&writer));
    assert_int_equal(leat_tlv_put(&writer, 43, "\2\3\4", 3), 0);
    assert_int_equal(leat_tlv_end(&writer), 0);
    writer_wrote(&writer, "01000032"
                          "0303" RANDOM_HEX "00"
                          "00021301"
                          "0100"
                          "0007"
                          "002b0003020304");
    writer_open(&writer, "bgp", 128);
    assert_int_equal(leat_tlv_begin_value(&writer, 1, KIND, "\4\xfd\xe8\0\xb4\12\0\0\1", 9), 0);
    assert_int_equal(leat_tlv_begin(&writer, 2), 0);
    assert_int_equal(leat_tlv_put(&writer, 65, "\0\0\xfd\xe8", 4), 0);
    assert_int_equal(leat_tlv_end(&writer), 0);
    assert_int_equal(leat_tlv_end(&writer), 0);
    writer_wrote(&writer, "ffffffffffffffffffffffffffffffff"
                          "002501"
                          "04fde800b40a000001"
                          "08"
                          "020641040000fde8");
    writer_open(&writer, "dhcp6", 128);
    assert_int_equal(leat_tlv_begin_value(&writer, 9, KIND, "\14\1" RANDOM, 34), 0); /* relayed once more: 34 bytes, not 4 */
    assert_int_equal(leat_tlv_begin_value(&writer, 9, KIND, "\1\2\3\4", 4), 0);
    assert_int_equal(leat_tlv_put(&writer, 8, "\0\0", 2), 0);
    assert_int_equal(leat_tlv_end(&writer), 0);
    assert_int_equal(leat_tlv_end(&writer), 0);
    writer_wrote(&writer, "00090030"
                          "0c01" RANDOM_HEX "0009000a"
                          "01020304"
                          "000800020000");
    writer_open(&writer, "netlink", 128);
    assert_int_equal(leat_tlv_begin_value(&writer, 16, KIND, "\7\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0", 16), 0); /* of a bridge */
    assert_int_equal(leat_tlv_begin(&writer, 26), 0); /* whose attribute nests by the flag alone */
    assert_int_equal(leat_tlv_put(&writer, 1, "\1\0", 2), 0);
    assert_int_equal(leat_tlv_end(&writer), 0);
    assert_int_equal(leat_tlv_end(&writer), 0);
    assert_int_equal(leat_tlv_finish(&writer), 44);
    assert_int_equal(room[16], 7);
}

/* What is given is less than stands before the items of a batch: with a few of them behind it, a reader would look for them elsewhere. */
static void a_value_cannot_begin_with_less_than_its_type_has_before_the_items(void **state)
{
    struct leat_tlv_writer writer;
    (void)state;
    writer_open(&writer, "leat", 1000);
    assert_int_equal(leat_tlv_begin_value(&writer, 0xff03, 0x10, NULL, 0), -EINVAL);
    assert_int_equal(leat_tlv_begin_value(&writer, 0xff03, 0x10, "\1", 1), -EINVAL);
    assert_int_equal(leat_tlv_begin_value(&writer, 1, 0x10, NULL, 0), 0); /* any other type has nothing there */
    assert_int_equal(leat_tlv_end(&writer), 0);
    assert_int_equal(leat_tlv_begin_value(&writer, 0xff03, 0x10, "abcdefghijkl", 12), 0);
    assert_int_equal(leat_tlv_end(&writer), 0);
    assert_int_equal(leat_tlv_finish(&writer), 16 + 16 + 12);
}

static void a_value_that_begins_wrong_is_refused(void **state)
{
    static const unsigned char zeros[300];
    struct leat_tlv_writer writer;
    (void)state;
    writer_open(&writer, "bgp", 1000);
    assert_int_equal(leat_tlv_begin_value(&writer, 1, KIND, zeros, 8), -EINVAL);
    assert_int_equal(leat_tlv_begin_value(&writer, 1, KIND, zeros, 10), -EINVAL);
    assert_int_equal(leat_tlv_begin_value(&writer, 1, KIND, zeros, -1), -EINVAL);
    assert_int_equal(leat_tlv_begin_value(&writer, 1, KIND, NULL, 9), -EINVAL);
    assert_int_equal(leat_tlv_begin_value(&writer, 1, KIND, zeros, INT64_MAX), -EMSGSIZE);
    assert_int_equal(leat_tlv_begin_value(&writer, 4, KIND, NULL, 0), -EINVAL); /* a KEEPALIVE holds nothing */
    assert_int_equal(leat_tlv_begin_value(&writer, 2, KIND, "\0\2x", 3), -EINVAL);
    assert_int_equal(leat_tlv_begin_value(&writer, 1, KIND, zeros, 9), 0);
    assert_int_equal(leat_tlv_put(&writer, 1, zeros, 253), 0);
    assert_int_equal(leat_tlv_put(&writer, 1, zeros, 0), 0);
    assert_int_equal(leat_tlv_end(&writer), -EMSGSIZE); /* 257 bytes, in a number of one */
    assert_int_equal(writer.depth, 1);
    writer_open(&writer, "bgp", 28);
    assert_int_equal(leat_tlv_begin_value(&writer, 1, KIND, zeros, 9), -EMSGSIZE);
    writer_wrote(&writer, "");
    writer_open(&writer, "der", 8);
    assert_int_equal(leat_tlv_begin_value(&writer, 0x30, KIND, "a", 1), -EINVAL);
    assert_int_equal(leat_tlv_begin_value(&writer, 0x30, KIND, NULL, 0), 0);
    assert_int_equal(leat_tlv_end(&writer), 0);
    writer_wrote(&writer, "3000");
}

static void the_size_is_found_without_room(void **state)
{
    struct leat_tlv_writer writer;
    (void)state;
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("bgp"), NULL, 0), 0);
    assert_int_equal(leat_tlv_begin_value(&writer, 1, KIND, "\4\xfd\xe8\0\xb4\12\0\0\1", 9), 0);
    assert_int_equal(leat_tlv_end(&writer), 0);
    assert_int_equal(leat_tlv_finish(&writer), 29);
    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("elf-note"), NULL, 0), 0);
    assert_int_equal(leat_tlv_put_header(&writer, 1, KIND, "xxxxxxxxxxxxGNU", 16, NULL, 20), 0);
    assert_int_equal(leat_tlv_finish(&writer), 36);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_writer_patches_lengths_in_their_shortest_form),
        cmocka_unit_test(the_writer_stays_within_its_room),
        cmocka_unit_test(the_writer_refuses_what_the_dialect_cannot_say),
        cmocka_unit_test(the_writer_fills_fixed_parts_and_pads_with_zeros),
        cmocka_unit_test(a_header_keeps_what_it_says_beside_type_and_length),
        cmocka_unit_test(a_label_is_counted_and_padded),
        cmocka_unit_test(a_header_that_is_none_of_the_dialects_is_refused),
        cmocka_unit_test(a_chain_goes_on_over_headers_that_are_given),
        cmocka_unit_test(a_value_begins_with_what_is_given_and_counts_the_items_behind),
        cmocka_unit_test(a_value_cannot_begin_with_less_than_its_type_has_before_the_items),
        cmocka_unit_test(a_value_that_begins_wrong_is_refused),
        cmocka_unit_test(the_size_is_found_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
