/* SPDX-License-Identifier: MIT */
/* format.c: what walking and framing DER, and making messages, costs. */
#include "work.h"
#include <leat/msg.h>
#include <leat/tlv.h>

enum { ITEMS = 20, COPIES = 16, ROOM = 4096, MSG_BLOCK_BYTES = 256, FRAME_BYTES = 64, FRAMES = ROOM / FRAME_BYTES };
enum { DER_INTEGER = 0x02, DER_OCTETS = 0x04, DER_OID = 0x06, DER_TEXT = 0x0C, DER_SEQUENCE = 0x30, DER_SET = 0x31 };

static unsigned char der[ROOM];
static int64_t der_bytes, frame_bytes, framed;
static const struct leat_tlv_dialect *dialect;
static struct leat_tlv_framer framer;
static struct leat_blocks blocks;

static int64_t reserve(void *context, int64_t min_bytes, void **span)
{
    (void)context;
    *span = der + der_bytes;
    return min_bytes <= ROOM - der_bytes ? ROOM - der_bytes : 0;
}

static void commit(void *context, int64_t bytes)
{
    (void)context;
    der_bytes += bytes;
}

/* An item of ITEMS items in five levels, as a certificate has them: numbers, names in sets of pairs, and a signature. */
static void write_frame(void)
{
    static const unsigned char zeros[256];
    struct leat_tlv_writer writer;
    struct leat_sink sink = {reserve, commit, NULL};
    int wrong = leat_tlv_writer_init(&writer, dialect, &sink, 1024);
    wrong |= leat_tlv_begin(&writer, DER_SEQUENCE);
    wrong |= leat_tlv_begin(&writer, DER_SEQUENCE);
    wrong |= leat_tlv_put(&writer, DER_INTEGER, "\1", 1);
    wrong |= leat_tlv_put(&writer, DER_INTEGER, "\1\2\3\4\5\6\7\10", 8);
    wrong |= leat_tlv_begin(&writer, DER_SEQUENCE);
    for (int name = 0; name < 3; name++) {
        wrong |= leat_tlv_begin(&writer, DER_SET);
        wrong |= leat_tlv_begin(&writer, DER_SEQUENCE);
        wrong |= leat_tlv_put(&writer, DER_OID, "\125\4\3", 3);
        wrong |= leat_tlv_put(&writer, DER_TEXT, "twelve bytes", 12);
        wrong |= leat_tlv_end(&writer) | leat_tlv_end(&writer);
    }
    wrong |= leat_tlv_end(&writer) | leat_tlv_end(&writer);
    wrong |= leat_tlv_put(&writer, DER_OID, "\52\206\110\316\75\4\3\2", 8);
    wrong |= leat_tlv_put(&writer, DER_OCTETS, zeros, sizeof zeros);
    wrong |= leat_tlv_put(&writer, DER_OCTETS, zeros, 64);
    wrong |= leat_tlv_end(&writer);
    frame_bytes = leat_tlv_finish(&writer);
    REQUIRE(wrong == 0 && frame_bytes > 0, "the items could not be written");
}

static void ready_der(void)
{
    dialect = leat_tlv_dialect("der");
    REQUIRE(dialect != NULL, "no der");
    for (int i = 0; i < COPIES && der_bytes + 1024 <= ROOM; i++) {
        write_frame();
    }
    REQUIRE(leat_tlv_framer_init(&framer, dialect, NULL) == 0, "no framer");
}

static void der_walk(int64_t count)
{
    for (int64_t n = 0; n < count; n += ITEMS) {
        struct leat_tlv_cursor cursor;
        struct leat_tlv_item item;
        int items = 0;
        leat_tlv_cursor_init(&cursor, dialect, der, frame_bytes, 0, NULL);
        for (;;) {
            enum leat_tlv_next next = leat_tlv_next(&cursor, &item);
            if (next == LEAT_TLV_ITEM) {
                items++;
                USE(item.value);
                if (item.constructed) {
                    leat_tlv_enter(&cursor);
                }
            } else if (!leat_tlv_leave(&cursor)) {
                break;
            }
        }
        REQUIRE(items == ITEMS && leat_tlv_cursor_fault(&cursor)->rule == LEAT_TLV_OK, "not the items that were written");
    }
}

static void der_items(int64_t count)
{
    for (int64_t n = 0; n < count; n += ITEMS) {
        struct leat_tlv_cursor cursor;
        struct leat_tlv_item items[ITEMS + 1];
        leat_tlv_cursor_init(&cursor, dialect, der, frame_bytes, 0, NULL);
        int64_t given = leat_tlv_items(&cursor, items, ITEMS + 1);
        USE(items);
        REQUIRE(given == ITEMS && leat_tlv_cursor_fault(&cursor)->rule == LEAT_TLV_OK, "not the items that were written");
    }
}

static void ready_plain(void)
{
    for (int i = 0; i < FRAMES; i++) {
        memcpy(der + FRAME_BYTES * i, "\0\1\0\0\0\72", 6); /* 58 bytes of value */
    }
    REQUIRE(leat_tlv_framer_init(&framer, leat_tlv_dialect("t16l32be"), NULL) == 0, "no framer");
}

static void plain_frames(int64_t count)
{
    for (int64_t n = 0; n < count; n += FRAMES) {
        struct leat_tlv_place places[FRAMES + 1];
        enum leat_tlv_frame state;
        int64_t need, given = leat_tlv_frames(&framer, der, FRAMES * FRAME_BYTES, places, FRAMES + 1, &state, &need);
        USE(places);
        REQUIRE(given == FRAMES && state == LEAT_TLV_NEED, "not the frames that are there");
    }
}

static void frame(int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t n;
        REQUIRE(leat_tlv_frame(&framer, der + framed, der_bytes - framed, &n) == LEAT_TLV_WHOLE && n == frame_bytes, "not a frame");
        framed = framed + n < der_bytes ? framed + n : 0;
    }
}

static void ready_msg(void)
{
    blocks = leat_pool_blocks(leat_cost_new_pool(MSG_BLOCK_BYTES));
}

/* A message made of `bytes`, a second one that refers to it, both given back. */
static inline void make_and_drop(int64_t count, int64_t bytes)
{
    static const uint64_t payload[16] = {1};
    for (int64_t i = 0; i < count; i++) {
        struct leat_msg one, two;
        REQUIRE(leat_msg_copy(&one, &blocks, payload, bytes) == 0, "no block to be had");
        leat_msg_ref(&two, &one);
        REQUIRE(*(const unsigned char *)leat_msg_data(&two) == *(const unsigned char *)payload, "not what was put in");
        leat_msg_unref(&one);
        leat_msg_unref(&two);
    }
}

static void msg_small(int64_t count)
{
    make_and_drop(count, 32);
}

static void msg_block(int64_t count)
{
    make_and_drop(count, 128);
}

static const struct operation operations[] = {
    {"tlv-der-walk", "one item of 20 in five levels, cursor", ready_der, der_walk, NULL, ITEMS, false},
    {"tlv-der-items", "the same items, many at once", ready_der, der_items, NULL, ITEMS, false},
    {"tlv-frames-64", "one t16l32be frame of 64 B, many at once", ready_plain, plain_frames, NULL, FRAMES, false},
    {"tlv-frame", "one DER frame of 20 items, checked inside", ready_der, frame, NULL, 1, false},
    {"msg-small", "32 B inline: copy, ref, data, unref, unref", ready_msg, msg_small, NULL, 1, false},
    {"msg-block", "128 B in a block: copy, ref, data, unref, unref", ready_msg, msg_block, NULL, 1, false},
    {NULL, NULL, NULL, NULL, NULL, 0, false},
};
const struct operation *const leat_cost_format = operations;
