/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer target: the first byte chooses the dialect, the second how the rest is cut. Cursor and framer must agree, whatever the
 * bytes are, and whatever the writer made of what the cursor read must read as the same again.
 *
 *     clang -g -O1 -Iinclude -fsanitize=fuzzer,address,undefined tests/fuzz/tlv_fuzz.c src/tlv/[a-z]*.c -o tlv_fuzz && ./tlv_fuzz
 */
#include <leat/tlv.h>
#include <stdlib.h>

#define ROOM (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void want(bool fact)
{
    if (!fact)
        abort();
}

static unsigned char room[ROOM];

static int64_t room_reserve(void *context, int64_t min_bytes, void **span)
{
    (void)context;
    *span = room;
    return min_bytes <= ROOM ? ROOM : 0;
}

static void room_commit(void *context, int64_t bytes)
{
    *(int64_t *)context += bytes;
}

/* Walks everything, writing each item again. Returns the bytes walked at the top level, and the rule that stopped it. */
static int64_t walk(const struct leat_tlv_dialect *dialect, const uint8_t *data, int64_t bytes, enum leat_tlv_rule *rule, uint64_t *sum)
{
    struct leat_tlv_cursor cursor;
    struct leat_tlv_item item;
    struct leat_tlv_writer writer;
    int64_t written = 0, items = 0;
    struct leat_sink sink = {room_reserve, room_commit, &written};
    bool copy = true;
    want(leat_tlv_cursor_init(&cursor, dialect, data, bytes, 0, NULL) == 0);
    want(leat_tlv_writer_init(&writer, dialect, &sink, ROOM) == 0);
    for (;;) {
        enum leat_tlv_next next = leat_tlv_next(&cursor, &item);
        want(leat_tlv_cursor_valid(&cursor) && leat_tlv_writer_valid(&writer));
        if (next == LEAT_TLV_BAD)
            break;
        if (next == LEAT_TLV_ITEM) {
            want(++items <= bytes && item.offset >= 0 && item.offset < bytes && item.length <= bytes);
            want(item.value >= data && (item.length < 0 || item.length <= data + bytes - item.value));
            *sum = *sum * 31 + item.type * 7 + (item.constructed ? 3 : (uint64_t)item.length) + (uint64_t)item.depth;
            if (item.constructed) {
                if (!leat_tlv_enter(&cursor))
                    break;
                copy = copy && leat_tlv_begin(&writer, item.type) == 0;
            } else if (!item.end_mark || !dialect->indefinite) {
                copy = copy && leat_tlv_put(&writer, item.type, item.value, item.length) == 0;
            }
        } else {
            if (!leat_tlv_leave(&cursor))
                break;
            copy = copy && leat_tlv_end(&writer) == 0;
        }
    }
    *rule = leat_tlv_cursor_fault(&cursor)->rule;
    return copy && *rule == LEAT_TLV_OK ? leat_tlv_finish(&writer) : -1;
}

static int64_t frames(const struct leat_tlv_dialect *dialect, const uint8_t *data, int64_t bytes, int64_t step, enum leat_tlv_rule *rule)
{
    struct leat_tlv_framer framer;
    int64_t at = 0, there = step < bytes ? step : bytes, count = 0, n = 0;
    want(leat_tlv_framer_init(&framer, dialect, NULL) == 0);
    for (;;) {
        enum leat_tlv_frame frame = leat_tlv_frame(&framer, data + at, there - at, &n);
        want(leat_tlv_framer_valid(&framer));
        if (frame == LEAT_TLV_MALFORMED)
            break;
        if (frame == LEAT_TLV_WHOLE) {
            want(n > 0 && n <= there - at);
            at += n;
            count++;
            if (at < bytes && !leat_tlv_framer_ended(&framer))
                continue;
            leat_tlv_framer_end(&framer, bytes - at);
            break;
        }
        want(n > there - at);
        if (there == bytes) {
            count += leat_tlv_framer_end(&framer, there - at) == 0 && there > at;
            break;
        }
        there = there + step < bytes ? there + step : bytes;
    }
    *rule = leat_tlv_framer_fault(&framer)->rule;
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct leat_tlv_dialect *dialect = leat_tlv_dialect_at(data[0] % 25);
    int64_t bytes = (int64_t)size - 2, step = 1 + data[1];
    uint64_t sum = 0, again = 0;
    enum leat_tlv_rule walked, whole, cut;
    int64_t written = walk(dialect, data + 2, bytes, &walked, &sum);
    int64_t count = frames(dialect, data + 2, bytes, bytes, &whole);
    want(count == frames(dialect, data + 2, bytes, step, &cut) && whole == cut);
    bool deep = dialect->inside == dialect;
    if (deep)
        want((walked == LEAT_TLV_OK) == (whole == LEAT_TLV_OK));
    else
        want(walked != LEAT_TLV_OK || whole == LEAT_TLV_OK);
    if (written > 0 && !dialect->indefinite) { /* (indefinite lengths are written as definite ones) */
        uint8_t *copy = malloc((size_t)written);
        want(copy != NULL);
        memcpy(copy, room, (size_t)written);
        want(walk(dialect, copy, written, &walked, &again) == written && walked == LEAT_TLV_OK);
        /* A bridge message is written with a family of 0, whose attributes nest more. */
        want(again == sum || dialect->nest_count > 0);
        free(copy);
    }
    return 0;
}
